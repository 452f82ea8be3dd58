//! The register of recipients as staff keep it: checks, suspension, documents, the end.
//!
//! Keeps promise 4.2: a recipient is bound and supervised; nothing goes to one whose agreement expired, whose check
//! is overdue or failed, that is suspended or has ended. What is declared stands in the policy, what was found since
//! in the register, and `decide` is told both.

use avouch_policy::model::Role;
use avouch_policy::{Period, Policy};
use avouch_seal::{Plain, SubjectId};
use avouch_store::{
    DocumentKind, Hold, Receipt, RecipientCheck, RecipientDocument, RecipientStanding, RecipientState, StoreError,
    Transact, Tx, recipient_lock,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::app::App;
use crate::fault::{Fault, FieldFault};

/// The largest document taken, in bytes.
pub const LARGEST: usize = 8 << 20;
/// The longest reason or finding, in characters.
const LONGEST: usize = 2_000;

/// A recipient as it stands now.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Recipient {
    /// Its name in the policy.
    pub name: String,
    /// What the register says of it.
    pub standing: RecipientStanding,
    /// The first moment its agreement no longer holds; nothing where it needs or has none.
    pub expires: Option<Timestamp>,
    /// Until when it counts as checked; nothing where it never was, or needs no check.
    pub due: Option<Timestamp>,
    /// Whether something keeps data from going there now.
    pub stopped: Option<Stop>,
}

/// What keeps data from going to a recipient, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// The relation has ended.
    Ended,
    /// It is suspended.
    Suspended,
    /// It failed its last check.
    Failed,
    /// No agreement is in force.
    Unbound,
    /// Its check is overdue.
    Overdue,
}

impl Stop {
    /// Its name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Suspended => "suspended",
            Self::Failed => "failed",
            Self::Unbound => "unbound",
            Self::Overdue => "overdue",
        }
    }
}

/// A recipient with its history.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RecipientFile {
    /// As it stands.
    pub recipient: Recipient,
    /// Its checks, newest first.
    pub checks: Vec<RecipientCheck>,
    /// What is filed, newest first.
    pub documents: Vec<RecipientDocument>,
}

fn recipient(policy: &Policy, name: &str, standing: RecipientStanding, now: Timestamp) -> Option<Recipient> {
    let rules = policy.rules();
    let rule = rules.recipient_rules.get(usize::from(policy.recipient(name)?.index()))?;
    let supervised = rule.role != Role::Authority;
    let due = standing.due.or(rule.checked).filter(|_| supervised);
    let bound = rule.agreement.is_some_and(|(from, until)| from <= now && now < until);
    let stopped = match standing.registered().stopped {
        Some(avouch_policy::Stopped::Ended) => Some(Stop::Ended),
        Some(avouch_policy::Stopped::Suspended) => Some(Stop::Suspended),
        Some(avouch_policy::Stopped::Failed) => Some(Stop::Failed),
        None if supervised && !bound => Some(Stop::Unbound),
        None if supervised && due.is_none_or(|due| due <= now) => Some(Stop::Overdue),
        None => None,
    };
    let expires = rule.agreement.map(|(_, until)| until);
    Some(Recipient { name: name.to_owned(), standing, expires, due, stopped })
}

pub(crate) fn words(field: &str, text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::Invalid(vec![FieldFault::new(field, "required", "say it in a sentence")]));
    }
    if text.chars().count() > LONGEST {
        let why = format!("use at most {LONGEST} characters, and file the rest as a document");
        return Err(Fault::Invalid(vec![FieldFault::new(field, "too-long", why)]));
    }
    Ok(text.to_owned())
}

impl App {
    /// Every recipient of the policy, as it stands now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recipients(&self) -> Result<Vec<Recipient>, Fault> {
        let policy = self.policy();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let mut out = Vec::new();
        for name in policy.facts().sharing.recipients.keys() {
            let standing = look.recipient(name).await?;
            out.extend(recipient(&policy, name, standing, look.now()));
        }
        Ok(out)
    }

    /// One recipient with its history.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for one the policy does not name.
    pub async fn recipient(&self, name: &str) -> Result<RecipientFile, Fault> {
        let policy = self.policy();
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let standing = look.recipient(name).await?;
        let recipient = recipient(&policy, name, standing, look.now()).ok_or(Fault::NotFound)?;
        let (checks, documents) = (look.recipient_checks(name).await?, look.recipient_documents(name).await?);
        Ok(RecipientFile { recipient, checks, documents })
    }

    /// Records a check of a recipient. `next` is the last day it holds; a failed check stops the flow at once.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Invalid`] without a finding, or for a next check that is not after today;
    /// [`Fault::NotNow`] for a relation that has ended.
    pub async fn check_recipient(
        &self,
        operator: &str,
        name: &str,
        passed: bool,
        finding: &str,
        next: Date,
    ) -> Result<Receipt, Fault> {
        let finding = words("finding", finding)?;
        let now = self.store.now();
        let until = next.tomorrow().ok().and_then(|day| day.to_zoned_datetime(self.zone()).ok());
        let due = until.map(|day| day.timestamp()).filter(|due| *due > now).ok_or_else(|| {
            Fault::Invalid(vec![FieldFault::new("next", "not-a-day", "name a day from today on, as 2027-06-30")])
        })?;
        let check = RecipientCheck { at: now, operator: operator.to_owned(), passed, finding, due };
        self.change_recipient(operator, name, Change::Check(check)).await
    }

    /// Suspends a recipient: from the answer on nothing goes there, from any node.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Invalid`] without a reason; [`Fault::NotNow`] when it has ended.
    pub async fn suspend_recipient(&self, operator: &str, name: &str, reason: &str) -> Result<Receipt, Fault> {
        let reason = words("reason", reason)?;
        self.change_recipient(operator, name, Change::State(RecipientState::Suspended, reason)).await
    }

    /// Ends a suspension.
    ///
    /// # Errors
    /// As [`App::suspend_recipient`].
    pub async fn resume_recipient(&self, operator: &str, name: &str, reason: &str) -> Result<Receipt, Fault> {
        let reason = words("reason", reason)?;
        self.change_recipient(operator, name, Change::State(RecipientState::Active, reason)).await
    }

    /// Ends the relation with a recipient for good; its certificate of deletion must be filed before (PIPL 21).
    ///
    /// # Errors
    /// As [`App::suspend_recipient`]; [`Fault::NotNow`] without the certificate.
    pub async fn end_recipient(&self, operator: &str, name: &str, reason: &str) -> Result<Receipt, Fault> {
        let reason = words("reason", reason)?;
        self.change_recipient(operator, name, Change::State(RecipientState::Ended, reason)).await
    }

    /// Files a document of a recipient; gives its id.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Invalid`] for an empty or too large file.
    pub async fn file_document(
        &self,
        operator: &str,
        name: &str,
        kind: DocumentKind,
        file: Vec<u8>,
    ) -> Result<String, Fault> {
        self.policy().recipient(name).ok_or(Fault::NotFound)?;
        if file.is_empty() || file.len() > LARGEST {
            let why = format!("file a document of 1 byte to {} MiB", LARGEST >> 20);
            return Err(Fault::Invalid(vec![FieldFault::new("file", "not-a-document", why)]));
        }
        Ok(self
            .store
            .transact(FileDocument { operator: operator.to_owned(), name: name.to_owned(), kind, file })
            .await?)
    }

    /// A filed document, for staff; the look is recorded.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn open_document(&self, operator: &str, name: &str, id: &str) -> Result<Plain<Vec<u8>>, Fault> {
        let work = OpenDocument { operator: operator.to_owned(), name: name.to_owned(), id: id.to_owned() };
        Ok(self.store.transact(work).await?)
    }

    /// The recipients that need somebody: stopped, or due within `ahead`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recipients_to_look_at(&self, ahead: Period) -> Result<Vec<Recipient>, Fault> {
        let until = ahead.after(self.store.now());
        let near = |at: Option<Timestamp>| at.is_some_and(|at| at <= until);
        let all = self.recipients().await?;
        let ended = |r: &Recipient| r.stopped == Some(Stop::Ended);
        Ok(all.into_iter().filter(|r| !ended(r) && (r.stopped.is_some() || near(r.due) || near(r.expires))).collect())
    }

    /// The zone in which days of the policy begin.
    fn zone(&self) -> TimeZone {
        let policy = self.policy();
        let packs = policy.facts().controller.law.iter();
        let pack = packs.into_iter().find_map(|name| avouch_policy::law::LawPack::named(name));
        pack.and_then(|pack| TimeZone::get(&pack.zone).ok()).unwrap_or(TimeZone::UTC)
    }

    async fn change_recipient(&self, operator: &str, name: &str, change: Change) -> Result<Receipt, Fault> {
        self.policy().recipient(name).ok_or(Fault::NotFound)?;
        let lock = recipient_lock(self.store.region(), name);
        let work = ChangeRecipient { operator: operator.to_owned(), name: name.to_owned(), lock, change };
        self.store.transact(work).await
    }
}

#[derive(Debug)]
enum Change {
    Check(RecipientCheck),
    State(RecipientState, String),
}

struct ChangeRecipient {
    operator: String,
    name: String,
    lock: SubjectId,
    change: Change,
}

impl Transact for ChangeRecipient {
    const NAME: &'static str = "change a recipient";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.lock, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        if tx.recipient(&self.name).await?.state == RecipientState::Ended {
            return Err(Fault::NotNow("the relation has ended: a new one is a new recipient of the policy".into()));
        }
        let act = match &self.change {
            Change::Check(check) => {
                tx.check_recipient(&self.name, check).await?;
                if check.passed { "recipient-checked" } else { "recipient-failed" }
            }
            Change::State(state, reason) => {
                if *state == RecipientState::Ended {
                    let filed = tx.recipient_documents(&self.name).await?;
                    if !filed.iter().any(|document| document.kind == DocumentKind::Deletion) {
                        let why = "file the certificate that the recipient deleted or gave back the data first";
                        return Err(Fault::NotNow(why.into()));
                    }
                }
                tx.set_recipient(&self.name, *state, reason).await?;
                match state {
                    RecipientState::Active => "recipient-resumed",
                    RecipientState::Suspended => "recipient-suspended",
                    RecipientState::Ended => "recipient-ended",
                }
            }
        };
        Ok(tx.note_recipient(act, &self.name, &self.operator)?)
    }
}

struct FileDocument {
    operator: String,
    name: String,
    kind: DocumentKind,
    file: Vec<u8>,
}

impl Transact for FileDocument {
    const NAME: &'static str = "file a document of a recipient";
    type Out = String;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<String, StoreError> {
        let id = tx.file_document(&self.name, self.kind, &self.file, &self.operator).await?;
        tx.note_recipient("recipient-filed", &self.name, &self.operator)?;
        Ok(id)
    }
}

struct OpenDocument {
    operator: String,
    name: String,
    id: String,
}

impl Transact for OpenDocument {
    const NAME: &'static str = "open a document of a recipient";
    type Out = Plain<Vec<u8>>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Plain<Vec<u8>>, StoreError> {
        let file = tx.recipient_document(&self.name, &self.id).await?;
        tx.note_recipient("recipient-opened", &self.name, &self.operator)?;
        Ok(file)
    }
}
