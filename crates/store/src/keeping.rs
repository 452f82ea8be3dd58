//! The ends of records: reckoned when anything happens to what keeps them, and anew when the policy's rules change.
//!
//! Keeps promise 5.1. Every record carries its end and the rule that gave it. What has ended stays ended: no rule
//! revives what was unreadable.

use std::collections::BTreeMap;
use std::sync::Arc;

use avouch_policy::model::After;
use avouch_policy::{End, Lived, Policy};
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::record::RecordId;
use crate::signal;
use crate::tx::Tx;

/// What happened to a person that ends of their records follow from.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    cancelled: Option<Timestamp>,
    withdrawn: BTreeMap<String, Timestamp>,
    /// By purpose: the ends of it and of its contract, the earliest first.
    ended: Vec<(String, After, Timestamp)>,
}

impl Happened {
    fn lived(&self, purpose: &str, collected: Timestamp, used: Option<Timestamp>) -> Lived {
        let since = |kind: After| {
            let of = self.ended.iter().filter(|(p, k, at)| p == purpose && *k == kind && *at >= collected);
            of.map(|(.., at)| *at).min()
        };
        Lived {
            collected,
            used,
            withdrawn: self.withdrawn.get(purpose).copied(),
            purpose_ended: since(After::PurposeEnded),
            contract_ended: since(After::ContractEnded),
            cancelled: self.cancelled,
        }
    }
}

/// A record as far as its end follows from it.
struct Kept {
    item: String,
    id: [u8; 16],
    purpose: String,
    collected: Timestamp,
    used: Option<Timestamp>,
    until: Option<Timestamp>,
    rule: String,
    also: Vec<(String, Timestamp, Option<Timestamp>)>,
}

impl Kept {
    fn end(&self, policy: &Policy, happened: &Happened, now: Timestamp) -> End {
        let own = (self.purpose.as_str(), happened.lived(&self.purpose, self.collected, self.used));
        let also = self.also.iter().map(|(p, since, used)| (p.as_str(), happened.lived(p, *since, *used)));
        policy.end_of(&self.item, std::iter::once(own).chain(also), self.collected, now)
    }
}

/// How many ends a step of reckoning looked at and moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Reckoned {
    /// Records and signals looked at.
    pub looked: u64,
    /// Those that end earlier now.
    pub earlier: u64,
    /// Those that end later now, or by an event.
    pub later: u64,
}

impl Reckoned {
    pub(crate) fn count(&mut self, before: Option<Timestamp>, after: Option<Timestamp>) {
        match (before, after) {
            (a, b) if a == b => {}
            (None, Some(_)) => self.earlier += 1,
            (Some(_), None) => self.later += 1,
            (Some(a), Some(b)) if b < a => self.earlier += 1,
            _ => self.later += 1,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            looked: self.looked + other.looked,
            earlier: self.earlier + other.earlier,
            later: self.later + other.later,
        }
    }
}

impl Look<'_> {
    pub(crate) async fn happened(&mut self, subject: SubjectId) -> Result<Happened, StoreError> {
        let of = [Val::Blob(subject.id())];
        let mut out = Happened::default();
        if let Some(row) = self.db.first("SELECT cancel_due FROM standing WHERE subject = ?1", &of).await? {
            out.cancelled = row.time_opt(0)?;
        }
        let sql = "SELECT target, at FROM consent WHERE subject = ?1 AND given = 0 AND kind IN ('consent', 'separate')";
        for row in self.db.query(sql, &of).await? {
            out.withdrawn.insert(row.text(0)?.to_owned(), row.time(1)?);
        }
        let sql = "SELECT purpose, kind, at FROM purpose_end WHERE subject = ?1";
        for row in self.db.query(sql, &of).await? {
            let kind =
                if row.text(1)? == After::ContractEnded.as_str() { After::ContractEnded } else { After::PurposeEnded };
            out.ended.push((row.text(0)?.to_owned(), kind, row.time(2)?));
        }
        Ok(out)
    }

    async fn kept(&mut self, subject: SubjectId, item: &str, id: RecordId) -> Result<Option<Kept>, StoreError> {
        let of = [Val::Blob(subject.id()), Val::Text(item), Val::Blob(&id.0)];
        let sql = "SELECT purpose, created, used, until, rule FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3";
        let Some(row) = self.db.first(sql, &of).await? else { return Ok(None) };
        let sql = "SELECT purpose, since, used FROM record_purpose WHERE subject = ?1 AND item = ?2 AND id = ?3 \
                   ORDER BY purpose";
        let also = self.db.query(sql, &of).await?;
        let also = also.iter().map(|r| Ok((r.text(0)?.to_owned(), r.time(1)?, r.time_opt(2)?)));
        Ok(Some(Kept {
            item: item.to_owned(),
            id: id.0,
            purpose: row.text(0)?.to_owned(),
            collected: row.time(1)?,
            used: row.time_opt(2)?,
            until: row.time_opt(3)?,
            rule: row.text(4)?.to_owned(),
            also: also.collect::<Result<_, StoreError>>()?,
        }))
    }
}

impl Tx<'_> {
    /// Gives one record its end by what happened to it; what has ended stays ended.
    pub(crate) async fn reckon_record(
        &mut self,
        happened: &Happened,
        subject: SubjectId,
        item: &str,
        id: RecordId,
    ) -> Result<Reckoned, StoreError> {
        let now = self.now();
        let mut out = Reckoned::default();
        let Some(kept) = self.kept(subject, item, id).await? else { return Ok(out) };
        out.looked = 1;
        if kept.until.is_some_and(|until| until <= now) {
            return Ok(out);
        }
        let policy = Arc::clone(self.policy());
        let end = kept.end(&policy, happened, now);
        let rule = end.rule();
        if end.until == kept.until && rule == kept.rule {
            return Ok(out);
        }
        out.count(kept.until, end.until);
        self.db
            .execute(
                "UPDATE record SET until = ?4, rule = ?5 WHERE subject = ?1 AND item = ?2 AND id = ?3",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(&kept.item),
                    Val::Blob(&kept.id),
                    end.until.into(),
                    Val::Text(&rule),
                ],
            )
            .await?;
        Ok(out)
    }

    /// From now on a record that is there is kept for one more purpose, too.
    pub(crate) async fn keep_also(
        &mut self,
        subject: SubjectId,
        item: &str,
        id: RecordId,
        purpose: &str,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.db
            .execute(
                "INSERT INTO record_purpose (subject, item, id, purpose, since, used) VALUES (?1, ?2, ?3, ?4, ?5, NULL) \
                 ON CONFLICT (subject, item, id, purpose) DO NOTHING",
                &[Val::Blob(subject.id()), Val::Text(item), Val::Blob(&id.0), Val::Text(purpose), since.into()],
            )
            .await?;
        let happened = self.happened(subject).await?;
        self.reckon_record(&happened, subject, item, id).await?;
        Ok(())
    }

    /// Notes the use of records for a purpose that counts from it.
    pub(crate) async fn note_used(
        &mut self,
        subject: SubjectId,
        purpose: &str,
        used: &[(String, RecordId)],
    ) -> Result<(), StoreError> {
        if used.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let happened = self.happened(subject).await?;
        for (item, id) in used {
            let of = [Val::Blob(subject.id()), Val::Text(item), Val::Blob(&id.0), Val::Text(purpose), now.into()];
            let mut changed = 0;
            for sql in [
                "UPDATE record SET used = ?5 WHERE subject = ?1 AND item = ?2 AND id = ?3 AND purpose = ?4",
                "UPDATE record_purpose SET used = ?5 WHERE subject = ?1 AND item = ?2 AND id = ?3 AND purpose = ?4",
            ] {
                changed += self.db.execute(sql, &of).await?;
            }
            if changed > 0 {
                self.reckon_record(&happened, subject, item, *id).await?;
            }
        }
        Ok(())
    }

    /// Ends, at `at`, what was collected for a purpose whose consent is withdrawn (PIPL 47(1)(3)): every record and
    /// signal that has no end yet or a later one, but for records another purpose keeps. Gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_purpose(&mut self, subject: SubjectId, end: &End, at: Timestamp) -> Result<u64, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let signals = self.end_signals(subject, &end.purpose, at).await?;
        let rule = end.rule();
        let records = self
            .db
            .execute(
                "UPDATE record SET until = ?3, rule = ?4 WHERE subject = ?1 AND purpose = ?2 \
                 AND (until IS NULL OR until > ?3) AND NOT EXISTS (SELECT 1 FROM record_purpose p \
                 WHERE p.subject = record.subject AND p.item = record.item AND p.id = record.id)",
                &[Val::Blob(subject.id()), Val::Text(&end.purpose), at.into(), Val::Text(&rule)],
            )
            .await?;
        Ok(records + signals + self.reckon_shared(subject, &end.purpose).await?)
    }

    /// Reckons the records that are kept for a purpose and for another too; gives how many ends moved.
    async fn reckon_shared(&mut self, subject: SubjectId, purpose: &str) -> Result<u64, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT DISTINCT r.item, r.id FROM record r JOIN record_purpose p \
                 ON p.subject = r.subject AND p.item = r.item AND p.id = r.id \
                 WHERE r.subject = ?1 AND (r.purpose = ?2 OR p.purpose = ?2)",
                &[Val::Blob(subject.id()), Val::Text(purpose)],
            )
            .await?;
        let happened = self.happened(subject).await?;
        let mut moved = Reckoned::default();
        for row in &rows {
            let (item, id) = (row.text(0)?.to_owned(), RecordId(row.bytes(1)?));
            moved = moved.plus(self.reckon_record(&happened, subject, &item, id).await?);
        }
        Ok(moved.earlier + moved.later)
    }

    /// Takes back the ends that the withdrawal of a consent set and that have not come: it is given again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resume_purpose(&mut self, subject: SubjectId, purpose: &str) -> Result<u64, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let now = self.now();
        let of = [Val::Blob(subject.id()), Val::Text(purpose), now.into()];
        let rows = self
            .db
            .query("SELECT item, id FROM record WHERE subject = ?1 AND purpose = ?2 AND until > ?3", &of)
            .await?;
        let happened = self.happened(subject).await?;
        let mut moved = Reckoned::default();
        for row in &rows {
            let (item, id) = (row.text(0)?.to_owned(), RecordId(row.bytes(1)?));
            moved = moved.plus(self.reckon_record(&happened, subject, &item, id).await?);
        }
        let shared = self.reckon_shared(subject, purpose).await?;
        let policy = Arc::clone(self.policy());
        let by_event = policy.end_for(purpose, &Lived::since(now)).is_some_and(|end| end.until.is_none());
        let signals = if by_event { self.open_ended_signals(subject, purpose).await? } else { 0 };
        Ok(moved.earlier + moved.later + shared + signals)
    }

    /// Notes that a purpose, or the contract it serves, ended for a person at `at`; what was collected for it until then
    /// gets its end. Gives how many ends moved.
    ///
    /// # Errors
    /// [`StoreError::Misused`] for another trigger; when the database refuses.
    pub async fn note_end(
        &mut self,
        subject: SubjectId,
        purpose: &str,
        kind: After,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        if !matches!(kind, After::PurposeEnded | After::ContractEnded) {
            return Err(StoreError::Misused { name: "end", why: format!("'{kind}' is not told by a service") });
        }
        self.journal_ended(subject, &[kind.as_str(), purpose]);
        self.db
            .execute(
                "INSERT INTO purpose_end (subject, purpose, kind, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subject, purpose, kind, at) DO NOTHING",
                &[Val::Blob(subject.id()), Val::Text(purpose), Val::Text(kind.as_str()), at.into()],
            )
            .await?;
        let policy = Arc::clone(self.policy());
        let lived = Lived { purpose_ended: Some(at), contract_ended: Some(at), ..Lived::since(at) };
        let Some(end) = policy.end_for(purpose, &lived).filter(|end| end.after == kind) else { return Ok(0) };
        let Some(until) = end.until else { return Ok(0) };
        // What ended before stays as that end said.
        let records = self
            .db
            .execute(
                "UPDATE record SET until = ?3, rule = ?4 WHERE subject = ?1 AND purpose = ?2 AND until IS NULL \
                 AND created <= ?5 AND NOT EXISTS (SELECT 1 FROM record_purpose p WHERE p.subject = record.subject \
                 AND p.item = record.item AND p.id = record.id)",
                &[Val::Blob(subject.id()), Val::Text(purpose), until.into(), Val::Text(&end.rule()), at.into()],
            )
            .await?;
        let signals = self.end_open_signals(subject, purpose, at, until).await?;
        Ok(records + signals + self.reckon_shared(subject, purpose).await?)
    }

    /// Shows on records that end with the account when that is; with nothing, that it is open again.
    pub(crate) async fn end_with_account(
        &mut self,
        subject: SubjectId,
        due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE record SET until = ?2 WHERE subject = ?1 AND rule LIKE '% account-cancelled %' \
                   AND (until IS NULL OR until > ?3)";
        let now = self.now();
        self.db.execute(sql, &[Val::Blob(subject.id()), due.into(), now.into()]).await?;
        Ok(())
    }
}

/// How far ends have been reckoned anew by a policy's rules.
#[derive(Debug, Clone)]
pub struct Reckoning {
    /// When it began.
    pub begun: Timestamp,
    /// `records`, then `signals`, then `done`.
    pub stage: String,
    /// The last that was looked at.
    pub place: String,
    /// What was found so far.
    pub reckoned: Reckoned,
    /// When it was done.
    pub ended: Option<Timestamp>,
}

/// A record or signal in the order they are reckoned in; a record has no purpose and time here.
#[derive(Debug, Clone)]
struct Place {
    subject: SubjectId,
    id: [u8; 16],
    item: String,
    purpose: String,
    at: Timestamp,
}

/// A page of what is to be reckoned.
#[derive(Debug, Clone)]
pub struct ReckonPage {
    /// Whose.
    pub subjects: Vec<SubjectId>,
    places: Vec<Place>,
    /// The last of it, as [`Reckoning::place`] keeps it.
    pub last: String,
}

impl Place {
    fn text(&self) -> String {
        let hex = data_encoding::HEXLOWER;
        let (subject, id) = (hex.encode(self.subject.id()), hex.encode(&self.id));
        format!("{subject} {id} {} {}/{}", self.at.as_millisecond(), self.purpose, self.item)
    }
}

/// Where a page ended: subject, id, time, purpose, item. Before everything for what is no place.
fn read_place(text: &str) -> (Vec<u8>, Vec<u8>, i64, &str, &str) {
    let mut parts = text.splitn(4, ' ');
    let hex = |text: Option<&str>| text.and_then(|t| data_encoding::HEXLOWER.decode(t.as_bytes()).ok());
    let (subject, id) = (hex(parts.next()), hex(parts.next()));
    let at = parts.next().and_then(|at| at.parse().ok()).unwrap_or(i64::MIN);
    let (purpose, item) = parts.next().and_then(|names| names.split_once('/')).unwrap_or_default();
    (subject.unwrap_or_default(), id.unwrap_or_default(), at, purpose, item)
}

impl Look<'_> {
    /// How far the reckoning by these rules is; nothing when it has not begun.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reckoning(&mut self, rules: &str) -> Result<Option<Reckoning>, StoreError> {
        let sql = "SELECT begun, stage, place, looked, earlier, later, ended FROM reckoning WHERE rules = ?1";
        let row = self.db.first(sql, &[Val::Text(rules)]).await?;
        row.map(|row| {
            Ok(Reckoning {
                begun: row.time(0)?,
                stage: row.text(1)?.to_owned(),
                place: row.text(2)?.to_owned(),
                reckoned: Reckoned { looked: row.uint(3)?, earlier: row.uint(4)?, later: row.uint(5)? },
                ended: row.time_opt(6)?,
            })
        })
        .transpose()
    }

    /// The records after a place, or with `signals` the signals; nothing after the last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reckon_page(
        &mut self,
        signals: bool,
        after: &str,
        limit: u32,
    ) -> Result<Option<ReckonPage>, StoreError> {
        let (subject, id, at, purpose, item) = read_place(after);
        let limit = Val::Int(i64::from(limit));
        let rows = if signals {
            let sql = "SELECT subject, id, item, purpose, at FROM signal \
                       WHERE (subject, purpose, item, at, id) > (?1, ?2, ?3, ?4, ?5) \
                       ORDER BY subject, purpose, item, at, id LIMIT ?6";
            let of = [Val::Blob(&subject), Val::Text(purpose), Val::Text(item), Val::Int(at), Val::Blob(&id), limit];
            self.db.query(sql, &of).await?
        } else {
            let sql = "SELECT subject, id, item, '', 0 FROM record WHERE (subject, item, id) > (?1, ?2, ?3) \
                       ORDER BY subject, item, id LIMIT ?4";
            self.db.query(sql, &[Val::Blob(&subject), Val::Text(item), Val::Blob(&id), limit]).await?
        };
        let region = self.shared.region;
        let mut places = Vec::with_capacity(rows.len());
        for row in &rows {
            places.push(Place {
                subject: SubjectId::new(region, row.bytes(0)?),
                id: row.bytes(1)?,
                item: row.text(2)?.to_owned(),
                purpose: row.text(3)?.to_owned(),
                at: row.time(4)?,
            });
        }
        let Some(last) = places.last().map(Place::text) else { return Ok(None) };
        let mut subjects: Vec<SubjectId> = places.iter().map(|place| place.subject).collect();
        subjects.dedup();
        Ok(Some(ReckonPage { subjects, places, last }))
    }
}

impl Tx<'_> {
    /// Reckons a page, whose subjects are all announced; gives what was found, and whose ends moved.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn reckon(&mut self, signals: bool, page: &ReckonPage) -> Result<(Reckoned, Vec<SubjectId>), StoreError> {
        let (mut all, mut moved) = (Reckoned::default(), Vec::new());
        for subject in &page.subjects {
            self.held(*subject, Hold::Exclusive)?;
            let happened = self.happened(*subject).await?;
            let mut own = Reckoned::default();
            for place in page.places.iter().filter(|place| place.subject == *subject) {
                own = own.plus(if signals {
                    self.reckon_signal(&happened, place).await?
                } else {
                    self.reckon_record(&happened, *subject, &place.item, RecordId(place.id)).await?
                });
            }
            if own.earlier + own.later > 0 {
                moved.push(*subject);
            }
            all = all.plus(own);
        }
        Ok((all, moved))
    }

    async fn reckon_signal(&mut self, happened: &Happened, place: &Place) -> Result<Reckoned, StoreError> {
        let mut out = Reckoned { looked: 1, ..Reckoned::default() };
        let Place { subject, id, item, purpose, at } = place;
        let now = self.now();
        let policy = Arc::clone(self.policy());
        let of = [Val::Blob(subject.id()), Val::Text(purpose), Val::Text(item), (*at).into(), Val::Blob(id)];
        let sql = "SELECT until FROM signal WHERE subject = ?1 AND purpose = ?2 AND item = ?3 AND at = ?4 AND id = ?5";
        let Some(row) = self.db.first(sql, &of).await? else { return Ok(out) };
        let until = row.time_opt(0)?;
        if until.is_some_and(|until| until <= now) {
            return Ok(out);
        }
        let lived = happened.lived(purpose, *at, None);
        let end = policy.end_of(item, [(purpose.as_str(), lived)], *at, now).until;
        out.count(until, end);
        if end != until {
            let sql = "UPDATE signal SET until = ?6, ends = ?7 WHERE subject = ?1 AND purpose = ?2 AND item = ?3 \
                       AND at = ?4 AND id = ?5";
            let [a, b, c, d, e] = of;
            self.db.execute(sql, &[a, b, c, d, e, end.into(), Val::Int(signal::ends(end))]).await?;
        }
        Ok(out)
    }

    /// Writes down how far a reckoning is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_reckoning(&mut self, rules: &str, to: &Reckoning) -> Result<(), StoreError> {
        self.db
            .execute(
                "INSERT INTO reckoning (rules, begun, stage, place, looked, earlier, later, ended) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (rules) DO UPDATE SET begun = excluded.begun, \
                 stage = excluded.stage, place = excluded.place, looked = excluded.looked, \
                 earlier = excluded.earlier, later = excluded.later, ended = excluded.ended",
                &[
                    Val::Text(rules),
                    to.begun.into(),
                    Val::Text(&to.stage),
                    Val::Text(&to.place),
                    to.reckoned.looked.into(),
                    to.reckoned.earlier.into(),
                    to.reckoned.later.into(),
                    to.ended.into(),
                ],
            )
            .await?;
        // What other rules once said no longer holds: should they come back, everything is reckoned again.
        self.db.execute("DELETE FROM reckoning WHERE rules <> ?1", &[Val::Text(rules)]).await?;
        Ok(())
    }
}
