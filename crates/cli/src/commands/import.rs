//! `avouch import`: the people of an existing table, from CSV, NDJSON or PostgreSQL.
//!
//! Keeps promise 1.1: killed anywhere, the same command goes on; nothing is lost or doubled.

mod rows;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use avouch::collection::import::mapping::Mapping;
use avouch::collection::import::{Counts, Plan};
use avouch_store::{ImportRow, RowOutcome};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use self::rows::Rows;
use super::Where;
use crate::output::{self, Failure, Found};

/// Bring in the people of an existing table.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  avouch import users.csv --mapping users.toml --name old-shop --dry-run --config avouch.toml
  avouch import users.ndjson --mapping users.toml --name old-shop --report what-became.csv --config avouch.toml
  avouch import --postgres-url-file old.url --table public.users --mapping users.toml --name old-shop --config avouch.toml

Stopped or killed, run it again: it goes on where it stood. Exit code 3: some rows were refused.")]
pub(crate) struct Import {
    /// The file: `.csv` with a first line of column names, or `.ndjson` with an object on each line.
    #[arg(required_unless_present = "table", conflicts_with = "table")]
    file: Option<PathBuf>,
    /// The table, in place of a file, e.g. `public.users`.
    #[arg(long, requires = "postgres_url_file")]
    table: Option<String>,
    /// A file with the URL of the database the table is in, e.g. `postgres://user@host/name`.
    #[arg(long, requires = "table")]
    postgres_url_file: Option<PathBuf>,
    /// What each column is, and what can be documented of it; see docs/import.md.
    #[arg(long)]
    mapping: PathBuf,
    /// The import's name: becomes the source of what is brought in, and finds the import again.
    #[arg(long)]
    name: String,
    /// Only tell what would become of each row; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write what became of each row that was not brought in whole, as CSV.
    #[arg(long)]
    report: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Rows taken at once: one durable commit of keys, one or few of accounts.
const CHUNK: usize = 512;

fn bar(rows: &Rows) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    match rows.size() {
        Some(bytes) => {
            ProgressBar::new(bytes).with_style(style("{wide_bar} {bytes}/{total_bytes} {msg} · {elapsed} · {eta} left"))
        }
        None => ProgressBar::new_spinner().with_style(style("{spinner} {msg} · {elapsed}")),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::new("file", format!("cannot read {}: {e}", path.display())))
}

/// One line of a report for each thing said of a row.
fn lines(report: &mut csv::Writer<std::fs::File>, row: &ImportRow) -> Result<(), csv::Error> {
    let number = row.number.to_string();
    if row.about.is_empty() && row.outcome != RowOutcome::Brought {
        report.write_record([number.as_str(), row.outcome.name(), "", ""])?;
    }
    for (field, code) in &row.about {
        report.write_record([number.as_str(), row.outcome.name(), field, code])?;
    }
    Ok(())
}

fn begin_report(path: &Path) -> Result<csv::Writer<std::fs::File>, Failure> {
    let fault = |e: csv::Error| Failure::new("file", format!("cannot write {}: {e}", path.display()));
    let mut report = csv::Writer::from_path(path).map_err(fault)?;
    report.write_record(["row", "outcome", "column", "why"]).map_err(fault)?;
    Ok(report)
}

impl Import {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let text = read(&self.mapping)?;
        let mapping: Mapping =
            toml::from_str(&text).map_err(|e| Failure::new("mapping", format!("{}: {e}", self.mapping.display())))?;
        let mut rows = self.rows(&mapping).await?;
        mapping.check_columns(rows.columns())?;
        let digest = rows.digest(&text);
        let opened = if self.dry_run { self.place.look().await? } else { self.place.open().await? };
        let app = &opened.app;
        let plan = app.plan_import(&self.name, mapping, digest).await?;
        let mut report = self.report.as_deref().map(begin_report).transpose()?;
        let progress = bar(&rows);
        let mut counts = Counts::new();
        let mut seen = 0_u64;
        if !self.dry_run {
            app.begin_import(&plan).await?;
        }
        loop {
            let chunk = rows.next(CHUNK).await?;
            if chunk.is_empty() {
                break;
            }
            seen += chunk.len() as u64;
            if self.dry_run {
                for row in app.try_rows(&plan, chunk).await? {
                    *counts.entry(row.outcome).or_default() += 1;
                    if let Some(report) = &mut report {
                        lines(report, &row).map_err(|e| Failure::new("file", e.to_string()))?;
                    }
                }
            } else {
                app.import_rows(&plan, chunk).await?;
            }
            progress.set_position(rows.position());
            progress.set_message(format!("{seen} rows"));
        }
        progress.finish_and_clear();
        if !self.dry_run {
            counts = app.end_import(&plan).await?;
            if let Some(report) = &mut report {
                whole_report(app, &plan, report).await?;
            }
        }
        self.tell(json, &counts);
        Ok(Found::when(counts.get(&RowOutcome::Refused).is_some_and(|n| *n > 0)))
    }

    async fn rows(&self, mapping: &Mapping) -> Result<Rows, Failure> {
        match (&self.file, &self.table, &self.postgres_url_file) {
            (Some(file), _, _) => Rows::of_file(file),
            (None, Some(table), Some(url)) => Rows::of_table(read(url)?.trim(), table, mapping.number.as_deref()).await,
            _ => Err(Failure::new("usage", "name a file, or --table with --postgres-url-file")),
        }
    }

    fn tell(&self, json: bool, counts: &Counts) {
        let n = |outcome| counts.get(&outcome).copied().unwrap_or_default();
        let told = json!({
            "import": self.name,
            "dry_run": self.dry_run,
            "brought": n(RowOutcome::Brought),
            "partly": n(RowOutcome::Partly),
            "refused": n(RowOutcome::Refused),
            "deleted": n(RowOutcome::Deleted),
        });
        output::answer(json, &told, || {
            let verb = if self.dry_run { "would be brought in" } else { "brought in" };
            [
                format!("{:>9}  {verb}, whole", n(RowOutcome::Brought)),
                format!("{:>9}  {verb}, some of it left out or waiting in the quarantine", n(RowOutcome::Partly)),
                format!("{:>9}  refused", n(RowOutcome::Refused)),
                format!(
                    "{:>9}  deleted before, not brought in: erase these in the old table too",
                    n(RowOutcome::Deleted)
                ),
            ]
            .join("\n")
        });
    }
}

async fn whole_report(app: &avouch::App, plan: &Plan, report: &mut csv::Writer<std::fs::File>) -> Result<(), Failure> {
    let mut after = i64::MIN;
    loop {
        let page = app.import_report(plan, after, 10_000).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for row in &page {
            lines(report, row).map_err(|e| Failure::new("file", e.to_string()))?;
        }
    }
    report.flush().map_err(|e| Failure::new("file", e.to_string()))
}
