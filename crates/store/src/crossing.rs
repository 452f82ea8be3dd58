//! People whose data goes abroad, counted each year: each once, all recipients together, exactly.
//!
//! Keeps promise 5.4. A person is counted in the commit that writes the leaf of the sending, under a lock that two
//! nodes cannot hold together, so that no threshold of the law is passed unseen. See ADR 0012.

use avouch_ledger::leaf::Outcome;
use avouch_policy::{Act, Ask, Counted, Crossed, Party, Policy, RegionId};
use avouch_seal::{SubjectId, SubjectKey, Suite};
use jiff::Timestamp;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::record::Record;
use crate::tx::Tx;

/// What a sending abroad counts, and the numbers its mechanism must stay below.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Going {
    year: i16,
    plain: Option<Limit>,
    sensitive: Option<Limit>,
}

/// A count must stay below this; nothing where any number may go.
type Limit = Option<u32>;

impl Going {
    /// What `ask` counts; nothing where nobody is sent anything abroad, or the law counts nobody.
    pub(crate) fn of(policy: &Policy, ask: &Ask, home: RegionId) -> Option<Self> {
        let rules = policy.rules();
        let law = rules.crossing_law.as_ref()?;
        let recipient = ask.recipient.filter(|_| ask.act == Act::Share)?;
        let rule = rules.recipient_rules.get(usize::from(recipient.index())).filter(|r| r.region != Some(home))?;
        let crossing = rule.crossing.filter(|c| c.counted)?;
        let has = |sensitive: bool| {
            let of = |id: &avouch_policy::ItemId| rules.item_rules.get(usize::from(id.index()));
            ask.items.iter().filter_map(of).any(|item| item.sensitive == sensitive)
        };
        Some(Self {
            year: law.year(ask.at),
            plain: has(false).then_some(crossing.plain_below),
            sensitive: has(true).then_some(crossing.sensitive_below),
        })
    }

    /// The same of what was really opened: nobody is counted of whom nothing of the kind was there.
    pub(crate) fn sent(self, policy: &Policy, records: &[Record]) -> Option<Self> {
        let has = |sensitive: bool| {
            let of = |record: &Record| policy.rules().item_rules.get(usize::from(record.head.item.index()));
            records.iter().filter_map(of).any(|item| item.sensitive == sensitive)
        };
        let sent = Self {
            year: self.year,
            plain: self.plain.filter(|_| has(false)),
            sensitive: self.sensitive.filter(|_| has(true)),
        };
        sent.counts().next().is_some().then_some(sent)
    }

    fn counts(&self) -> impl Iterator<Item = (Counted, Limit)> + use<> {
        let plain = self.plain.map(|limit| (Counted::Plain, limit));
        plain.into_iter().chain(self.sensitive.map(|limit| (Counted::Sensitive, limit)))
    }
}

/// The person's entry of a year. It is keyed by their own key alone, and another in every year; sealing values with
/// another suite does not change it, so that nobody is counted twice.
fn digest(suite: Suite, key: &SubjectKey, year: i16) -> [u8; 16] {
    let mut salt = *b"crossing\0\0\0\0\0\0\0\0";
    for (to, from) in salt.iter_mut().skip(8).zip(i64::from(year).to_be_bytes()) {
        *to = from;
    }
    key.lasting_tag(suite, &salt)
}

/// Adds one of a kind.
fn add(crossed: &mut Crossed, counted: Counted) {
    let count = of(crossed, counted);
    *count = count.saturating_add(1);
}

fn of(crossed: &mut Crossed, counted: Counted) -> &mut u32 {
    match counted {
        Counted::Plain => &mut crossed.plain,
        Counted::Sensitive => &mut crossed.sensitive,
    }
}

/// A threshold that came near, or was reached.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CrossingMark {
    /// The year, by the year it began in.
    pub year: i16,
    /// The law record with the number, without its pack.
    pub record: String,
    /// Whether it was reached; else it came near.
    pub reached: bool,
    /// When.
    pub at: Timestamp,
    /// When an operator entered what was done.
    pub done: Option<Timestamp>,
    /// Who entered it; empty before.
    pub operator: String,
    /// What was done; empty before.
    pub what: String,
}

impl Look<'_> {
    /// How many people were counted in a year.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn crossed(&mut self, year: i16) -> Result<Crossed, StoreError> {
        let sql = "SELECT plain, sensitive FROM crossing_total WHERE year = ?1";
        let row = self.db.first(sql, &[Val::Int(year.into())]).await?;
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        row.map_or(Ok(Crossed::default()), |row| {
            Ok(Crossed { plain: count(row.uint(0)?), sensitive: count(row.uint(1)?) })
        })
    }

    /// The counts of every year, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn crossed_years(&mut self) -> Result<Vec<(i16, Crossed)>, StoreError> {
        let rows = self.db.query("SELECT year FROM crossing_total ORDER BY year DESC", &[]).await?;
        let mut years = Vec::with_capacity(rows.len());
        for row in &rows {
            let year = i16::try_from(row.int(0)?).unwrap_or(i16::MAX);
            years.push((year, self.crossed(year).await?));
        }
        Ok(years)
    }

    /// Every threshold that came near or was reached, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn crossing_marks(&mut self) -> Result<Vec<CrossingMark>, StoreError> {
        let sql = "SELECT year, record, stage, at, done, operator, what FROM crossing_mark \
                   ORDER BY at DESC, stage DESC, record";
        let rows = self.db.query(sql, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(CrossingMark {
                    year: i16::try_from(row.int(0)?).unwrap_or(i16::MAX),
                    record: row.text(1)?.to_owned(),
                    reached: row.int(2)? == 1,
                    at: row.time(3)?,
                    done: row.time_opt(4)?,
                    operator: row.text(5)?.to_owned(),
                    what: row.text(6)?.to_owned(),
                })
            })
            .collect()
    }

    /// The counts of the year as `going` would leave them with this person.
    pub(crate) async fn crossed_with(&mut self, subject: SubjectId, going: &Going) -> Result<Crossed, StoreError> {
        let mut crossed = self.crossed(going.year).await?;
        let suite = self.shared.keys.lasting_suite()?;
        if let Some(key) = self.key(subject).await? {
            for (counted, _) in going.counts() {
                if !self.is_counted(&digest(suite, &key, going.year), going.year, counted).await? {
                    add(&mut crossed, counted);
                }
            }
        }
        Ok(crossed)
    }

    async fn is_counted(&mut self, digest: &[u8], year: i16, counted: Counted) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM crossing WHERE year = ?1 AND digest = ?2 AND counted = ?3";
        let params = [Val::Int(year.into()), Val::Blob(digest), Val::Text(counted.name())];
        Ok(self.db.first(sql, &params).await?.is_some())
    }
}

impl Tx<'_> {
    /// Counts people whose data goes abroad with this commit. False, with nothing counted, when one of them would
    /// bring a count to a number that a mechanism no longer covers: what was permitted is decided anew.
    pub(crate) async fn count_going(&mut self, goings: &[(&SubjectKey, Going)]) -> Result<bool, StoreError> {
        let suite = self.shared.keys.lasting_suite()?;
        let mut years: Vec<i16> = goings.iter().map(|(_, going)| going.year).collect();
        years.sort_unstable();
        years.dedup();
        for year in years {
            let of_year: Vec<_> = goings.iter().filter(|(_, going)| going.year == year).collect();
            // The year's row is the lock: from here on no other node counts until this commit.
            let create = "INSERT INTO crossing_total (year, plain, sensitive) VALUES (?1, 0, 0) \
                          ON CONFLICT (year) DO NOTHING";
            self.db.execute(create, &[Val::Int(year.into())]).await?;
            self.db
                .execute("UPDATE crossing_total SET plain = plain WHERE year = ?1", &[Val::Int(year.into())])
                .await?;
            let before = self.crossed(year).await?;
            let mut after = before;
            let mut new: Vec<([u8; 16], Counted)> = Vec::new();
            for (key, going) in of_year {
                let digest = digest(suite, key, year);
                for (counted, limit) in going.counts() {
                    if !new.contains(&(digest, counted)) && !self.is_counted(&digest, year, counted).await? {
                        add(&mut after, counted);
                        new.push((digest, counted));
                    }
                    let people = *of(&mut after, counted);
                    if limit.is_some_and(|limit| people >= limit) {
                        return Ok(false);
                    }
                }
            }
            if new.is_empty() {
                continue;
            }
            for (digest, counted) in &new {
                self.db
                    .execute(
                        "INSERT INTO crossing (year, digest, counted) VALUES (?1, ?2, ?3)",
                        &[Val::Int(year.into()), Val::Blob(digest), Val::Text(counted.name())],
                    )
                    .await?;
            }
            self.db
                .execute(
                    "UPDATE crossing_total SET plain = ?2, sensitive = ?3 WHERE year = ?1",
                    &[Val::Int(year.into()), u64::from(after.plain).into(), u64::from(after.sensitive).into()],
                )
                .await?;
            self.mark_passed(year, before, after).await?;
        }
        Ok(true)
    }

    /// Marks the thresholds that the counts came near to or reached between `before` and `after`.
    async fn mark_passed(&mut self, year: i16, mut before: Crossed, mut after: Crossed) -> Result<(), StoreError> {
        let policy = std::sync::Arc::clone(self.policy());
        let thresholds = policy.rules().crossing_law.as_ref().map_or(&[][..], |law| law.thresholds());
        for threshold in thresholds {
            let (was, is) = (*of(&mut before, threshold.counted), *of(&mut after, threshold.counted));
            for (reached, at) in [(false, threshold.warn), (true, threshold.people)] {
                if was < at && at <= is {
                    self.mark_threshold(year, threshold.record, reached).await?;
                }
            }
        }
        Ok(())
    }

    /// Marks the thresholds that stopped what would have gone abroad.
    pub(crate) async fn mark_stopped(&mut self, going: &Going, mut would: Crossed) -> Result<(), StoreError> {
        let policy = std::sync::Arc::clone(self.policy());
        let thresholds = policy.rules().crossing_law.as_ref().map_or(&[][..], |law| law.thresholds());
        for (counted, limit) in going.counts() {
            let people = *of(&mut would, counted);
            let stopped = |people_at: u32| limit.is_some_and(|limit| limit == people_at && people >= limit);
            for threshold in thresholds.iter().filter(|t| t.counted == counted && stopped(t.people)) {
                self.mark_threshold(going.year, threshold.record, true).await?;
            }
        }
        Ok(())
    }

    async fn mark_threshold(&mut self, year: i16, record: &str, reached: bool) -> Result<(), StoreError> {
        let now = self.now();
        let new = self
            .db
            .execute(
                "INSERT INTO crossing_mark (year, record, stage, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (year, record, stage) DO NOTHING",
                &[Val::Int(year.into()), Val::Text(record), reached.into(), now.into()],
            )
            .await?;
        if new == 1 {
            self.note("threshold", record, &[], Party::System, Outcome::Done, None).await?;
        }
        Ok(())
    }

    /// Enters what was done about a threshold; false when there is no such mark, or it was entered before. The leaf
    /// is the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn settle_crossing(
        &mut self,
        year: i16,
        record: &str,
        reached: bool,
        operator: &str,
        what: &str,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let changed = self
            .db
            .execute(
                "UPDATE crossing_mark SET done = ?4, operator = ?5, what = ?6 \
                 WHERE year = ?1 AND record = ?2 AND stage = ?3 AND done IS NULL",
                &[
                    Val::Int(year.into()),
                    Val::Text(record),
                    reached.into(),
                    now.into(),
                    Val::Text(operator),
                    Val::Text(what),
                ],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Deletes the entries of years that are over: their totals stay, and nobody is counted in them any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_crossings(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        let Some(year) = self.policy().rules().crossing_law.as_ref().map(|law| law.year(now)) else { return Ok(0) };
        self.db.execute("DELETE FROM crossing WHERE year < ?1", &[Val::Int(year.into())]).await
    }
}
