//! `avouch backup`: a consistent copy of data and keys, each sealed under a key of its own, while people are served.
//!
//! Keeps promise 5.5.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use avouch_store::{BackupTo, DATA_FILE, KEYS_FILE};
use clap::Args;
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};
use crate::root_key;

/// Make a backup.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch backup --to /backup/2026-12-01 --keys-to /elsewhere/2026-12-01 --config \
                        avouch.toml\n\nThe keys it is sealed under are not in it: keep copies of them apart, see \
                        docs/backup.md.")]
pub(crate) struct Backup {
    /// The folder to put the data's file into; made when it is not there, never written over.
    #[arg(long)]
    to: PathBuf,
    /// Another folder for the key store's file; best on another machine.
    #[arg(long)]
    keys_to: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

impl Backup {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let (config, _) = self.place.configured()?;
        let opened = self.place.beside().await?;
        let (data_key, keys_key) = root_key::of_backups(&config, true)?;
        let keys_to = self.keys_to.as_ref().unwrap_or(&self.to);
        for folder in [&self.to, keys_to] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|e| Failure::new("folder", format!("cannot make {}: {e}", folder.display())))?;
        }
        let (data, keys) = (self.to.join(DATA_FILE), keys_to.join(KEYS_FILE));
        let to = BackupTo { data: &data, keys: &keys, data_key: &data_key, keys_key: &keys_key };
        let bar = output::counter("rows and pictures");
        let made = opened.app.back_up(&to, &mut |count| bar.set_position(count)).await?;
        bar.finish_and_clear();
        let places = json!({ "data": data, "keys": keys, "backup": made });
        output::answer(json, &places, || {
            let b = &made.backup;
            format!(
                "Data  {} ({} rows, {} objects, {} bytes)\nKeys  {} ({} rows, {} bytes)\nTo restore it you need both \
                 keys of backups, the root key, and the journals of today and later.",
                data.display(),
                b.rows,
                b.objects,
                b.data_bytes,
                keys.display(),
                b.keys,
                b.key_bytes
            )
        });
        Ok(Found::Nothing)
    }
}
