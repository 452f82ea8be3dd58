//! Whole tables read and written, whatever is in them: for backups.

use super::{Db, Row, Val, postgres, sqlite};
use crate::error::StoreError;

/// A table: its columns in their order, and those of its primary key.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    key: Vec<usize>,
}

/// A name of ours as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

impl Db<'_> {
    async fn rows(&mut self, sql: &str, params: &[Val<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Db::Sqlite(c) => sqlite::query(c, sql, params),
            Db::Postgres(c) => postgres::query(c, sql, params).await,
        }
    }

    /// Every table of the database but the one of its migrations.
    pub(crate) async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        let (names, columns) = match self {
            Db::Sqlite(_) => (
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
                "SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid",
            ),
            Db::Postgres(_) => (
                "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1",
                "SELECT c.column_name::text, coalesce(k.ordinal_position, 0)::bigint FROM information_schema.columns c \
                 LEFT JOIN information_schema.table_constraints t ON t.table_schema = c.table_schema \
                 AND t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY' \
                 LEFT JOIN information_schema.key_column_usage k ON k.constraint_schema = t.constraint_schema \
                 AND k.constraint_name = t.constraint_name AND k.table_name = c.table_name \
                 AND k.column_name = c.column_name \
                 WHERE c.table_schema = current_schema() AND c.table_name = ?1 ORDER BY c.ordinal_position",
            ),
        };
        let mut out = Vec::new();
        for row in self.rows(names, &[]).await? {
            let name = row.text(0)?.to_owned();
            if name == "migration" {
                continue;
            }
            let (mut all, mut key) = (Vec::new(), Vec::new());
            for (at, row) in self.rows(columns, &[Val::Text(&name)]).await?.iter().enumerate() {
                all.push(row.text(0)?.to_owned());
                if row.int(1)? > 0 {
                    key.push((row.int(1)?, at));
                }
            }
            key.sort_unstable();
            if key.is_empty() {
                return Err(StoreError::Unreadable(format!("the table '{name}' has no primary key: it is not ours")));
            }
            out.push(Table { name, columns: all, key: key.into_iter().map(|(_, at)| at).collect() });
        }
        Ok(out)
    }

    /// The rows of a table after the row given, in the order of its primary key.
    pub(crate) async fn page(
        &mut self,
        table: &Table,
        after: Option<&Row>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        let columns = |of: &mut dyn Iterator<Item = &String>| of.map(|c| quoted(c)).collect::<Vec<_>>().join(", ");
        let all = columns(&mut table.columns.iter());
        let key = columns(&mut table.key.iter().filter_map(|at| table.columns.get(*at)));
        let from = quoted(&table.name);
        let Some(after) = after else {
            let sql = format!("SELECT {all} FROM {from} ORDER BY {key} LIMIT {limit}");
            return self.rows(&sql, &[]).await;
        };
        let marks: Vec<String> = (1..=table.key.len()).map(|n| format!("?{n}")).collect();
        let sql =
            format!("SELECT {all} FROM {from} WHERE ({key}) > ({}) ORDER BY {key} LIMIT {limit}", marks.join(", "));
        let params: Vec<Val<'_>> = table.key.iter().filter_map(|at| after.0.get(*at)).map(Val::from).collect();
        self.rows(&sql, &params).await
    }

    /// Adds a row to a table.
    pub(crate) async fn put(&mut self, table: &str, columns: &[String], values: &Row) -> Result<(), StoreError> {
        let names: Vec<String> = columns.iter().map(|c| quoted(c)).collect();
        let marks: Vec<String> = (1..=columns.len()).map(|n| format!("?{n}")).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES ({})", quoted(table), names.join(", "), marks.join(", "));
        let params: Vec<Val<'_>> = values.0.iter().map(Val::from).collect();
        match self {
            Db::Sqlite(c) => sqlite::execute(c, &sql, &params),
            Db::Postgres(c) => postgres::execute(c, &sql, &params).await,
        }
        .map(|_| ())
    }
}
