//! Blobs: the pictures and videos of records, read in ranges through a permit, written before their rows.
//!
//! Keeps promises 1.3, 5.5 and 6.2: a blob belongs to one record, is opened only with it, and is unreadable
//! from the commit that deletes the record.

use std::sync::Arc;

use avouch_policy::model::Kind;
use avouch_seal::{BlobKey, CHUNK, CHUNK_OVERHEAD, Plain, SubjectId, SubjectKey, chunks};

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::objects::Name;
use crate::record::RecordId;
use crate::standing;
use crate::store::{Shared, Store};
use crate::tx::Tx;

/// Chunks in one object, at most.
pub const OBJECT_CHUNKS: u64 = 64;

/// Which picture of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What was put up.
    Whole,
    /// A smaller picture of it.
    Small,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Small => "small",
        }
    }
}

/// Some chunks of a blob in one object.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    start: u64,
    chunks: u64,
    name: Name,
}

impl Piece {
    /// How many plain bytes of the blob there are up to its end, in a blob of `size`.
    #[must_use]
    pub fn end(&self, size: u64) -> u64 {
        size.min((self.start + self.chunks) * CHUNK)
    }
}

/// A blob of a record that was opened by permit. It opens what the permit opened, and no longer than that
/// stands: each read looks whether the record is still there and, for anyone but the person, whether their
/// standing is still the same.
pub struct Blob {
    /// Which picture of the record it is.
    pub role: Role,
    /// Its media type, by its content.
    pub media: String,
    shared: Arc<Shared>,
    subject: SubjectId,
    id: [u8; 16],
    key: BlobKey,
    pieces: Vec<Piece>,
    epoch: Option<u64>,
}

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blob").field("role", &self.role).field("media", &self.media).finish_non_exhaustive()
    }
}

impl Blob {
    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.key.size()
    }

    /// The bytes from `from`, up to `to` and at most to the end of the object that holds the first of them;
    /// nothing at the blob's end. Only the chunks touched are opened.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when it was deleted meanwhile, [`StoreError::Gone`] when the person was erased or
    /// their standing changed, [`StoreError::Sealed`] when a chunk was tampered with.
    pub async fn read(&self, from: u64, to: u64) -> Result<Option<Plain<Vec<u8>>>, StoreError> {
        let to = to.min(self.size());
        if from >= to {
            return Ok(None);
        }
        self.stands().await?;
        let first = from / CHUNK;
        let piece = self
            .pieces
            .iter()
            .find(|p| (p.start..p.start + p.chunks).contains(&first))
            .ok_or_else(|| StoreError::Unreadable("a part of a blob is not in the database".into()))?;
        let last = ((to - 1) / CHUNK).min(piece.start + piece.chunks - 1);
        let step = CHUNK + CHUNK_OVERHEAD;
        let length = |chunk: u64| self.size().min((chunk + 1) * CHUNK) - chunk * CHUNK + CHUNK_OVERHEAD;
        let range = (first - piece.start) * step..(last - piece.start) * step + length(last);
        let wanted = range.end - range.start;
        let sealed = self.shared.objects.range(&piece.name, range).await?;
        if sealed.len() as u64 != wanted {
            return Err(StoreError::Sealed("an object is shorter than it was written".into()));
        }
        let broken = |e: avouch_seal::SealError| StoreError::Sealed(e.to_string());
        let whole = usize::try_from(step).unwrap_or(usize::MAX);
        let mut plain = Vec::with_capacity(sealed.len());
        for (chunk, part) in (first..=last).zip(sealed.chunks(whole)) {
            plain.extend_from_slice(&self.key.open(chunk, part).map_err(broken)?);
        }
        let begin = usize::try_from(from - first * CHUNK).unwrap_or(usize::MAX);
        let end = usize::try_from(to - first * CHUNK).unwrap_or(usize::MAX).min(plain.len());
        plain.truncate(end);
        plain.drain(..begin);
        Ok(Some(Plain::new(plain)))
    }

    async fn stands(&self) -> Result<(), StoreError> {
        let mut loan = self.shared.data.take().await?;
        let mut db = loan.db()?;
        let sql = "SELECT 1 FROM blob b JOIN record r ON r.subject = b.subject AND r.item = b.item AND r.id = b.record \
                   WHERE b.subject = ?1 AND b.id = ?2 AND (r.until IS NULL OR r.until > ?3)";
        let of = [Val::Blob(self.subject.id()), Val::Blob(&self.id), self.shared.clock.now().into()];
        db.first(sql, &of).await?.ok_or(StoreError::NoRecord)?;
        if let Some(epoch) = self.epoch
            && standing::epoch(&mut db, self.subject).await? != Some(epoch)
        {
            return Err(StoreError::Gone);
        }
        self.shared.keys.load(self.subject).await?.map(|_| ()).ok_or(StoreError::Gone)
    }
}

/// Seals a blob's bytes into objects, before there is a row of it.
pub struct BlobWriter {
    shared: Arc<Shared>,
    id: [u8; 16],
    key: BlobKey,
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter").field("size", &self.key.size()).finish_non_exhaustive()
    }
}

impl BlobWriter {
    /// The blob's id.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Seals the next chunks, from number `start`, into one object: whole chunks, but for the blob's end. It is
    /// durable when this returns, and belongs to nothing until its row is committed.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for bytes that are no whole chunks or too many, or the object store's.
    pub async fn write(&self, start: u64, plain: &[u8]) -> Result<Piece, StoreError> {
        let whole = usize::try_from(CHUNK).unwrap_or(usize::MAX);
        let mut sealed = Vec::with_capacity(plain.len() + 4096);
        let mut count = 0;
        let seal = |at, part: &[u8]| {
            let entropy = self.shared.entropy.as_ref();
            self.key.seal(at, part, entropy).map_err(|e| StoreError::Sealed(e.to_string()))
        };
        for part in plain.chunks(whole) {
            sealed.extend_from_slice(&seal(start + count, part)?);
            count += 1;
        }
        if count == 0 {
            sealed = seal(start, &[])?;
            count = 1;
        }
        if count > OBJECT_CHUNKS {
            return Err(StoreError::Sealed(format!("an object holds at most {OBJECT_CHUNKS} chunks")));
        }
        let name: Name = self.shared.entropy.bytes();
        self.shared.objects.put(&name, sealed).await?;
        Ok(Piece { start, chunks: count, name })
    }

    /// Seals a whole blob that is in memory.
    ///
    /// # Errors
    /// As [`BlobWriter::write`].
    pub async fn write_all(&self, plain: &[u8]) -> Result<Vec<Piece>, StoreError> {
        let step = usize::try_from(CHUNK * OBJECT_CHUNKS).unwrap_or(usize::MAX);
        let mut pieces = Vec::new();
        for (start, part) in (0..).step_by(64).zip(plain.chunks(step)) {
            pieces.push(self.write(start, part).await?);
        }
        if plain.is_empty() {
            pieces.push(self.write(0, &[]).await?);
        }
        Ok(pieces)
    }
}

/// A written blob, to be tied to a record.
#[derive(Debug, Clone)]
pub struct NewBlob {
    /// Its id, from the writer.
    pub id: [u8; 16],
    /// Which picture of the record.
    pub role: Role,
    /// Its media type, by its content.
    pub media: String,
    /// Its plain size in bytes.
    pub size: u64,
    /// Its objects; empty when an upload has registered them already.
    pub pieces: Vec<Piece>,
}

impl Store {
    /// A writer for a blob of a subject's item, of `size` bytes; `id` goes on with a blob begun before.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject was erased.
    pub async fn blob_writer(
        &self,
        subject: SubjectId,
        item: &str,
        id: Option<[u8; 16]>,
        size: u64,
    ) -> Result<BlobWriter, StoreError> {
        let shared = Arc::clone(self.shared());
        let key = shared.keys.load(subject).await?.ok_or(StoreError::Gone)?;
        let id = id.unwrap_or_else(|| shared.entropy.bytes());
        Ok(BlobWriter { key: key.blob(item, &id, size, &subject), id, shared })
    }
}

impl Look<'_> {
    /// The blobs of a record, for whoever was permitted to open it.
    pub(crate) async fn blobs(
        &mut self,
        key: &SubjectKey,
        subject: SubjectId,
        item: avouch_policy::ItemId,
        record: RecordId,
        epoch: Option<u64>,
    ) -> Result<Vec<Blob>, StoreError> {
        let name = self.policy().item_name(item).to_owned();
        let kind = self.policy().facts().collection.items.get(&name).map(|i| i.kind);
        if !matches!(kind, Some(Kind::Picture | Kind::Video)) {
            return Ok(Vec::new());
        }
        let rows = self
            .db
            .query(
                "SELECT id, role, media, size FROM blob WHERE subject = ?1 AND item = ?2 AND record = ?3 \
                 ORDER BY role DESC",
                &[Val::Blob(subject.id()), Val::Text(&name), Val::Blob(&record.0)],
            )
            .await?;
        let mut blobs = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, size) = (row.bytes(0)?, row.uint(3)?);
            let role = if row.text(1)? == Role::Small.name() { Role::Small } else { Role::Whole };
            blobs.push(Blob {
                role,
                media: row.text(2)?.to_owned(),
                shared: Arc::clone(&self.shared),
                subject,
                id,
                key: key.blob(&name, &id, size, &subject),
                pieces: self.pieces(subject, &id).await?,
                epoch,
            });
        }
        Ok(blobs)
    }

    async fn pieces(&mut self, subject: SubjectId, blob: &[u8; 16]) -> Result<Vec<Piece>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT start, chunks, name FROM blob_object WHERE subject = ?1 AND blob = ?2 ORDER BY start",
                &[Val::Blob(subject.id()), Val::Blob(blob)],
            )
            .await?;
        rows.iter().map(|r| Ok(Piece { start: r.uint(0)?, chunks: r.uint(1)?, name: r.bytes(2)? })).collect()
    }

    /// How many bytes of blobs a subject has, uploads under way counted in full, and how many of those there are.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn stored_bytes(&mut self, subject: SubjectId) -> Result<(u64, u64), StoreError> {
        let whose = [Val::Blob(subject.id())];
        let mut total = 0_u64;
        for row in self.db.query("SELECT size FROM blob WHERE subject = ?1", &whose).await? {
            total = total.saturating_add(row.uint(0)?);
        }
        let uploads = self.db.query("SELECT size FROM upload WHERE subject = ?1", &whose).await?;
        for row in &uploads {
            total = total.saturating_add(row.uint(0)?);
        }
        Ok((total, uploads.len() as u64))
    }
}

impl Tx<'_> {
    /// Ties a written blob to a record of this subject, which must be there.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] without the record; [`StoreError::Misused`] when the pieces do not make up the
    /// blob.
    pub async fn attach(
        &mut self,
        subject: SubjectId,
        item: &str,
        record: RecordId,
        blob: &NewBlob,
    ) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        let place = [Val::Blob(subject.id()), Val::Text(item), Val::Blob(&record.0)];
        let sql = "SELECT 1 FROM record WHERE subject = ?1 AND item = ?2 AND id = ?3";
        self.db.first(sql, &place).await?.ok_or(StoreError::NoRecord)?;
        for piece in &blob.pieces {
            self.add_piece(subject, &blob.id, piece).await?;
        }
        let mut next = 0;
        for piece in self.pieces(subject, &blob.id).await? {
            if piece.start != next {
                break;
            }
            next += piece.chunks;
        }
        if next != chunks(blob.size) {
            return Err(StoreError::Misused { name: "attach", why: "the blob's objects do not make it up".into() });
        }
        self.db
            .execute(
                "INSERT INTO blob (subject, id, item, record, role, media, size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(&blob.id),
                    Val::Text(item),
                    Val::Blob(&record.0),
                    Val::Text(blob.role.name()),
                    Val::Text(&blob.media),
                    blob.size.into(),
                ],
            )
            .await?;
        Ok(())
    }

    pub(crate) async fn add_piece(
        &mut self,
        subject: SubjectId,
        blob: &[u8; 16],
        piece: &Piece,
    ) -> Result<(), StoreError> {
        self.db
            .execute(
                "INSERT INTO blob_object (subject, blob, start, chunks, name) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(blob),
                    piece.start.into(),
                    piece.chunks.into(),
                    Val::Blob(&piece.name),
                ],
            )
            .await
            .map(|_| ())
    }

    /// Deletes the rows of a record's blobs; their objects are unreadable from this commit and go by a job.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_blobs(&mut self, subject: SubjectId, item: &str, record: RecordId) -> Result<(), StoreError> {
        let place = [Val::Blob(subject.id()), Val::Text(item), Val::Blob(&record.0)];
        let sql = "SELECT id FROM blob WHERE subject = ?1 AND item = ?2 AND record = ?3";
        let ids = self.db.query(sql, &place).await?;
        for row in &ids {
            self.loosen(subject, &row.bytes(0)?).await?;
        }
        if !ids.is_empty() {
            let sql = "DELETE FROM blob WHERE subject = ?1 AND item = ?2 AND record = ?3";
            self.db.execute(sql, &place).await?;
        }
        Ok(())
    }

    /// Lets go of a blob's objects.
    pub(crate) async fn loosen(&mut self, subject: SubjectId, blob: &[u8; 16]) -> Result<(), StoreError> {
        let now = self.now();
        let params = [Val::Blob(subject.id()), Val::Blob(blob)];
        self.db
            .execute(
                "INSERT INTO loose_object (name, due) SELECT name, ?3 FROM blob_object WHERE subject = ?1 AND blob = ?2 \
                 ON CONFLICT (name) DO NOTHING",
                &[params[0], params[1], now.into()],
            )
            .await?;
        self.db.execute("DELETE FROM blob_object WHERE subject = ?1 AND blob = ?2", &params).await?;
        self.queue(crate::SWEEP_OBJECTS, None, now, "").await.map(|_| ())
    }

    /// Lets go of all objects of a subject.
    pub(crate) async fn loosen_all(&mut self, subject: SubjectId) -> Result<(), StoreError> {
        let now = self.now();
        let loose = self
            .db
            .execute(
                "INSERT INTO loose_object (name, due) SELECT name, ?2 FROM blob_object WHERE subject = ?1 \
                 ON CONFLICT (name) DO NOTHING",
                &[Val::Blob(subject.id()), now.into()],
            )
            .await?;
        if loose > 0 {
            self.queue(crate::SWEEP_OBJECTS, None, now, "").await?;
        }
        Ok(())
    }
}
