fn main() {
    let _permit = avouch_store::Permit {};
}
