//! `avouch restore`: a backup brought back, with everything re-applied that must not come back with it.
//!
//! Keeps promises 5.2, 5.5 and 6.3.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use avouch::{App, Settings};
use avouch_seal::{Kms, Region, SystemEntropy};
use avouch_store::{DATA_FILE, KEYS_FILE, Location, Store, backup_head};
use clap::Args;
use serde_json::json;

use super::Where;
use crate::folder::{self, Place};
use crate::output::{self, Failure, Found};
use crate::root_key;

/// Bring a backup back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  avouch restore --from /backup/2026-12-01 --keys-from /elsewhere/2026-12-01 \
                        --config avouch.toml\n  avouch restore --from /backup/2026-12-01 --keep-keys --yes --config \
                        avouch.toml\n\nWhat was erased, withdrawn and deleted since is re-applied from the journals \
                        before it serves. Without them nothing is restored.")]
pub(crate) struct Restore {
    /// The folder with the data's file.
    #[arg(long)]
    from: PathBuf,
    /// The folder with the key store's file, where it is another.
    #[arg(long, conflicts_with = "keep_keys")]
    keys_from: Option<PathBuf>,
    /// Only the data was lost: the key store that is here stays.
    #[arg(long)]
    keep_keys: bool,
    /// Do not ask before what is here is replaced.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Where,
}

fn told(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let shown = path.display().to_string();
    move |e| Failure::new("folder", format!("{shown}: {e}"))
}

/// Removes a file with what SQLite keeps beside it, or a folder; one that is not there is no fault.
fn remove(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return std::fs::remove_dir_all(path).map_err(told(path));
    }
    for end in ["", "-wal", "-shm"] {
        let one = PathBuf::from(format!("{}{end}", path.display()));
        match std::fs::remove_file(&one) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(told(&one)(e)),
            _ => {}
        }
    }
    Ok(())
}

impl Restore {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let (config, source) = self.place.configured()?;
        let policy = Arc::new(folder::load(&source)?);
        let name = policy.facts().controller.region.clone();
        let region = Region::new(&name).map_err(|e| Failure::new("policy", e.to_string()))?;
        let data_file = self.from.join(DATA_FILE);
        let keys_file = self.keys_from.as_ref().unwrap_or(&self.from).join(KEYS_FILE);
        let head = backup_head(&data_file)?;
        if head.region != name {
            let why = format!("the backup is of the region {}, and this is {name}", head.region);
            return Err(Failure::new("refused", why));
        }
        let _lock = if config.postgres.is_none() { Some(folder::serving_lock(&config.data)?) } else { None };
        let home = config.data.join(&name);
        let (data, keys) = folder::locations(&config, &name)?;
        let sqlite = config.postgres.is_none();
        let (kept_keys, staging) = (keys.clone(), config.data.join(format!("{name}.restoring")));
        if sqlite && home.join("data.db").exists() && !self.yes {
            let ask =
                format!("{} holds data that will be replaced by that of {}. Type replace", home.display(), head.made);
            output::confirm(&ask, "replace")?;
        }
        let place = if sqlite {
            remove(&staging)?;
            std::fs::create_dir_all(&staging).map_err(told(&staging))?;
            Place {
                data: Location::Sqlite(staging.join("data.db")),
                keys: if self.keep_keys { kept_keys } else { Location::Sqlite(staging.join("keys.db")) },
                objects: staging.join("objects"),
            }
        } else {
            Place { data, keys, objects: home.join("objects") }
        };
        let kms: Arc<dyn Kms> = root_key::existing(&config)?;
        let (data_key, keys_key) = root_key::of_backups(&config, false)?;
        let bar = output::counter("rows and pictures");
        let from = avouch_store::Restore {
            data_file: &data_file,
            keys_file: (!self.keep_keys).then_some(keys_file.as_path()),
            data_key: &data_key,
            keys_key: &keys_key,
            data: &place.data,
            keys: &place.keys,
            objects: &place.objects,
            entropy: &SystemEntropy,
        };
        let head = avouch_store::restore(&from, &mut |count| bar.set_position(count)).await?;
        bar.finish_and_clear();
        let store =
            Store::open_restored(folder::store_config(&config, region, policy, place, &config.node, kms)).await?;
        let (reapplied, last) = {
            let app = App::new(store, Settings::default());
            let last = app.store.since(&head)?.last();
            (app.reapply(&head).await?, last)
        };
        if sqlite {
            std::fs::create_dir_all(&home).map_err(told(&home))?;
            for what in ["data.db", "keys.db", "objects"] {
                if what == "keys.db" && self.keep_keys {
                    continue;
                }
                remove(&home.join(what))?;
                for end in ["", "-wal", "-shm"] {
                    let from = staging.join(format!("{what}{end}"));
                    let to = home.join(format!("{what}{end}"));
                    if from.exists() {
                        std::fs::rename(&from, &to).map_err(told(&to))?;
                    }
                }
            }
            remove(&staging)?;
        }
        let data = json!({ "made": head.made, "id": head.id, "journal_until": last, "reapplied": reapplied });
        output::answer(json, &data, || {
            let until = last.map_or_else(|| "are empty".to_owned(), |at| format!("go up to {at}"));
            format!(
                "Restored the backup of {}. The journals {until}: re-applied {} erasures, {} answers, {} deletions, {} \
                 cancellations. Everybody logs in anew. The ledger goes on under another name: the old log ends where \
                 the backup was made.",
                head.made, reapplied.erased, reapplied.answers, reapplied.deleted, reapplied.cancelling
            )
        });
        Ok(Found::Nothing)
    }
}
