use avouch_policy::Ask;
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Hold, Permit, StoreError, Transact, Tx};

struct Smuggle(SubjectId, Ask);

impl Transact for Smuggle {
    const NAME: &'static str = "smuggle";
    type Out = Permit<'static>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.0, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Permit<'static>, StoreError> {
        match tx.ask(self.0, self.1.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => Ok(permit),
            Answer::Refused(_) => Err(StoreError::Gone),
        }
    }
}

fn main() {}
