//! `avouch transfer`: a change of hands: seen before, announced, handed over, reported.

use std::path::PathBuf;

use avouch::sharing::transfer::{KINDS, NewTransfer, Preview, from_text, to_text};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Where;
use crate::folder;
use crate::output::{self, Failure, Found};

/// Hand the business over: preview, announce, hand over, call off, report.
#[derive(Debug, Subcommand)]
pub(crate) enum Transfer {
    /// Say whom it concerns, what changes, and what stands against it; nothing is done.
    Preview(Look),
    /// Announce it: every person is told, and purposes that change are frozen until they consent anew.
    Announce(Announce),
    /// From its day on, write everyone's data to a file for the successor; run again, it goes on where it stopped.
    HandOver(HandOver),
    /// Call it off: what was frozen is lifted.
    Off(Off),
    /// Say how many people of each transfer are where.
    Report(Report),
}

/// What is looked at.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch transfer preview --to successor --policy their-policy --data avouch-data")]
pub(crate) struct Look {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    place: Where,
}

/// The successor.
#[derive(Debug, Args)]
struct To {
    /// The successor: a recipient of the policy with role = "successor".
    #[arg(long = "to", value_name = "RECIPIENT")]
    recipient: String,
    /// The folder of the successor's policy.
    #[arg(long, value_name = "FOLDER")]
    policy: PathBuf,
}

/// What is announced.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch transfer announce --kind merger --to successor --policy their-policy \\\n    --effective 2027-03-01T00:00:00Z --by officer --by counsel --data avouch-data"
)]
pub(crate) struct Announce {
    #[command(flatten)]
    to: To,
    /// What kind of change of hands.
    #[arg(long, value_parser = PossibleValuesParser::new(KINDS))]
    kind: String,
    /// From when the successor takes over, RFC 3339.
    #[arg(long)]
    effective: jiff::Timestamp,
    /// The two operators who decided it.
    #[arg(long, required = true, num_args = 1, action = clap::ArgAction::Append)]
    by: Vec<String>,
    #[command(flatten)]
    place: Where,
}

/// What is handed over.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch transfer hand-over 5f… --out people.ndjson --data avouch-data")]
pub(crate) struct HandOver {
    /// The transfer's id, as `announce` gave it.
    id: String,
    /// The file lines are added to.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    place: Where,
}

/// What is called off.
#[derive(Debug, Args)]
pub(crate) struct Off {
    /// The transfer's id.
    id: String,
    #[command(flatten)]
    place: Where,
}

/// Where it is looked at.
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    place: Where,
}

fn id(text: &str) -> Result<[u8; 16], Failure> {
    from_text(text)
        .ok_or_else(|| Failure::new("id", "this is not a transfer's id: `avouch transfer report` lists them"))
}

fn told(preview: &Preview) -> String {
    let mut lines =
        vec![format!("to       {} ({})", preview.name, preview.contact), format!("people   {}", preview.people)];
    for changed in &preview.changed {
        lines.push(format!("changes  {} ({} consented)", changed.label, changed.consenting));
        lines.extend(changed.how.iter().map(|how| format!("         {how}")));
    }
    lines.extend(preview.faults.iter().map(|fault| format!("fault    {fault}")));
    lines.join("\n")
}

impl Transfer {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::Preview(look) => {
                let source = folder::read_policy(&look.to.policy)?;
                let opened = look.place.look().await?;
                let preview = opened.app.preview_transfer(&look.to.recipient, &source).await?;
                output::answer(json, &preview, || told(&preview));
                Ok(if preview.faults.is_empty() { Found::Nothing } else { Found::Something })
            }
            Self::Announce(announce) => announce.run(json).await,
            Self::HandOver(hand_over) => hand_over.run(json).await,
            Self::Off(off) => {
                let opened = off.place.open().await?;
                let receipt = opened.app.call_off_transfer(id(&off.id)?).await?;
                output::answer(json, &json!({ "receipt": receipt }), || "called off".to_owned());
                Ok(Found::Nothing)
            }
            Self::Report(report) => report.run(json).await,
        }
    }
}

impl Announce {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let source = folder::read_policy(&self.to.policy)?;
        let by = <[String; 2]>::try_from(self.by)
            .map_err(|_| Failure::new("by", "two people decide it: say --by twice, with two names"))?;
        let opened = self.place.open().await?;
        let new = NewTransfer { kind: self.kind, recipient: self.to.recipient, source, effective: self.effective, by };
        let (transfer, receipt) = opened.app.announce_transfer(new).await?;
        let name = to_text(&transfer);
        // Who is told now need not wait for the server.
        let people = opened.app.tell_everybody(transfer).await?;
        output::answer(json, &json!({ "transfer": name, "told": people, "receipt": receipt }), || {
            format!("{name}\n{people} people told")
        });
        Ok(Found::Nothing)
    }
}

impl HandOver {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.open().await?;
        let shown = self.out.display().to_string();
        let failed = |e: std::io::Error| Failure::new("write", format!("cannot write {shown}: {e}"));
        let mut file =
            std::os::unix::fs::OpenOptionsExt::mode(std::fs::OpenOptions::new().append(true).create(true), 0o600)
                .open(&self.out)
                .map_err(failed)?;
        let report = opened.app.hand_over(id(&self.id)?, &mut file).await?;
        file.sync_all().map_err(failed)?;
        output::answer(json, &report, || {
            let outcomes = report.counts.outcomes.iter().map(|(outcome, people)| format!("{people:>8}  {outcome}"));
            let lines: Vec<String> = outcomes.chain([format!("{:>8}  records in {shown}", report.records)]).collect();
            lines.join("\n")
        });
        Ok(Found::Nothing)
    }
}

impl Report {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.look().await?;
        let transfers = opened.app.transfers().await?;
        let data: Vec<_> = transfers
            .iter()
            .map(|(transfer, counts)| {
                json!({
                    "transfer": to_text(&transfer.id),
                    "kind": transfer.kind,
                    "to": transfer.recipient,
                    "agreement": transfer.agreement,
                    "changed": transfer.changed,
                    "announced": transfer.announced,
                    "effective": transfer.effective,
                    "stage": transfer.stage,
                    "ended": transfer.ended,
                    "counts": counts,
                })
            })
            .collect();
        output::answer(json, &data, || {
            let mut lines = Vec::new();
            for (transfer, counts) in &transfers {
                let name = to_text(&transfer.id);
                lines.push(format!("{name}  {} to {}, {:?}", transfer.kind, transfer.recipient, transfer.stage));
                lines.push(format!("{:>8}  told, {} by message", counts.told, counts.messages));
                for (outcome, people) in counts.outcomes.iter().filter(|(outcome, _)| !outcome.is_empty()) {
                    lines.push(format!("{people:>8}  {outcome}"));
                }
            }
            if lines.is_empty() {
                lines.push("No transfer was announced.".to_owned());
            }
            lines.join("\n")
        });
        Ok(Found::Nothing)
    }
}
