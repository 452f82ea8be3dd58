// What is opened or put is what the permit names: there is nowhere to name another.
use avouch_seal::SubjectId;
use avouch_store::{Look, Permit, Put, RecordId, Tx, Which};

async fn open<'c>(look: &mut Look<'c>, permit: Permit<'c>, other: SubjectId) {
    let _opened = look.open(other, permit, &Which::all()).await;
}

async fn put<'t>(tx: &mut Tx<'t>, permit: Permit<'t>, item: avouch_policy::ItemId) {
    let value = Put { item, id: RecordId::ONLY, value: b"", purpose: "marketing" };
    let _receipt = tx.put(permit, &[value]).await;
}

fn change(mut permit: Permit<'_>, other: SubjectId) {
    permit.subject = other;
}

fn main() {}
