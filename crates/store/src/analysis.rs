//! Counts of usage: whole days, counted once, and never below the smallest group.
//!
//! Keeps promise 2.3. What is kept is how many people had one value on one day, and nothing for a value that fewer
//! people had than the policy allows. A day is counted once it is over and never again, so that no two counts differ
//! by one person's answer. What this promises and what it does not: `docs/adr/0010-counts-of-whole-days.md`.

use jiff::civil::Date;

use crate::engine::Val;
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::Tx;

/// How many people had a value on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The item.
    pub item: String,
    /// The field of what devices send.
    pub field: String,
    /// The value.
    pub value: String,
    /// How many people.
    pub people: u64,
}

impl Look<'_> {
    /// Whether a day was counted for a purpose.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn day_is_counted(&mut self, purpose: &str, day: Date) -> Result<bool, StoreError> {
        let day = day.to_string();
        let of = [Val::Text(purpose), Val::Text(&day)];
        Ok(self.db.first("SELECT 1 FROM analysis_day WHERE purpose = ?1 AND day = ?2", &of).await?.is_some())
    }

    /// The counts of one field over days, both ends included, by day: a day without any was counted all the same.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn counted(
        &mut self,
        purpose: &str,
        item: &str,
        field: &str,
        from: Date,
        to: Date,
    ) -> Result<Vec<(Date, Vec<Cell>)>, StoreError> {
        let (from, to) = (from.to_string(), to.to_string());
        let rows = self
            .db
            .query(
                "SELECT d.day, c.value, c.people FROM analysis_day d LEFT JOIN analysis_cell c \
                 ON c.purpose = d.purpose AND c.day = d.day AND c.item = ?2 AND c.field = ?3 \
                 WHERE d.purpose = ?1 AND d.day >= ?4 AND d.day <= ?5 ORDER BY d.day, c.people DESC, c.value",
                &[Val::Text(purpose), Val::Text(item), Val::Text(field), Val::Text(&from), Val::Text(&to)],
            )
            .await?;
        let mut out: Vec<(Date, Vec<Cell>)> = Vec::new();
        for row in &rows {
            let day: Date = row.text(0)?.parse().map_err(|_| StoreError::Unreadable("a counted day is none".into()))?;
            if out.last().is_none_or(|(last, _)| *last != day) {
                out.push((day, Vec::new()));
            }
            if let (Some((_, cells)), Ok(value)) = (out.last_mut(), row.text(1)) {
                let (item, field, value) = (item.to_owned(), field.to_owned(), value.to_owned());
                cells.push(Cell { item, field, value, people: row.uint(2)? });
            }
        }
        Ok(out)
    }
}

impl Tx<'_> {
    /// Keeps a day's counts; false when that day was counted before, by whichever node, and nothing is changed then.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_counts(&mut self, purpose: &str, day: Date, cells: &[Cell]) -> Result<bool, StoreError> {
        let (now, day) = (self.now(), day.to_string());
        let made = self
            .db
            .execute(
                "INSERT INTO analysis_day (purpose, day, at) VALUES (?1, ?2, ?3) ON CONFLICT (purpose, day) DO NOTHING",
                &[Val::Text(purpose), Val::Text(&day), now.into()],
            )
            .await?;
        if made == 0 {
            return Ok(false);
        }
        for cell in cells {
            self.db
                .execute(
                    "INSERT INTO analysis_cell (purpose, day, item, field, value, people) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    &[
                        Val::Text(purpose),
                        Val::Text(&day),
                        Val::Text(&cell.item),
                        Val::Text(&cell.field),
                        Val::Text(&cell.value),
                        cell.people.into(),
                    ],
                )
                .await?;
        }
        Ok(true)
    }
}
