//! `avouch restore`: a backup brought back, with everything re-applied that must not come back with it.
//!
//! It works aside and then takes the place of what is there, at once: stopped or failed before that, everything is as
//! it was; after it, the next start ends what was left.
//!
//! Keeps promises 5.2, 5.5 and 6.3.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use avouch::storage::backup::{Reapplied, bring_back};
use avouch_seal::{Kms, Region, SystemEntropy};
use avouch_store::{BackupHead, DATA_FILE, KEYS_FILE, Location, backup_head};
use clap::Args;
use serde_json::json;

use super::Where;
use crate::config::Config;
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
        let _serving = if config.postgres.is_none() { Some(folder::serving_lock(&config.data)?) } else { None };
        let _keeping = folder::keeper_lock(&config.data)?;
        let aside = Aside::new(&config, &name)?;
        if self.keep_keys && aside.sqlite && !aside.home.join("keys.db").exists() {
            let why = format!("there is no key store in {}: restore both files", aside.home.display());
            return Err(Failure::new("refused", why));
        }
        if aside.replaces() && !self.yes {
            let ask = format!(
                "{} holds data that will be replaced by that of {}. Type replace",
                aside.home.display(),
                head.made
            );
            output::confirm(&ask, "replace")?;
        }
        let kms: Arc<dyn Kms> = root_key::existing(&config)?;
        let (data_key, keys_key) = root_key::of_backups(&config, false)?;
        let place = aside.begin(&config, &name, self.keep_keys)?;
        let from = avouch_store::Restore {
            data_file: &data_file,
            keys_file: (!self.keep_keys).then_some(keys_file.as_path()),
            data_key: &data_key,
            keys_key: &keys_key,
            data: &place.data.clone(),
            keys: &place.keys.clone(),
            objects: &place.objects.clone(),
            entropy: &SystemEntropy,
        };
        let bar = output::counter("rows and pictures");
        let opening = folder::store_config(&config, region, policy, place, &config.node, kms);
        let brought = bring_back(&from, opening, &mut |count| bar.set_position(count)).await;
        bar.finish_and_clear();
        let (head, reapplied) = match brought {
            Ok(brought) => brought,
            Err(fault) => {
                aside.remove()?;
                return Err(fault.into());
            }
        };
        aside.swap()?;
        // What is in its place now ends what waited for it: keys whose people it did not bring back.
        drop(folder::open_restored(&config, source).await?);
        let data = json!({ "made": head.made, "id": head.id, "reapplied": reapplied });
        output::answer(json, &data, || said(&head, &reapplied));
        Ok(Found::Nothing)
    }
}

fn said(head: &BackupHead, done: &Reapplied) -> String {
    let until = done.journal_until.map_or_else(|| "are empty".to_owned(), |at| format!("go up to {at}"));
    let shut = if done.shut.is_empty() {
        String::new()
    } else {
        format!(
            "\nShut, because they were shut or changed since: {}. See to each and open it again.",
            done.shut.join(", ")
        )
    };
    format!(
        "Restored the backup of {}. The journals {until}: re-applied {} erasures, {} answers, {} deletions, {} \
         cancellations, {} links and tokens that ended, {} passwords and contacts that were replaced. Everybody logs in \
         anew. The ledger goes on under another name: the old log ends where the backup was made.{shut}\nNot known, and \
         not brought back: what was collected, corrected and consented to since, disclosures since and how many people \
         they were of. See docs/backup.md.",
        head.made, done.erased, done.answers, done.deleted, done.cancelling, done.ended, done.replaced
    )
}

/// Where a restore works before it takes the place of what is there. A disk that is full, or a kill, leaves what was
/// there as it was. With PostgreSQL nothing is replaced: databases and the folder of objects are to be empty.
struct Aside {
    /// The region's folder.
    home: PathBuf,
    /// The folder beside it.
    staging: PathBuf,
    sqlite: bool,
}

impl Aside {
    fn new(config: &Config, region: &str) -> Result<Self, Failure> {
        let aside = Self {
            home: config.data.join(region),
            staging: folder::staging(config, region),
            sqlite: config.postgres.is_none(),
        };
        aside.remove()?;
        Ok(aside)
    }

    /// Whether something is there that would be replaced.
    fn replaces(&self) -> bool {
        self.sqlite && self.home.join("data.db").exists()
    }

    fn begin(&self, config: &Config, region: &str, keep_keys: bool) -> Result<Place, Failure> {
        let folder = if self.sqlite { &self.staging } else { &self.home };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(told(folder))?;
        let objects = folder.join("objects");
        if !self.sqlite {
            let (data, keys) = folder::locations(config, region)?;
            return Ok(Place { data, keys, objects });
        }
        if keep_keys {
            // A copy, which nobody writes but this: both locks are held. The one in use stays whole until the swap.
            for one in ["keys.db", "keys.db-wal"] {
                let from = self.home.join(one);
                if from.exists() {
                    std::fs::copy(&from, folder.join(one)).map_err(told(&from))?;
                }
            }
        }
        let at = |name| Location::Sqlite(folder.join(name));
        Ok(Place { data: at("data.db"), keys: at("keys.db"), objects })
    }

    /// Puts what was made into its place, at once; what was there goes.
    fn swap(&self) -> Result<(), Failure> {
        if !self.sqlite {
            return Ok(());
        }
        let (made, home) = (&self.staging, &self.home);
        if home.exists() {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            renameat_with(CWD, made, CWD, home, RenameFlags::EXCHANGE).map_err(|e| told(home)(e.into()))?;
        } else {
            std::fs::rename(made, home).map_err(told(home))?;
        }
        if let Some(parent) = home.parent() {
            std::fs::File::open(parent).and_then(|f| f.sync_all()).map_err(told(parent))?;
        }
        self.remove()
    }

    /// Removes what lies aside.
    fn remove(&self) -> Result<(), Failure> {
        folder::remove_aside(&self.staging)
    }
}
