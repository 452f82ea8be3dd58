//! Statutory clocks: a matter's deadline by every rule that holds for it, of which the earliest governs.
//!
//! Keeps promise 8.2. The rules are the policy's promise and the records of the law packs in force; no number stands
//! here. A clock gives alarms at 50, 80 and 100 per cent of its time, as jobs, and is counted anew when its calendar
//! changes: an announcement that comes late moves it, and leaves a leaf that says so.

use avouch_calendar::{Calendar, End};
use avouch_policy::law::{Counting, LawPack, Measure, Record};
use avouch_policy::{Party, Period, Policy};
use avouch_seal::SubjectId;
use avouch_store::{ClockCounts, Ends, Hold, Job, Matter, Outcome, Rule, RunningClock, StoreError, Transact, Tx};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{calendar, case, desk};
use crate::app::App;
use crate::fault::Fault;

/// The job that gives a clock's next alarm.
pub(crate) const JOB: &str = "clock";
/// The name of the rule that is the policy's own promise.
pub const PROMISE: &str = "contact.respond_within";
/// At which parts of its time a clock gives an alarm, in per cent.
const ALARMS: [u64; 3] = [50, 80, 100];
/// Clocks counted anew in one commit.
const PAGE: u32 = 256;

/// What the policy promises for an answer; nothing where it promises none.
#[must_use]
pub fn promised(policy: &Policy) -> Option<Rule> {
    let within = policy.facts().contact.respond_within?;
    calendar::count(within)?;
    Some(Rule {
        regime: PROMISE.into(),
        period: within.to_string(),
        calendar: calendar::of_policy(policy).to_owned(),
        gives_way: false,
    })
}

/// The rules that the laws of the policy set at a time by their records of these names, such as `deadline.reply`. A
/// draft sets none, nor does a record without a number, such as "promptly".
#[must_use]
pub fn by_law(policy: &Policy, ids: &[&str], at: Timestamp) -> Vec<Rule> {
    let packs = policy.facts().controller.law.iter().filter_map(|name| LawPack::named(name));
    packs.flat_map(|pack| ids.iter().filter_map(move |id| of_record(pack, pack.get(id)?, at))).collect()
}

fn of_record(pack: &LawPack, record: &Record, at: Timestamp) -> Option<Rule> {
    let zone = TimeZone::get(&pack.zone).unwrap_or(TimeZone::UTC);
    let day = at.to_zoned_datetime(zone).date();
    let period = record.period().filter(|_| record.in_force(day))?;
    let calendar = match record.calendar {
        Counting::WorkingCn => "cn",
        Counting::WorkingEu => "eu",
        Counting::BusinessUsCa => "us-ca",
        Counting::Calendar | Counting::None => &pack.calendar,
    };
    let by_the_day = matches!(record.unit, Measure::Days | Measure::Months | Measure::Years);
    let every_day = record.calendar == Counting::Calendar && by_the_day;
    Some(Rule {
        regime: format!("{}.{}", pack.name, record.id),
        period: period.to_string(),
        calendar: calendar.to_owned(),
        gives_way: every_day && pack.get("deadline.last_day").is_some_and(|r| r.in_force(day)),
    })
}

fn end(calendar: &Calendar, rule: &Rule, start: Timestamp) -> Result<End, StoreError> {
    let count = rule.period.parse::<Period>().ok().and_then(calendar::count);
    let count = count.ok_or_else(|| StoreError::Unreadable(format!("the period '{}' of a clock", rule.period)))?;
    Ok(calendar.end(start, count, rule.gives_way))
}

fn ends(end: End) -> Ends {
    Ends { due: end.at, last_day: end.last_day, version: end.calendar_version, provisional: end.provisional }
}

/// The last day, or the instant where hours are counted.
fn day(ends: &Ends) -> String {
    ends.last_day.map_or_else(|| ends.due.to_string(), |day| day.to_string())
}

/// Starts a matter's clocks, one by each rule, in this commit; gives the one that governs, nothing where no rule
/// holds. Starting them again changes nothing.
///
/// # Errors
/// When the database refuses.
pub async fn start(
    tx: &mut Tx<'_>,
    matter: &Matter,
    rules: &[Rule],
    from: Timestamp,
) -> Result<Option<RunningClock>, StoreError> {
    for rule in rules {
        let calendar = calendar::load(tx, &rule.calendar).await?;
        let until = ends(end(&calendar, rule, from)?);
        tx.start_clock(matter, rule, from, &until).await?;
    }
    settle(tx, &matter.about, &matter.id).await
}

/// Lets the earliest clock of a matter govern and queues its next alarm.
async fn settle(tx: &mut Tx<'_>, about: &str, matter: &str) -> Result<Option<RunningClock>, StoreError> {
    let governing = tx.settle_clocks(about, matter).await?;
    if let Some(clock) = &governing {
        queue_alarm(tx, clock, clock.alarmed).await?;
    }
    Ok(governing)
}

/// The instant so much of a clock's time is over.
fn reached(clock: &RunningClock, per_cent: u64) -> Timestamp {
    let whole = clock.ends.due.duration_since(clock.started).as_secs();
    let part = i128::from(whole) * i128::from(per_cent) / 100;
    let part = SignedDuration::from_secs(i64::try_from(part).unwrap_or(i64::MAX));
    clock.started.checked_add(part).unwrap_or(Timestamp::MAX)
}

async fn queue_alarm(tx: &mut Tx<'_>, clock: &RunningClock, given: u64) -> Result<(), StoreError> {
    if let Some(next) = ALARMS.into_iter().find(|level| *level > given) {
        let body = data_encoding::HEXLOWER.encode(&clock.id);
        tx.queue(JOB, None, reached(clock, next), &body).await?;
    }
    Ok(())
}

impl App {
    /// The deadlines of a matter, the earliest first; also those that are done.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn clocks(&self, about: &str, matter: &str) -> Result<Vec<RunningClock>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.clocks(about, matter).await?)
    }

    /// The governing deadlines that run, the most urgent first: those due from a time on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn urgent_clocks(&self, from: Timestamp, limit: u32) -> Result<Vec<RunningClock>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.urgent_clocks(from, limit).await?)
    }

    /// How many matters have a deadline that runs, is over, or will be over within a time.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn clock_counts(&self, soon: SignedDuration) -> Result<ClockCounts, Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let by = look.now().checked_add(soon).unwrap_or(Timestamp::MAX);
        Ok(look.clock_counts(by).await?)
    }

    /// Counts every running clock anew whose calendar has another version now; gives how many have another end.
    /// Done by every sweep, as a new build brings a new calendar too.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn recount_clocks(&self) -> Result<u64, Fault> {
        let mut moved = 0;
        for name in calendar::NAMES {
            loop {
                let page = {
                    let mut reading = self.store.reading().await?;
                    let mut look = reading.look()?;
                    let version = calendar::load(&mut look, name).await?.version();
                    look.outdated_clocks(name, &version, PAGE).await?
                };
                if page.is_empty() {
                    break;
                }
                moved += self.store.transact(Recount { calendar: name, page }).await?;
            }
        }
        Ok(moved)
    }

    /// Gives the next alarm of the clock of a job, if it is time for it.
    pub(crate) async fn alarm(&self, job: &Job) -> Result<(), Fault> {
        let id = data_encoding::HEXLOWER.decode(job.body.as_bytes()).ok().and_then(|id| id.try_into().ok());
        let id = id.ok_or_else(|| Fault::NotNow("the job of an alarm names no clock".into()))?;
        if let Some(clock) = self.store.transact(Alarm { id }).await? {
            let Matter { about, id, .. } = &clock.matter;
            tracing::warn!(%about, matter = %id, due = %clock.ends.due, per_cent = clock.alarmed, "a deadline comes near");
        }
        Ok(())
    }
}

struct Alarm {
    id: [u8; 16],
}

impl Transact for Alarm {
    const NAME: &'static str = "give a deadline's alarm";
    type Out = Option<RunningClock>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let Some(mut clock) = tx.clock(&self.id).await?.filter(|c| c.done.is_none() && c.governs) else {
            return Ok(None);
        };
        let now = tx.now();
        let due = ALARMS.into_iter().rfind(|level| reached(&clock, *level) <= now);
        // The clock may have been moved since the job was queued: then it is only queued again.
        let given = due.unwrap_or(0).max(clock.alarmed);
        let gives = given > clock.alarmed && tx.alarm_clock(&clock.id, given).await?;
        queue_alarm(tx, &clock, given).await?;
        if !gives {
            return Ok(None);
        }
        clock.alarmed = given;
        let about = format!("{} {given}%", clock.matter.about);
        tx.note("alarm", &about, &[], Party::System, Outcome::Done, None).await?;
        if clock.matter.about == case::ABOUT {
            desk::say_alarm(tx, &clock.matter.id, given).await?;
        }
        Ok(Some(clock))
    }
}

struct Recount {
    calendar: &'static str,
    page: Vec<RunningClock>,
}

impl Transact for Recount {
    const NAME: &'static str = "count deadlines anew";
    type Out = u64;
    type Fault = StoreError;

    // Nobody's standing is touched; their leaves say that a deadline moved.
    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let calendar = calendar::load(tx, self.calendar).await?;
        let mut moved = 0;
        for told in &self.page {
            // It may be done, or counted by another node, since it was looked at.
            let Some(clock) = tx.clock(&told.id).await?.filter(|c| c.done.is_none()) else {
                continue;
            };
            let governed = clock.governs;
            let now = ends(end(&calendar, &clock.rule, clock.started)?);
            if now == clock.ends {
                continue;
            }
            tx.move_clock(&clock.id, &now).await?;
            if now.due != clock.ends.due || now.provisional != clock.ends.provisional {
                moved += u64::from(now.due != clock.ends.due);
                let Matter { about, id, subject } = &clock.matter;
                tx.note("recount", about, &[], Party::System, Outcome::Done, *subject).await?;
                settle(tx, about, id).await?;
                if governed && about == case::ABOUT {
                    desk::say_moved(tx, id, &format!("{} {}", day(&clock.ends), day(&now))).await?;
                }
            }
        }
        Ok(moved)
    }
}
