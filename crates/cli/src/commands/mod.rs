//! One file a subcommand.

pub(crate) mod backup;
pub(crate) mod border;
pub(crate) mod calendar;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod operator;
pub(crate) mod people;
pub(crate) mod policy;
pub(crate) mod policy_publish;
pub(crate) mod policy_shadow;
pub(crate) mod restore;
pub(crate) mod retention;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod subject;
pub(crate) mod transfer;

use std::path::PathBuf;

use avouch_policy::Source;
use avouch_seal::KeyFile;
use avouch_store::LedgerReader;
use clap::Args;

use crate::config::Config;
use crate::folder::{self, Opened, Purpose};
use crate::output::Failure;
use crate::root_key;

/// Which installation a command is about.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The configuration file.
    #[arg(long, env = "AVOUCH_CONFIG")]
    config: Option<PathBuf>,
    /// The data folder of a demo.
    #[arg(long, conflicts_with = "config")]
    data: Option<PathBuf>,
}

impl Where {
    /// Opens it for a change; refused while it is served.
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        let (config, source) = folder::config_for(self.config.as_deref(), self.data.as_deref())?;
        folder::open(&config, source, Purpose::Change).await
    }

    /// Opens it to look, also while it is served.
    pub(crate) async fn look(&self) -> Result<Opened, Failure> {
        let (config, source) = folder::config_for(self.config.as_deref(), self.data.as_deref())?;
        folder::open(&config, source, Purpose::Look).await
    }

    /// Opens it to look after keys and backups, also while it is served.
    pub(crate) async fn beside(&self) -> Result<Opened, Failure> {
        let (config, source) = folder::config_for(self.config.as_deref(), self.data.as_deref())?;
        folder::open(&config, source, Purpose::Beside).await
    }

    /// Its root key's file.
    pub(crate) fn root_key_file(&self) -> Result<KeyFile, Failure> {
        root_key::file(&self.configured()?.0)
    }

    /// Its configuration and policy.
    pub(crate) fn configured(&self) -> Result<(Config, Source), Failure> {
        folder::config_for(self.config.as_deref(), self.data.as_deref())
    }

    /// Its ledgers; needs no key.
    pub(crate) fn ledgers(&self) -> Result<Vec<LedgerReader>, Failure> {
        let (config, source) = folder::config_for(self.config.as_deref(), self.data.as_deref())?;
        let opened: Result<Vec<_>, _> = folder::databases(&config, &source)?.iter().map(LedgerReader::open).collect();
        Ok(opened?)
    }

    /// Where each kind of data is.
    pub(crate) fn places(&self) -> Vec<(&'static str, String)> {
        match folder::config_for(self.config.as_deref(), self.data.as_deref()) {
            Ok((config, source)) => folder::places(&config, &source),
            Err(_) => Vec::new(),
        }
    }
}
