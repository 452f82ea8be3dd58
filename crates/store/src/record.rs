//! Records: sealed values of items, put and opened by permit only.
//!
//! Keeps promises 2.0, 5.1 and 5.5: sealed under the subject's own key, bound to their place, with an
//! end; what is past its end is not opened.

use std::sync::Arc;

use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_policy::{Act, ItemId};
use avouch_seal::{Aad, Plain, SubjectId, SubjectKey};
use jiff::Timestamp;

use crate::blob::Blob;
use crate::crossing::Going;
use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::journal::Kind;
use crate::look::Look;
use crate::permit::{Actor, Permit, Refused, Register};
use crate::publication::PUBLICATION;
use crate::reader::Event;
use crate::recipient::recipient_lock;
use crate::signal::SignalPlace;
use crate::standing;
use crate::transact::Transact;
use crate::tx::{Receipt, Tx};

/// Names one record among those of a subject and item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub [u8; 16]);

impl RecordId {
    /// The record of an item that a subject has only one of.
    pub const ONLY: Self = Self([0; 16]);
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl std::str::FromStr for RecordId {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(StoreError::NoRecord)
    }
}

/// What is known of a record without opening it.
#[derive(Debug, Clone)]
pub struct RecordHead {
    /// Its item.
    pub item: ItemId,
    /// Which record of that item.
    pub id: RecordId,
    /// How often it was written, from 1.
    pub version: u64,
    /// The purpose it was collected for.
    pub purpose: String,
    /// Who gave it: `subject`, `service:NAME`, `operator:NAME`, `system`.
    pub source: String,
    /// When it was first put.
    pub created: Timestamp,
    /// When it was last put.
    pub changed: Timestamp,
    /// When it must be gone; nothing while an event decides.
    pub until: Option<Timestamp>,
}

/// A record that was opened: its head, and its value, which goes only into a named sink.
#[derive(Debug)]
pub struct Record {
    /// What is known of it.
    pub head: RecordHead,
    /// Its value.
    pub value: Plain<Vec<u8>>,
    /// Its pictures or video, to be read in ranges.
    pub blobs: Vec<Blob>,
}

/// A value to put.
#[expect(missing_debug_implementations, reason = "holds a plaintext")]
pub struct Put<'v> {
    /// The item; the permit must cover it.
    pub item: ItemId,
    /// Which record: [`RecordId::ONLY`] for items of one record.
    pub id: RecordId,
    /// The value.
    pub value: &'v [u8],
}

/// Where values were brought from, and when they were first collected; see [`Tx::put_from`].
#[derive(Debug, Clone)]
pub struct Origin {
    /// Stands as their source, e.g. `import:old-shop`.
    pub source: String,
    /// Their retention counts from here; never later than now.
    pub collected: Timestamp,
}

/// Which of the permitted items' records to open.
#[derive(Debug, Clone)]
pub enum Which {
    /// All of them, oldest first, at most `limit`, after the one named.
    Page {
        /// Records to give at most.
        limit: u32,
        /// The last record of the page before.
        after: Option<(ItemId, RecordId)>,
    },
    /// One.
    One(ItemId, RecordId),
    /// These, as far as they are there.
    These(Vec<(ItemId, RecordId)>),
    /// Signals of the permitted items instead of records, the oldest first. Only of the permit's own purpose, but
    /// for the person themselves and for registered exceptions.
    Signals {
        /// Signals to give at most.
        limit: u32,
        /// Where the page before ended.
        after: Option<SignalPlace>,
    },
}

impl Which {
    /// Every record, up to what a person can hold in one answer.
    #[must_use]
    pub fn all() -> Self {
        Self::Page { limit: 10_000, after: None }
    }
}

/// Opened, but not handed over: [`crate::Store::release`] does that, once the leaf is durable.
#[must_use = "what was opened is handed over only by `Store::release`, after its leaf"]
pub struct Opened {
    pub(crate) subject: SubjectId,
    pub(crate) epoch: u64,
    pub(crate) register: Option<Register>,
    pub(crate) leaf: Leaf,
    pub(crate) going: Option<Going>,
    pub(crate) records: Vec<Record>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

/// Records with the evidence of their use.
#[derive(Debug)]
pub struct Used {
    /// What was opened.
    pub records: Vec<Record>,
    /// Where its use is recorded.
    pub receipt: Receipt,
}

fn head(look: &Look<'_>, row: &Row) -> Result<Option<RecordHead>, StoreError> {
    // An item the policy no longer knows is nobody's business but the sweep's.
    let Some(item) = look.policy().item(row.text(0)?) else {
        return Ok(None);
    };
    Ok(Some(RecordHead {
        item,
        id: RecordId(row.bytes(1)?),
        version: row.uint(2)?,
        purpose: row.text(3)?.to_owned(),
        source: row.text(4)?.to_owned(),
        created: row.time(5)?,
        changed: row.time(6)?,
        until: row.time_opt(7)?,
    }))
}

impl<'c> Look<'c> {
    /// What is held of a subject, without opening any of it; nothing that is past its end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn holdings(&mut self, subject: SubjectId) -> Result<Vec<RecordHead>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT item, id, version, purpose, source, created, changed, until FROM record \
                 WHERE subject = ?1 AND (until IS NULL OR until > ?2) ORDER BY item, created, id",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        rows.iter().filter_map(|row| head(self, row).transpose()).collect()
    }

    /// Opens what a permit covers. The values stay closed in [`Opened`] until it is released.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject's key was destroyed, [`StoreError::Sealed`] when a value
    /// was tampered with, [`StoreError::NoRecord`] for a single record that is not there,
    /// [`StoreError::Misused`] when the permit is of another look or does not cover the item.
    pub async fn open(&mut self, permit: Permit<'c>, which: &Which) -> Result<Opened, StoreError> {
        permit.spent_in(self)?;
        let subject = permit.subject;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let now = self.now();
        let mut records = Vec::new();
        match which {
            Which::One(item, id) => {
                let record = self.unseal_one(&permit, &key, *item, *id).await?;
                records.push(record.ok_or(StoreError::NoRecord)?);
            }
            Which::These(all) => {
                for (item, id) in all {
                    records.extend(self.unseal_one(&permit, &key, *item, *id).await?);
                }
            }
            Which::Signals { limit, after } => records = self.open_signals(&permit, &key, *limit, *after).await?,
            Which::Page { limit, after } => {
                for item in permit.ask.items.iter().copied() {
                    if after.is_some_and(|(last, _)| item < last) {
                        continue;
                    }
                    let from = after.filter(|(last, _)| *last == item).map(|(_, id)| id.0);
                    let left = usize::try_from(*limit).unwrap_or(usize::MAX).saturating_sub(records.len());
                    if left == 0 {
                        break;
                    }
                    let name = self.policy().item_name(item).to_owned();
                    let rows = self
                        .db
                        .query(
                            "SELECT item, id, version, purpose, source, created, changed, until, sealed FROM record \
                             WHERE subject = ?1 AND item = ?2 AND id > ?3 AND (until IS NULL OR until > ?4) \
                             ORDER BY id LIMIT ?5",
                            &[
                                Val::Blob(subject.id()),
                                Val::Text(&name),
                                // An empty text sorts before every id, the all-zero one included.
                                from.as_ref().map_or(Val::Blob(&[]), |id| Val::Blob(id)),
                                now.into(),
                                Val::Int(i64::try_from(left).unwrap_or(i64::MAX)),
                            ],
                        )
                        .await?;
                    for row in &rows {
                        records.extend(self.unseal(&key, subject, row)?);
                    }
                }
            }
        }
        if matches!(permit.ask.act, Act::Use | Act::Share)
            && self.policy().purpose_name(permit.ask.purpose) == PUBLICATION
        {
            self.only_published(subject, &mut records).await?;
            if records.is_empty() && matches!(which, Which::One(..)) {
                return Err(StoreError::NoRecord);
            }
        }
        // A person watching their own video is not cut off by an answer they give meanwhile.
        let epoch = (!matches!(permit.actor, Actor::Subject)).then_some(permit.epoch);
        let with_blobs = if matches!(which, Which::Signals { .. }) { &mut [] } else { records.as_mut_slice() };
        for record in with_blobs {
            record.blobs = self.blobs(&key, subject, record.head.item, record.head.id, epoch).await?;
        }
        let going = permit.going.and_then(|going| going.sent(&permit.policy, &records));
        let mut leaf = permit.leaf(self, Outcome::Done);
        leaf.commitment = Some(commit(&key, &leaf.salt, records.iter().map(|r| &r.value)));
        let register = permit.register;
        Ok(Opened { subject, epoch: permit.epoch, register, leaf, going, records })
    }

    /// Whether one record is there and past its end: it waits for the sweep, and is opened no more (5.1).
    pub(crate) async fn is_past_its_end(&mut self, subject: SubjectId, which: &Which) -> Result<bool, StoreError> {
        let Which::One(item, id) = which else { return Ok(false) };
        let (name, now) = (self.policy().item_name(*item).to_owned(), self.now());
        let sql = "SELECT 1 FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3 AND until <= ?4";
        let params = [Val::Blob(subject.id()), Val::Text(&name), Val::Blob(&id.0), now.into()];
        Ok(self.db.first(sql, &params).await?.is_some())
    }

    /// Leaves of items of which there are many only what is published (4.4): a consent to publication opens
    /// nothing that its person keeps to themselves.
    async fn only_published(&mut self, subject: SubjectId, records: &mut Vec<Record>) -> Result<(), StoreError> {
        let published = self.publications(subject).await?;
        let policy = Arc::clone(self.policy());
        records.retain(|record| {
            let name = policy.item_name(record.head.item);
            !policy.facts().collection.items.get(name).is_some_and(|i| i.many)
                || published.iter().any(|p| p.item == name && p.record == record.head.id)
        });
        Ok(())
    }

    async fn unseal_one(
        &mut self,
        permit: &Permit<'_>,
        key: &SubjectKey,
        item: ItemId,
        id: RecordId,
    ) -> Result<Option<Record>, StoreError> {
        if !permit.covers(item) {
            return Err(not_covered(self, item));
        }
        let (subject, now) = (permit.subject, self.now());
        let name = self.policy().item_name(item).to_owned();
        let row = self
            .db
            .first(
                "SELECT item, id, version, purpose, source, created, changed, until, sealed FROM record \
                 WHERE subject = ?1 AND item = ?2 AND id = ?3 AND (until IS NULL OR until > ?4)",
                &[Val::Blob(subject.id()), Val::Text(&name), Val::Blob(&id.0), now.into()],
            )
            .await?;
        row.map_or(Ok(None), |row| self.unseal(key, subject, &row))
    }

    fn unseal(&self, key: &SubjectKey, subject: SubjectId, row: &Row) -> Result<Option<Record>, StoreError> {
        let Some(head) = head(self, row)? else {
            return Ok(None);
        };
        let aad = Aad {
            region: self.shared.region.as_str(),
            subject: subject.id(),
            item: row.text(0)?,
            record: &head.id.0,
            version: head.version,
        };
        let value = key.open(&aad, row.blob(8)?).map_err(|e| StoreError::Sealed(e.to_string()))?;
        Ok(Some(Record { head, value: Plain::new(value), blobs: Vec::new() }))
    }
}

fn not_covered(look: &Look<'_>, item: ItemId) -> StoreError {
    StoreError::Misused {
        name: "permit",
        why: format!("it does not cover the item '{}'", look.policy().item_name(item)),
    }
}

fn commit<'v>(key: &SubjectKey, salt: &'v [u8; 16], values: impl Iterator<Item = &'v Plain<Vec<u8>>>) -> [u8; 32] {
    key.commitment(salt, values.map(Plain::expose_bytes))
}

impl<'t> Tx<'t> {
    /// Puts values: one permit, one leaf. A record that is there is written anew under the next version.
    ///
    /// # Errors
    /// [`StoreError::Misused`] when the permit does not cover an item; [`StoreError::Gone`] when the
    /// subject was erased.
    pub async fn put(&mut self, permit: Permit<'t>, values: &[Put<'_>]) -> Result<Receipt, StoreError> {
        let origin = Origin { source: permit.actor.source(), collected: self.now() };
        self.put_from(permit, values, &[origin]).await
    }

    /// As [`Tx::put`], of values that were collected elsewhere before: their source and the beginning of their
    /// retention are told by `origins`, one each; the last holds for what is left.
    ///
    /// # Errors
    /// As [`Tx::put`]; [`StoreError::Misused`] without an origin.
    pub async fn put_from(
        &mut self,
        permit: Permit<'t>,
        values: &[Put<'_>],
        origins: &[Origin],
    ) -> Result<Receipt, StoreError> {
        permit.spent_in(self)?;
        let subject = permit.subject;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let now = self.now();
        let policy = Arc::clone(&permit.policy);
        let purpose = policy.purpose_name(permit.ask.purpose);
        for (at, put) in values.iter().enumerate() {
            if !permit.covers(put.item) {
                return Err(not_covered(self, put.item));
            }
            let origin = origins.get(at).or(origins.last());
            let origin = origin.ok_or(StoreError::Misused { name: "put", why: "no origin was told".into() })?;
            let collected = origin.collected.min(now);
            let item = policy.item_name(put.item);
            let before = self
                .db
                .first(
                    "SELECT version, purpose, until FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3",
                    &[Val::Blob(subject.id()), Val::Text(item), Val::Blob(&put.id.0)],
                )
                .await?;
            let version = before.as_ref().map_or(Ok(0), |row| row.uint(0))? + 1;
            let aad =
                Aad { region: self.shared.region.as_str(), subject: subject.id(), item, record: &put.id.0, version };
            let sealed = key
                .seal(&aad, put.value, self.shared.entropy.as_ref())
                .map_err(|e| StoreError::Sealed(e.to_string()))?;
            match before {
                // A correction keeps the purpose and the end of what it corrects (5.1).
                Some(_) => {
                    self.db
                        .execute(
                            "UPDATE record SET version = ?4, sealed = ?5, source = ?6, changed = ?7 \
                             WHERE subject = ?1 AND item = ?2 AND id = ?3",
                            &[
                                Val::Blob(subject.id()),
                                Val::Text(item),
                                Val::Blob(&put.id.0),
                                version.into(),
                                Val::Blob(&sealed),
                                Val::Text(&origin.source),
                                now.into(),
                            ],
                        )
                        .await?;
                    self.tell_readers(subject, Event::Correction, item).await?;
                }
                None => {
                    let until = policy.keep_until(permit.ask.purpose, collected);
                    self.db
                        .execute(
                            "INSERT INTO record (subject, item, id, version, sealed, purpose, source, created, \
                             changed, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                            &[
                                Val::Blob(subject.id()),
                                Val::Text(item),
                                Val::Blob(&put.id.0),
                                version.into(),
                                Val::Blob(&sealed),
                                Val::Text(purpose),
                                Val::Text(&origin.source),
                                collected.into(),
                                now.into(),
                                until.into(),
                            ],
                        )
                        .await?;
                }
            }
        }
        let mut leaf = permit.leaf(self, Outcome::Done);
        leaf.commitment = Some(key.commitment(&leaf.salt, values.iter().map(|p| p.value)));
        self.append(leaf, Some((subject, &key)))
    }

    /// Opens within this transaction; the values are for the transaction's own work, such as comparing a code or
    /// re-sealing, and their leaf is in this commit. What the transaction gives back reaches its caller only after
    /// that commit.
    ///
    /// # Errors
    /// As [`Look::open`].
    pub async fn open_here(&mut self, permit: Permit<'t>, which: &Which) -> Result<Used, StoreError> {
        let opened = Look::open(self, permit, which).await?;
        let key = self.key(opened.subject).await?.ok_or(StoreError::Gone)?;
        if let Some(going) = opened.going
            && !self.count_going(&[(&key, going)]).await?
        {
            return Err(StoreError::Busy("another node sent as many abroad as may go; it is decided anew".into()));
        }
        let receipt = self.append(opened.leaf.clone(), Some((opened.subject, &key)))?;
        self.note_given(opened.subject, &opened.leaf, &receipt).await?;
        Ok(Used { records: opened.records, receipt })
    }

    /// Deletes one record for good, with its pictures and its place in any list; false when it was not there. The
    /// leaf is the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_record(&mut self, subject: SubjectId, item: &str, id: RecordId) -> Result<bool, StoreError> {
        let gone = self.drop_record(subject, item, id).await?;
        if gone {
            self.journal_record(Kind::Deleted, subject, item, id);
        }
        Ok(gone)
    }

    /// As [`Tx::delete_record`], of one that is past its end: a restored backup finds that by itself.
    ///
    /// # Errors
    /// As [`Tx::delete_record`].
    pub async fn drop_record(&mut self, subject: SubjectId, item: &str, id: RecordId) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        self.drop_blobs(subject, item, id).await?;
        self.drop_publication(subject, item, id).await?;
        let gone = self
            .db
            .execute(
                "DELETE FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3",
                &[Val::Blob(subject.id()), Val::Text(item), Val::Blob(&id.0)],
            )
            .await?;
        if gone == 1 {
            self.tell_readers(subject, Event::Deletion, item).await?;
        }
        Ok(gone == 1)
    }
}

/// The leaf of opened values, at the epochs it was permitted at, with what it sends abroad.
pub(crate) struct Leaving {
    pub(crate) subject: SubjectId,
    pub(crate) epoch: u64,
    pub(crate) register: Option<Register>,
    pub(crate) leaf: Leaf,
    pub(crate) going: Option<Going>,
}

impl Leaving {
    /// What leaves with opened values.
    pub(crate) fn of(opened: &Opened) -> Self {
        Self {
            subject: opened.subject,
            epoch: opened.epoch,
            register: opened.register.clone(),
            leaf: opened.leaf.clone(),
            going: opened.going,
        }
    }

    /// Whom the commit that lets it leave holds: its subject and its recipient.
    pub(crate) fn hold(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
        if let Some(register) = &self.register {
            hold.push((recipient_lock(*self.subject.region(), &register.recipient), Hold::Shared));
        }
    }

    /// The subject's key, if policy, subject and recipient stand as they did at the permit.
    pub(crate) async fn still(&self, tx: &mut Tx<'_>) -> Result<Option<Arc<SubjectKey>>, StoreError> {
        if self.leaf.policy != *tx.policy().digest().as_bytes() {
            return Ok(None);
        }
        if standing::epoch(&mut tx.db, self.subject).await? != Some(self.epoch) {
            return Ok(None);
        }
        if let Some(register) = &self.register
            && tx.recipient(&register.recipient).await?.epoch != register.epoch
        {
            return Ok(None);
        }
        tx.key(self.subject).await
    }
}

/// The leaves of opened values.
pub(crate) struct Release(pub(crate) Vec<Leaving>);

impl Transact for Release {
    const NAME: &'static str = "release";
    /// A receipt each; nothing when the standing of any of them, or of the recipient, has changed since its permit, or
    /// when so many have gone abroad meanwhile that its mechanism covers no more.
    type Out = Option<Vec<Receipt>>;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        self.0.iter().for_each(|leaving| leaving.hold(hold));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let mut keys = Vec::with_capacity(self.0.len());
        for leaving in &self.0 {
            let Some(key) = leaving.still(tx).await? else { return Ok(None) };
            keys.push(key);
        }
        let goings = self.0.iter().zip(&keys).filter_map(|(leaving, key)| Some((&**key, leaving.going?)));
        let goings: Vec<_> = goings.collect();
        if !goings.is_empty() && !tx.count_going(&goings).await? {
            return Ok(None);
        }
        let mut receipts = Vec::with_capacity(self.0.len());
        for (leaving, key) in self.0.iter().zip(&keys) {
            let receipt = tx.append(leaving.leaf.clone(), Some((leaving.subject, key)))?;
            tx.note_given(leaving.subject, &leaving.leaf, &receipt).await?;
            receipts.push(receipt);
        }
        Ok(Some(receipts))
    }
}

/// Records a refusal that was given outside a transaction.
pub(crate) struct Refuse(pub(crate) Refused);

impl Transact for Refuse {
    const NAME: &'static str = "refuse";
    type Out = crate::permit::Denied;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.0.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.deny(self.0.clone()).await
    }
}
