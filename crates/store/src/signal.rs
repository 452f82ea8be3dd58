//! Signals: events that devices send in batches, sealed one by one, swept by the day they end.
//!
//! Keeps promises 1.4 to 1.6 and 5.1: each serves the one purpose it was taken in for; past its end it is not opened,
//! and its day is deleted at once. Why they are no records: `docs/adr/0005-signals-lead-with-their-day.md`.

use std::sync::Arc;

use avouch_ledger::leaf::Outcome;
use avouch_policy::{ItemId, Party, Policy};
use avouch_seal::{Aad, Plain, SubjectId, SubjectKey};
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::journal::Kind;
use crate::look::Look;
use crate::permit::Permit;
use crate::record::{Record, RecordHead, RecordId};
use crate::tx::{Receipt, Tx};

/// The table, and the beginning of its parts' names.
const TABLE: &str = "signal";
/// The day of what ends by an event and not by the calendar.
const NO_DAY: i64 = i32::MAX as i64;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One event to be taken in.
#[expect(missing_debug_implementations, reason = "holds a plaintext")]
pub struct NewSignal<'v> {
    /// Its item; the permit must cover it.
    pub item: ItemId,
    /// Its fields, as JSON.
    pub value: &'v [u8],
}

/// Where a page of signals ended: the next begins after it.
pub type SignalPlace = (Timestamp, RecordId);

/// Signals of one purpose, item and source, counted and not opened.
#[derive(Debug, Clone)]
pub struct SignalSum {
    /// The purpose they were taken in for.
    pub purpose: String,
    /// The item's name.
    pub item: String,
    /// Who sent them: `subject`, `service:NAME`, `system`.
    pub source: String,
    /// How many.
    pub count: u64,
    /// When the first was taken in.
    pub first: Timestamp,
    /// When the last was.
    pub last: Timestamp,
    /// When the last is gone; nothing while an event decides.
    pub until: Option<Timestamp>,
}

/// How many signals of a purpose and item a sweep deletes, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The purpose.
    pub purpose: String,
    /// The item's name.
    pub item: String,
    /// How many.
    pub count: u64,
}

fn day(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(DAY_MS)
}

/// The day by which a signal of this end is swept.
pub(crate) fn ends(until: Option<Timestamp>) -> i64 {
    until.map_or(NO_DAY, day)
}

/// A signal is bound to region, subject, purpose, item, id and the time it was taken in.
pub(crate) fn place(purpose: &str, item: &str) -> String {
    format!("signal\0{purpose}\0{item}")
}

fn expired(row: &Row) -> Result<Expired, StoreError> {
    Ok(Expired { purpose: row.text(0)?.to_owned(), item: row.text(1)?.to_owned(), count: row.uint(2)? })
}

/// Whether a permit for this purpose opens signals of other purposes too: the person's own right to see does, and an
/// exceptional duty with its entry in the register. Nothing else: what was sent to find faults finds faults.
fn opens_all(policy: &Policy, permit: &Permit<'_>) -> bool {
    let purpose = policy.facts().usage.purposes.get(policy.purpose_name(permit.ask.purpose));
    permit.ask.party == Party::Subject || purpose.is_some_and(|p| p.exceptional)
}

impl Look<'_> {
    /// What is held of a subject's signals, counted by purpose, item and source.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn signals(&mut self, subject: SubjectId) -> Result<Vec<SignalSum>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT purpose, item, source, count(*), min(at), max(at), max(until) FROM signal \
                 WHERE subject = ?1 AND (until IS NULL OR until > ?2) GROUP BY purpose, item, source \
                 ORDER BY purpose, item, source",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(SignalSum {
                    purpose: row.text(0)?.to_owned(),
                    item: row.text(1)?.to_owned(),
                    source: row.text(2)?.to_owned(),
                    count: row.uint(3)?,
                    first: row.time(4)?,
                    last: row.time(5)?,
                    until: row.time_opt(6)?,
                })
            })
            .collect()
    }

    /// Opens a page of the signals a permit covers, the oldest first.
    pub(crate) async fn open_signals(
        &mut self,
        permit: &Permit<'_>,
        key: &SubjectKey,
        limit: u32,
        after: Option<SignalPlace>,
    ) -> Result<Vec<Record>, StoreError> {
        let policy = Arc::clone(&permit.policy);
        let (subject, now) = (permit.subject, self.still_kept(permit));
        let purpose = if opens_all(&policy, permit) { "" } else { policy.purpose_name(permit.ask.purpose) };
        let (from, id) = after.map_or((Timestamp::MIN, RecordId::ONLY), |place| place);
        let mut found = Vec::new();
        for item in &permit.ask.items {
            let rows = self
                .db
                .query(
                    "SELECT item, id, purpose, source, at, until, sealed FROM signal WHERE subject = ?1 \
                     AND item = ?2 AND (?3 = '' OR purpose = ?3) AND (at > ?4 OR (at = ?4 AND id > ?5)) \
                     AND (until IS NULL OR until > ?6) ORDER BY at, id LIMIT ?7",
                    &[
                        Val::Blob(subject.id()),
                        Val::Text(policy.item_name(*item)),
                        Val::Text(purpose),
                        from.into(),
                        Val::Blob(if after.is_some() { &id.0 } else { &[] }),
                        now.into(),
                        Val::Int(i64::from(limit)),
                    ],
                )
                .await?;
            for row in &rows {
                let head = RecordHead {
                    item: *item,
                    id: RecordId(row.bytes(1)?),
                    version: 1,
                    purpose: row.text(2)?.to_owned(),
                    source: row.text(3)?.to_owned(),
                    created: row.time(4)?,
                    changed: row.time(4)?,
                    until: row.time_opt(5)?,
                    rule: String::new(),
                };
                found.push((head, row.blob(6)?.to_vec()));
            }
        }
        // Items come one after another from the index; a page is of time.
        found.sort_by_key(|(head, _)| (head.created, head.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut out = Vec::with_capacity(found.len());
        for (head, sealed) in found {
            let item = place(&head.purpose, policy.item_name(head.item));
            let aad = Aad {
                region: self.shared.region.as_str(),
                subject: subject.id(),
                item: &item,
                record: &head.id.0,
                version: head.created.as_millisecond().unsigned_abs(),
            };
            let value = key.open(&aad, &sealed).map_err(|e| StoreError::Sealed(e.to_string()))?;
            out.push(Record { head, value: Plain::new(value), blobs: Vec::new() });
        }
        Ok(out)
    }

    /// How many signals are past their end, by purpose and item.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn overdue_signals(&mut self) -> Result<Vec<Expired>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT purpose, item, count(*) FROM signal WHERE ends <= ?1 AND until <= ?2 \
                 AND NOT EXISTS (SELECT 1 FROM standing h WHERE h.subject = signal.subject AND h.hold = 1) \
                 GROUP BY purpose, item ORDER BY purpose, item",
                &[Val::Int(day(now)), now.into()],
            )
            .await?;
        rows.iter().map(expired).collect()
    }

    /// Items whose permission the subject's device refuses.
    pub(crate) async fn denied(&mut self, subject: SubjectId) -> Result<avouch_policy::Bits, StoreError> {
        let permissions = self.permissions(subject).await?;
        let denied = permissions.iter().filter(|p| p.state == PermissionState::Denied);
        Ok(denied.filter_map(|p| self.policy().item(&p.item)).map(ItemId::index).collect())
    }

    /// What a subject's device last said it permits, by item.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn permissions(&mut self, subject: SubjectId) -> Result<Vec<Permission>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT item, state, at FROM permission WHERE subject = ?1 ORDER BY item",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let state = PermissionState::named(row.text(1)?)
                    .ok_or_else(|| StoreError::Unreadable("a permission of an unknown state".into()))?;
                Ok(Permission { item: row.text(0)?.to_owned(), state, at: row.time(2)? })
            })
            .collect()
    }
}

/// What a device says of its permission for an item (6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PermissionState {
    /// The device permits it.
    Granted,
    /// The device permits less than the whole: a coarse place, chosen pictures.
    Limited,
    /// The device refuses it.
    Denied,
}

impl PermissionState {
    /// Its name in tables and API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Limited => "limited",
            Self::Denied => "denied",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Granted, Self::Limited, Self::Denied].into_iter().find(|state| state.name() == name)
    }
}

/// A device's permission for an item, as it last said.
#[derive(Debug, Clone)]
pub struct Permission {
    /// The item's name.
    pub item: String,
    /// What the device says.
    pub state: PermissionState,
    /// Since when.
    pub at: Timestamp,
}

impl<'t> Tx<'t> {
    /// Takes in a batch: one permit, one leaf with a commitment to all of it.
    ///
    /// # Errors
    /// [`StoreError::Misused`] when the permit does not cover an item; [`StoreError::Gone`] when the subject was
    /// erased.
    pub async fn put_signals(&mut self, permit: Permit<'t>, signals: &[NewSignal<'_>]) -> Result<Receipt, StoreError> {
        permit.spent_in(self)?;
        let subject = permit.subject;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let now = self.now();
        let policy = Arc::clone(&permit.policy);
        let purpose = policy.purpose_name(permit.ask.purpose);
        let until = policy.keep_until(permit.ask.purpose, now);
        let source = permit.actor.source();
        for signal in signals {
            if !permit.covers(signal.item) {
                let why = format!("it does not cover the item '{}'", policy.item_name(signal.item));
                return Err(StoreError::Misused { name: "permit", why });
            }
            let id = self.random::<16>();
            let item = policy.item_name(signal.item);
            let aad = Aad {
                region: self.shared.region.as_str(),
                subject: subject.id(),
                item: &place(purpose, item),
                record: &id,
                version: now.as_millisecond().unsigned_abs(),
            };
            let sealed = key
                .seal(&aad, signal.value, self.shared.entropy.as_ref())
                .map_err(|e| StoreError::Sealed(e.to_string()))?;
            self.db
                .execute(
                    "INSERT INTO signal (ends, subject, id, purpose, item, at, until, source, sealed) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    &[
                        Val::Int(ends(until)),
                        Val::Blob(subject.id()),
                        Val::Blob(&id),
                        Val::Text(purpose),
                        Val::Text(item),
                        now.into(),
                        until.into(),
                        Val::Text(&source),
                        Val::Blob(&sealed),
                    ],
                )
                .await?;
        }
        let mut leaf = permit.leaf(self, Outcome::Done);
        leaf.commitment = Some(key.commitment(&leaf.salt, signals.iter().map(|s| s.value)));
        self.append(leaf, Some((subject, &key)))
    }

    /// Deletes a subject's signals of a purpose and item for good; gives how many. The leaf is the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_signals(&mut self, subject: SubjectId, purpose: &str, item: &str) -> Result<u64, StoreError> {
        self.held(subject, Hold::Shared)?;
        let entry = self.journal_entry(Kind::SignalsDeleted, subject, &[purpose, item]);
        self.journal(entry);
        self.db
            .execute(
                "DELETE FROM signal WHERE subject = ?1 AND purpose = ?2 AND item = ?3",
                &[Val::Blob(subject.id()), Val::Text(purpose), Val::Text(item)],
            )
            .await
    }

    /// Ends the signals of a purpose with its consent: at once they are gone, else they get their end.
    pub(crate) async fn end_signals(
        &mut self,
        subject: SubjectId,
        purpose: &str,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        if at <= self.now() {
            let of = [Val::Blob(subject.id()), Val::Text(purpose)];
            return self.db.execute("DELETE FROM signal WHERE subject = ?1 AND purpose = ?2", &of).await;
        }
        self.db
            .execute(
                "UPDATE signal SET until = ?3, ends = ?4 WHERE subject = ?1 AND purpose = ?2 \
                 AND (until IS NULL OR until > ?3)",
                &[Val::Blob(subject.id()), Val::Text(purpose), at.into(), Val::Int(day(at))],
            )
            .await
    }

    /// Gives signals of a purpose, taken in up to `taken`, that have no end yet theirs.
    pub(crate) async fn end_open_signals(
        &mut self,
        subject: SubjectId,
        purpose: &str,
        taken: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let sql = "UPDATE signal SET until = ?3, ends = ?4 WHERE subject = ?1 AND purpose = ?2 AND until IS NULL \
                   AND at <= ?5";
        let (subject, ends) = (Val::Blob(subject.id()), Val::Int(day(until)));
        self.db.execute(sql, &[subject, Val::Text(purpose), until.into(), ends, taken.into()]).await
    }

    /// Takes back the ends of a purpose's signals that have not come.
    pub(crate) async fn open_ended_signals(&mut self, subject: SubjectId, purpose: &str) -> Result<u64, StoreError> {
        let sql = "UPDATE signal SET until = NULL, ends = ?4 WHERE subject = ?1 AND purpose = ?2 AND until > ?3";
        let of = [Val::Blob(subject.id()), Val::Text(purpose), self.now().into(), Val::Int(NO_DAY)];
        self.db.execute(sql, &of).await
    }

    /// Deletes signals past their end: a whole day that is over where the engine has parts for days and nothing is
    /// held, else at most `limit` rows. Gives what went, by purpose and item; nothing when there is nothing left.
    /// Writes a leaf for each purpose.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire_signals(&mut self, limit: u32) -> Result<Vec<Expired>, StoreError> {
        let now = self.now();
        let held = self.any_held().await?;
        let over = self.db.days(TABLE).await?.into_iter().find(|part| *part < day(now) && !held);
        let gone = match over {
            Some(part) => {
                let of = [Val::Int(part)];
                let sql = "SELECT purpose, item, count(*) FROM signal WHERE ends = ?1 GROUP BY purpose, item";
                let rows = self.db.query(sql, &of).await?;
                self.db.drop_day(TABLE, part).await?;
                // An empty day is gone too, and the next may hold something.
                let none = Expired { purpose: String::new(), item: String::new(), count: 0 };
                if rows.is_empty() { vec![none] } else { rows.iter().map(expired).collect::<Result<_, _>>()? }
            }
            None => {
                let rows = self
                    .db
                    .query(
                        "DELETE FROM signal WHERE (ends, subject, id) IN (SELECT ends, subject, id FROM signal \
                         WHERE ends <= ?1 AND until <= ?2 AND NOT EXISTS (SELECT 1 FROM standing h \
                         WHERE h.subject = signal.subject AND h.hold = 1) LIMIT ?3) RETURNING purpose, item, 1",
                        &[Val::Int(day(now)), now.into(), Val::Int(i64::from(limit))],
                    )
                    .await?;
                let mut gone: Vec<Expired> = Vec::new();
                for row in &rows {
                    let one = expired(row)?;
                    match gone.iter_mut().find(|e| e.purpose == one.purpose && e.item == one.item) {
                        Some(e) => e.count += 1,
                        None => gone.push(one),
                    }
                }
                gone
            }
        };
        let mut purposes: Vec<&str> = gone.iter().filter(|e| e.count > 0).map(|e| e.purpose.as_str()).collect();
        purposes.sort_unstable();
        purposes.dedup();
        for purpose in purposes {
            let items: Vec<&str> = gone.iter().filter(|e| e.purpose == purpose).map(|e| e.item.as_str()).collect();
            self.note("expire", purpose, &items, Party::System, Outcome::Done, None).await?;
        }
        Ok(gone)
    }

    /// Makes ready the parts in which signals of these days' ends will rest, where the engine has such.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ready_signals(&mut self, until: &[Timestamp]) -> Result<(), StoreError> {
        for at in until {
            self.db.make_day(TABLE, day(*at)).await?;
        }
        Ok(())
    }

    /// Keeps what a device says it permits. A change raises the epoch; gives whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such subject.
    pub async fn set_permission(
        &mut self,
        subject: SubjectId,
        item: &str,
        state: PermissionState,
    ) -> Result<bool, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let before = self.permissions(subject).await?;
        if before.iter().any(|p| p.item == item && p.state == state) {
            return Ok(false);
        }
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO permission (subject, item, state, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subject, item) DO UPDATE SET state = excluded.state, at = excluded.at",
                &[Val::Blob(subject.id()), Val::Text(item), Val::Text(state.name()), now.into()],
            )
            .await?;
        crate::standing::touch(&mut self.db, subject).await?;
        Ok(true)
    }
}
