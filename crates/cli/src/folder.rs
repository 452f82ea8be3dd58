//! The data folder: what lies where, and how it is opened.
//!
//! ```text
//! DIR/avouch.lock        one serving process at a time
//! DIR/keeper.lock        one process beside it that looks after keys and backups
//! DIR/keys/root.key      the root key (keep its backup elsewhere)
//! DIR/journals/           what must hold in a restored backup too (best elsewhere)
//! DIR/cn.restoring/       where a restore works before it takes its place
//! DIR/cn/data.db         the region's data
//! DIR/cn/keys.db         the region's key store, apart from data and its backups
//! DIR/cn/objects/        sealed pictures and videos, in objects with random names
//! ```

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use avouch::{App, Settings};
use avouch_policy::{File as PolicyFile, Policy, Source};
use avouch_seal::{Entropy, Kms, Region, SystemEntropy};
use avouch_store::{Location, PostgresConfig, Store, StoreConfig};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::output::Failure;
use crate::root_key;

/// An opened installation.
pub(crate) struct Opened {
    /// Avouch over it.
    pub app: App,
    /// The policy's source, for the archive.
    pub source: Source,
    /// Held as long as the folder is ours.
    _lock: Option<File>,
}

/// The policy this binary ships, which the demo runs.
pub(crate) fn shipped() -> Source {
    Source {
        facts: PolicyFile::new("policy/policy.toml", include_str!("../../../policy/policy.toml")),
        texts: vec![
            ("en".into(), PolicyFile::new("policy/text/en.md", include_str!("../../../policy/text/en.md"))),
            ("zh-CN".into(), PolicyFile::new("policy/text/zh-CN.md", include_str!("../../../policy/text/zh-CN.md"))),
        ],
    }
}

/// Reads a policy's folder.
pub(crate) fn read_policy(folder: &Path) -> Result<Source, Failure> {
    let read = |path: &Path| {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| Failure::new("policy", format!("cannot read {shown}: {e}")))?;
        PolicyFile::from_bytes(shown, &bytes).map_err(|faults| Failure::new("policy", faults.report(false)))
    };
    let facts = read(&folder.join("policy.toml"))?;
    let mut texts = Vec::new();
    let text = folder.join("text");
    if text.is_dir() {
        let listed = std::fs::read_dir(&text)
            .map_err(|e| Failure::new("policy", format!("cannot read {}: {e}", text.display())))?;
        let mut paths: Vec<PathBuf> =
            listed.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "md")).collect();
        paths.sort();
        for path in paths {
            let language = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            texts.push((language, read(&path)?));
        }
    }
    Ok(Source { facts, texts })
}

/// Loads a policy; the failure shows every fault.
pub(crate) fn load(source: &Source) -> Result<Policy, Failure> {
    Policy::load(source).map_err(|faults| Failure::new("policy", faults.report(false)))
}

pub(crate) fn locations(config: &Config, region: &str) -> Result<(Location, Location), Failure> {
    let Some(postgres) = &config.postgres else {
        let folder = config.data.join(region);
        return Ok((Location::Sqlite(folder.join("data.db")), Location::Sqlite(folder.join("keys.db"))));
    };
    let at = |path: &Path| -> Result<Location, Failure> {
        let url = std::fs::read_to_string(path)
            .map_err(|e| Failure::new("config", format!("cannot read the URL in {}: {e}", path.display())))?;
        Ok(Location::Postgres(PostgresConfig { url: url.trim().to_owned(), readers: postgres.readers }))
    };
    Ok((at(&postgres.data_url_file)?, at(&postgres.keys_url_file)?))
}

/// The node that looks after keys and backups.
const KEEPER: &str = "keeper";

/// That nobody serves the folder while this is held.
pub(crate) fn serving_lock(folder: &Path) -> Result<File, Failure> {
    lock(folder, "avouch.lock", "is served by another process; stop it, or use its API and console")
}

/// That nobody looks after keys and backups while this is held.
pub(crate) fn keeper_lock(folder: &Path) -> Result<File, Failure> {
    lock(folder, "keeper.lock", "has another `avouch keys` or `avouch backup` at work")
}

fn lock(folder: &Path, name: &str, taken: &str) -> Result<File, Failure> {
    let path = folder.join(name);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Failure::new("folder", format!("cannot write in {}: {e}", folder.display())))?;
    file.try_lock().map_err(|_| Failure::new("folder", format!("{} {taken}", folder.display())))?;
    Ok(file)
}

/// Where each kind of data is, for `doctor`.
pub(crate) fn places(config: &Config, source: &Source) -> Vec<(&'static str, String)> {
    let shown = |location: &Location| match location {
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(_) => "PostgreSQL".to_owned(),
    };
    let name = load(source).map(|p| p.facts().controller.region.clone()).unwrap_or_default();
    let mut out = Vec::new();
    if let Ok((data, keys)) = locations(config, &name) {
        out.push(("Data", shown(&data)));
        out.push(("Keys", shown(&keys)));
    }
    out.push(("Journals", config.journals().display().to_string()));
    let root = match &config.openbao {
        Some(service) => format!("{} ({}/{})", service.address, service.mount, service.key),
        None => root_key::path(config).display().to_string(),
    };
    out.push(("Root key", root));
    out
}

/// What an installation is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To serve or to change: nobody else may at the same time.
    Change,
    /// To look, also while it is served.
    Look,
    /// To look after keys and backups, also while it is served: a writing node of its own name, one at a time.
    Beside,
}

/// The data databases of an installation, by region; nothing is opened.
pub(crate) fn databases(config: &Config, source: &Source) -> Result<Vec<Location>, Failure> {
    let name = load(source)?.facts().controller.region.clone();
    let (data, _) = locations(config, &name)?;
    if let Location::Sqlite(path) = &data
        && !path.exists()
    {
        return Err(Failure::new("folder", format!("there is no database {}", path.display())));
    }
    Ok(vec![data])
}

/// Where a region's store is.
pub(crate) struct Place {
    /// The data.
    pub data: Location,
    /// The key store.
    pub keys: Location,
    /// The folder of the sealed objects.
    pub objects: PathBuf,
}

/// What a region's store is opened with.
pub(crate) fn store_config(
    config: &Config,
    region: Region,
    policy: Arc<Policy>,
    place: Place,
    node: &str,
    kms: Arc<dyn Kms>,
) -> StoreConfig {
    StoreConfig {
        region,
        data: place.data,
        keys: place.keys,
        objects: place.objects,
        journals: config.journals(),
        node: node.to_owned(),
        origin: format!("{}/{region}", config.origin),
        kms,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy) as Arc<dyn Entropy>,
        policy,
        faults: None,
    }
}

/// Where a restore works before it takes its place.
pub(crate) fn staging(config: &Config, region: &str) -> PathBuf {
    config.data.join(format!("{region}.restoring"))
}

/// Removes a region's folder that lies aside; the wrapped keys in it are overwritten first.
pub(crate) fn remove_aside(folder: &Path) -> Result<(), Failure> {
    let fail = |e| Failure::new("folder", format!("{}: {e}", folder.display()));
    for name in ["keys.db", "keys.db-wal"] {
        let Ok(mut file) = OpenOptions::new().write(true).open(folder.join(name)) else { continue };
        let length = file.metadata().map_err(fail)?.len();
        std::io::copy(&mut std::io::repeat(0).take(length), &mut file).map_err(fail)?;
        file.sync_all().map_err(fail)?;
    }
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(fail(e)),
        _ => Ok(()),
    }
}

/// Opens what a restore has just put in its place; the lock of whoever serves is held by the caller.
pub(crate) async fn open_restored(config: &Config, source: Source) -> Result<Opened, Failure> {
    open_locked(config, source, Purpose::Change, None).await
}

/// Opens an installation.
pub(crate) async fn open(config: &Config, source: Source, purpose: Purpose) -> Result<Opened, Failure> {
    let name = load(&source)?.facts().controller.region.clone();
    let fail = |path: &Path, e| Failure::new("folder", format!("{}: {e}", path.display()));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data).map_err(|e| fail(&config.data, e))?;
    let lock = match purpose {
        Purpose::Change if config.postgres.is_none() => Some(serving_lock(&config.data)?),
        Purpose::Beside => Some(keeper_lock(&config.data)?),
        Purpose::Change | Purpose::Look => None,
    };
    let left = staging(config, &name);
    if purpose == Purpose::Change && config.postgres.is_none() && left.exists() {
        // A restore was stopped, before or after it took its place: what lies aside is in use by nobody.
        remove_aside(&left)?;
        tracing::warn!(folder = %left.display(), "what a stopped restore left aside was removed");
    }
    open_locked(config, source, purpose, lock).await
}

async fn open_locked(config: &Config, source: Source, purpose: Purpose, lock: Option<File>) -> Result<Opened, Failure> {
    let policy = Arc::new(load(&source)?);
    let name = policy.facts().controller.region.clone();
    let region = Region::new(&name).map_err(|e| Failure::new("policy", e.to_string()))?;
    let folder = config.data.join(&name);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|e| Failure::new("folder", format!("cannot make {}: {e}", folder.display())))?;
    let kms = root_key::kms(config, &folder)?;
    let (data, keys) = locations(config, &name)?;
    let node = if purpose == Purpose::Beside { KEEPER } else { &config.node };
    let place = Place { data, keys, objects: folder.join("objects") };
    let store = store_config(config, region, policy, place, node, kms);
    let store = if purpose == Purpose::Look { Store::open_to_look(store).await } else { Store::open(store).await }?;
    let outbound = crate::messengers::outbound(config)?;
    let settings = Settings { trusted_proxies: config.trusted_proxies.clone(), ..Settings::default() };
    let mut app = App::new(store, settings).with_outbound(outbound.clone());
    let folder = config.policy.clone();
    if folder.is_dir() {
        let read = move || read_policy(&folder).map_err(|failure| failure.to_string());
        app = app.with_policy_folder(Arc::new(read));
    }
    // What decides is what was released, not what lies in the folder.
    app.refresh_releases().await?;
    if let Some(joint) = &config.joint {
        let partners = joint.open(&app.policy(), &outbound, config.address.as_ref())?;
        app = app.with_partners(partners);
    }
    if let Some(verifier) = &config.verifier {
        let verifier = verifier.open(&app.policy(), outbound.clone())?;
        app = app.with_verifier(verifier);
    }
    let outlets = crate::recipients::open(&config.recipients, &app.policy(), &outbound)?;
    app = app.with_outlets(outlets);
    if purpose != Purpose::Change {
        return Ok(Opened { app, source, _lock: lock });
    }
    let app = app.with_messengers(crate::messengers::of(config, &outbound)?);
    // Before anything is served: what was erased stays erased, also after a crash or a restored backup.
    let resumed = app.resume_erasures().await?;
    if resumed > 0 {
        tracing::warn!(resumed, "erasures that were interrupted, or brought back by a restore, were finished");
    }
    Ok(Opened { app, source, _lock: lock })
}

/// The configuration for a command on a data folder: of `--config`, or of the demo's shape.
pub(crate) fn config_for(config: Option<&Path>, data: Option<&Path>) -> Result<(Config, Source), Failure> {
    match (config, data) {
        (Some(path), _) => {
            let config = Config::read(path)?;
            let source = read_policy(&config.policy)?;
            Ok((config, source))
        }
        (None, Some(data)) => {
            if !data.is_dir() {
                return Err(Failure::new("folder", format!("there is no data folder {}", data.display())));
            }
            let any = ([127, 0, 0, 1], 0).into();
            Ok((Config::demo(data.to_owned(), any, any, any), shipped()))
        }
        (None, None) => Err(Failure::new("usage", "say where: --config FILE, or --data DIR")),
    }
}
