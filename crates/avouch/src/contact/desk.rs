//! The desk: staff work on cases. They read what was written through the gate, and of the person's other data nothing
//! but what they reveal, item by item, with a reason, for minutes.
//!
//! Keeps promises 2.4 (customer service), 8.2 (the answer, in time) and 8.3 (an answer says what else can be done).

use avouch_policy::{Act, Ask, Party};
use avouch_seal::{Plain, SubjectId};
use avouch_store::{Actor, CaseFile, CaseFilter, CaseStatistics, Hold, Outcome, StoreError, Transact, Tx, Which};
use jiff::{SignedDuration, Timestamp};

use super::attachment::{self, Sent};
use super::case::{ABOUT, ITEM, PURPOSE, Thread, Writing, items, tell, until};
use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::messages::words::What;

/// How long a revealed item may be looked at.
const REVEAL_LASTS: SignedDuration = SignedDuration::from_mins(10);
/// The fewest characters of a reason; a word is none.
const SHORTEST_REASON: usize = 10;

/// How a case is closed.
pub const OUTCOMES: [&str; 3] = ["answered", "partly", "refused"];
/// Why a request is refused, in whole or in part; what that means for this one, the letter says.
pub const REASONS: [&str; 8] =
    ["kept-by-law", "secret-by-law", "others-rights", "needed", "not-held", "not-identified", "excessive", "other"];
/// The states of a case.
pub const STATES: [&str; 4] = ["new", "open", "waiting", "closed"];

/// What an operator does with a case.
#[derive(Clone, PartialEq, Eq)]
pub enum Deed {
    /// Takes it.
    Take,
    /// Gives it back to everybody.
    GiveBack,
    /// Writes to the person; with `waits`, an answer of theirs is needed.
    Reply {
        /// The message.
        text: String,
        /// Whether the person has to say something.
        waits: bool,
    },
    /// Writes something down for staff.
    Note(String),
    /// Closes it with a letter.
    Close {
        /// One of [`OUTCOMES`].
        outcome: String,
        /// One of [`REASONS`] where it is refused, in whole or in part; else empty.
        reason: String,
        /// The letter: what was done, or why not.
        text: String,
    },
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deed(…)")
    }
}

/// An item of the person, as a case shows it to staff.
#[derive(Debug)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Its value, while the operator may look.
    pub value: Option<Plain<Vec<u8>>>,
    /// Until when they may.
    pub until: Option<Timestamp>,
}

/// A case as staff see it.
#[derive(Debug)]
pub struct Desk {
    /// The case with everything in it.
    pub thread: Thread,
    /// What is held of the person that customer service may ask for.
    pub items: Vec<Item>,
}

impl App {
    /// Cases for staff; nothing of anybody is opened.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseFile>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.cases(filter).await?)
    }

    /// How cases that came in within so many days were dealt with, by category.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn case_statistics(&self, days: u32) -> Result<Vec<(String, CaseStatistics)>, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let since = look.now() - SignedDuration::from_hours(24 * i64::from(days));
        Ok(look.case_statistics(since).await?)
    }

    pub(super) async fn file(&self, number: &str) -> Result<CaseFile, Fault> {
        let mut reading = self.store.reading().await?;
        reading.look()?.case(number).await?.ok_or(Fault::NotFound)
    }

    /// A case opened by an operator: its words are read through the gate, revealed items too, and nothing else.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Refused`].
    pub async fn desk(&self, number: &str, operator: &str) -> Result<Desk, Fault> {
        let file = self.file(number).await?;
        let (subject, actor) = (file.subject, Actor::Operator(operator.to_owned()));
        let (held, revealed) = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            (look.holdings(subject).await?, look.revealed((subject, number), operator).await?)
        };
        let wanted = Wanted { act: Act::Use, purpose: PURPOSE, items: &[ITEM], recipient: None };
        let thread = self.told_in(file, &wanted, &actor).await?;
        let policy = self.policy();
        let mut items = Vec::new();
        for name in policy.items_of(PURPOSE).into_iter().filter(|name| *name != ITEM && *name != attachment::ITEM) {
            if !held.iter().any(|head| policy.item_name(head.item) == name) {
                continue;
            }
            let until = revealed.iter().find(|(item, _)| item == name).map(|(_, until)| *until);
            let value = match until {
                None => None,
                Some(_) => {
                    let wanted = Wanted { act: Act::Use, purpose: PURPOSE, items: &[name], recipient: None };
                    let used = self.use_records(subject, &wanted, &actor, &Which::all()).await?;
                    used.records.into_iter().next().map(|record| record.value)
                }
            };
            items.push(Item { name: name.to_owned(), value, until });
        }
        Ok(Desk { thread, items })
    }

    /// Does something with a case; with what is written, a file may go to its person.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with the field `text`, `file`, `outcome` or `reason`; [`Fault::NotFound`]; [`Fault::NotNow`]
    /// for a closed case; [`Fault::Refused`].
    pub async fn work_on_case(
        &self,
        number: &str,
        operator: &str,
        deed: Deed,
        file: Option<Sent>,
    ) -> Result<(), Fault> {
        let case = self.file(number).await?;
        let words = match &deed {
            Deed::Take | Deed::GiveBack => None,
            Deed::Reply { text, .. } | Deed::Note(text) | Deed::Close { text, .. } => Some(super::case::check(text)?),
        };
        if let Deed::Close { outcome, reason, .. } = &deed {
            let missing = |field, why: &str| Err(Fault::Invalid(vec![FieldFault::new(field, "required", why)]));
            if !OUTCOMES.contains(&outcome.as_str()) {
                return missing("outcome", "say how it ends");
            }
            if outcome != "answered" && !REASONS.contains(&reason.as_str()) {
                return missing("reason", "say why it is not done, or not done in full");
            }
        }
        let actor = Actor::Operator(operator.to_owned());
        let writing = match words {
            None => None,
            Some(words) => {
                let file = self.clean_file(file, None).await?;
                let ask = self.desk_ask(&actor, file.is_some()).await?;
                let file = self.seal_file(case.subject, case.guest, file).await?;
                Some(Writing { ask, actor, words, file })
            }
        };
        let work = Work { subject: case.subject, number: case.number, operator: operator.to_owned(), deed, writing };
        self.store.transact(work).await?
    }

    async fn desk_ask(&self, actor: &Actor, file: bool) -> Result<Ask, Fault> {
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items: items(file), recipient: None };
        self.ask_or_refuse(&wanted, actor).await
    }

    /// Lets an operator look at one item of a case's person for some minutes. The reason is kept with the case, where
    /// its person reads it.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with the field `reason`; [`Fault::NotFound`] for an item customer service may not ask for;
    /// [`Fault::NotNow`] for a closed case; [`Fault::Refused`].
    pub async fn reveal(&self, number: &str, operator: &str, item: &str, reason: &str) -> Result<(), Fault> {
        let file = self.file(number).await?;
        if item == ITEM || item == attachment::ITEM || !self.policy().items_of(PURPOSE).contains(&item) {
            return Err(Fault::NotFound);
        }
        if reason.trim().chars().count() < SHORTEST_REASON {
            let why = "say what it is needed for, in a sentence its person can read";
            return Err(Fault::Invalid(vec![FieldFault::new("reason", "too-short", why)]));
        }
        let actor = Actor::Operator(operator.to_owned());
        let work = Reveal {
            subject: file.subject,
            number: file.number,
            operator: operator.to_owned(),
            item: item.to_owned(),
            reason: Writing {
                ask: self.desk_ask(&actor, false).await?,
                actor,
                words: super::case::check(reason)?,
                file: None,
            },
        };
        self.store.transact(work).await?
    }
}

struct Work {
    subject: SubjectId,
    number: String,
    operator: String,
    deed: Deed,
    writing: Option<Writing>,
}

impl Transact for Work {
    const NAME: &'static str = "work on a case";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let mut file = open_file(tx, self.subject, &self.number).await?;
        let case = (self.subject, self.number.as_str());
        match &self.writing {
            None => {
                let told = if self.deed == Deed::Take { self.operator.as_str() } else { "" };
                tx.case_entry(case, "assigned", &self.operator, None, told).await?;
            }
            Some(writing) => {
                let written = match writing.put(tx, self.subject).await? {
                    Ok(written) => written,
                    Err(refused) => return Ok(Err(refused)),
                };
                let (kind, told) = match &self.deed {
                    Deed::Note(_) => ("note", ""),
                    Deed::Close { outcome, reason, .. } if outcome != "answered" => ("letter", reason.as_str()),
                    Deed::Close { .. } => ("letter", ""),
                    _ => ("reply", ""),
                };
                writing.enter(tx, case, kind, told, &written).await?;
            }
        }
        let before = file.state.clone();
        match &self.deed {
            Deed::Take => self.operator.clone_into(&mut file.operator),
            Deed::GiveBack => file.operator.clear(),
            Deed::Note(_) => {}
            Deed::Reply { waits, .. } => {
                if file.operator.is_empty() {
                    self.operator.clone_into(&mut file.operator);
                }
                let state = if *waits { "waiting" } else { "open" };
                if file.state != state {
                    state.clone_into(&mut file.state);
                    tx.case_entry(case, "state", &self.operator, None, state).await?;
                }
            }
            Deed::Close { outcome, .. } => {
                "closed".clone_into(&mut file.state);
                outcome.clone_into(&mut file.outcome);
                file.closed = Some(tx.now());
                tx.case_entry(case, "closed", &self.operator, None, outcome).await?;
                tx.stop_clocks(ABOUT, &file.matter).await?;
                tx.end_reveals(case).await?;
            }
        }
        if file.state == "new" && !matches!(self.deed, Deed::Note(_)) {
            "open".clone_into(&mut file.state);
        }
        let until = until(tx);
        tx.keep_case(&file, until).await?;
        let happened = match &self.deed {
            Deed::Reply { waits: false, .. } => Some(What::CaseAnswered),
            Deed::Reply { waits: true, .. } => Some(What::CaseAsked),
            Deed::Close { .. } => Some(What::CaseClosed),
            _ => (file.state != before).then_some(What::CaseTaken),
        };
        if let Some(what) = happened {
            tell(tx, what, &file).await?;
        }
        tx.note("case", PURPOSE, &[], Party::Operator, Outcome::Done, Some(self.subject)).await?;
        Ok(Ok(()))
    }
}

/// A case that is still worked on.
async fn open_file(tx: &mut Tx<'_>, subject: SubjectId, number: &str) -> Result<CaseFile, Fault> {
    let file = tx.case(number).await?.filter(|c| c.subject == subject).ok_or(Fault::NotFound)?;
    if file.state == "closed" {
        return Err(Fault::NotNow("the case is closed; it opens again when its person writes".into()));
    }
    Ok(file)
}

struct Reveal {
    subject: SubjectId,
    number: String,
    operator: String,
    item: String,
    reason: Writing,
}

impl Transact for Reveal {
    const NAME: &'static str = "reveal an item in a case";
    type Out = Result<(), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        open_file(tx, self.subject, &self.number).await?;
        let written = match self.reason.put(tx, self.subject).await? {
            Ok(written) => written,
            Err(refused) => return Ok(Err(refused)),
        };
        let case = (self.subject, self.number.as_str());
        self.reason.enter(tx, case, "reveal", &self.item, &written).await?;
        let until = tx.now() + REVEAL_LASTS;
        tx.reveal_in_case(case, &self.item, &self.operator, until).await?;
        let items = [self.item.as_str()];
        tx.note("reveal", PURPOSE, &items, Party::Operator, Outcome::Done, Some(self.subject)).await?;
        Ok(Ok(()))
    }
}

/// A clock of a case was counted anew: the case says so, and its person is told.
pub(super) async fn say_moved(tx: &mut Tx<'_>, matter: &str, told: &str) -> Result<(), StoreError> {
    if let Some(file) = tx.case_of_matter(matter).await? {
        tx.case_entry((file.subject, &file.number), "moved", "", None, told).await?;
        tell(tx, What::CaseMoved, &file).await?;
    }
    Ok(())
}

/// A clock of a case gave an alarm: staff see so in the case.
pub(super) async fn say_alarm(tx: &mut Tx<'_>, matter: &str, per_cent: u64) -> Result<(), StoreError> {
    if let Some(file) = tx.case_of_matter(matter).await? {
        tx.case_entry((file.subject, &file.number), "alarm", "", None, &per_cent.to_string()).await?;
    }
    Ok(())
}
