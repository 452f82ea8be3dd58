//! Tokens in place of values: made and revealed through the gate, dead with their person.
//!
//! Keeps promises 2.0 and 5.5: a service that only passes a value on need not hold it.

use std::sync::Arc;

use avouch_policy::{Act, Ask};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answer, Credential, Hold, Outcome, Receipt, RecordId, TokenHead, Transact, Tx, Used, Which};
use jiff::SignedDuration;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose value.
    pub subject: SubjectId,
    /// What it may be revealed for.
    pub purpose: String,
    /// Of which item.
    pub item: String,
    /// Which record of it; without one the only one.
    pub record: Option<RecordId>,
    /// When it ends; without it, with the value.
    pub expires_in: Option<SignedDuration>,
    /// How often it can be revealed; without it, as often as is permitted.
    pub uses: Option<u64>,
}

impl App {
    /// Makes a token for a value that the service may use; gives its text, which is not stored.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::NotFound`] when there is no such record; [`Fault::Invalid`] for limits of nothing.
    pub async fn make_token(
        &self,
        credential: &Arc<Credential>,
        new: NewToken,
    ) -> Result<(String, TokenHead, Receipt), Fault> {
        if new.uses == Some(0) || new.expires_in.is_some_and(|end| !end.is_positive()) {
            let text = "a limit is at least one use, or one second";
            return Err(Fault::Invalid(vec![FieldFault::new("uses", "no-limit", text)]));
        }
        let actor = Actor::Service(Arc::clone(credential));
        let items = [new.item.as_str()];
        let wanted = Wanted { act: Act::Use, purpose: &new.purpose, items: &items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let now = self.store.now();
        let head = TokenHead {
            handle: String::new(),
            subject: new.subject,
            service: credential.name().to_owned(),
            purpose: new.purpose,
            item: new.item,
            record: new.record.unwrap_or(RecordId::ONLY),
            created: now,
            expires: new.expires_in.map(|end| now.checked_add(end).unwrap_or(jiff::Timestamp::MAX)),
            uses: new.uses,
        };
        self.store.transact(Make { head, ask, actor }).await?
    }

    /// Turns a token back into its value, for the purpose it was made for: a use like any other.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a token that is over, spent, revoked, not this service's, or whose value is gone;
    /// [`Fault::Refused`].
    pub async fn reveal_token(&self, credential: &Arc<Credential>, token: &str) -> Result<Used, Fault> {
        let head = {
            let mut reading = self.store.reading().await?;
            reading.look()?.token(token, credential.name()).await?.ok_or(Fault::NotFound)?
        };
        let actor = Actor::Service(Arc::clone(credential));
        let items = [head.item.as_str()];
        let wanted = Wanted { act: Act::Use, purpose: &head.purpose, items: &items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let item = self.policy().item(&head.item).ok_or(Fault::NotFound)?;
        let which = Which::One(item, head.record);
        self.store.transact(Reveal { subject: head.subject, token: token.to_owned(), ask, which, actor }).await?
    }

    /// The tokens a service holds of a subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tokens(&self, credential: &Credential, subject: SubjectId) -> Result<Vec<TokenHead>, Fault> {
        let mut reading = self.store.reading().await?;
        let all = reading.look()?.tokens(subject).await?;
        Ok(all.into_iter().filter(|token| token.service == credential.name()).collect())
    }

    /// Revokes one of a service's tokens by its handle.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn revoke_token(
        &self,
        credential: &Arc<Credential>,
        subject: SubjectId,
        handle: &str,
    ) -> Result<Receipt, Fault> {
        let actor = Actor::Service(Arc::clone(credential));
        self.store.transact(Revoke { subject, handle: handle.to_owned(), actor }).await
    }
}

struct Make {
    head: TokenHead,
    ask: Ask,
    actor: Actor,
}

impl Transact for Make {
    const NAME: &'static str = "make a token";
    type Out = Result<(String, TokenHead, Receipt), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.head.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let head = &self.head;
        // Nothing is opened: what is asked here is whether it could be.
        if let Answer::Refused(denied) = tx.ask(head.subject, self.ask.clone(), &self.actor).await? {
            return Ok(Err(denied.into()));
        }
        let item = tx.policy().item(&head.item).ok_or(Fault::NotFound)?;
        let there = tx.holdings(head.subject).await?.iter().any(|h| h.item == item && h.id == head.record);
        if !there {
            return Err(Fault::NotFound);
        }
        let text = tx.make_token(head).await?;
        let made = tx.token(&text, &head.service).await?.ok_or(Fault::NotFound)?;
        let items = [head.item.as_str()];
        let receipt = tx.note_by("token", &head.purpose, &items, &self.actor, Outcome::Done, head.subject).await?;
        Ok(Ok((text, made, receipt)))
    }
}

struct Reveal {
    subject: SubjectId,
    token: String,
    ask: Ask,
    which: Which,
    actor: Actor,
}

impl Transact for Reveal {
    const NAME: &'static str = "reveal a token";
    type Out = Result<Used, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        // Asked again within: of two that spend the last use, one finds none.
        tx.token(&self.token, self.actor.name()).await?.ok_or(Fault::NotFound)?;
        let permit = match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        if !tx.spend_token(&self.token).await? {
            return Err(Fault::NotFound);
        }
        Ok(Ok(tx.open_here(permit, &self.which).await?))
    }
}

struct Revoke {
    subject: SubjectId,
    handle: String,
    actor: Actor,
}

impl Transact for Revoke {
    const NAME: &'static str = "revoke a token";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        if tx.revoke_token(self.subject, &self.handle, Some(self.actor.name())).await? == 0 {
            return Err(Fault::NotFound);
        }
        Ok(tx.note_by("token-revoked", "", &[], &self.actor, Outcome::Done, self.subject).await?)
    }
}
