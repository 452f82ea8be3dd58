//! The calendars deadlines are counted by: those that ship, with the years announced here since.
//!
//! Keeps promise 8.2: a year announced late counts from its announcement on, also for what runs already.

use avouch_calendar::{Calendar, Count, End, import_holiday_cn};
use avouch_policy::{Party, Period, Policy, Unit};
use avouch_seal::SubjectId;
use avouch_store::{Hold, Look, Outcome, StoreError, Transact, Tx};
use jiff::Timestamp;

use crate::app::App;
use crate::fault::{Fault, FieldFault};

/// Every calendar there is.
pub(crate) const NAMES: [&str; 3] = ["cn", "eu", "us-ca"];

/// The calendar of a name, with the years announced here.
pub(crate) async fn load(look: &mut Look<'_>, name: &str) -> Result<Calendar, StoreError> {
    let mut calendar = Calendar::named(name)
        .ok_or_else(|| StoreError::Unreadable(format!("there is no calendar '{name}'; there are {NAMES:?}")))?;
    for days in look.calendar_years(name).await? {
        let year = avouch_calendar::Year::from_json(&days)
            .map_err(|e| StoreError::Unreadable(format!("an announced year of the calendar '{name}': {e}")))?;
        calendar.announce(year);
    }
    Ok(calendar)
}

/// What is counted of a period; nothing of a browser session, which has no length.
pub(crate) const fn count(period: Period) -> Option<Count> {
    let Period::Of(n, unit) = period else {
        return None;
    };
    Some(match unit {
        Unit::Minute => Count::Minutes(n),
        Unit::Hour => Count::Hours(n),
        Unit::Day => Count::Days(n),
        Unit::WorkingDay => Count::WorkingDays(n),
        Unit::Week => Count::Days(n.saturating_mul(7)),
        Unit::Month => Count::Months(n),
        Unit::Year => Count::Years(n),
    })
}

/// The calendar the policy counts its own promises by.
#[must_use]
pub fn of_policy(policy: &Policy) -> &str {
    policy.facts().contact.calendar.as_deref().unwrap_or("cn")
}

/// What came of announcing a year.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Announced {
    /// The year.
    pub year: i16,
    /// The calendar's version from now on.
    pub version: String,
    /// How many running deadlines have another end now.
    pub moved: u64,
}

impl App {
    /// When a period of the policy that starts at a time ends, by the policy's calendar; nothing for a session's.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn ends(&self, period: Period, start: Timestamp) -> Result<Option<End>, Fault> {
        let Some(count) = count(period) else {
            return Ok(None);
        };
        let mut reading = self.store.reading().await?;
        let calendar = load(&mut reading.look()?, of_policy(&self.policy())).await?;
        Ok(Some(calendar.end(start, count, false)))
    }

    /// Takes a year that was announced for mainland China, in the layout of `holiday-cn`, and counts what runs anew.
    ///
    /// # Errors
    /// [`Fault::Invalid`] when it is no such year or contradicts itself: nothing is changed then.
    pub async fn announce_year(&self, json: &str) -> Result<Announced, Fault> {
        let year = import_holiday_cn(json)
            .map_err(|e| Fault::Invalid(vec![FieldFault::new("calendar", "not-a-calendar", e.to_string())]))?;
        let number = year.year;
        self.store.transact(Announce { year: number, days: year.to_json() }).await?;
        let moved = self.recount_clocks().await?;
        let mut reading = self.store.reading().await?;
        let version = load(&mut reading.look()?, "cn").await?.version();
        Ok(Announced { year: number, version, moved })
    }
}

struct Announce {
    year: i16,
    days: String,
}

impl Transact for Announce {
    const NAME: &'static str = "announce a year of working days";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.keep_calendar_year("cn", self.year, &self.days).await?;
        let about = format!("cn-{}", self.year);
        tx.note("announce-year", &about, &[], Party::System, Outcome::Done, None).await?;
        Ok(())
    }
}
