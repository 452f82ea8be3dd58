//! `avouch retention`: delete what is past its end or tell what would go, what will end when, certificates.

use std::path::{Path, PathBuf};

use avouch::storage::{certificate, forecast};
use avouch_store::Receipt;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Delete what is past its end, and tell of it.
#[derive(Debug, Subcommand)]
pub(crate) enum Retention {
    /// Delete it now; with --dry-run only tell.
    Run(Run),
    /// Tell what will end, by month.
    Forecast(Forecast),
    /// List the certificates of sweeps, or write one with its proof.
    Certificate(Certificate),
    /// Check a certificate, offline, with the log's key.
    Check(Check),
    /// Show what was counted to be kept as anonymous.
    Anonymous(Anonymous),
}

/// Delete it now; with --dry-run only tell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch retention run --dry-run --data avouch-demo")]
pub(crate) struct Run {
    /// Only tell what would go, by item and rule; nothing is changed.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Where,
}

/// Tell what will end, by month.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch retention forecast --months 24 --svg forecast.svg --data avouch-demo")]
pub(crate) struct Forecast {
    /// How many months, this one included.
    #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(u32).range(1..=i64::from(forecast::MOST_MONTHS)))]
    months: u32,
    /// Draw it into this file, which must not be there.
    #[arg(long)]
    svg: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// List the certificates of sweeps, or write one with its proof.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch retention certificate --of a/412 --out sweep.json --data avouch-demo")]
pub(crate) struct Certificate {
    /// Its leaf, as log/index; the latest when none is named.
    #[arg(long)]
    of: Option<String>,
    /// Write it into this file, which must not be there; without, certificates are listed.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Check a certificate, offline, with the log's key.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch retention check sweep.json --key \"$(cat log.key)\"\n\nExit code 3 when it does not hold."
)]
pub(crate) struct Check {
    /// The certificate.
    file: PathBuf,
    /// The log's public key, as the controller publishes it (`avouch ledger key`). Without it the one in the certificate
    /// is believed.
    #[arg(long)]
    key: Option<String>,
}

/// Show what was counted to be kept as anonymous.
#[derive(Debug, Args)]
pub(crate) struct Anonymous {
    /// The purpose.
    purpose: String,
    #[command(flatten)]
    place: Where,
}

impl Retention {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::Run(run) => run.run(json).await,
            Self::Forecast(forecast) => forecast.run(json).await,
            Self::Certificate(certificate) => certificate.run(json).await,
            Self::Check(check) => check.run(json),
            Self::Anonymous(anonymous) => anonymous.run(json).await,
        }
    }
}

impl Run {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = if self.dry_run { self.place.look().await? } else { self.place.open().await? };
        let sweep = opened.app.sweep(self.dry_run).await?;
        output::answer(json, &sweep, || {
            let verb = if self.dry_run { "would go" } else { "gone" };
            let mut lines: Vec<String> = sweep
                .lines
                .iter()
                .map(|l| format!("{:>8}  {} ({}), by: {}  {verb}", l.count, l.item, l.kind, l.rule))
                .collect();
            lines.push(format!("{:>8}  brought over and never answered  {verb}", sweep.quarantined));
            lines.push(format!("{:>8}  kept by law, past its term  {verb}", sweep.held));
            lines.push(format!("{:>8}  past its end but held, left", sweep.held_back));
            lines.push(format!("{:>8}  unused accounts  {verb}", sweep.unused));
            if let Some(receipt) = &sweep.receipt {
                lines.push(format!("Certificate  {}/{}", receipt.log, receipt.index));
            }
            lines.join("\n")
        });
        Ok(Found::Nothing)
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|e| {
        Failure::new("write", format!("cannot write {}: {e}. Name a file that is not there", path.display()))
    })
}

impl Forecast {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.look().await?;
        let months = opened.app.forecast(self.months).await?;
        if let Some(path) = &self.svg {
            write_new(path, forecast::plot(&months, "What will end in each month").as_bytes())?;
        }
        output::answer(json, &months, || {
            months.iter().map(|m| format!("{}  {:>10}", m.month, m.total)).collect::<Vec<_>>().join("\n")
        });
        Ok(Found::Nothing)
    }
}

impl Certificate {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.look().await?;
        let sweeps = opened.app.sweeps(1_000).await?;
        if self.of.is_none() && self.out.is_none() {
            let list: Vec<_> = sweeps.iter().map(|s| json!({ "leaf": s.receipt, "at": s.at.to_string() })).collect();
            output::answer(json, &list, || {
                let line =
                    |s: &avouch_store::SweepCertificate| format!("{}  {}/{}", s.at, s.receipt.log, s.receipt.index);
                sweeps.iter().map(line).collect::<Vec<_>>().join("\n")
            });
            return Ok(Found::Nothing);
        }
        let receipt = match &self.of {
            None => sweeps.first().map(|s| s.receipt.clone()),
            Some(text) => text
                .rsplit_once('/')
                .and_then(|(log, index)| Some(Receipt { log: log.to_owned(), index: index.parse().ok()? })),
        };
        let receipt = receipt.ok_or_else(|| {
            Failure::new(
                "certificate",
                "there is no such certificate: name its leaf as log/index, as the list shows it",
            )
        })?;
        let certificate = opened.app.sweep_certificate(&receipt).await?;
        let text = serde_json::to_string_pretty(&certificate).unwrap_or_default();
        match &self.out {
            Some(path) => {
                write_new(path, text.as_bytes())?;
                output::answer(json, &json!({ "leaf": receipt, "out": path }), || {
                    format!("Written to {}", path.display())
                });
            }
            None => output::answer(json, &certificate, || text),
        }
        Ok(Found::Nothing)
    }
}

impl Check {
    fn run(self, json: bool) -> Result<Found, Failure> {
        let text = std::fs::read_to_string(&self.file)
            .map_err(|e| Failure::new("read", format!("cannot read {}: {e}", self.file.display())))?;
        let certificate = serde_json::from_str(&text)
            .map_err(|e| Failure::new("read", format!("{} is no certificate: {e}", self.file.display())))?;
        Ok(match certificate::check(&certificate, self.key.as_deref()) {
            Ok(checked) => {
                let found =
                    json!({ "holds": true, "log": checked.log, "index": checked.index, "document": checked.document });
                output::answer(json, &found, || {
                    let document = serde_json::to_string_pretty(&checked.document).unwrap_or_default();
                    format!("It holds: leaf {} of {}\n{document}", checked.index, checked.log)
                });
                Found::Nothing
            }
            Err(why) => {
                output::answer(json, &json!({ "holds": false, "why": why.to_string() }), || {
                    format!("It does not hold: {why}")
                });
                Found::Something
            }
        })
    }
}

impl Anonymous {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.look().await?;
        let cohorts = opened.app.anonymous(&self.purpose).await?;
        let all: Vec<_> = cohorts.iter().map(|(set, cells)| json!({ "set": set, "cells": cells })).collect();
        output::answer(json, &all, || {
            let mut lines = Vec::new();
            for (set, cells) in &cohorts {
                lines.push(format!("{}: {} groups kept, {} refused", set.cohort, set.passed, set.refused));
                lines.extend(cells.iter().map(|c| format!("{:>8}  {}  {}", c.people, c.people_like, c.value)));
            }
            lines.join("\n")
        });
        Ok(Found::Nothing)
    }
}
