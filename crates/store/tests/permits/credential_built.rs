fn main() {
    let _credential = avouch_store::Credential { name: "ads".into(), purposes: vec!["marketing".into()] };
}
