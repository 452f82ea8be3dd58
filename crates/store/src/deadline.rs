//! Running legal deadlines: one table for every kind of matter, and the working days announced since this build.
//!
//! Keeps promise 8.2 as far as rows go: which rules apply and when they end is worked out by their callers. A matter
//! may have a deadline by each of several rules; the earliest governs.

use avouch_seal::SubjectId;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::engine::{Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

/// What a deadline is about: a kind of matter and which one, and whose it is where it is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// The kind: `case`, `request`, `review`, `incident` …
    pub about: String,
    /// Which one; no personal data.
    pub id: String,
    /// Whose.
    pub subject: Option<SubjectId>,
}

/// When a deadline ends, and by which calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// The instant it is over.
    pub due: Timestamp,
    /// Its last day; nothing where hours are counted.
    pub last_day: Option<Date>,
    /// The calendar and the years it knew.
    pub version: String,
    /// Whether it may still move, because a day it needs is not announced.
    pub provisional: bool,
}

/// The rule a deadline is by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A law record's full name, or a place in the policy.
    pub regime: String,
    /// How long, e.g. `15 working days`.
    pub period: String,
    /// The calendar: `cn`, `eu`, `us-ca`.
    pub calendar: String,
    /// Whether a last day that is not worked gives way to the next.
    pub gives_way: bool,
}

/// A deadline that runs, or ran.
#[derive(Debug, Clone)]
pub struct RunningClock {
    /// Names it.
    pub id: [u8; 16],
    /// What it is about.
    pub matter: Matter,
    /// Its rule.
    pub rule: Rule,
    /// When it started.
    pub started: Timestamp,
    /// When it ends.
    pub ends: Ends,
    /// Whether it is the earliest of its matter.
    pub governs: bool,
    /// The last alarm given, in per cent; 0 for none.
    pub alarmed: u64,
    /// When the matter was dealt with.
    pub done: Option<Timestamp>,
}

/// How many deadlines run, and how urgent they are. Of a matter the governing one counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ClockCounts {
    /// All that run.
    pub running: u64,
    /// Over, and not dealt with.
    pub overdue: u64,
    /// Not over, but over by the time asked for.
    pub soon: u64,
}

/// A query of clocks with the columns [`clock`] reads, and its conditions.
macro_rules! clocks_where {
    ($conditions:literal) => {
        concat!(
            "SELECT id, about, matter, subject, regime, period, calendar, started, due, last_day, version, \
             provisional, governs, alarmed, gives_way, done FROM clock WHERE ",
            $conditions
        )
    };
}

fn clock(look: &Look<'_>, row: &Row) -> Result<RunningClock, StoreError> {
    let last_day = match row.text_opt(9)? {
        None => None,
        Some(day) => Some(day.parse().map_err(|_| StoreError::Unreadable(format!("the last day '{day}' of a clock")))?),
    };
    Ok(RunningClock {
        id: row.bytes(0)?,
        matter: Matter {
            about: row.text(1)?.to_owned(),
            id: row.text(2)?.to_owned(),
            subject: match row.blob_opt(3)? {
                None => None,
                Some(_) => Some(SubjectId::new(look.shared.region, row.bytes(3)?)),
            },
        },
        rule: Rule {
            regime: row.text(4)?.to_owned(),
            period: row.text(5)?.to_owned(),
            calendar: row.text(6)?.to_owned(),
            gives_way: row.flag(14)?,
        },
        started: row.time(7)?,
        ends: Ends { due: row.time(8)?, last_day, version: row.text(10)?.to_owned(), provisional: row.flag(11)? },
        governs: row.flag(12)?,
        alarmed: row.uint(13)?,
        done: row.time_opt(15)?,
    })
}

impl Tx<'_> {
    /// Starts a deadline of a matter; it does not govern until [`Tx::settle_clocks`]. Gives its id. One that runs
    /// already for the same matter by the same rule stays as it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn start_clock(
        &mut self,
        matter: &Matter,
        rule: &Rule,
        started: Timestamp,
        ends: &Ends,
    ) -> Result<[u8; 16], StoreError> {
        let id = self.random::<16>();
        let whose = matter.subject.as_ref().map(|s| Val::Blob(s.id()));
        let last_day = ends.last_day.map(|d| d.to_string());
        self.db
            .execute(
                "INSERT INTO clock (id, about, matter, subject, regime, period, calendar, gives_way, started, due, \
                 last_day, version, provisional, governs, alarmed, done) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, 0, NULL) \
                 ON CONFLICT (about, matter, regime) DO NOTHING",
                &[
                    Val::Blob(&id),
                    Val::Text(&matter.about),
                    Val::Text(&matter.id),
                    whose.into(),
                    Val::Text(&rule.regime),
                    Val::Text(&rule.period),
                    Val::Text(&rule.calendar),
                    rule.gives_way.into(),
                    started.into(),
                    ends.due.into(),
                    last_day.as_ref().into(),
                    Val::Text(&ends.version),
                    ends.provisional.into(),
                ],
            )
            .await?;
        Ok(id)
    }

    /// Lets the earliest running deadline of a matter govern, and no other; gives it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn settle_clocks(&mut self, about: &str, matter: &str) -> Result<Option<RunningClock>, StoreError> {
        let mut running = self.clocks(about, matter).await?;
        running.retain(|c| c.done.is_none());
        for (at, clock) in running.iter_mut().enumerate() {
            if clock.governs != (at == 0) {
                clock.governs = at == 0;
                self.db
                    .execute(
                        "UPDATE clock SET governs = ?2 WHERE id = ?1",
                        &[Val::Blob(&clock.id), clock.governs.into()],
                    )
                    .await?;
            }
        }
        Ok(running.into_iter().next())
    }

    /// Gives a running deadline another end, as its calendar now counts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn move_clock(&mut self, id: &[u8; 16], ends: &Ends) -> Result<(), StoreError> {
        let last_day = ends.last_day.map(|d| d.to_string());
        self.db
            .execute(
                "UPDATE clock SET due = ?2, last_day = ?3, version = ?4, provisional = ?5 \
                 WHERE id = ?1 AND done IS NULL",
                &[
                    Val::Blob(id),
                    ends.due.into(),
                    last_day.as_ref().into(),
                    Val::Text(&ends.version),
                    ends.provisional.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Says that a running deadline gave its alarm; false when it gave that one before, or is dealt with.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn alarm_clock(&mut self, id: &[u8; 16], per_cent: u64) -> Result<bool, StoreError> {
        let changed = self
            .db
            .execute(
                "UPDATE clock SET alarmed = ?2 WHERE id = ?1 AND done IS NULL AND alarmed < ?2",
                &[Val::Blob(id), per_cent.into()],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Ends every deadline of a matter, as it was dealt with; gives how many ran.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stop_clocks(&mut self, about: &str, matter: &str) -> Result<u64, StoreError> {
        let now = self.now();
        self.db
            .execute(
                "UPDATE clock SET done = ?3 WHERE about = ?1 AND matter = ?2 AND done IS NULL",
                &[Val::Text(about), Val::Text(matter), now.into()],
            )
            .await
    }

    /// Takes a deadline away in whose place another has come.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn replace_clock(&mut self, id: &[u8; 16]) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM clock WHERE id = ?1", &[Val::Blob(id)]).await?;
        Ok(())
    }

    /// Lets every deadline of a matter run again from where it was, as it turned out not to be dealt with.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn restart_clocks(&mut self, about: &str, matter: &str) -> Result<u64, StoreError> {
        self.db
            .execute(
                "UPDATE clock SET done = NULL WHERE about = ?1 AND matter = ?2 AND done IS NOT NULL",
                &[Val::Text(about), Val::Text(matter)],
            )
            .await
    }

    /// Forgets the deadlines of a matter that is itself forgotten.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_clocks(&mut self, about: &str, matter: &str) -> Result<u64, StoreError> {
        self.db
            .execute("DELETE FROM clock WHERE about = ?1 AND matter = ?2", &[Val::Text(about), Val::Text(matter)])
            .await
    }

    /// Keeps an announced year of a calendar, in the layout of those that ship; a corrected one takes the place of
    /// the one before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_calendar_year(&mut self, calendar: &str, year: i16, days: &str) -> Result<(), StoreError> {
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO calendar_year (calendar, year, days, taken) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (calendar, year) DO UPDATE SET days = excluded.days, taken = excluded.taken",
                &[Val::Text(calendar), Val::Int(i64::from(year)), Val::Text(days), now.into()],
            )
            .await?;
        Ok(())
    }
}

impl Look<'_> {
    /// The deadlines of a matter, the earliest first; also those that are done.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn clocks(&mut self, about: &str, matter: &str) -> Result<Vec<RunningClock>, StoreError> {
        let rows = self
            .db
            .query(
                clocks_where!("about = ?1 AND matter = ?2 ORDER BY due, regime"),
                &[Val::Text(about), Val::Text(matter)],
            )
            .await?;
        rows.iter().map(|row| clock(self, row)).collect()
    }

    /// One deadline.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn clock(&mut self, id: &[u8; 16]) -> Result<Option<RunningClock>, StoreError> {
        let row = self.db.first(clocks_where!("id = ?1"), &[Val::Blob(id)]).await?;
        row.map(|row| clock(self, &row)).transpose()
    }

    /// The governing deadlines that run, the most urgent first: those due from `from` on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn urgent_clocks(&mut self, from: Timestamp, limit: u32) -> Result<Vec<RunningClock>, StoreError> {
        let rows = self
            .db
            .query(
                clocks_where!("done IS NULL AND governs = 1 AND due >= ?1 ORDER BY due, id LIMIT ?2"),
                &[from.into(), Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter().map(|row| clock(self, row)).collect()
    }

    /// Running deadlines counted by another version of a calendar than `version`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outdated_clocks(
        &mut self,
        calendar: &str,
        version: &str,
        limit: u32,
    ) -> Result<Vec<RunningClock>, StoreError> {
        let rows = self
            .db
            .query(
                clocks_where!("done IS NULL AND calendar = ?1 AND version <> ?2 ORDER BY due, id LIMIT ?3"),
                &[Val::Text(calendar), Val::Text(version), Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter().map(|row| clock(self, row)).collect()
    }

    /// How many governing deadlines run, are over, and will be over by `soon`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn clock_counts(&mut self, soon: Timestamp) -> Result<ClockCounts, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT count(*), count(CASE WHEN due <= ?1 THEN 1 END), \
                 count(CASE WHEN due > ?1 AND due <= ?2 THEN 1 END) FROM clock WHERE done IS NULL AND governs = 1",
                &[now.into(), soon.into()],
            )
            .await?;
        row.map_or(Ok(ClockCounts::default()), |row| {
            Ok(ClockCounts { running: row.uint(0)?, overdue: row.uint(1)?, soon: row.uint(2)? })
        })
    }

    /// The announced years of a calendar that are kept here, in the layout of those that ship.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn calendar_years(&mut self, calendar: &str) -> Result<Vec<String>, StoreError> {
        let rows = self
            .db
            .query("SELECT days FROM calendar_year WHERE calendar = ?1 ORDER BY year", &[Val::Text(calendar)])
            .await?;
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    }
}
