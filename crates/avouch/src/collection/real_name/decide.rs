//! The decision: what was confirmed is kept, the claim and the face go, the age band is set, in one commit.
//!
//! Keeps promises 1.2 and 6.5. Of a child without a guardian's consent nothing is kept but that and when it
//! was checked, and the band (PIPL 31).

use avouch_policy::{Ask, Party};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{Actor, AgeBand, Answer, Hold, Outcome, Put, Receipt, RecordId, StoreError, Transact, Tx, Which};
use jiff::civil::{Date, date};

use super::{AGE_JOB, CHECK, CLAIM, Claim, END_JOB, FACE, JOB, NAME, NUMBER, PURPOSE, TYPE, ages, today};
use crate::collection::document::age;
use crate::fault::Fault;

/// Yes or no, by whom.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    /// Whether name and document are of one person.
    pub confirmed: bool,
    /// Who says so: a recipient's name, or a role account of staff.
    pub by: String,
    /// Their own name for this answer.
    pub reference: String,
}

/// Decides a check that is under way.
pub(super) struct Decide {
    pub subject: SubjectId,
    pub id: [u8; 16],
    pub method: String,
    pub decision: Decision,
    pub actor: Actor,
    pub open: Ask,
    pub keep: Ask,
    pub note: Ask,
}

/// Queues the days on which a person's age band rises.
pub(crate) async fn queue_ages(tx: &mut Tx<'_>, subject: SubjectId, next: &[(AgeBand, Date)]) -> Result<(), Fault> {
    for (band, day) in next {
        let body = if *band == AgeBand::Teen { "teen" } else { "adult" };
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap_or(jiff::tz::TimeZone::UTC);
        let due = day.to_zoned_datetime(zone).map_err(|e| Fault::NotNow(e.to_string()))?.timestamp();
        tx.queue(AGE_JOB, Some(subject), due, body).await?;
    }
    Ok(())
}

/// What follows from a birth date: the band, and when it will be the next ones.
pub(crate) fn bands(birth: Date, today: Date, (child, minor): (u32, u32)) -> (AgeBand, Vec<(AgeBand, Date)>) {
    let band = match age(birth, today) {
        years if years < child => AgeBand::Child,
        years if years < minor => AgeBand::Teen,
        _ => AgeBand::Adult,
    };
    let due = |years: u32| half_year_after(birth, years);
    let next = match band {
        AgeBand::Child => vec![(AgeBand::Teen, due(child)), (AgeBand::Adult, due(minor))],
        AgeBand::Teen => vec![(AgeBand::Adult, due(minor))],
        AgeBand::Adult => Vec::new(),
    };
    (band, next)
}

/// The first 1 January or 1 July after a birthday: the job's day stands in clear and must tell no birthday.
fn half_year_after(birth: Date, years: u32) -> Date {
    let year = birth.year().saturating_add(i16::try_from(years).unwrap_or(i16::MAX)).min(9000);
    if birth.month() <= 6 { date(year, 7, 1) } else { date(year + 1, 1, 1) }
}

impl Decide {
    /// The claim, opened with a permit; the refusal that stands against it; or nothing where it is gone.
    async fn claim(&self, tx: &mut Tx<'_>) -> Result<Option<Claim>, Fault> {
        match tx.ask(self.subject, self.open.clone(), &self.actor).await? {
            // Withdrawn since: nothing is left to decide on.
            Answer::Refused(_) => Ok(None),
            Answer::Permitted(permit) => {
                let used = tx.open_here(permit, &Which::all()).await?;
                let record = used.records.into_iter().find(|r| r.head.id == RecordId(self.id));
                Ok(record.and_then(|r| r.value.expose(Sink::Gate, |v| Claim::from_bytes(v))))
            }
        }
    }

    async fn keep(&self, tx: &mut Tx<'_>, claim: &Claim, result: &[u8]) -> Result<Result<Receipt, Fault>, Fault> {
        let account = tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        let day = today(tx.now());
        let limits = ages(tx.policy());
        let (band, next) = match claim.birth {
            None => (None, Vec::new()),
            Some(birth) => {
                let (band, next) = bands(birth, day, limits);
                (Some(band), next)
            }
        };
        let asked = if self.decision.confirmed { &self.keep } else { &self.note };
        let permit = match tx.ask(self.subject, asked.clone(), &self.actor).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Ok(Err(denied.into())),
        };
        let policy = std::sync::Arc::clone(tx.policy());
        let item = |name: &str| policy.item(name).ok_or(Fault::NotFound);
        let check = Put { item: item(CHECK)?, id: RecordId(self.id), value: result };
        if !self.decision.confirmed {
            return Ok(Ok(tx.put(permit, &[check]).await?));
        }
        let mut puts = vec![check];
        if band != Some(AgeBand::Child) || account.standing.guardian {
            // Written anew, so that the end is counted from this check and not from an older one.
            for name in [NAME, TYPE, NUMBER] {
                tx.delete_record(self.subject, name, RecordId::ONLY).await?;
            }
            for (name, value) in [(NAME, claim.name.text()), (TYPE, claim.kind.name()), (NUMBER, claim.number.as_str())]
            {
                puts.push(Put { item: item(name)?, id: RecordId::ONLY, value: value.as_bytes() });
            }
        }
        let receipt = tx.put_verified(permit, &puts, band).await?;
        if band.is_some() {
            tx.unqueue(AGE_JOB, self.subject).await?;
        }
        queue_ages(tx, self.subject, &next).await?;
        Ok(Ok(receipt))
    }
}

impl Transact for Decide {
    const NAME: &'static str = "decide a check of a name";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        if !tx.end_name_check(self.subject, self.id).await? {
            return Err(Fault::NotFound);
        }
        let outcome = match self.claim(tx).await? {
            None => Err(Fault::NotNow("what was to be checked is no longer there; nothing was kept".into())),
            Some(claim) => {
                let result = serde_json::json!({
                    "confirmed": self.decision.confirmed,
                    "method": self.method,
                    "document": claim.kind.name(),
                    "by": self.decision.by,
                    "reference": self.decision.reference,
                    "at": tx.now().to_string(),
                });
                self.keep(tx, &claim, result.to_string().as_bytes()).await?
            }
        };
        forget(tx, self.subject, self.id).await?;
        let told = if outcome.is_ok() && self.decision.confirmed { Outcome::Done } else { Outcome::Refused };
        tx.note("check-name", PURPOSE, &[CHECK], self.actor.party(), told, Some(self.subject)).await?;
        Ok(outcome)
    }
}

/// What was only there for the check goes with it.
async fn forget(tx: &mut Tx<'_>, subject: SubjectId, id: [u8; 16]) -> Result<(), StoreError> {
    for item in [CLAIM, FACE] {
        tx.delete_record(subject, item, RecordId(id)).await?;
    }
    tx.unqueue(JOB, subject).await?;
    tx.unqueue(END_JOB, subject).await?;
    Ok(())
}

/// Gives a check up.
pub(super) struct GiveUp {
    pub subject: SubjectId,
    pub id: [u8; 16],
}

impl Transact for GiveUp {
    const NAME: &'static str = "give a check of a name up";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if tx.end_name_check(self.subject, self.id).await? {
            forget(tx, self.subject, self.id).await?;
            tx.note("check-name", PURPOSE, &[CLAIM], Party::System, Outcome::Failed, Some(self.subject)).await?;
        }
        Ok(())
    }
}

/// Raises the band of somebody who has grown out of it.
pub(super) struct Grow {
    pub subject: SubjectId,
    pub to: AgeBand,
}

impl Transact for Grow {
    const NAME: &'static str = "raise an age band";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if tx.grow(self.subject, self.to).await? {
            tx.note("grow", PURPOSE, &[], Party::System, Outcome::Done, Some(self.subject)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_6_5_a_band_follows_from_the_birth_date_and_rises_after_the_birthday() {
        let day = date(2026, 12, 1);
        let of = |birth| bands(birth, day, (14, 18));
        assert_eq!(of(date(2008, 12, 1)), (AgeBand::Adult, vec![]));
        assert_eq!(of(date(2008, 12, 2)), (AgeBand::Teen, vec![(AgeBand::Adult, date(2027, 1, 1))]));
        assert_eq!(of(date(2012, 12, 1)).0, AgeBand::Teen);
        let (band, next) = of(date(2012, 12, 2));
        assert_eq!(band, AgeBand::Child);
        assert_eq!(next, [(AgeBand::Teen, date(2027, 1, 1)), (AgeBand::Adult, date(2031, 1, 1))]);
        assert_eq!(of(date(2015, 1, 1)).1[0], (AgeBand::Teen, date(2029, 7, 1)), "never before the birthday");
    }
}
