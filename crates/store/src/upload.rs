//! Uploads under way: what is kept of a blob that is not whole yet, sealed already, and until when.
//!
//! Keeps promises 1.3 and 5.1: begun by permit, with its leaf; what is never finished goes at its end.

use avouch_ledger::leaf::Outcome;
use avouch_seal::SubjectId;
use jiff::{SignedDuration, Timestamp};

use crate::blob::Piece;
use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::objects::Name;
use crate::permit::Permit;
use crate::store::Store;
use crate::transact::Transact;
use crate::tx::{Receipt, Tx};

/// An upload under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Names it.
    pub id: [u8; 16],
    /// The blob it becomes.
    pub blob: [u8; 16],
    /// Of which item.
    pub item: String,
    /// What for.
    pub purpose: String,
    /// Bytes announced.
    pub size: u64,
    /// Bytes kept: the next must begin here.
    pub kept: u64,
    /// Where the cleaning of the stream stands.
    pub state: String,
    /// When it is given up.
    pub expires: Timestamp,
}

impl Look<'_> {
    /// An upload of a subject that is not past its end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn upload(&mut self, subject: SubjectId, id: [u8; 16]) -> Result<Option<Upload>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT blob, item, purpose, size, kept, state, expires FROM upload \
                 WHERE subject = ?1 AND id = ?2 AND expires > ?3",
                &[Val::Blob(subject.id()), Val::Blob(&id), now.into()],
            )
            .await?;
        row.map(|row| {
            Ok(Upload {
                id,
                blob: row.bytes(0)?,
                item: row.text(1)?.to_owned(),
                purpose: row.text(2)?.to_owned(),
                size: row.uint(3)?,
                kept: row.uint(4)?,
                state: row.text(5)?.to_owned(),
                expires: row.time(6)?,
            })
        })
        .transpose()
    }

    /// Uploads past their end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn overdue_uploads(&mut self, limit: u32) -> Result<Vec<(SubjectId, [u8; 16])>, StoreError> {
        let (now, region) = (self.now(), self.shared.region);
        let sql = "SELECT subject, id FROM upload WHERE expires <= ?1 ORDER BY expires LIMIT ?2";
        let rows = self.db.query(sql, &[now.into(), Val::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| Ok((SubjectId::new(region, row.bytes(0)?), row.bytes(1)?))).collect()
    }
}

impl<'t> Tx<'t> {
    /// Begins an upload: the permit to collect is spent here, so that what is kept from now on has its leaf.
    ///
    /// # Errors
    /// [`StoreError::Misused`] when the permit does not cover the item.
    pub async fn begin_upload(&mut self, permit: Permit<'t>, upload: &Upload) -> Result<Receipt, StoreError> {
        permit.spent_in(self)?;
        let subject = permit.subject();
        if !self.policy().item(&upload.item).is_some_and(|item| permit.covers(item)) {
            return Err(StoreError::Misused { name: "permit", why: "it does not cover the item uploaded".into() });
        }
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        self.db
            .execute(
                "INSERT INTO upload (subject, id, blob, item, purpose, size, kept, state, expires) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(&upload.id),
                    Val::Blob(&upload.blob),
                    Val::Text(&upload.item),
                    Val::Text(&upload.purpose),
                    upload.size.into(),
                    Val::Text(&upload.state),
                    upload.expires.into(),
                ],
            )
            .await?;
        let leaf = permit.leaf(self, Outcome::Done);
        self.append(leaf, Some((subject, &key)))
    }

    /// Registers the next piece of an upload, which must begin where it stands.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another connection went on with it meanwhile.
    pub async fn extend_upload(
        &mut self,
        subject: SubjectId,
        upload: &Upload,
        piece: &Piece,
        state: &str,
    ) -> Result<u64, StoreError> {
        self.held(subject, Hold::Shared)?;
        let kept = piece.end(upload.size);
        let now = self.now();
        let moved = self
            .db
            .execute(
                "UPDATE upload SET kept = ?4, state = ?5 WHERE subject = ?1 AND id = ?2 AND kept = ?3 AND expires > ?6",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(&upload.id),
                    upload.kept.into(),
                    kept.into(),
                    Val::Text(state),
                    now.into(),
                ],
            )
            .await?;
        if moved != 1 {
            return Err(StoreError::Conflict("another connection goes on with this upload".into()));
        }
        self.add_piece(subject, &upload.blob, piece).await?;
        Ok(kept)
    }

    /// Ends an upload whose blob was attached to a record: its objects stay.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when it is not there.
    pub async fn finish_upload(&mut self, subject: SubjectId, id: [u8; 16]) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        let sql = "DELETE FROM upload WHERE subject = ?1 AND id = ?2";
        match self.db.execute(sql, &[Val::Blob(subject.id()), Val::Blob(&id)]).await? {
            1 => Ok(()),
            _ => Err(StoreError::NoRecord),
        }
    }

    /// Gives an upload up: what was kept of it goes. False when it was not there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_upload(&mut self, subject: SubjectId, id: [u8; 16]) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        let place = [Val::Blob(subject.id()), Val::Blob(&id)];
        let Some(row) = self.db.first("SELECT blob FROM upload WHERE subject = ?1 AND id = ?2", &place).await? else {
            return Ok(false);
        };
        self.loosen(subject, &row.bytes(0)?).await?;
        self.db.execute("DELETE FROM upload WHERE subject = ?1 AND id = ?2", &place).await?;
        Ok(true)
    }
}

/// An object without a row is left alone for so long: a write may be between object and row.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Takes objects off the list of loose ones: deleted, or found to belong to a blob.
struct Settled(Vec<Name>);

impl Transact for Settled {
    const NAME: &'static str = "settle loose objects";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for name in &self.0 {
            tx.db.execute("DELETE FROM loose_object WHERE name = ?1", &[Val::Blob(name)]).await?;
        }
        Ok(())
    }
}

/// Lists objects without a row as loose, once their grace is over.
struct Noticed(Vec<Name>);

impl Transact for Noticed {
    const NAME: &'static str = "notice loose objects";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let due = tx.now() + GRACE;
        let mut found = 0;
        for name in &self.0 {
            if tx.db.first("SELECT 1 FROM blob_object WHERE name = ?1", &[Val::Blob(name)]).await?.is_some() {
                continue;
            }
            let sql = "INSERT INTO loose_object (name, due) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
            found += tx.db.execute(sql, &[Val::Blob(name), due.into()]).await?;
        }
        Ok(found)
    }
}

impl Store {
    /// Deletes the objects that are loose and due; gives how many. May be run by several nodes at once.
    ///
    /// # Errors
    /// When the object store or the database refuses; running it again goes on.
    pub async fn sweep_objects(&self) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let mut gone = Vec::new();
            {
                let mut reading = self.reading().await?;
                let mut look = reading.look()?;
                let now = look.now();
                let sql = "SELECT name FROM loose_object WHERE due <= ?1 ORDER BY due LIMIT 256";
                for row in look.db.query(sql, &[now.into()]).await? {
                    let name: Name = row.bytes(0)?;
                    let sql = "SELECT 1 FROM blob_object WHERE name = ?1";
                    let belongs = look.db.first(sql, &[Val::Blob(&name)]).await?.is_some();
                    gone.push((name, belongs));
                }
            }
            if gone.is_empty() {
                return Ok(swept);
            }
            for (name, belongs) in &gone {
                if !belongs {
                    self.shared().objects.delete(name).await?;
                    swept += 1;
                }
            }
            self.transact(Settled(gone.into_iter().map(|(name, _)| name).collect())).await?;
        }
    }

    /// Looks for objects that no row knows, as a crash between object and row leaves them; a day later they are
    /// swept. Gives how many are new.
    ///
    /// # Errors
    /// When the object store cannot be listed.
    pub async fn find_loose_objects(&self) -> Result<u64, StoreError> {
        let mut found = 0;
        for page in self.shared().objects.names().await?.chunks(256) {
            found += self.transact(Noticed(page.to_vec())).await?;
        }
        Ok(found)
    }
}
