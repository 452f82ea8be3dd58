//! Services: registered with the purposes they may claim, known by their credential.
//!
//! Keeps promise 2.0.

use std::sync::Arc;

use avouch_seal::SubjectId;
use avouch_store::{Actor, Credential, Hold, Outcome, Receipt, RecordHead, StoreError, Transact, Tx};

use crate::app::App;
use crate::fault::{Fault, FieldFault};

impl App {
    /// Registers a service; gives its credential, which is not shown again.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for a bad name or a purpose the policy does not know or does not open to services;
    /// [`Fault::Taken`] when the name is taken.
    pub async fn register_service(&self, name: &str, purposes: &[String]) -> Result<String, Fault> {
        self.register(name, purposes, None).await
    }

    /// As [`App::register_service`], of a service that a recipient abroad runs or can look into: what it uses is
    /// sent to that recipient, and asked as such (5.4).
    ///
    /// # Errors
    /// As [`App::register_service`]; [`Fault::Invalid`] for a recipient the policy does not know, or one at home.
    pub async fn register_service_abroad(
        &self,
        name: &str,
        purposes: &[String],
        recipient: &str,
    ) -> Result<String, Fault> {
        let policy = self.policy();
        let fact = policy.facts().sharing.recipients.get(recipient);
        if fact.is_none_or(|r| r.region == self.store.region().as_str()) {
            let text = format!("the policy has no recipient abroad '{recipient}'");
            return Err(Fault::Invalid(vec![FieldFault::new("abroad", "unknown", text)]));
        }
        self.register(name, purposes, Some(recipient)).await
    }

    async fn register(&self, name: &str, purposes: &[String], abroad: Option<&str>) -> Result<String, Fault> {
        let policy = self.policy();
        let mut faults = Vec::new();
        if !(1..=32).contains(&name.len())
            || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            faults.push(FieldFault::new("name", "not-a-name", "use 1 to 32 lowercase letters, digits and hyphens"));
        }
        for purpose in purposes {
            if policy.purpose(purpose).is_none() {
                faults.push(FieldFault::new("purposes", "unknown", format!("the policy has no purpose '{purpose}'")));
            }
        }
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        match self
            .store
            .transact(Register {
                name: name.to_owned(),
                purposes: purposes.to_vec(),
                abroad: abroad.map(str::to_owned),
            })
            .await
        {
            Err(StoreError::Conflict(_)) => Err(Fault::Taken(name.to_owned())),
            other => Ok(other?),
        }
    }

    /// The service a credential belongs to.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn service(&self, credential: &str) -> Result<Option<Arc<Credential>>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.service(credential).await?)
    }

    /// What a service may know of a subject's records without their values: those of a purpose, or of some of its
    /// items; with the evidence of the look.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown subject.
    pub async fn list_records(
        &self,
        subject: SubjectId,
        credential: &Arc<Credential>,
        purpose: &str,
        items: &[&str],
    ) -> Result<(Vec<RecordHead>, Receipt), Fault> {
        let all = self.items_of(purpose);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let names = if items.is_empty() { all.as_slice() } else { items };
        let wanted = crate::gate::Wanted { act: avouch_policy::Act::Use, purpose, items: names, recipient: None };
        let actor = Actor::Service(Arc::clone(credential));
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let used = self.store.use_records(subject, &ask, &actor, &avouch_store::Which::all()).await??;
        Ok((used.records.into_iter().map(|r| r.head).collect(), used.receipt))
    }
}

struct Register {
    name: String,
    purposes: Vec<String>,
    abroad: Option<String>,
}

impl Transact for Register {
    const NAME: &'static str = "register a service";
    type Out = String;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<String, StoreError> {
        let credential = tx.register_service(&self.name, &self.purposes, self.abroad.as_deref()).await?;
        tx.note("register", &self.name, &[], avouch_policy::Party::Operator, Outcome::Done, None).await?;
        Ok(credential)
    }
}
