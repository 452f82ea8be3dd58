//! The one question retention and erasure ask before they delete: is it held?
//!
//! Keeps promise 5.1 (PIPL article 47(2)): what a court or an authority bids keep is not deleted, and is used for
//! nothing. What is past its end is unreadable whether it is held or not.

use avouch_seal::SubjectId;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;

impl Look<'_> {
    /// Whether something of a subject must not be deleted now: of one item, or with none named anything at all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_held(&mut self, subject: SubjectId, _item: Option<&str>) -> Result<bool, StoreError> {
        let sql = "SELECT hold FROM standing WHERE subject = ?1";
        self.db.first(sql, &[Val::Blob(subject.id())]).await?.map_or(Ok(false), |row| row.flag(0))
    }

    /// Whether anything of anybody is held: where nothing is, whole days of signals go at once.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn any_held(&mut self) -> Result<bool, StoreError> {
        Ok(self.db.first("SELECT 1 FROM standing WHERE hold = 1 LIMIT 1", &[]).await?.is_some())
    }
}
