//! Who somebody without a login is: what they state is compared with what is held, after they were answered, and told
//! to staff alone as the same or other. Staff decide; the account's own person can decide before them.
//!
//! Keeps promise 6.5. Nothing is asked for that the policy does not collect, and everything is optional. Whoever
//! states what is wrong learns nothing, not even whether there is an account: the request is answered before anything
//! is looked up, and a refusal says the same in both cases. What was stated is deleted when it is decided.

use std::collections::BTreeMap;

use avouch_policy::model::Kind;
use avouch_policy::{Act, Party, Policy};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{
    Actor, ApprovalId, ApprovalKind, ExactAct, Hold, Operator, Outcome, RecordId, Request, Transact, Tx, Which,
};

use super::export::Export;
use crate::app::App;
use crate::contact::case::{PURPOSE, purpose_of};
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::storage::erase;
use crate::value;

/// The job that compares what was stated; its body is the request's number.
pub(crate) const JOB: &str = "identity";
/// The item that holds what was stated until it is decided.
pub const ITEM: &str = "identity_claim";
/// What is not found by, and compared once an account is found.
const COMPARED: [&str; 2] = ["real_name", "id_number"];

/// The items somebody without a login can state: what accounts are found by, and who its person is.
#[must_use]
pub fn claims(policy: &Policy) -> Vec<&str> {
    let of_purpose = policy.items_of(purpose_of(policy, "rights"));
    let items = &policy.facts().collection.items;
    let stated = |name: &&str| {
        items.get(*name).is_some_and(|i| i.identifier && i.kind != Kind::Secret) || COMPARED.contains(name)
    };
    of_purpose.into_iter().filter(stated).collect()
}

/// What a name or number is compared as: without spaces and case.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// What staff do for a person whose identity was shown, on an account they cannot open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBehalf {
    /// Begins the cancellation, with the time to think that ends with one click of who logs in.
    Cancel,
    /// Restricts the processing.
    Restrict,
}

impl App {
    /// Compares what was stated in a request with what is held: which items are the same, for staff alone. The
    /// person whose account was stated is told that somebody asked.
    pub(crate) async fn compare_identity(&self, guest: SubjectId, number: &str) -> Result<(), Fault> {
        let Some(file) = self.request(number).await?.filter(|r| r.subject == guest) else { return Ok(()) };
        if file.identity != "stated" {
            return Ok(());
        }
        let policy = self.policy();
        let purpose = purpose_of(&policy, "rights");
        let one = policy.item(ITEM).ok_or_else(|| Fault::NotNow(format!("the policy has no item '{ITEM}'")))?;
        let held = self.holdings(guest).await?;
        if !held.iter().any(|head| head.item == one) {
            return Ok(());
        }
        let wanted = Wanted { act: Act::Use, purpose, items: &[ITEM], recipient: None };
        let used = self.use_records(guest, &wanted, &Actor::System, &Which::all()).await?;
        let Some(record) = used.records.first() else { return Ok(()) };
        let stated: BTreeMap<String, String> =
            record.value.expose(Sink::Gate, |v| serde_json::from_slice(v)).unwrap_or_default();
        let mut matched: Vec<String> = Vec::new();
        let mut account: Option<SubjectId> = None;
        for (name, value) in &stated {
            let Some(fact) = policy.facts().collection.items.get(name).filter(|i| i.identifier) else { continue };
            let found = match value::normalize(name, fact, value) {
                None => None,
                Some(normalized) => {
                    let mut reading = self.store.reading().await?;
                    reading.look()?.find(name, &normalized).await?
                }
            };
            // The first that is found names the account; another that leads elsewhere is no match.
            let same = found.is_some() && account.is_none_or(|a| found == Some(a));
            account = account.or(found);
            matched.push(format!("{name}:{}", if same { "same" } else { "other" }));
        }
        let compared: Vec<&str> = COMPARED.into_iter().filter(|name| stated.contains_key(*name)).collect();
        let mut same = Vec::new();
        if let Some(account) = account {
            let held = self.holdings(account).await?;
            let there = |name: &&str| held.iter().any(|head| policy.item_name(head.item) == *name);
            let items: Vec<&str> = compared.iter().copied().filter(there).collect();
            if !items.is_empty() {
                let wanted = Wanted { act: Act::Use, purpose, items: &items, recipient: None };
                let used = self.use_records(account, &wanted, &Actor::System, &Which::all()).await?;
                for record in &used.records {
                    let name = policy.item_name(record.head.item);
                    let given = stated.get(name).map(|v| plain(v)).unwrap_or_default();
                    if record.value.expose(Sink::Gate, |v| plain(&String::from_utf8_lossy(v)) == given) {
                        same.push(name);
                    }
                }
            }
        }
        matched.extend(
            compared.iter().map(|name| format!("{name}:{}", if same.contains(name) { "same" } else { "other" })),
        );
        let languages = &policy.facts().default_language;
        let compared = Compared { guest, number: number.to_owned(), account, matched, language: languages.clone() };
        self.store.transact(compared).await
    }

    /// Staff decide whether who asks was shown to be who they say. What was stated is deleted.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::NotNow`] where it is decided already, or nothing was stated that leads to an
    /// account.
    pub async fn settle_identity(&self, number: &str, operator: &str, shown: bool) -> Result<(), Fault> {
        let file = self.request(number).await?.ok_or(Fault::NotFound)?;
        let actor = Actor::Operator(operator.to_owned());
        self.store.transact(Settle { guest: file.subject, number: file.number, actor, shown }).await
    }

    /// The account's own person says whether they know of a request that somebody else made about it.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none about this account; [`Fault::NotNow`] where it is decided already.
    pub async fn confirm_request(&self, account: SubjectId, number: &str, yes: bool) -> Result<(), Fault> {
        let file = self.request(number).await?.filter(|r| r.account == Some(account) && r.subject != account);
        let file = file.ok_or(Fault::NotFound)?;
        let work = Settle { guest: file.subject, number: file.number, actor: Actor::Subject, shown: yes };
        self.store.transact(work).await
    }

    /// Staff do what was asked for on an account whose person cannot: only what its person can take back.
    ///
    /// # Errors
    /// [`Fault::NotNow`] unless identity was shown, and the request is of that kind; [`Fault::NotFound`].
    pub async fn act_on_request(&self, number: &str, operator: &str, what: OnBehalf) -> Result<(), Fault> {
        let file = self.request(number).await?.ok_or(Fault::NotFound)?;
        let kinds: &[&str] = match what {
            OnBehalf::Cancel => &["cancel", "delete"],
            OnBehalf::Restrict => &["restrict", "object"],
        };
        if !kinds.contains(&file.kind.as_str()) {
            return Err(Fault::NotNow("that is not what was asked for".into()));
        }
        let account = shown_account(&file)?;
        let policy = self.policy();
        let now = self.store.now();
        let wait = policy.facts().rights.cancel.as_ref().and_then(|c| c.cooling_off);
        let due = wait.map_or(now, |period| period.after(now));
        let actor = Actor::Operator(operator.to_owned());
        let work = Behalf { guest: file.subject, number: file.number, account, actor, what, due };
        self.store.transact(work).await
    }

    /// An officer asks a second one to allow that a copy of the account is given out through a request's link.
    ///
    /// # Errors
    /// [`Fault::NotNow`] unless identity was shown and a copy was asked for; [`Fault::NotApproved`].
    pub async fn ask_copy_release(&self, by: &Operator, number: &str) -> Result<ApprovalId, Fault> {
        let file = self.request(number).await?.ok_or(Fault::NotFound)?;
        let account = shown_account(&file)?;
        if !matches!(file.kind.as_str(), "access" | "copy" | "portability") {
            return Err(Fault::NotNow("no copy was asked for".into()));
        }
        self.ask_approval(by, release_act(account, &file.number), &file.number).await
    }

    /// Lets a copy be taken with the code of the request's case, for as long as the policy lets a link work.
    ///
    /// # Errors
    /// [`Fault::NotApproved`]; as [`App::ask_copy_release`].
    pub async fn release_copy(&self, by: &Operator, approval: ApprovalId, number: &str) -> Result<(), Fault> {
        let file = self.request(number).await?.ok_or(Fault::NotFound)?;
        let account = shown_account(&file)?;
        let policy = self.policy();
        let now = self.store.now();
        let until = policy.facts().rights.export.as_ref().map_or(now, |e| e.link_expires.after(now));
        let work = Release { guest: file.subject, number: file.number, account, by: by.name.clone(), approval, until };
        self.store.transact(work).await?
    }

    /// The copy that was released, by the code of the case.
    ///
    /// # Errors
    /// [`Fault::NotFound`], whatever is wrong: number, code, no release, or its time is over.
    pub async fn released_copy(&self, number: &str, code: &str, language: &str) -> Result<Export, Fault> {
        let file = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            look.case_by_code(number, code).await?.ok_or(Fault::NotFound)?;
            look.request(number).await?.ok_or(Fault::NotFound)?
        };
        let open = file.released.is_some_and(|until| until > self.store.now()) && file.identity == "shown";
        let account = file.account.filter(|_| open).ok_or(Fault::NotFound)?;
        self.export_for(account, language).await
    }
}

/// The account of a request whose identity was shown.
fn shown_account(file: &Request) -> Result<SubjectId, Fault> {
    let why = "decide first whether who asks was shown to be the account's person, or may act for them";
    file.account.filter(|_| file.identity == "shown").ok_or_else(|| Fault::NotNow(why.into()))
}

fn release_act(account: SubjectId, number: &str) -> ExactAct {
    ExactAct::new(ApprovalKind::ExportOnBehalf).about(account).with("request", number)
}

/// The request as it stands now, not as it was looked at.
async fn current(tx: &mut Tx<'_>, guest: SubjectId, number: &str) -> Result<Request, Fault> {
    tx.request(number).await?.filter(|r| r.subject == guest).ok_or(Fault::NotFound)
}

struct Compared {
    guest: SubjectId,
    number: String,
    account: Option<SubjectId>,
    matched: Vec<String>,
    language: String,
}

impl Transact for Compared {
    const NAME: &'static str = "keep what a comparison gave";
    type Out = ();
    type Fault = Fault;

    // Two people: the request is the one's, the account it is about the other's.
    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.guest, Hold::Exclusive));
        hold.extend(self.account.map(|account| (account, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let mut file = current(tx, self.guest, &self.number).await?;
        if file.identity != "stated" || !file.matched.is_empty() {
            return Ok(());
        }
        file.account = self.account;
        file.matched = self.matched.join(" ");
        tx.change_request(&file, None).await?;
        if let Some(account) = self.account {
            for contact in tx.verified(account).await? {
                let told = Outgoing::notice(What::AskedAboutYou, &contact.item, &self.language);
                told.queue(tx, Some(account), None).await?;
            }
        }
        Ok(())
    }
}

struct Settle {
    guest: SubjectId,
    number: String,
    actor: Actor,
    shown: bool,
}

impl Transact for Settle {
    const NAME: &'static str = "decide on an identity";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.guest, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let mut file = current(tx, self.guest, &self.number).await?;
        if file.identity != "stated" || file.answered.is_some() {
            return Err(Fault::NotNow("that is decided, or nothing is to be decided".into()));
        }
        let state = if self.shown { "shown" } else { "not-shown" };
        state.clone_into(&mut file.identity);
        tx.change_request(&file, None).await?;
        tx.delete_record(self.guest, ITEM, RecordId::ONLY).await?;
        tx.case_entry((self.guest, &self.number), "identity", self.actor.name(), None, state).await?;
        tx.note_by("identity", PURPOSE, &[], &self.actor, Outcome::Done, self.guest).await?;
        Ok(())
    }
}

struct Behalf {
    guest: SubjectId,
    number: String,
    account: SubjectId,
    actor: Actor,
    what: OnBehalf,
    due: jiff::Timestamp,
}

impl Transact for Behalf {
    const NAME: &'static str = "act on a request";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend([(self.guest, Hold::Exclusive), (self.account, Hold::Exclusive)]);
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let file = current(tx, self.guest, &self.number).await?;
        shown_account(&file)?;
        let (act, done) = match self.what {
            OnBehalf::Cancel => {
                let account = tx.account(self.account).await?.ok_or(Fault::NotFound)?;
                if account.cancel_due.is_some() {
                    return Err(Fault::NotNow("the account is being cancelled already".into()));
                }
                tx.set_cancelling(self.account, Some(self.due)).await?;
                tx.unqueue(erase::JOB, self.account).await?;
                tx.queue(erase::JOB, Some(self.account), self.due, "").await?;
                ("cancel", "cancel")
            }
            OnBehalf::Restrict => {
                tx.set_restricted(self.account, true).await?;
                ("restrict", "restrict")
            }
        };
        tx.case_entry((self.guest, &self.number), "done", self.actor.name(), None, done).await?;
        tx.note_by(act, super::PURPOSE, &[], &self.actor, Outcome::Done, self.account).await?;
        Ok(())
    }
}

struct Release {
    guest: SubjectId,
    number: String,
    account: SubjectId,
    by: String,
    approval: ApprovalId,
    until: jiff::Timestamp,
}

impl Transact for Release {
    const NAME: &'static str = "release a copy";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend([(self.guest, Hold::Exclusive), (self.account, Hold::Shared)]);
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let act = release_act(self.account, &self.number);
        if let Err(not) = tx.spend_approval(self.approval, &act, &self.by).await? {
            return Ok(Err(not.into()));
        }
        let mut file = current(tx, self.guest, &self.number).await?;
        shown_account(&file)?;
        file.released = Some(self.until);
        tx.change_request(&file, None).await?;
        tx.case_entry((self.guest, &self.number), "done", &self.by, None, "copy").await?;
        let actor = Actor::Operator(self.by.clone());
        let about = ApprovalKind::ExportOnBehalf.name();
        tx.note_by(about, super::PURPOSE, &[], &actor, Outcome::Done, self.account).await?;
        tx.note(about, super::PURPOSE, &[], Party::Operator, Outcome::Done, Some(self.guest)).await?;
        Ok(Ok(()))
    }
}
