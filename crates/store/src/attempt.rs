//! Tries: counted by keyed digest, in windows, so that guessing is slow and no victim is locked out.
//!
//! Keeps promise 2.1 (ASVS 6.3.1).

use jiff::SignedDuration;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

impl Tx<'_> {
    /// Counts a try of `what` by `who` (both only as a keyed digest); gives the count in the window so far,
    /// this one included.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_try(&mut self, what: &str, who: &str, window: SignedDuration) -> Result<u64, StoreError> {
        let key = self.shared.keys.blind_index(what, who);
        let now = self.now();
        let since = now - window;
        let row = self
            .db
            .first(
                "INSERT INTO attempt (key, count, since, until) VALUES (?1, 1, ?2, ?4) ON CONFLICT (key) DO UPDATE SET \
                 count = CASE WHEN attempt.since <= ?3 THEN 1 ELSE attempt.count + 1 END, \
                 until = CASE WHEN attempt.since <= ?3 THEN ?4 ELSE attempt.until END, \
                 since = CASE WHEN attempt.since <= ?3 THEN ?2 ELSE attempt.since END RETURNING count",
                &[Val::Blob(&key), now.into(), since.into(), (now + window).into()],
            )
            .await?;
        row.map_or(Ok(1), |row| row.uint(0))
    }

    /// Forgets the tries of `what` by `who`, after a success.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn clear_tries(&mut self, what: &str, who: &str) -> Result<(), StoreError> {
        let key = self.shared.keys.blind_index(what, who);
        self.db.execute("DELETE FROM attempt WHERE key = ?1", &[Val::Blob(&key)]).await?;
        Ok(())
    }

    /// Forgets tries whose window is over, each its own; `window` is that of those counted before limits had
    /// one. Gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_tries(&mut self, window: SignedDuration) -> Result<u64, StoreError> {
        let now = self.now();
        self.db
            .execute(
                "DELETE FROM attempt WHERE until <= ?1 OR (until IS NULL AND since <= ?2)",
                &[now.into(), (now - window).into()],
            )
            .await
    }
}

impl Look<'_> {
    /// How many tries of `what` by `who` are counted in their window so far.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tries(&mut self, what: &str, who: &str) -> Result<u64, StoreError> {
        let key = self.shared.keys.blind_index(what, who);
        let now = self.now();
        let row = self
            .db
            .first("SELECT count FROM attempt WHERE key = ?1 AND until > ?2", &[Val::Blob(&key), now.into()])
            .await?;
        row.map_or(Ok(0), |row| row.uint(0))
    }
}
