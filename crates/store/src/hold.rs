//! Legal holds: what is kept against deletion for a dispute or a procedure, and used for nothing.
//!
//! Keeps promise 5.2. Whatever deletes, corrects or expires a record asks the holds first and moves what they name to
//! a table that no purpose opens; its person's erasure seals it under the holding key, as what law keeps. When the last
//! hold of it ends it goes.

use avouch_seal::{Aad, Plain, SubjectId};
use jiff::Timestamp;

use crate::approval::Spent;
use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::exception::{EntryId, listed, names, some, whose};
use crate::look::Look;
use crate::permit::Permit;
use crate::record::{Record, RecordHead, RecordId, Used, Which};
use crate::signal;
use crate::tx::Tx;

/// A hold to be placed.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// Whose data.
    pub subject: SubjectId,
    /// Which items.
    pub items: Vec<String>,
    /// The provision, or the number of the proceedings.
    pub citation: String,
    /// Until when.
    pub ends: Timestamp,
}

/// A hold.
#[derive(Debug, Clone)]
pub struct LegalHold {
    /// Its name.
    pub id: EntryId,
    /// Whose data; nobody once the person is erased.
    pub subject: Option<SubjectId>,
    /// Which items.
    pub items: Vec<String>,
    /// The ground.
    pub citation: String,
    /// Who asked for it.
    pub asked_by: String,
    /// Who allowed it; nobody where it was an emergency.
    pub allowed_by: Option<String>,
    /// Since when.
    pub placed: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

fn hold(look: &Look<'_>, row: &Row) -> Result<LegalHold, StoreError> {
    Ok(LegalHold {
        subject: whose(look, row, 0)?,
        id: EntryId(row.bytes(1)?),
        items: names(row.text(2)?)?,
        citation: row.text(3)?.to_owned(),
        asked_by: row.text(4)?.to_owned(),
        allowed_by: some(row.text(5)?),
        placed: row.time(6)?,
        ends: row.time(7)?,
    })
}

/// A query of holds with the columns [`hold`] reads, and what follows.
macro_rules! holds {
    ($rest:literal) => {
        concat!(
            "SELECT subject, id, items, citation, asked_by, coalesce(allowed_by, ''), placed, ends FROM legal_hold ",
            $rest
        )
    };
}

/// The item under which pictures of a held record stand.
fn apart(item: &str) -> String {
    format!("held {item}")
}

impl Look<'_> {
    /// The latest holds, whatever became of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn legal_holds(&mut self, limit: u32) -> Result<Vec<LegalHold>, StoreError> {
        let sql = holds!("ORDER BY placed DESC, id LIMIT ?1");
        let rows = self.db.query(sql, &[Val::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| hold(self, row)).collect()
    }

    /// The holds of a subject's data that are in force, the one that lasts longest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn legal_holds_of(&mut self, subject: SubjectId) -> Result<Vec<LegalHold>, StoreError> {
        let now = self.now();
        let sql = holds!("WHERE subject = ?1 AND ends > ?2 ORDER BY ends DESC, id");
        let rows = self.db.query(sql, &[Val::Blob(subject.id()), now.into()]).await?;
        rows.iter().map(|row| hold(self, row)).collect()
    }

    /// One hold.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none.
    pub async fn legal_hold(&mut self, id: EntryId) -> Result<LegalHold, StoreError> {
        let row = self.db.first(holds!("WHERE id = ?1"), &[Val::Blob(&id.0)]).await?;
        hold(self, &row.ok_or(StoreError::NoRecord)?)
    }

    /// Until when a hold keeps pictures or videos of a subject, which cannot be sealed anew: so long their erasure
    /// waits. Nothing where none does.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn media_held(&mut self, subject: SubjectId) -> Result<Option<Timestamp>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT max(h.ends) FROM legal_hold_item h WHERE h.subject = ?1 AND h.ends > ?2 AND EXISTS \
                 (SELECT 1 FROM blob b WHERE b.subject = h.subject AND (b.item = h.item OR b.item = 'held ' || h.item))",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        row.map_or(Ok(None), |row| row.time_opt(0))
    }

    /// Whether a hold in force names an item of a subject.
    async fn holds_item(&mut self, subject: SubjectId, item: &str) -> Result<bool, StoreError> {
        let now = self.now();
        let sql = "SELECT 1 FROM legal_hold_item WHERE subject = ?1 AND item = ?2 AND ends > ?3";
        let row = self.db.first(sql, &[Val::Blob(subject.id()), Val::Text(item), now.into()]).await?;
        Ok(row.is_some())
    }

    /// How many values wait apart for the end of a hold.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn held_apart(&mut self, subject: SubjectId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM held_record WHERE subject = ?1";
        let row = self.db.first(sql, &[Val::Blob(subject.id())]).await?;
        row.map_or(Ok(0), |row| row.uint(0))
    }
}

impl<'t> Tx<'t> {
    /// Places a hold, under the approval that was spent for it in this transaction.
    ///
    /// # Errors
    /// [`StoreError::Misused`] when the transaction does not hold the subject exclusively.
    pub async fn place_hold(&mut self, new: &NewHold, spent: &Spent) -> Result<EntryId, StoreError> {
        self.held(new.subject, Hold::Exclusive)?;
        let id = EntryId(self.random());
        let now = self.now();
        let subject = Val::Blob(new.subject.id());
        self.db
            .execute(
                "INSERT INTO legal_hold (subject, id, items, citation, asked_by, allowed_by, approval, placed, ends) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                &[
                    subject,
                    Val::Blob(&id.0),
                    Val::Text(&listed(&new.items)),
                    Val::Text(&new.citation),
                    Val::Text(&spent.asked_by),
                    spent.allowed_by.as_deref().into(),
                    Val::Blob(&spent.id.0),
                    now.into(),
                    new.ends.into(),
                ],
            )
            .await?;
        for item in &new.items {
            let sql = "INSERT INTO legal_hold_item (subject, item, hold, ends) VALUES (?1, ?2, ?3, ?4)";
            self.db.execute(sql, &[subject, Val::Text(item), Val::Blob(&id.0), new.ends.into()]).await?;
        }
        self.db.execute("UPDATE standing SET hold = 1 WHERE subject = ?1", &[subject]).await?;
        self.note_entry(&spent.asked_by, "legal-hold", "legal_hold", Some(new.subject), None).await?;
        Ok(id)
    }

    /// Lifts a hold before its time; what no other holds goes with the next sweep.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when it is not in force.
    pub async fn lift_hold(&mut self, held: &LegalHold, by: &str) -> Result<(), StoreError> {
        let now = self.now();
        let of = [Val::Blob(&held.id.0), now.into()];
        if self.db.execute("UPDATE legal_hold SET ends = ?2 WHERE id = ?1 AND ends > ?2", &of).await? != 1 {
            return Err(StoreError::NoRecord);
        }
        self.db.execute("UPDATE legal_hold_item SET ends = ?2 WHERE hold = ?1", &of).await?;
        self.db.execute("UPDATE held SET until = ?2 WHERE hold = ?1 AND until > ?2", &of).await?;
        if let Some(subject) = held.subject {
            self.held(subject, Hold::Exclusive)?;
        }
        self.note_entry(by, "legal-hold-end", "legal_hold", held.subject, None).await?;
        Ok(())
    }

    /// Before a record goes or is written anew: where a hold names its item, its sealed value moves apart, with its
    /// pictures where it goes.
    pub(crate) async fn keep_apart(
        &mut self,
        subject: SubjectId,
        item: &str,
        record: RecordId,
        goes: bool,
    ) -> Result<(), StoreError> {
        if !self.holds_item(subject, item).await? {
            return Ok(());
        }
        let (id, now) = (self.random::<16>(), self.now());
        let moved = self
            .db
            .execute(
                "INSERT INTO held_record (subject, id, item, record, version, purpose, source, created, sealed, signal, \
                 moved) SELECT subject, ?4, item, id, version, purpose, source, created, sealed, 0, ?5 FROM record \
                 WHERE subject = ?1 AND item = ?2 AND id = ?3",
                &[Val::Blob(subject.id()), Val::Text(item), Val::Blob(&record.0), Val::Blob(&id), now.into()],
            )
            .await?;
        if moved == 1 && goes {
            self.db
                .execute(
                    "UPDATE blob SET item = ?4, record = ?5 WHERE subject = ?1 AND item = ?2 AND record = ?3",
                    &[
                        Val::Blob(subject.id()),
                        Val::Text(item),
                        Val::Blob(&record.0),
                        Val::Text(&apart(item)),
                        Val::Blob(&id),
                    ],
                )
                .await?;
        }
        Ok(())
    }

    /// As [`Tx::keep_apart`], of a subject's signals of a purpose; of every item where none is named.
    pub(crate) async fn keep_signals_apart(
        &mut self,
        subject: SubjectId,
        purpose: &str,
        item: &str,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO held_record (subject, id, item, record, version, purpose, source, created, sealed, signal, \
                 moved) SELECT s.subject, s.id, s.item, s.id, 1, s.purpose, s.source, s.at, s.sealed, 1, ?4 \
                 FROM signal s WHERE s.subject = ?1 AND s.purpose = ?2 AND (?3 = '' OR s.item = ?3) AND EXISTS \
                 (SELECT 1 FROM legal_hold_item h WHERE h.subject = s.subject AND h.item = s.item AND h.ends > ?4) \
                 ON CONFLICT (subject, id) DO NOTHING",
                &[Val::Blob(subject.id()), Val::Text(purpose), Val::Text(item), now.into()],
            )
            .await?;
        Ok(())
    }

    /// As [`Tx::keep_apart`], of everybody's signals whose time is over by now.
    pub(crate) async fn keep_expired_apart(&mut self, day: i64) -> Result<(), StoreError> {
        let now = self.now();
        // Few people are held, and of most days none: their rows are found by subject.
        self.db
            .execute(
                "INSERT INTO held_record (subject, id, item, record, version, purpose, source, created, sealed, signal, \
                 moved) SELECT s.subject, s.id, s.item, s.id, 1, s.purpose, s.source, s.at, s.sealed, 1, ?2 \
                 FROM legal_hold_item h JOIN signal s ON s.subject = h.subject AND s.item = h.item \
                 WHERE h.ends > ?2 AND s.ends <= ?1 AND s.until <= ?2 ON CONFLICT (subject, id) DO NOTHING",
                &[Val::Int(day), now.into()],
            )
            .await?;
        Ok(())
    }

    /// Re-seals what holds keep of `which` under the holding key, with how long each item is held, the longest first.
    /// The permit must be for keeping, by legal duty. Gives how many, and the place of the last signal.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the key is destroyed already.
    pub async fn keep_by_hold(
        &mut self,
        permit: Permit<'t>,
        holds: &[LegalHold],
        which: &Which,
    ) -> Result<(u64, Option<signal::SignalPlace>), StoreError> {
        let subject = permit.subject();
        let used = self.open_here(permit, which).await?;
        let mut kept = 0;
        for record in &used.records {
            let item = self.policy().item_name(record.head.item).to_owned();
            kept += self.seal_held(subject, &item, &record.head.id.0, record.value.expose_bytes(), holds).await?;
        }
        Ok((kept, used.records.last().map(|r: &Record| (r.head.created, r.head.id))))
    }

    /// As [`Tx::keep_by_hold`], of what was moved apart before.
    ///
    /// # Errors
    /// As [`Tx::keep_by_hold`].
    pub async fn keep_apart_by_hold(&mut self, permit: Permit<'t>, holds: &[LegalHold]) -> Result<u64, StoreError> {
        let subject = permit.subject();
        let used = self.open_apart(permit).await?;
        let mut kept = 0;
        for record in &used.records {
            let item = self.policy().item_name(record.head.item).to_owned();
            kept += self.seal_held(subject, &item, &record.head.id.0, record.value.expose_bytes(), holds).await?;
        }
        Ok(kept)
    }

    /// Opens what of the permit's items was moved apart, for the procedure it is held for and for nothing else: the
    /// permit must rest on a duty by law.
    ///
    /// # Errors
    /// [`StoreError::Misused`] for a permit that rests on anything else; otherwise as [`Look::open`].
    pub async fn open_apart(&mut self, permit: Permit<'t>) -> Result<Used, StoreError> {
        permit.spent_in(self)?;
        if permit.grant.basis != avouch_policy::Basis::LegalDuty {
            return Err(StoreError::Misused {
                name: "hold",
                why: "what is held is opened by a duty by law alone".into(),
            });
        }
        let subject = permit.subject();
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let rows = self
            .db
            .query(
                "SELECT id, item, record, version, purpose, created, sealed, signal, source, moved FROM held_record \
                 WHERE subject = ?1 ORDER BY id",
                &[Val::Blob(subject.id())],
            )
            .await?;
        let mut records = Vec::new();
        for row in &rows {
            let name = row.text(1)?;
            let Some(item) = self.policy().item(name).filter(|item| permit.covers(*item)) else { continue };
            let (record, created): ([u8; 16], _) = (row.bytes(2)?, row.time(5)?);
            let sent = row.flag(7)?;
            let sealed_as = if sent { signal::place(row.text(4)?, name) } else { name.to_owned() };
            let version = if sent { created.as_millisecond().unsigned_abs() } else { row.uint(3)? };
            let region = self.shared.region.as_str();
            let aad = Aad { region, subject: subject.id(), item: &sealed_as, record: &record, version };
            let value = key.open(&aad, row.blob(6)?).map_err(|e| StoreError::Sealed(e.to_string()))?;
            let head = RecordHead {
                item,
                id: RecordId(row.bytes(0)?),
                version,
                purpose: row.text(4)?.to_owned(),
                source: row.text(8)?.to_owned(),
                created,
                changed: row.time(9)?,
                until: None,
            };
            records.push(Record { head, value: Plain::new(value), blobs: Vec::new() });
        }
        let mut leaf = permit.leaf(self, avouch_ledger::leaf::Outcome::Done);
        leaf.commitment = Some(key.commitment(&leaf.salt, records.iter().map(|r| r.value.expose_bytes())));
        let receipt = self.append_hidden(leaf.clone(), Some((subject, &key)), permit.hidden())?;
        self.note_given(subject, &leaf, &receipt, permit.hidden()).await?;
        Ok(Used { records, receipt })
    }

    /// Seals one value under the holding key for as long as the longest hold that names its item; 0 where none does.
    async fn seal_held(
        &mut self,
        subject: SubjectId,
        item: &str,
        record: &[u8; 16],
        value: &[u8],
        holds: &[LegalHold],
    ) -> Result<u64, StoreError> {
        let Some(held) = holds.iter().find(|h| h.items.iter().any(|name| name == item)) else { return Ok(0) };
        let holding = self.shared.keys.holding()?;
        let id = holding.id(&subject, &apart(item), record);
        let aad = Aad { region: self.shared.region.as_str(), subject: &[], item, record: &id, version: 1 };
        let sealed =
            holding.seal(&aad, value, self.shared.entropy.as_ref()).map_err(|e| StoreError::Sealed(e.to_string()))?;
        let sql = "INSERT INTO held (id, item, sealed, statute, until, hold) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (id) DO NOTHING";
        self.db
            .execute(
                sql,
                &[
                    Val::Blob(&id),
                    Val::Text(item),
                    Val::Blob(&sealed),
                    Val::Text(&held.citation),
                    held.ends.into(),
                    Val::Blob(&held.id.0),
                ],
            )
            .await
    }

    /// Deletes what waited apart and no hold keeps any more; gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_holds(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        let region = self.shared.region;
        let free = self
            .db
            .query(
                "SELECT subject, id, item FROM held_record r WHERE NOT EXISTS (SELECT 1 FROM legal_hold_item h \
                 WHERE h.subject = r.subject AND h.item = r.item AND h.ends > ?1)",
                &[now.into()],
            )
            .await?;
        for row in &free {
            let (subject, id) = (SubjectId::new(region, row.bytes(0)?), RecordId(row.bytes(1)?));
            self.drop_blobs(subject, &apart(row.text(2)?), id).await?;
            let sql = "DELETE FROM held_record WHERE subject = ?1 AND id = ?2";
            self.db.execute(sql, &[Val::Blob(subject.id()), Val::Blob(&id.0)]).await?;
        }
        let over =
            self.db.query("DELETE FROM legal_hold_item WHERE ends <= ?1 RETURNING subject", &[now.into()]).await?;
        for row in &over {
            let sql = "UPDATE standing SET hold = 0 WHERE subject = ?1 AND NOT EXISTS \
                       (SELECT 1 FROM legal_hold_item h WHERE h.subject = ?1)";
            self.db.execute(sql, &[Val::Blob(row.blob(0)?)]).await?;
        }
        Ok(free.len() as u64)
    }
}
