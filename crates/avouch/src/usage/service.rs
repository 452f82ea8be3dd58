//! Services: registered with the purposes they may claim, known by their credential.
//!
//! Keeps promises 2.0 and 5.2: it declares how long it keeps what it reads, and is told to forget.

use std::sync::Arc;

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Credential, Hold, Receipt, RecordHead, ServiceStanding, ServiceTerms, StoreError, Transact, Tx,
};

use crate::app::App;
use crate::fault::{Fault, FieldFault};

impl App {
    /// Registers a service that keeps nothing of what it reads; gives its credential, which is not shown again.
    ///
    /// # Errors
    /// As [`App::register_keeping`].
    pub async fn register_service(&self, name: &str, purposes: &[String]) -> Result<String, Fault> {
        let terms = ServiceTerms { purposes: purposes.to_vec(), ..ServiceTerms::default() };
        Ok(self.register_keeping(name, terms).await?.credential)
    }

    /// As [`App::register_service`], of a service that a recipient abroad runs or can look into: what it uses is
    /// sent to that recipient, and asked as such (5.4).
    ///
    /// # Errors
    /// As [`App::register_keeping`].
    pub async fn register_service_abroad(
        &self,
        name: &str,
        purposes: &[String],
        recipient: &str,
    ) -> Result<String, Fault> {
        let abroad = Some(recipient.to_owned());
        let terms = ServiceTerms { purposes: purposes.to_vec(), abroad, ..ServiceTerms::default() };
        Ok(self.register_keeping(name, terms).await?.credential)
    }

    /// Registers a service with how long it keeps what it reads and where it is told of withdrawals and erasures.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for a bad name, a purpose the policy does not know, a recipient abroad that is none, a hook that
    /// is no address, or one of cache and hook without the other; [`Fault::Taken`] when the name is taken.
    pub async fn register_keeping(&self, name: &str, terms: ServiceTerms) -> Result<Registered, Fault> {
        let policy = self.policy();
        let mut faults = Vec::new();
        if !(1..=32).contains(&name.len())
            || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            faults.push(FieldFault::new("name", "not-a-name", "use 1 to 32 lowercase letters, digits and hyphens"));
        }
        for purpose in &terms.purposes {
            if policy.purpose(purpose).is_none() {
                faults.push(FieldFault::new("purposes", "unknown", format!("the policy has no purpose '{purpose}'")));
            }
        }
        if let Some(recipient) = &terms.abroad {
            let fact = policy.facts().sharing.recipients.get(recipient);
            if fact.is_none_or(|r| r.region == self.store.region().as_str()) {
                let text = format!("the policy has no recipient abroad '{recipient}'");
                faults.push(FieldFault::new("abroad", "unknown", text));
            }
        }
        if terms.cache.is_positive() == terms.hook.is_empty() || terms.cache.is_negative() {
            let text = "say both: how long it keeps what it reads, and where it is told to forget; or neither";
            faults.push(FieldFault::new("cache", "cache-and-hook", text));
        }
        if !terms.hook.is_empty() && !is_hook(&terms.hook) {
            let text = "write a whole address such as https://shop.example/avouch, without a user or a fragment";
            faults.push(FieldFault::new("hook", "not-an-address", text));
        }
        if !faults.is_empty() {
            return Err(Fault::Invalid(faults));
        }
        match self.store.transact(Register { name: name.to_owned(), terms }).await {
            Err(StoreError::Conflict(_)) => Err(Fault::Taken(name.to_owned())),
            other => Ok(other?),
        }
    }

    /// Every registered service.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn services(&self) -> Result<Vec<ServiceStanding>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.services().await?)
    }

    /// Gives a service a new credential; the old one ends at once.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown service.
    pub async fn rotate_service(&self, name: &str, operator: &str) -> Result<Registered, Fault> {
        Ok(self.store.transact(Rotate { name: name.to_owned(), operator: operator.to_owned() }).await?)
    }

    /// Suspends a service: its credential is refused from the answer on, by every node.
    ///
    /// # Errors
    /// [`Fault::Invalid`] without a reason; [`Fault::NotFound`] for a service that is not there or is suspended.
    pub async fn suspend_service(&self, name: &str, operator: &str, reason: &str) -> Result<Receipt, Fault> {
        let reason = crate::sharing::recipients::words("reason", reason)?;
        self.set_service(name, operator, true, reason).await
    }

    /// Lets a suspended service in again. What it has not acknowledged stays open.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a service that is not there or not suspended.
    pub async fn resume_service(&self, name: &str, operator: &str) -> Result<Receipt, Fault> {
        self.set_service(name, operator, false, String::new()).await
    }

    async fn set_service(&self, name: &str, operator: &str, suspend: bool, reason: String) -> Result<Receipt, Fault> {
        let work = Suspend { name: name.to_owned(), operator: operator.to_owned(), suspend, reason };
        Ok(self.store.transact(work).await?)
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

/// Whether a text is an address that can be called.
fn is_hook(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let scheme = uri.scheme_str();
    let host = uri.host().is_some_and(|host| !host.is_empty());
    host && matches!(scheme, Some("https" | "http")) && !text.contains(['@', '#'])
}

/// What a service is given, once.
#[derive(Clone, serde::Serialize)]
pub struct Registered {
    /// Its credential.
    pub credential: String,
    /// The key, in Base64, that calls to its hook are signed with; nothing where it has none.
    pub hook_key: Option<String>,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registered(…)")
    }
}

struct Register {
    name: String,
    terms: ServiceTerms,
}

impl Transact for Register {
    const NAME: &'static str = "register a service";
    type Out = Registered;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Registered, StoreError> {
        let (credential, hook_key) = tx.register_service(&self.name, &self.terms).await?;
        tx.note_service("register", &self.name, Party::Operator, "")?;
        Ok(Registered { credential, hook_key })
    }
}

struct Rotate {
    name: String,
    operator: String,
}

impl Transact for Rotate {
    const NAME: &'static str = "rotate a credential";
    type Out = Registered;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Registered, StoreError> {
        let (credential, hook_key) = tx.rotate_service(&self.name).await?;
        tx.note_service("rotate", &self.name, Party::Operator, &self.operator)?;
        Ok(Registered { credential, hook_key })
    }
}

struct Suspend {
    name: String,
    operator: String,
    suspend: bool,
    reason: String,
}

impl Transact for Suspend {
    const NAME: &'static str = "suspend or resume a service";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        if !tx.suspend_service(&self.name, self.suspend, &self.reason).await? {
            return Err(StoreError::NoRecord);
        }
        let act = if self.suspend { "suspend" } else { "reinstate" };
        tx.note_service(act, &self.name, Party::Operator, &self.operator)
    }
}
