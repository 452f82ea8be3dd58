//! Places a person logged in from before, as keyed digests: there, tries by strangers elsewhere count nothing.
//!
//! Keeps promise 2.1 (ASVS 6.3.1): limits that slow guessing and lock no victim out.

use avouch_seal::SubjectId;
use jiff::{SignedDuration, Timestamp};

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

impl Look<'_> {
    fn place_digest(&self, subject: SubjectId, place: &str) -> [u8; 32] {
        self.shared.keys.blind_index("place", &format!("{subject}\0{place}"))
    }

    /// Whether a subject logged in from a place before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn knows_place(&mut self, subject: SubjectId, place: &str) -> Result<bool, StoreError> {
        let digest = self.place_digest(subject, place);
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT seen FROM place WHERE subject = ?1 AND place = ?2 AND until > ?3",
                &[Val::Blob(subject.id()), Val::Blob(&digest), now.into()],
            )
            .await?;
        Ok(row.is_some())
    }

    /// When a subject last logged in, as far as places are remembered.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_login(&mut self, subject: SubjectId) -> Result<Option<Timestamp>, StoreError> {
        let row = self.db.first("SELECT max(seen) FROM place WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
        row.map_or(Ok(None), |row| row.time_opt(0))
    }
}

impl Tx<'_> {
    /// Remembers where a subject logged in from, for so long.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remember_place(
        &mut self,
        subject: SubjectId,
        place: &str,
        lasts: SignedDuration,
    ) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        let digest = self.place_digest(subject, place);
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO place (subject, place, seen, until) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subject, place) DO UPDATE SET seen = excluded.seen, until = excluded.until",
                &[Val::Blob(subject.id()), Val::Blob(&digest), now.into(), (now + lasts).into()],
            )
            .await?;
        Ok(())
    }

    /// Forgets every place of a subject: after the password was reset, none is trusted.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_places(&mut self, subject: SubjectId) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        self.db.execute("DELETE FROM place WHERE subject = ?1", &[Val::Blob(subject.id())]).await?;
        Ok(())
    }
}
