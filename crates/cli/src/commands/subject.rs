//! `avouch subject`: one person's export or erasure, by those who run the server.

use std::io::Write;
use std::path::PathBuf;

use avouch_seal::SubjectId;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Export or erase one person.
#[derive(Debug, Subcommand)]
pub(crate) enum Subject {
    /// Write everything held of a person into a zip file.
    Export(Export),
    /// Erase a person for good: their key is destroyed.
    Erase(Erase),
}

/// Write everything held of a person into a zip file.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch subject export cn-… --out person.zip --data avouch-demo")]
pub(crate) struct Export {
    /// The subject's id.
    subject: SubjectId,
    /// The file to write; it must not be there yet.
    #[arg(long)]
    out: PathBuf,
    /// The language of the readable page.
    #[arg(long, default_value = "en")]
    language: String,
    #[command(flatten)]
    place: Where,
}

/// Erase a person for good.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch subject erase cn-… --yes --data avouch-demo")]
pub(crate) struct Erase {
    /// The subject's id.
    subject: SubjectId,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Where,
}

impl Subject {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::Export(export) => export.run(json).await,
            Self::Erase(erase) => erase.run(json).await,
        }
    }
}

impl Export {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.open().await?;
        let export = opened.app.export(self.subject, &self.language).await?;
        let shown = self.out.display().to_string();
        let told = |e: std::io::Error| Failure::new("write", format!("cannot write {shown}: {e}"));
        let mut file =
            std::os::unix::fs::OpenOptionsExt::mode(std::fs::OpenOptions::new().write(true).create_new(true), 0o600)
                .open(&self.out)
                .map_err(told)?;
        let receipt = export.receipt.clone();
        let (mut parts, mut bytes) = (export.stream(), 0);
        while let Some(part) = parts.recv().await {
            let part = part.map_err(told)?;
            file.write_all(&part).map_err(told)?;
            bytes += part.len();
        }
        file.sync_all().map_err(told)?;
        let data = json!({ "file": shown, "bytes": bytes, "receipt": receipt });
        output::answer(json, &data, || format!("{shown}: {bytes} bytes"));
        Ok(Found::Nothing)
    }
}

impl Erase {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.open().await?;
        opened.app.account(self.subject).await?;
        if !self.yes {
            let id = self.subject.to_string();
            output::confirm(&format!("Erase {id} for good? Nothing brings it back. Type the id"), &id)?;
        }
        let certificate = opened.app.erase(self.subject).await?;
        output::answer(json, &certificate, || {
            let rows: u64 = certificate.deleted.iter().map(|(_, n)| n).sum();
            format!(
                "Erased: key destroyed, {rows} rows deleted, {} values kept by law. Backups of the key store roll off in {}. Leaf {} of log {}.",
                certificate.kept, certificate.backups_until, certificate.receipt.index, certificate.receipt.log
            )
        });
        Ok(Found::Nothing)
    }
}
