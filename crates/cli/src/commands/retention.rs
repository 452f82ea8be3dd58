//! `avouch retention run`: delete what is past its end, or tell what would go.

use clap::{Args, Subcommand};

use super::Where;
use crate::output::{self, Failure, Found};

/// Delete what is past its end.
#[derive(Debug, Subcommand)]
pub(crate) enum Retention {
    /// Delete it now; with --dry-run only tell.
    Run(Run),
}

/// Delete it now; with --dry-run only tell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch retention run --dry-run --data avouch-demo")]
pub(crate) struct Run {
    /// Only tell what would go.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Where,
}

impl Retention {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let Self::Run(run) = self;
        let opened = if run.dry_run { run.place.look().await? } else { run.place.open().await? };
        let sweep = opened.app.sweep(run.dry_run).await?;
        output::answer(json, &sweep, || {
            let verb = if run.dry_run { "would go" } else { "gone" };
            let mut lines: Vec<String> =
                sweep.records.iter().map(|(what, n)| format!("{n:>8}  {what}  {verb}")).collect();
            lines.push(format!("{:>8}  brought over and never answered  {verb}", sweep.quarantined));
            lines.push(format!("{:>8}  kept by law, past its term  {verb}", sweep.held));
            lines.join("\n")
        });
        Ok(Found::Nothing)
    }
}
