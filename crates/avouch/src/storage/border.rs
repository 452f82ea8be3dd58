//! Across the border: what a person is told before their separate consent, and how many have gone this year.
//!
//! Keeps promise 5.4: name, contact, purposes, way and kinds, and how rights are used there, are the words the
//! consent is bound to (PIPL 39); the counts stand beside the law's thresholds, each with the day by which somebody
//! must see to it.

use avouch_policy::model::{Abroad, Recipient};
use avouch_policy::{Counted, Crossed, Party, Policy};
use avouch_seal::SubjectId;
use avouch_store::{Actor, Answered, ConsentKind, CrossingMark, Hold, Outcome, Receipt, Transact, Tx};
use jiff::civil::Date;

use crate::app::App;
use crate::fault::{Fault, FieldFault};

/// The most letters in what is entered about a threshold.
const LONGEST: usize = 500;

/// What a person is told of a recipient abroad before they are asked (PIPL 39).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Notice {
    /// The recipient in the policy.
    pub recipient: String,
    /// The clause it stands under.
    pub clause: String,
    /// Its name.
    pub name: String,
    /// How to reach it.
    pub contact: String,
    /// Where it is.
    pub region: String,
    /// What for, by label.
    pub purposes: Vec<String>,
    /// In what way.
    pub method: String,
    /// Which kinds of data, by label.
    pub kinds: Vec<String>,
    /// Which of them are sensitive, by label.
    pub sensitive: Vec<String>,
    /// How rights are used there.
    pub rights: String,
}

impl Notice {
    /// The notice as the words a consent is bound to.
    #[must_use]
    pub fn wording(&self) -> String {
        let lists = [&self.purposes, &self.kinds, &self.sensitive].map(|list| list.join(" · "));
        let [purposes, kinds, sensitive] = lists;
        let parts =
            [&self.name, &self.contact, &self.region, &purposes, &self.method, &kinds, &sensitive, &self.rights];
        parts.map(String::as_str).join("\n")
    }
}

/// The recipients abroad, seen from a home region.
pub fn recipients<'p>(policy: &'p Policy, home: &'p str) -> impl Iterator<Item = (&'p str, &'p Recipient)> {
    policy.facts().sharing.recipients.iter().filter(move |(_, r)| r.region != home).map(|(name, r)| (name.as_str(), r))
}

/// The notice of a recipient abroad, in a language; nothing for one that is not abroad or not known.
#[must_use]
pub fn notice(policy: &Policy, home: &str, recipient: &str, language: &str) -> Option<Notice> {
    let facts = policy.facts();
    let fact = facts.sharing.recipients.get(recipient).filter(|r| r.region != home)?;
    let way = |words: fn(&Abroad) -> Option<&avouch_policy::Words>| {
        let words = fact.abroad.as_ref().and_then(words);
        words.map(|words| words.in_lang(language).to_owned()).unwrap_or_default()
    };
    let items = || fact.items.iter().filter_map(|item| facts.collection.items.get(item));
    let purposes = fact.purposes.iter().filter_map(|purpose| facts.usage.purposes.get(purpose));
    let region = facts.storage.regions.get(&fact.region);
    Some(Notice {
        recipient: recipient.to_owned(),
        clause: fact.clause.as_str().to_owned(),
        name: fact.name.in_lang(language).to_owned(),
        contact: fact.contact.clone().unwrap_or_default(),
        region: region.map_or_else(|| fact.region.clone(), |r| r.label.in_lang(language).to_owned()),
        purposes: purposes.map(|p| p.label.in_lang(language).to_owned()).collect(),
        method: way(|w| w.method.as_ref()),
        kinds: items().map(|i| i.label.in_lang(language).to_owned()).collect(),
        sensitive: items().filter(|i| i.sensitive).map(|i| i.label.in_lang(language).to_owned()).collect(),
        rights: way(|w| w.rights.as_ref()),
    })
}

/// The counts of one year beside the law's thresholds.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Year {
    /// The year, by the year it began in.
    pub year: i16,
    /// Each threshold with its count.
    pub thresholds: Vec<Measured>,
}

/// A threshold and how near it is.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Measured {
    /// What is counted: `plain` or `sensitive`.
    pub counted: &'static str,
    /// How many people.
    pub people: u32,
    /// From this number on it is warned.
    pub warn: u32,
    /// From this number on the law asks for more.
    pub threshold: u32,
    /// The law's record.
    pub record: &'static str,
    /// The provision.
    pub citation: String,
}

/// A threshold that came near or was reached, with the day by which it is seen to.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Task {
    /// What happened.
    #[serde(flatten)]
    pub mark: CrossingMark,
    /// The number of people.
    pub people: u32,
    /// The last day to see to it.
    pub due: Date,
    /// Whether that day may still change, for want of a published calendar.
    pub provisional: bool,
}

/// What goes abroad, in numbers.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Border {
    /// The years, the current one first and always there.
    pub years: Vec<Year>,
    /// What is to be seen to, the latest first.
    pub tasks: Vec<Task>,
}

impl App {
    /// Records a person's separate consent to a recipient abroad, or its withdrawal. It is bound to the notice as
    /// shown in that language.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a recipient that is not abroad or not known.
    pub async fn answer_abroad(
        &self,
        subject: SubjectId,
        recipient: &str,
        given: bool,
        language: &str,
        actor: &Actor,
    ) -> Result<Receipt, Fault> {
        let policy = self.policy();
        let notice = notice(&policy, self.store.region().as_str(), recipient, language).ok_or(Fault::NotFound)?;
        let answered = Answered {
            kind: ConsentKind::Abroad,
            target: recipient.to_owned(),
            given,
            wording: avouch_ledger::hash::sha256(notice.wording().as_bytes()),
            language: language.to_owned(),
        };
        self.store.transact(AnswerAbroad { subject, answered, actor: actor.clone() }).await
    }

    /// How many people's data went abroad, and what is to be seen to; nothing where the law counts nobody.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn border(&self) -> Result<Option<Border>, Fault> {
        let policy = self.policy();
        let Some(law) = policy.rules().crossing_law.as_ref() else { return Ok(None) };
        let (mut years, marks, now) = {
            let mut reading = self.store.reading().await?;
            let mut look = reading.look()?;
            (look.crossed_years().await?, look.crossing_marks().await?, look.now())
        };
        let current = law.year(now);
        if years.iter().all(|(year, _)| *year != current) {
            years.insert(0, (current, Crossed::default()));
        }
        let years = years.into_iter().map(|(year, crossed)| Year {
            year,
            thresholds: law
                .thresholds()
                .iter()
                .map(|t| Measured {
                    counted: t.counted.name(),
                    people: match t.counted {
                        Counted::Plain => crossed.plain,
                        Counted::Sensitive => crossed.sensitive,
                    },
                    warn: t.warn,
                    threshold: t.people,
                    record: t.record,
                    citation: law.record(t.record).map(|r| r.citation.clone()).unwrap_or_default(),
                })
                .collect(),
        });
        let mut tasks = Vec::new();
        for mark in marks {
            let record = if mark.reached { "cross_border.contract_filing" } else { "cross_border.warn_within" };
            let day = mark.at.to_zoned_datetime(law.zone().clone()).date();
            let period = law.record(record).and_then(avouch_policy::law::Record::period);
            let end = match period {
                Some(period) => self.ends(period, mark.at).await?,
                None => None,
            };
            let threshold = law.thresholds().iter().find(|t| t.record == mark.record);
            let people = threshold.map_or(0, |t| if mark.reached { t.people } else { t.warn });
            let (due, provisional) = end.map_or((day, false), |end| (end.last_day.unwrap_or(day), end.provisional));
            tasks.push(Task { mark, people, due, provisional });
        }
        Ok(Some(Border { years: years.collect(), tasks }))
    }

    /// Enters what was done about a threshold, by an operator.
    ///
    /// # Errors
    /// [`Fault::Invalid`] without words; [`Fault::NotFound`] when there is no such task, or it was entered before.
    pub async fn settle_threshold(
        &self,
        operator: &str,
        year: i16,
        record: &str,
        reached: bool,
        what: &str,
    ) -> Result<Receipt, Fault> {
        let what = what.trim();
        if what.is_empty() || what.chars().count() > LONGEST {
            let text = format!("say in 1 to {LONGEST} letters what was done, e.g. the number of the filing");
            return Err(Fault::Invalid(vec![FieldFault::new("what", "length", text)]));
        }
        let settle =
            Settle { operator: operator.to_owned(), year, record: record.to_owned(), reached, what: what.to_owned() };
        self.store.transact(settle).await
    }
}

struct AnswerAbroad {
    subject: SubjectId,
    answered: Answered,
    actor: Actor,
}

impl Transact for AnswerAbroad {
    const NAME: &'static str = "answer for a recipient abroad";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let account = tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        if self.answered.given && account.cancel_due.is_some() {
            return Err(Fault::NotNow("the account is being cancelled; stop that first".into()));
        }
        Ok(tx.answer(self.subject, &self.actor, &self.answered).await?)
    }
}

struct Settle {
    operator: String,
    year: i16,
    record: String,
    reached: bool,
    what: String,
}

impl Transact for Settle {
    const NAME: &'static str = "see to a threshold";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        if !tx.settle_crossing(self.year, &self.record, self.reached, &self.operator, &self.what).await? {
            return Err(Fault::NotFound);
        }
        Ok(tx.note("threshold-done", &self.record, &[], Party::Operator, Outcome::Done, None).await?)
    }
}
