//! `avouch.toml`: where an installation keeps things and listens. What people are promised is not here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::output::Failure;

/// The configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of the policy: `policy.toml` and `text/`.
    pub policy: PathBuf,
    /// This node's name; each writing process needs its own.
    #[serde(default = "node")]
    pub node: String,
    /// The public name of the ledger, such as your domain.
    pub origin: String,
    /// The root key's file; by default in the data folder. Keep its backup elsewhere.
    pub root_key: Option<PathBuf>,
    /// PostgreSQL in place of SQLite.
    pub postgres: Option<Postgres>,
    /// Who compares names with the register; without one, staff look.
    pub verifier: Option<crate::verifier::Verifier>,
    /// Where people come.
    #[serde(default = "site")]
    pub site: SocketAddr,
    /// Where services come.
    #[serde(default = "api")]
    pub api: SocketAddr,
    /// Where staff come; loopback unless you say otherwise.
    #[serde(default = "console")]
    pub console: SocketAddr,
}

/// Two databases of PostgreSQL: data and keys apart, best on two servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Postgres {
    /// A file that holds the URL of the data database.
    pub data_url_file: PathBuf,
    /// A file that holds the URL of the key store.
    pub keys_url_file: PathBuf,
    /// Connections for reading, to each.
    #[serde(default = "readers")]
    pub readers: usize,
}

fn node() -> String {
    "a".into()
}

fn readers() -> usize {
    8
}

fn site() -> SocketAddr {
    ([127, 0, 0, 1], 8420).into()
}

fn api() -> SocketAddr {
    ([127, 0, 0, 1], 8421).into()
}

fn console() -> SocketAddr {
    ([127, 0, 0, 1], 8422).into()
}

impl Config {
    /// What `demo` runs with.
    pub(crate) fn demo(data: PathBuf, site: SocketAddr, api: SocketAddr, console: SocketAddr) -> Self {
        Self {
            data,
            policy: PathBuf::new(),
            node: node(),
            origin: "plaza.example".into(),
            root_key: None,
            postgres: None,
            verifier: None,
            site,
            api,
            console,
        }
    }

    /// Reads a configuration file; paths in it are relative to it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|e| Failure::new("config", format!("cannot read {shown}: {e}")))?;
        let mut config: Self =
            toml::from_str(&text).map_err(|e| Failure::new("config", format!("{shown} is not right:\n{e}")))?;
        let base = path.parent().unwrap_or_else(|| Path::new("."));
        for path in [Some(&mut config.data), Some(&mut config.policy), config.root_key.as_mut()].into_iter().flatten() {
            *path = base.join(&*path);
        }
        if let Some(postgres) = &mut config.postgres {
            postgres.data_url_file = base.join(&postgres.data_url_file);
            postgres.keys_url_file = base.join(&postgres.keys_url_file);
        }
        if let Some(verifier) = &mut config.verifier {
            verifier.beside(base);
        }
        Ok(config)
    }
}
