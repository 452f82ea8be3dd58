//! Who keeps the root key, as configured.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use avouch::security::openbao::OpenBao;
use avouch_seal::{KeyFile, Kms, Moving, SystemEntropy};

use crate::config::Config;
use crate::output::Failure;

/// Where the key file is.
pub(crate) fn path(config: &Config) -> PathBuf {
    config.root_key.clone().unwrap_or_else(|| config.data.join("keys/root.key"))
}

/// The key file, opened.
pub(crate) fn file(config: &Config) -> Result<KeyFile, Failure> {
    KeyFile::open(&path(config)).map_err(|e| Failure::new("root-key", e.to_string()))
}

/// Whoever keeps it, where it is needed as it is: none is made.
pub(crate) fn existing(config: &Config) -> Result<Arc<dyn Kms>, Failure> {
    let Some(transit) = &config.openbao else { return Ok(Arc::new(file(config)?)) };
    let (reach, root) = crate::messengers::reach(config)?;
    let service = OpenBao::new(transit.clone(), reach, root).map_err(|e| Failure::new("config", e))?;
    if path(config).exists() {
        return Ok(Arc::new(Moving::new(Box::new(file(config)?), Box::new(service))));
    }
    Ok(Arc::new(service))
}

/// The keys that backups are sealed under: of the data, and of the key store. Made where `make` says so.
pub(crate) fn of_backups(config: &Config, make: bool) -> Result<(KeyFile, KeyFile), Failure> {
    let open = |chosen: &Option<PathBuf>, name: &str| {
        let path = chosen.clone().unwrap_or_else(|| config.data.join("keys").join(name));
        let opened = if make && !path.exists() { KeyFile::create(&path, &SystemEntropy) } else { KeyFile::open(&path) };
        opened.map_err(|e| Failure::new("backup-key", format!("the key of backups: {e}")))
    };
    Ok((open(&config.backup.data_key, "backup-data.key")?, open(&config.backup.keys_key, "backup-keys.key")?))
}

/// Whoever keeps it. A key file is made where there is nothing yet that needs one.
pub(crate) fn kms(config: &Config, region: &Path) -> Result<Arc<dyn Kms>, Failure> {
    let path = path(config);
    let fresh =
        config.openbao.is_none() && !path.exists() && config.postgres.is_none() && !region.join("keys.db").exists();
    if fresh {
        let made = KeyFile::create(&path, &SystemEntropy).map_err(|e| Failure::new("root-key", e.to_string()))?;
        return Ok(Arc::new(made));
    }
    existing(config)
}
