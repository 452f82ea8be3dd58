//! One file a subcommand.

pub(crate) mod border;
pub(crate) mod calendar;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod import;
pub(crate) mod ledger;
pub(crate) mod operator;
pub(crate) mod people;
pub(crate) mod policy;
pub(crate) mod policy_shadow;
pub(crate) mod retention;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod subject;
pub(crate) mod transfer;

use std::path::PathBuf;

use avouch_store::LedgerReader;
use clap::Args;

use crate::folder::{self, Opened, Purpose};
use crate::output::Failure;

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
