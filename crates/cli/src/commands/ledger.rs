//! `avouch ledger`: verification of every leaf, hash, node and signed head.

use clap::{Args, Subcommand};
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Check the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Check every leaf, hash, node and signed head; name what is wrong.
    Verify(Verify),
    /// Print the public key of each log.
    Key(Verify),
}

/// Which installation.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch ledger verify --data avouch-demo\n\nExit code 3 when anything is wrong.")]
pub(crate) struct Verify {
    #[command(flatten)]
    place: Where,
}

impl Ledger {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::Verify(verify) => verify.verify(json).await,
            Self::Key(verify) => verify.key(json).await,
        }
    }
}

impl Verify {
    async fn verify(self, json: bool) -> Result<Found, Failure> {
        let mut logs = Vec::new();
        let mut words = Vec::new();
        let mut faulty = false;
        for ledger in self.place.ledgers()? {
            for head in ledger.heads().await? {
                let report = ledger.verify(&head.log).await?;
                faulty |= !report.faults.is_empty();
                words.push(format!(
                    "log {}: {} leaves, {} signed heads, {}",
                    head.log,
                    report.leaves,
                    report.checkpoints,
                    if report.faults.is_empty() {
                        "whole".to_owned()
                    } else {
                        format!("{} faults", report.faults.len())
                    }
                ));
                words.extend(report.faults.iter().map(|f| format!("  {f}")));
                logs.push(json!({
                    "log": head.log,
                    "size": head.size,
                    "root": hex(&head.root),
                    "key": head.verifier,
                    "report": report,
                }));
            }
        }
        output::answer(json, &json!({ "whole": !faulty, "logs": logs }), || words.join("\n"));
        Ok(Found::when(faulty))
    }

    async fn key(self, json: bool) -> Result<Found, Failure> {
        let mut heads = Vec::new();
        for ledger in self.place.ledgers()? {
            heads.extend(ledger.heads().await?);
        }
        let keys: Vec<_> = heads.iter().map(|h| json!({ "log": h.log, "key": h.verifier })).collect();
        output::answer(json, &keys, || heads.iter().map(|h| h.verifier.clone()).collect::<Vec<_>>().join("\n"));
        Ok(Found::Nothing)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
