//! A case: somebody writes to us, with an account or without, and follows what becomes of it.
//!
//! Keeps promises 8.1 (a way to customer service for everyone, a number and a day at once) and 8.2. What is written is
//! a record of the item `support_message`, sealed under its person's key and put through the gate for the purpose
//! `support`. Whoever has no account gets a subject of their own with the case, opened by a code that is shown once
//! and kept as a digest; its key is destroyed when the case is forgotten.

use avouch_policy::{Act, Ask, ItemId, Party, Policy, State};
use avouch_seal::{Plain, SubjectId};
use avouch_store::{
    Actor, Answer, CaseEntry, CaseFile, Hold, Matter, NewCaseFile, Outcome, Permit, Put, RecordId, Rule, StoreError,
    Transact, Tx, Which,
};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::attachment::{self, Sealed};
use super::{clock, triage};
use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::security::limits;
use crate::value;

/// The purpose customer service works for.
pub const PURPOSE: &str = "support";
/// The item that holds what is written.
pub const ITEM: &str = "support_message";
/// The kind of matter, in clocks and leaves.
pub const ABOUT: &str = "case";
/// The item a guest may be written to by.
const MAIL: &str = "email";
/// The most characters of one message.
pub const LONGEST: usize = 10_000;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What somebody writes.
pub struct NewCase {
    /// One of [`triage::CATEGORIES`].
    pub category: String,
    /// The message.
    pub text: String,
    /// A file with it.
    pub file: Option<attachment::Sent>,
    /// Without an account: where to say that there is an answer; empty for nowhere.
    pub mail: String,
    /// The language to answer in.
    pub language: String,
    /// From where, for the limits against floods alone.
    pub address: String,
}

impl std::fmt::Debug for NewCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCase").field("category", &self.category).finish_non_exhaustive()
    }
}

/// A case that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its number.
    pub number: String,
    /// The code that opens it without an account; shown once.
    pub code: Option<String>,
    /// When the answer is due.
    pub due: Option<Timestamp>,
    /// Whether that may still move.
    pub provisional: bool,
}

/// Who looks at a case from outside.
#[derive(Clone)]
pub enum Caller {
    /// Its person, signed in.
    Person(SubjectId),
    /// Whoever has the code.
    Code(String),
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Caller(…)")
    }
}

/// One thing that happened in a case, with its words where it has any.
#[derive(Debug)]
pub struct Told {
    /// What is known of it.
    pub entry: CaseEntry,
    /// The words; nothing where there are none, or they are past their end.
    pub words: Option<Plain<Vec<u8>>>,
}

/// A case with what happened in it.
#[derive(Debug)]
pub struct Thread {
    /// The case.
    pub file: CaseFile,
    /// What happened, in order.
    pub told: Vec<Told>,
}

/// Kinds of entries that only staff see.
const INTERNAL: [&str; 4] = ["note", attachment::NOTE_ENTRY, "assigned", "alarm"];

/// A number that says nothing and is easy to read out: no letters that look like digits.
fn number(random: [u8; 8]) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('2', char::from);
    let all: String = random.iter().map(letter).collect();
    let (head, tail) = all.split_at(4);
    format!("{head}-{tail}")
}

/// The rules an answer to a case is due by: the policy's promise, and what the laws say of complaints and requests.
#[must_use]
pub fn rules(policy: &Policy, category: &str, proposed: &str, at: Timestamp) -> Vec<Rule> {
    let also = |code: &str| category == code || proposed.split(' ').any(|p| p == code);
    let right = category == "rights" || proposed.split(' ').any(|p| !p.is_empty() && p != "complaint");
    let mut ids = Vec::new();
    if also("complaint") {
        ids.push("deadline.complaint");
    }
    if right {
        ids.push("deadline.reply");
    }
    clock::promised(policy).into_iter().chain(clock::by_law(policy, &ids, at)).collect()
}

pub(super) fn check(text: &str) -> Result<Zeroizing<String>, Fault> {
    let text = text.trim().replace("\r\n", "\n");
    let fault = |code, why: &str| Fault::Invalid(vec![FieldFault::new("text", code, why)]);
    if text.is_empty() {
        return Err(fault("required", "write what it is about"));
    }
    if text.chars().count() > LONGEST {
        return Err(fault("too-long", "write at most 10,000 characters at once"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(fault("not-text", "write plain text"));
    }
    Ok(Zeroizing::new(text))
}

/// What is written into a case: words, and a file where one comes with them.
pub(super) struct Writing {
    pub(super) ask: Ask,
    pub(super) actor: Actor,
    pub(super) words: Zeroizing<String>,
    pub(super) file: Option<Sealed>,
}

/// The records of what was written.
pub(super) struct Written {
    words: RecordId,
    file: Option<RecordId>,
}

/// The items of words, and of a file where one comes with them.
const ITEMS: [&str; 2] = [ITEM, attachment::ITEM];

/// What is asked of the gate for words, and for a file with them.
pub(super) const fn items(file: bool) -> &'static [&'static str] {
    if file { &ITEMS } else { &[ITEM] }
}

impl Writing {
    /// Puts it through the gate as records; the outer fault undoes, the inner is a recorded refusal.
    pub(super) async fn put(&self, tx: &mut Tx<'_>, subject: SubjectId) -> Result<Result<Written, Fault>, Fault> {
        let permit: Permit<'_> = match tx.ask(subject, self.ask.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let item = tx.policy().item(ITEM).ok_or(Fault::NotFound)?;
        let words = Put { item, id: RecordId(tx.random()), value: self.words.as_bytes() };
        let mut written = Written { words: words.id, file: None };
        let mut puts = vec![words];
        if let Some(file) = &self.file {
            let item = tx.policy().item(attachment::ITEM).ok_or(Fault::NotFound)?;
            let id = RecordId(tx.random());
            written.file = Some(id);
            puts.push(Put { item, id, value: file.value.as_bytes() });
        }
        tx.put(permit, &puts).await?;
        if let (Some(file), Some(id)) = (&self.file, written.file) {
            tx.attach(subject, attachment::ITEM, id, &file.blob).await?;
        }
        Ok(Ok(written))
    }

    /// Writes down in the case that it was written.
    pub(super) async fn enter(
        &self,
        tx: &mut Tx<'_>,
        case: (SubjectId, &str),
        kind: &str,
        told: &str,
        written: &Written,
    ) -> Result<(), StoreError> {
        let operator = if let Actor::Operator(name) = &self.actor { name.as_str() } else { "" };
        tx.case_entry(case, kind, operator, Some(written.words), told).await?;
        if let Some(file) = &self.file {
            let entry = if kind == "note" { attachment::NOTE_ENTRY } else { attachment::ENTRY };
            tx.case_entry(case, entry, operator, written.file, &file.told).await?;
        }
        Ok(())
    }
}

/// Tells a case's person by mail that something happened: with a link, and nothing of what was written. Without an
/// account it goes to the address they gave; with one, to a contact they have shown to be theirs.
pub(super) async fn tell(tx: &mut Tx<'_>, what: What, file: &CaseFile) -> Result<(), StoreError> {
    let shown = if file.guest { Vec::new() } else { tx.verified(file.subject).await? };
    let contact = shown.first().map_or(MAIL, |contact| contact.item.as_str());
    Outgoing::about_case(what, contact, &file.language, &file.number).queue(tx, Some(file.subject), None).await
}

/// When a case whose last words are of now is forgotten: with those words.
pub(super) fn until(tx: &Tx<'_>) -> Option<Timestamp> {
    let policy = tx.policy();
    policy.purpose(PURPOSE).and_then(|purpose| policy.keep_until(purpose, tx.now()))
}

/// A case's clocks, started now.
pub(super) async fn start_clocks(
    tx: &mut Tx<'_>,
    file: &CaseFile,
) -> Result<Option<avouch_store::RunningClock>, Fault> {
    let rules = rules(tx.policy(), &file.category, &file.proposed, tx.now());
    let matter = Matter { about: ABOUT.into(), id: file.matter.clone(), subject: Some(file.subject) };
    let now = tx.now();
    Ok(clock::start(tx, &matter, &rules, now).await?)
}

impl App {
    /// The ask for words a person writes: for customer service while the account is in use; for their own rights
    /// while it is restricted or being cancelled, so that they can always write.
    async fn words_ask(&self, subject: Option<SubjectId>, file: bool) -> Result<Ask, Fault> {
        let purpose = match subject {
            None => PURPOSE,
            Some(subject) => {
                let standing = self.account(subject).await?.standing;
                if standing.state == State::Active && !standing.restricted { PURPOSE } else { crate::rights::PURPOSE }
            }
        };
        let wanted = Wanted { act: Act::Collect, purpose, items: items(file), recipient: None };
        self.ask_or_refuse(&wanted, &Actor::Subject).await
    }

    pub(super) fn words_item(&self) -> Result<ItemId, Fault> {
        self.policy().item(ITEM).ok_or_else(|| Fault::NotNow(format!("the policy has no item '{ITEM}'")))
    }

    /// Opens a case; gives its number and when the answer is due.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with the field `category`, `text`, `file` or `email`; [`Fault::TooMany`] where one place writes
    /// very often; [`Fault::Refused`]. Nothing is kept then.
    pub async fn open_case(&self, new: NewCase, subject: Option<SubjectId>) -> Result<Opened, Fault> {
        if !triage::CATEGORIES.contains(&new.category.as_str()) {
            return Err(Fault::Invalid(vec![FieldFault::new("category", "required", "choose what it is about")]));
        }
        let words = check(&new.text)?;
        let mail = match (subject, new.mail.trim()) {
            (Some(_), _) | (None, "") => None,
            (None, mail) => {
                let policy = self.policy();
                let item = policy.facts().collection.items.get(MAIL);
                let fact = item.ok_or_else(|| Fault::NotNow(format!("the policy has no item '{MAIL}'")))?;
                let checked = value::check(MAIL, fact, mail).map_err(|f| Fault::Invalid(vec![f]))?;
                Some(Zeroizing::new(checked.value))
            }
        };
        let file = self.clean_file(new.file, Some(&new.address)).await?;
        let ask = self.words_ask(subject, file.is_some()).await?;
        let mail = match mail {
            None => None,
            Some(mail) => {
                let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[MAIL], recipient: None };
                let item = self.policy().item(MAIL).ok_or(Fault::NotFound)?;
                Some((self.ask_or_refuse(&wanted, &Actor::Subject).await?, item, mail))
            }
        };
        let code = subject.is_none().then(|| data_encoding::BASE32_NOPAD.encode(&self.store.random::<15>()));
        let whose = match subject {
            Some(subject) => subject,
            None => self.store.new_subject().await?,
        };
        let file = match self.seal_file(whose, subject.is_none(), file).await {
            Ok(file) => file,
            Err(fault) => {
                if subject.is_none() {
                    self.store.forget_new_subject(whose).await?;
                }
                return Err(fault);
            }
        };
        let open = Open {
            subject: whose,
            guest: subject.is_none(),
            number: number(self.store.random()),
            code: code.clone(),
            proposed: triage::propose(&new.category, &words),
            category: new.category,
            language: new.language,
            place: limits::place(&new.address),
            most: self.settings.cases_hour,
            writing: Writing { ask, actor: Actor::Subject, words, file },
            mail,
        };
        let number = open.number.clone();
        let done = self.store.transact(open).await;
        if subject.is_none() {
            match &done {
                Ok(Ok(_)) => {
                    // It stands, whatever comes of this: the next start says it where it could not be said now.
                    if let Err(e) = self.store.keep_new_subjects(&[whose]).await {
                        tracing::warn!(error = %e, "the key store could not be told that a case was opened");
                    }
                }
                // It may stand where only the reply was lost; its key must stay then.
                Err(Fault::Store(StoreError::Lost(_) | StoreError::CannotRecord(_))) => {}
                Ok(Err(_)) | Err(_) => self.store.forget_new_subject(whose).await?,
            }
        }
        if let Err(Fault::Refused(denied)) = &done {
            // The leaf of the refusal went with the rest of the commit; it is recorded alone.
            let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: &[ITEM], recipient: None };
            return Err(self.refuse_unknown(&wanted, &Actor::Subject, denied.refusal.clone()).await?);
        }
        let (due, provisional) = done??;
        Ok(Opened { number, code, due, provisional })
    }

    /// A case as its caller may see it.
    pub(super) async fn case_for(&self, number: &str, caller: &Caller) -> Result<CaseFile, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let found = match caller {
            Caller::Person(subject) => look.case(number).await?.filter(|c| c.subject == *subject),
            Caller::Code(code) => look.case_by_code(number, code).await?,
        };
        found.ok_or(Fault::NotFound)
    }

    /// The cases of a person, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn own_cases(&self, subject: SubjectId) -> Result<Vec<CaseFile>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.cases_of(subject).await?)
    }

    /// A case with what its caller may read of it; the look is evidenced.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none, it is not theirs, or the code is not its own: which, nobody is told.
    pub async fn see_case(&self, number: &str, caller: &Caller) -> Result<Thread, Fault> {
        let file = self.case_for(number, caller).await?;
        let wanted = Wanted { act: Act::Use, purpose: crate::rights::PURPOSE, items: &[ITEM], recipient: None };
        let mut thread = self.told_in(file, &wanted, &Actor::Subject).await?;
        thread.told.retain(|t| !INTERNAL.contains(&t.entry.kind.as_str()));
        Ok(thread)
    }

    /// What happened in a case, its words opened for an actor.
    pub(super) async fn told_in(&self, file: CaseFile, wanted: &Wanted<'_>, actor: &Actor) -> Result<Thread, Fault> {
        let entries = {
            let mut reading = self.store.reading().await?;
            reading.look()?.case_entries(file.subject, &file.number).await?
        };
        let internal = matches!(actor, Actor::Subject);
        let item = self.words_item()?;
        let these: Vec<_> = entries
            .iter()
            .filter(|e| !(internal && INTERNAL.contains(&e.kind.as_str())))
            .filter(|e| e.kind != attachment::ENTRY && e.kind != attachment::NOTE_ENTRY)
            .filter_map(|e| Some((item, e.record?)))
            .collect();
        let used = self.use_records(file.subject, wanted, actor, &Which::These(these)).await?;
        let mut words: Vec<_> = used.records.into_iter().map(|r| (r.head.id, Some(r.value))).collect();
        let told = entries.into_iter().map(|entry| {
            let found = words.iter_mut().find(|(id, _)| Some(*id) == entry.record);
            Told { words: found.and_then(|(_, value)| value.take()), entry }
        });
        let told = told.collect();
        Ok(Thread { file, told })
    }

    /// The cases of a person for their export: what happened in them; the words are among the records.
    pub(crate) async fn told_cases(&self, subject: SubjectId) -> Result<Vec<serde_json::Value>, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let mut out = Vec::new();
        for case in look.cases_of(subject).await? {
            let entries = look.case_entries(subject, &case.number).await?;
            let entry = |e: &CaseEntry| {
                serde_json::json!({
                    "at": e.at.to_string(),
                    "kind": e.kind,
                    "record": e.record.map(|id| id.to_string()),
                    // Who of the staff had it is theirs; what they looked at, and who, is among the uses.
                    "told": if e.kind == "assigned" { "" } else { e.told.as_str() },
                })
            };
            out.push(serde_json::json!({
                "number": case.number,
                "category": case.category,
                "state": case.state,
                "outcome": case.outcome,
                "opened": case.opened.to_string(),
                "due": case.due.map(|t| t.to_string()),
                "closed": case.closed.map(|t| t.to_string()),
                "entries": entries.iter().map(entry).collect::<Vec<_>>(),
            }));
        }
        Ok(out)
    }

    /// The person writes once more. A closed case is opened again, with a time of its own.
    ///
    /// # Errors
    /// As [`App::open_case`] and [`App::see_case`].
    pub async fn write_to_case(
        &self,
        number: &str,
        caller: &Caller,
        text: &str,
        file: Option<attachment::Sent>,
        address: &str,
    ) -> Result<(), Fault> {
        let words = check(text)?;
        let case = self.case_for(number, caller).await?;
        let file = self.clean_file(file, Some(address)).await?;
        let ask = self.words_ask(Some(case.subject), file.is_some()).await?;
        let file = self.seal_file(case.subject, case.guest, file).await?;
        let work = Write {
            subject: case.subject,
            number: case.number,
            place: limits::place(address),
            most: self.settings.cases_hour,
            writing: Writing { ask, actor: Actor::Subject, words, file },
        };
        self.store.transact(work).await?
    }

    /// Forgets cases past their end; those without an account with their key. Gives how many.
    pub(crate) async fn forget_cases(&self) -> Result<u64, Fault> {
        const PAGE: u32 = 256;
        let mut forgotten = 0;
        loop {
            let page = {
                let mut reading = self.store.reading().await?;
                reading.look()?.overdue_cases(PAGE).await?
            };
            if page.is_empty() {
                return Ok(forgotten);
            }
            for (subject, number, guest) in page {
                if guest {
                    self.erase(subject).await?;
                } else {
                    self.store.transact(Forget { subject, number }).await?;
                }
                forgotten += 1;
            }
        }
    }
}

struct Open {
    subject: SubjectId,
    guest: bool,
    number: String,
    code: Option<String>,
    category: String,
    proposed: String,
    language: String,
    place: String,
    most: u64,
    writing: Writing,
    mail: Option<(Ask, ItemId, Zeroizing<String>)>,
}

/// Counts one message against the limits of its place; many share one, so the limit is far above one person's need.
pub(super) async fn count(tx: &mut Tx<'_>, who: &str, most: u64) -> Result<(), Fault> {
    if tx.count_try("case", who, HOUR).await? > most {
        return Err(Fault::TooMany(HOUR.as_mins().unsigned_abs()));
    }
    Ok(())
}

impl Transact for Open {
    const NAME: &'static str = "open a case";
    /// When the answer is due and whether that may move; a refusal is an outcome, its leaf is committed.
    type Out = Result<(Option<Timestamp>, bool), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let who = if self.place.is_empty() { self.subject.to_string() } else { self.place.clone() };
        count(tx, &who, self.most).await?;
        if self.guest {
            tx.open_account(self.subject, None).await?;
        }
        let written = match self.writing.put(tx, self.subject).await? {
            Ok(written) => written,
            // Of a guest nothing stays behind, not even a standing.
            Err(refused) if self.guest => return Err(refused),
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some((ask, item, mail)) = &self.mail {
            match tx.ask(self.subject, ask.clone(), &Actor::Subject).await? {
                Answer::Permitted(permit) => {
                    tx.put(permit, &[Put { item: *item, id: RecordId::ONLY, value: mail.as_bytes() }]).await?;
                }
                Answer::Refused(denied) => return Err(denied.into()),
            }
        }
        let file = NewCaseFile {
            number: &self.number,
            secret: self.code.as_deref(),
            category: &self.category,
            proposed: &self.proposed,
            language: &self.language,
            until: until(tx),
        };
        tx.open_case(self.subject, &file).await?;
        let case = (self.subject, self.number.as_str());
        self.writing.enter(tx, case, "message", "", &written).await?;
        let file = tx.case(&self.number).await?.ok_or(Fault::NotFound)?;
        let governing = start_clocks(tx, &file).await?;
        tx.note("case", PURPOSE, &[], Party::Subject, Outcome::Done, Some(self.subject)).await?;
        Ok(Ok(governing.map_or((None, false), |c| (Some(c.ends.due), c.ends.provisional))))
    }
}

struct Write {
    subject: SubjectId,
    number: String,
    place: String,
    most: u64,
    writing: Writing,
}

impl Transact for Write {
    const NAME: &'static str = "write to a case";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let who = if self.place.is_empty() { self.subject.to_string() } else { self.place.clone() };
        count(tx, &who, self.most).await?;
        let mut file = tx.case(&self.number).await?.filter(|c| c.subject == self.subject).ok_or(Fault::NotFound)?;
        let written = match self.writing.put(tx, self.subject).await? {
            Ok(written) => written,
            Err(refused) => return Ok(Err(refused)),
        };
        let case = (self.subject, self.number.as_str());
        self.writing.enter(tx, case, "message", "", &written).await?;
        let until = until(tx);
        if file.state == "closed" {
            // A time of its own, under a name of its own: what was answered stays answered.
            let rounds = tx.case_entries(self.subject, &self.number).await?;
            let rounds = rounds.iter().filter(|e| e.kind == "closed").count() + 1;
            file.matter = format!("{}.{rounds}", self.number);
            file.outcome = String::new();
            file.closed = None;
            start_clocks(tx, &file).await?;
            tx.case_entry(case, "state", "", None, "open").await?;
        }
        if file.state != "new" {
            "open".clone_into(&mut file.state);
        }
        tx.keep_case(&file, until).await?;
        Ok(Ok(()))
    }
}

struct Forget {
    subject: SubjectId,
    number: String,
}

impl Transact for Forget {
    const NAME: &'static str = "forget a case";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.forget_case((self.subject, &self.number)).await?;
        tx.note("expire", PURPOSE, &[], Party::System, Outcome::Done, Some(self.subject)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_eight_plain_letters() {
        assert_eq!(number([0, 1, 2, 3, 255, 31, 8, 9]), "2345-ZZAB");
    }

    #[test]
    fn what_is_no_message_is_refused_with_what_to_do() {
        for (text, code) in [("  \r\n", "required"), ("a\u{0}b", "not-text"), (&"x".repeat(LONGEST + 1), "too-long")] {
            match check(text) {
                Err(Fault::Invalid(faults)) => assert_eq!(faults.first().map(|f| f.code), Some(code)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(check(" two\r\nlines ").unwrap().as_str(), "two\nlines");
    }
}
