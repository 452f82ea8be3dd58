use avouch_policy::Ask;
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Permit, Reading, StoreError};

struct Shelf<'s>(Option<Permit<'s>>);

async fn keep(reading: &mut Reading<'_>, subject: SubjectId, ask: Ask) -> Result<(), StoreError> {
    let mut shelf = Shelf(None);
    if let Answer::Permitted(permit) = reading.look()?.ask(subject, ask, &Actor::Subject).await? {
        shelf.0 = Some(permit);
    }
    let _later = reading.look()?;
    drop(shelf);
    Ok(())
}

fn main() {}
