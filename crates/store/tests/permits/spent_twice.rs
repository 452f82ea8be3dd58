use avouch_store::{Look, Permit, Which};

async fn twice<'c>(look: &mut Look<'c>, permit: Permit<'c>) {
    let _first = look.open(permit, &Which::all()).await;
    let _second = look.open(permit, &Which::all()).await;
}

fn main() {}
