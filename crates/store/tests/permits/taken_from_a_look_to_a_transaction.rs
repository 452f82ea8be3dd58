use avouch_policy::Ask;
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Put, Store, StoreError, Tx};

async fn across<'t>(
    store: &Store,
    tx: &mut Tx<'t>,
    subject: SubjectId,
    ask: Ask,
    values: &[Put<'_>],
) -> Result<(), StoreError> {
    let mut reading = store.reading().await?;
    let mut look = reading.look()?;
    if let Answer::Permitted(permit) = look.ask(subject, ask, &Actor::Subject).await? {
        tx.put(permit, values).await?;
    }
    Ok(())
}

fn main() {}
