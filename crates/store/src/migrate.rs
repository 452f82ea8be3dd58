//! Migrations: append-only, embedded, checked. An edited one is refused.

use crate::engine::{Db, Val};
use crate::error::StoreError;

/// One migration; its place in the list is its number, from 1.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// Which of a region's two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Data,
    Keys,
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
        }
    }

    fn migrations(self) -> &'static [Migration] {
        match self {
            Self::Data => &[
                Migration { name: "0001_base", sql: include_str!("../migrations/data/0001_base.sql") },
                Migration { name: "0010_codes", sql: include_str!("../migrations/data/0010_codes.sql") },
                Migration { name: "0012_names", sql: include_str!("../migrations/data/0012_names.sql") },
                Migration { name: "0013_content", sql: include_str!("../migrations/data/0013_content.sql") },
                Migration { name: "0014_import", sql: include_str!("../migrations/data/0014_import.sql") },
                Migration { name: "0015_signals", sql: include_str!("../migrations/data/0015_signals.sql") },
                Migration { name: "0016_joint", sql: include_str!("../migrations/data/0016_joint.sql") },
                Migration { name: "0022_staff", sql: include_str!("../migrations/data/0022_staff.sql") },
                Migration { name: "0026_clocks", sql: include_str!("../migrations/data/0026_clocks.sql") },
                Migration { name: "0027_cases", sql: include_str!("../migrations/data/0027_cases.sql") },
                Migration { name: "0024_crossing", sql: include_str!("../migrations/data/0024_crossing.sql") },
                Migration { name: "0025_transfer", sql: include_str!("../migrations/data/0025_transfer.sql") },
                Migration { name: "0018_recipients", sql: include_str!("../migrations/data/0018_recipients.sql") },
                Migration { name: "0019_egress", sql: include_str!("../migrations/data/0019_egress.sql") },
                Migration { name: "0020_decisions", sql: include_str!("../migrations/data/0020_decisions.sql") },
                Migration { name: "0021_usage", sql: include_str!("../migrations/data/0021_usage.sql") },
                Migration { name: "0028_updates", sql: include_str!("../migrations/data/0028_updates.sql") },
            ],
            Self::Keys => &[
                Migration { name: "0001_base", sql: include_str!("../migrations/keys/0001_base.sql") },
                Migration { name: "0002_joining", sql: include_str!("../migrations/keys/0002_joining.sql") },
                Migration { name: "0003_made", sql: include_str!("../migrations/keys/0003_made.sql") },
            ],
        }
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  digest BLOB NOT NULL
) STRICT;";

/// The newest migration this build knows.
fn known(which: Which) -> i64 {
    i64::try_from(which.migrations().len()).unwrap_or(i64::MAX)
}

/// Refuses a database of a newer Avouch, or one whose migrations were edited. Gives what has been applied.
pub(crate) async fn check(db: &mut Db<'_>, which: Which) -> Result<i64, StoreError> {
    let rows = db.query("SELECT id, name, digest FROM migration ORDER BY id", &[]).await?;
    let mut applied = 0;
    for row in &rows {
        let id = row.int(0)?;
        if id > known(which) {
            return Err(StoreError::Newer { what: which.name(), found: id, known: known(which) });
        }
        let migration = usize::try_from(id - 1).ok().and_then(|at| which.migrations().get(at));
        let same = migration
            .is_some_and(|m| row.blob(2).is_ok_and(|d| d == avouch_ledger::hash::sha256(m.sql.as_bytes()).as_slice()));
        if !same {
            return Err(StoreError::Unopened(format!(
                "migration {id} ('{}') of the {} database is not the one this build carries; \
                 use the build that wrote it, or restore a backup",
                row.text(1)?,
                which.name()
            )));
        }
        applied = id;
    }
    Ok(applied)
}

/// The names of the migrations a database has.
pub(crate) async fn names(db: &mut Db<'_>) -> Result<Vec<String>, StoreError> {
    let rows = db.query("SELECT name FROM migration ORDER BY id", &[]).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Brings an empty database to the schema that had these migrations, and no further.
pub(crate) async fn apply_first(db: &mut Db<'_>, which: Which, names: &[String]) -> Result<(), StoreError> {
    let ours = which.migrations();
    if names.len() > ours.len() {
        let found = i64::try_from(names.len()).unwrap_or(i64::MAX);
        return Err(StoreError::Newer { what: which.name(), found, known: known(which) });
    }
    if names.iter().zip(ours).any(|(name, m)| name != m.name) {
        return Err(StoreError::Unopened(format!(
            "the backup's {} database has migrations this build does not carry; restore it with the build that made it",
            which.name()
        )));
    }
    db.begin().await?;
    let outcome = pending(db, which, names.len()).await;
    db.script(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    outcome
}

/// Brings a database to this build's schema, each migration in its own transaction.
pub(crate) async fn apply(db: &mut Db<'_>, which: Which) -> Result<(), StoreError> {
    db.begin().await?;
    // Two nodes starting together: one migrates, the other waits and finds it done.
    db.lock(&[(0x6176_6f75_6368, crate::engine::Hold::Exclusive)]).await?;
    let outcome = pending(db, which, which.migrations().len()).await;
    db.script(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    outcome
}

async fn pending(db: &mut Db<'_>, which: Which, count: usize) -> Result<(), StoreError> {
    db.script(TABLE).await?;
    let applied = check(db, which).await?;
    for (at, migration) in which.migrations().iter().take(count).enumerate() {
        let id = i64::try_from(at + 1).unwrap_or(i64::MAX);
        if id > applied {
            db.script(migration.sql).await?;
            let digest = avouch_ledger::hash::sha256(migration.sql.as_bytes());
            db.execute(
                "INSERT INTO migration (id, name, digest) VALUES (?1, ?2, ?3)",
                &[Val::Int(id), Val::Text(migration.name), Val::Blob(&digest)],
            )
            .await?;
        }
    }
    Ok(())
}
