//! The gateway: a service has a recipient called with values that it never sees itself.
//!
//! Keeps promises 4.1 and 4.2: recipient, host, purpose, items, agreement, region and consent are asked of the gate at
//! every try; values are opened only with the leaf and the record of the disclosure in the same commit; the call goes
//! over the guarded way out with the recipient's own credential; of the answer a service sees what is allowed, and
//! nothing that was sent. See ADR 0009.

use std::collections::BTreeMap;
use std::sync::Arc;

use avouch_policy::{About, Act, Ask, Code, Policy, Reason, Refusal};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, Answer, Concluded, Credential, Denied, Egress, EgressState, Hold, Job, NewEgress, Record, RecordId,
    StoreError, Transact, Tx, Which, recipient_lock,
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::outlet::{Outlet, signature};
use super::redact::{Sent, Shown};
use super::template::{Filled, Template, Values};
use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::Undelivered;
use crate::outbound::{Call, OutboundFault, host_of};

/// The job that tries a queued call; its body is the call's id.
pub const JOB: &str = "egress";
/// How often a queued call is tried; with the waits between, some eight hours.
pub const MOST_TRIES: u64 = 16;
/// How long the answer to a call can be asked for again.
pub const ANSWERS: SignedDuration = SignedDuration::from_hours(24);
/// The time a try has beyond that of its call, before it counts as broken off.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// The longest key a service names a call by, in bytes.
const LONGEST_KEY: usize = 200;

/// What a service asks to be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The recipient, by its name in the policy.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// What is to be sent.
    pub template: Template,
    /// Which record of an item, where there are several.
    #[serde(default)]
    pub records: BTreeMap<String, String>,
}

/// How a call stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The call.
    pub egress: Egress,
    /// What may be seen of the answer; nothing while there is none, or when it was swept.
    pub shown: Option<Shown>,
}

fn invalid(field: &str, code: &'static str, text: impl Into<String>) -> Fault {
    Fault::Invalid(vec![FieldFault::new(field, code, text)])
}

impl Request {
    /// The ask for it, and which records it is about.
    fn asked(&self, policy: &Policy, items: &[String]) -> Result<Which, Fault> {
        let mut which = Vec::with_capacity(items.len());
        for name in items {
            let Some(item) = policy.item(name) else { continue };
            let many = policy.facts().collection.items.get(name).is_some_and(|fact| fact.many);
            let record = match self.records.get(name) {
                Some(text) => text.parse().map_err(|_| invalid("records", "not-a-record", "that is no record's id"))?,
                None if many => {
                    let text = format!("a person can have several of '{name}': say which in `records`");
                    return Err(invalid("records", "which-record", text));
                }
                None => RecordId::ONLY,
            };
            which.push((item, record));
        }
        Ok(Which::These(which))
    }

    fn digest(&self) -> [u8; 32] {
        avouch_ledger::hash::sha256(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// One try, as it is prepared.
struct Try {
    subject: SubjectId,
    id: [u8; 16],
    ask: Ask,
    which: Which,
    items: Vec<String>,
    actor: Actor,
    lock: SubjectId,
    within: SignedDuration,
}

/// What a try found.
enum Tried {
    /// The values, to be sent now.
    Opened(Vec<Record>),
    /// The gate refuses.
    Refused(Box<Denied>),
    /// Nothing is to be done: it has ended, or another try is under way.
    Idle,
}

impl Transact for Try {
    const NAME: &'static str = "disclose through the gateway";
    type Out = Tried;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
        hold.push((self.lock, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Tried, Fault> {
        let egress = tx.egress(self.subject, &self.id).await?.ok_or(Fault::NotFound)?;
        let busy = egress.state == EgressState::Sending && tx.now() < egress.until;
        if busy || matches!(egress.state, EgressState::Sent | EgressState::Refused) {
            return Ok(Tried::Idle);
        }
        let permit = match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => {
                let ended = Concluded { state: EgressState::Refused, status: None, fault: codes(&denied.refusal) };
                tx.conclude_egress(self.subject, &self.id, &ended, None).await?;
                return Ok(Tried::Refused(Box::new(denied)));
            }
        };
        let used = tx.open_here(permit, &self.which).await?;
        let policy = Arc::clone(tx.policy());
        for name in &self.items {
            if !used.records.iter().any(|record| policy.item_name(record.head.item) == name) {
                return Err(invalid(name, "not-held", format!("nothing is held of '{name}'; nothing was sent")));
            }
        }
        let until = tx.now() + self.within + GRACE;
        tx.try_egress(self.subject, &self.id, until, &used.receipt).await?;
        Ok(Tried::Opened(used.records))
    }
}

fn codes(refusal: &Refusal) -> String {
    refusal.reasons.iter().map(|r| r.code.name()).collect::<Vec<_>>().join(", ")
}

struct Begin {
    new: NewEgress,
    template: Vec<u8>,
    queued: bool,
}

impl Transact for Begin {
    const NAME: &'static str = "begin a call of the gateway";
    type Out = Egress;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        // Alone, so that of two calls with one key the second finds the first.
        hold.push((self.new.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Egress, Fault> {
        let new = &self.new;
        if let Some(there) = tx.egress_by_key(new.subject, &new.service, &new.key).await? {
            if there.request != new.request {
                let text = "this key named another call before; use a new key for a new call";
                return Err(invalid("idempotency-key", "key-taken", text));
            }
            return Ok(there);
        }
        tx.begin_egress(new, &self.template).await?;
        if self.queued {
            let now = tx.now();
            tx.queue(JOB, Some(new.subject), now, &data_encoding::HEXLOWER.encode(&new.id)).await?;
        }
        tx.egress(new.subject, &new.id).await?.ok_or(Fault::NotFound)
    }
}

struct Conclude {
    subject: SubjectId,
    id: [u8; 16],
    recipient: String,
    purpose: String,
    ended: Concluded,
    shown: Option<Vec<u8>>,
}

impl Transact for Conclude {
    const NAME: &'static str = "conclude a call of the gateway";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.conclude_egress(self.subject, &self.id, &self.ended, self.shown.as_deref()).await?;
        let sent = self.ended.state == EgressState::Sent;
        tx.note_delivery(self.subject, &self.recipient, &self.purpose, sent).await?;
        Ok(())
    }
}

impl App {
    /// Has a recipient called with a subject's values; `key` names the call: once more with the same key answers from
    /// its record, or tries again where the recipient has not taken it. Queued calls are tried by the worker.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::Invalid`] for what is no template, a value that is not held, or a key that named
    /// another call; [`Fault::NotFound`] for an unknown subject.
    pub async fn egress(
        &self,
        credential: &Arc<Credential>,
        subject: SubjectId,
        request: Request,
        key: &str,
        queued: bool,
    ) -> Result<Standing, Fault> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            let text = format!("name the call by 1 to {LONGEST_KEY} bytes of your own, a new one for each new call");
            return Err(invalid("idempotency-key", "required", text));
        }
        let prepared = self.prepare(credential, subject, &request, [0; 16]).await?;
        let new = NewEgress {
            subject,
            id: self.store.random(),
            service: credential.name().to_owned(),
            key: avouch_ledger::hash::sha256(key.as_bytes()),
            request: request.digest(),
            recipient: request.recipient.clone(),
            purpose: request.purpose.clone(),
        };
        let template = serde_json::to_vec(&request).unwrap_or_default();
        let egress = self.store.transact(Begin { new, template, queued }).await?;
        let waits = egress.state == EgressState::Queued && (queued || egress.tries > 0);
        if !waits {
            self.try_now(Try { id: egress.id, ..prepared }, &request, false).await?;
        }
        self.egress_standing(credential, subject, &egress.id).await
    }

    /// How a call of a service stands.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a call that is not its own.
    pub async fn egress_by_id(&self, credential: &Credential, subject: SubjectId, id: &str) -> Result<Standing, Fault> {
        let id = avouch_store::notice_id(id).ok_or(Fault::NotFound)?;
        self.egress_standing(credential, subject, &id).await
    }

    async fn egress_standing(
        &self,
        credential: &Credential,
        subject: SubjectId,
        id: &[u8; 16],
    ) -> Result<Standing, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let mut egress = look.egress(subject, id).await?.ok_or(Fault::NotFound)?;
        if egress.service != credential.name() {
            return Err(Fault::NotFound);
        }
        if egress.state == EgressState::Sending && egress.until <= look.now() {
            egress.state = EgressState::Unknown;
        }
        let shown = look.egress_answer(subject, id).await?;
        let shown = shown.and_then(|s| s.expose(Sink::Service, |bytes| serde_json::from_slice(bytes).ok()));
        Ok(Standing { egress, shown })
    }

    /// Checks a request and turns it into an ask.
    async fn prepare(
        &self,
        credential: &Arc<Credential>,
        subject: SubjectId,
        request: &Request,
        id: [u8; 16],
    ) -> Result<Try, Fault> {
        let policy = self.policy();
        let outlet = self.outlets.get(&request.recipient);
        let secret = outlet.and_then(|o| o.credential.as_ref()).map(|(name, _)| name);
        let items: Vec<String> = request.template.items(secret).map_err(Fault::Invalid)?.into_iter().collect();
        let names: Vec<&str> = items.iter().map(String::as_str).collect();
        let actor = Actor::Service(Arc::clone(credential));
        let recipient = Some(request.recipient.as_str());
        let wanted = Wanted { act: Act::Share, purpose: &request.purpose, items: &names, recipient };
        let ask = self.ask_or_refuse(&wanted, &actor).await?;
        let host = host_of(&request.template.url).map_err(|e| invalid("url", "not-an-address", e.to_string()))?;
        let declared =
            policy.facts().sharing.recipients.get(&request.recipient).is_some_and(|r| r.hosts.contains(&host));
        if !declared {
            let reasons = vec![Reason { code: Code::UndeclaredHost, about: About::Name(host) }];
            let refusal = Refusal { reasons, purpose: Some(ask.purpose), recipient: ask.recipient };
            return Err(self.refuse_unknown(&wanted, &actor, refusal).await?);
        }
        let which = request.asked(&policy, &items)?;
        let within = outlet.map_or_else(|| Outlet::default().within, |o| o.within);
        Ok(Try {
            subject,
            id,
            ask,
            which,
            items,
            actor,
            lock: recipient_lock(self.store.region(), &request.recipient),
            within: SignedDuration::try_from(within).unwrap_or(GRACE),
        })
    }

    /// Tries a call: asks, opens, sends, writes down what came of it.
    async fn try_now(&self, prepared: Try, request: &Request, again: bool) -> Result<EgressState, Fault> {
        let (subject, id) = (prepared.subject, prepared.id);
        let records = match self.store.transact(prepared).await {
            Ok(Tried::Opened(records)) => records,
            Ok(Tried::Refused(denied)) => return Err(Fault::Refused(denied)),
            Ok(Tried::Idle) => return Ok(EgressState::Sending),
            Err(fault @ (Fault::Invalid(_) | Fault::NotFound)) => {
                let ended = Concluded { state: EgressState::Failed, status: None, fault: fault.to_string() };
                self.conclude(subject, id, request, ended, None).await?;
                return Err(fault);
            }
            Err(other) => return Err(other),
        };
        let policy = self.policy();
        let mut values = Values::new();
        for record in &records {
            let text =
                record.value.expose(Sink::Recipient, |v| Zeroizing::new(String::from_utf8_lossy(v).into_owned()));
            values.insert(policy.item_name(record.head.item).to_owned(), text);
        }
        drop(records);
        let id_text = data_encoding::HEXLOWER.encode(&id);
        let own = [("@id", id_text.clone()), ("@subject", subject.to_string())];
        let default = Outlet::default();
        let outlet = self.outlets.get(&request.recipient).unwrap_or(&default);
        let secret = outlet.credential.as_ref().map(|(_, secret)| secret.as_str());
        let sent = Sent::new(values.values().map(|v| v.as_str()).chain(secret));
        values.extend(own.map(|(name, value)| (name.to_owned(), Zeroizing::new(value))));
        let filled = match request.template.fill(&values) {
            Ok(filled) => filled,
            Err(fault) => {
                let ended = Concluded { state: EgressState::Failed, status: None, fault: fault.text.clone() };
                self.conclude(subject, id, request, ended, None).await?;
                return Err(Fault::Invalid(vec![fault]));
            }
        };
        drop(values);
        let hosts = policy.facts().sharing.recipients.get(&request.recipient).map(|r| r.hosts.clone());
        let answered = self.call(outlet, filled, &id_text, &hosts.unwrap_or_default()).await;
        let (ended, shown) = conclusion(answered, outlet, &sent, again);
        let state = ended.state;
        self.conclude(subject, id, request, ended, shown).await?;
        Ok(state)
    }

    async fn call(
        &self,
        outlet: &Outlet,
        filled: Filled,
        id: &str,
        hosts: &std::collections::BTreeSet<String>,
    ) -> Result<crate::outbound::Answer, OutboundFault> {
        let Filled { method, url, mut headers, body } = filled;
        let key = HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static(""));
        headers.insert(HeaderName::from_static("idempotency-key"), key);
        if let Some((name, secret)) = &outlet.credential
            && let Ok(mut value) = HeaderValue::from_str(secret)
        {
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        if let Some(key) = &outlet.signing {
            let body = body.as_ref().map_or(&[][..], |(_, body)| body.as_slice());
            headers.extend(signature(key, id, self.store.now(), body));
        }
        let mut call = Call::new(method, &url, hosts);
        call.headers = headers;
        call.within = outlet.within;
        call.largest = outlet.largest;
        if let Some((kind, body)) = body {
            call = call.body(kind, Bytes::from_owner(body));
        }
        self.outbound.send(call).await
    }

    async fn conclude(
        &self,
        subject: SubjectId,
        id: [u8; 16],
        request: &Request,
        ended: Concluded,
        shown: Option<Shown>,
    ) -> Result<(), Fault> {
        let shown = shown.and_then(|shown| serde_json::to_vec(&shown).ok());
        let (recipient, purpose) = (request.recipient.clone(), request.purpose.clone());
        let work = Conclude { subject, id, recipient, purpose, ended, shown };
        match self.store.transact(work).await {
            // Erased while the call was under way: its record is kept by law, nothing else.
            Ok(()) | Err(StoreError::Gone) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Tries a queued call; asks the gate anew.
    ///
    /// # Errors
    /// [`Fault::Undelivered`] when the recipient has not taken it; it is tried again.
    pub(crate) async fn send_queued(&self, subject: SubjectId, job: &Job) -> Result<(), Fault> {
        let Some(id) = avouch_store::notice_id(&job.body) else { return Ok(()) };
        let found = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            let egress = look.egress(subject, &id).await?;
            match egress.filter(|e| !e.state.ended()) {
                None => return Ok(()),
                Some(egress) => {
                    let credential = look.service_named(&egress.service).await?;
                    (egress, credential, look.egress_template(subject, &id).await?)
                }
            }
        };
        let (egress, Some(credential), Some(template)) = found else {
            return Err(Fault::NotNow("its service is suspended, or what it should send is gone".into()));
        };
        let request: Option<Request> = template.expose(Sink::Gate, |bytes| serde_json::from_slice(bytes).ok());
        let Some(request) = request else {
            return Err(Fault::Undelivered(Undelivered { why: "its template cannot be read".into(), for_good: true }));
        };
        let last = job.tries >= MOST_TRIES;
        let tried = match self.prepare(&credential, subject, &request, id).await {
            Ok(prepared) => self.try_now(prepared, &request, !last).await,
            Err(fault @ (Fault::Refused(_) | Fault::Invalid(_))) => {
                let ended = Concluded { state: EgressState::Refused, status: None, fault: fault.to_string() };
                self.conclude(subject, id, &request, ended, None).await?;
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        match tried {
            Ok(EgressState::Sent | EgressState::Failed | EgressState::Unknown | EgressState::Refused) if !last => {
                Ok(())
            }
            Ok(EgressState::Sent) | Err(Fault::Refused(_) | Fault::Invalid(_) | Fault::NotFound) => Ok(()),
            Ok(_) => {
                let why = format!("{} has not taken the call {}", egress.recipient, job.body);
                Err(Fault::Undelivered(Undelivered { why, for_good: last }))
            }
            Err(other) => Err(other),
        }
    }

    /// Calls of the last thirty days that failed or may not have been taken, by recipient.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn failed_egress(&self) -> Result<Vec<(String, u64)>, Fault> {
        let since = self.store.now() - SignedDuration::from_hours(30 * 24);
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.failed_egress(since).await?)
    }
}

/// What an answer, or its absence, means. `again`: what may pass is tried again.
fn conclusion(
    answered: Result<crate::outbound::Answer, OutboundFault>,
    outlet: &Outlet,
    sent: &Sent,
    again: bool,
) -> (Concluded, Option<Shown>) {
    match answered {
        Ok(answer) => {
            let status = answer.status;
            let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
            let state = match () {
                () if status.is_success() => EgressState::Sent,
                () if passes && again => EgressState::Queued,
                () => EgressState::Failed,
            };
            let fault = if status.is_success() { String::new() } else { format!("it answered {}", status.as_u16()) };
            let shown = sent.shown(&answer.headers, &answer.body, (&outlet.headers, &outlet.fields));
            (Concluded { state, status: Some(status.as_u16()), fault }, Some(shown))
        }
        Err(fault) => {
            let state = match () {
                () if fault.passes() && again => EgressState::Queued,
                () if fault.sent() && !matches!(fault, OutboundFault::Redirected { .. }) => EgressState::Unknown,
                () => EgressState::Failed,
            };
            (Concluded { state, status: None, fault: fault.to_string() }, None)
        }
    }
}
