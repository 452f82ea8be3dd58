// `decide` may be asked by anybody, with any standing; what it answers is not a permit.
use avouch_policy::{Ask, Grant, Standing};
use avouch_store::{Actor, Look, Permit};

fn from_grant(grant: Grant) -> Permit<'static> {
    Permit::new(grant)
}

async fn from_standing(look: &mut Look<'_>, invented: &Standing, ask: Ask) {
    let _answer = look.ask(invented, ask, &Actor::Subject).await;
}

fn main() {}
