//! `avouch.toml`: where an installation keeps things and listens. What people are promised is not here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use avouch::messages::http::Gateway;
use avouch::messages::smtp::Security;
use avouch::outbound::Reach;
use avouch::security::openbao::Transit;
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
    /// Where people come, as their browsers write it: `https://privacy.plaza.example`. Passkeys are bound to it;
    /// without it none are offered, but on this machine itself.
    pub address: Option<avouch::Origin>,
    /// The root key's file; by default in the data folder. Keep its backup elsewhere.
    pub root_key: Option<PathBuf>,
    /// The root key in OpenBao or Vault, in place of a file. Where the file is there still, the key is moving.
    pub openbao: Option<Transit>,
    /// Keys of backups, and where the journal is.
    #[serde(default)]
    pub backup: Backup,
    /// PostgreSQL in place of SQLite.
    pub postgres: Option<Postgres>,
    /// How mail goes out; without it addresses cannot be verified.
    pub mail: Option<Mail>,
    /// How SMS go out; without it numbers cannot be verified.
    pub sms: Option<Sms>,
    /// What may be reached beyond public addresses; nothing by default.
    #[serde(default)]
    pub outbound: Outbound,
    /// Partners whose accounts people can come in with.
    pub joint: Option<crate::joint::Joint>,
    /// Who compares names with the register; without one, staff look.
    pub verifier: Option<crate::verifier::Verifier>,
    /// How recipients are spoken to, by their names in the policy.
    #[serde(default)]
    pub recipients: BTreeMap<String, crate::recipients::Recipient>,
    /// Networks of the proxies in front, whose word on where people come from is believed; none by default.
    #[serde(default)]
    pub trusted_proxies: Vec<avouch::security::proxy::Network>,
    /// A policy that is asked beside the one in force and answers nobody.
    pub shadow: Option<Shadow>,
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

/// A policy in shadow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shadow {
    /// Its folder.
    pub policy: PathBuf,
    /// The purposes it is asked for; every one when none is named.
    #[serde(default)]
    pub purposes: std::collections::BTreeSet<String>,
}

/// Keys of backups, and where the journal is; see docs/backup.md.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backup {
    /// The file of the key that backups of the data are sealed under; by default in the data folder.
    pub data_key: Option<PathBuf>,
    /// The file of the key that backups of the key store are sealed under; by default in the data folder.
    pub keys_key: Option<PathBuf>,
    /// The folder of the journals; by default in the data folder, best on another disk or machine.
    pub journal: Option<PathBuf>,
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

/// How mail goes out: to a folder, or by SMTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) enum Mail {
    /// A folder, for development.
    Outbox(PathBuf),
    /// A server.
    Smtp(Smtp),
}

/// A mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    /// Its name, which its certificate bears.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `tls`, `starttls`, or `none` to this machine.
    pub security: Security,
    /// The user, where it asks for one.
    pub user: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// A root certificate to trust besides the machine's, as PEM.
    pub root_file: Option<PathBuf>,
    /// Whom mail is from.
    pub from: String,
}

/// How SMS go out: to a folder, or by a gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) enum Sms {
    /// A folder, for development.
    Outbox(PathBuf),
    /// A gateway over HTTP.
    Gateway(Box<SmsGateway>),
}

/// A gateway, and the file that holds the secret its requests are signed with.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SmsGateway {
    /// The file.
    pub secret_file: Option<PathBuf>,
    /// The gateway.
    #[serde(flatten)]
    pub gateway: Gateway,
}

/// What calls out of the house may reach beyond public addresses.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Outbound {
    /// A root certificate to trust besides the machine's, as PEM.
    pub root_file: Option<PathBuf>,
    /// What may be reached.
    #[serde(flatten)]
    pub reach: Reach,
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
    /// The folder of the journals.
    pub(crate) fn journals(&self) -> PathBuf {
        self.backup.journal.clone().unwrap_or_else(|| self.data.join("journals"))
    }

    /// What `demo` runs with.
    pub(crate) fn demo(data: PathBuf, site: SocketAddr, api: SocketAddr, console: SocketAddr) -> Self {
        let outbox = data.join("outbox");
        Self {
            data,
            mail: Some(Mail::Outbox(outbox.clone())),
            sms: Some(Sms::Outbox(outbox)),
            policy: PathBuf::new(),
            node: node(),
            origin: "plaza.example".into(),
            address: None,
            root_key: None,
            openbao: None,
            backup: Backup::default(),
            postgres: None,
            outbound: Outbound::default(),
            joint: None,
            verifier: None,
            recipients: BTreeMap::new(),
            trusted_proxies: Vec::new(),
            shadow: None,
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
        let backup = &mut config.backup;
        for path in [&mut config.root_key, &mut backup.data_key, &mut backup.keys_key, &mut backup.journal] {
            *path = path.take().map(|path| base.join(path));
        }
        if let Some(openbao) = &mut config.openbao {
            openbao.token_file = base.join(&openbao.token_file);
        }
        config.data = base.join(&config.data);
        config.policy = base.join(&config.policy);
        if let Some(postgres) = &mut config.postgres {
            postgres.data_url_file = base.join(&postgres.data_url_file);
            postgres.keys_url_file = base.join(&postgres.keys_url_file);
        }
        match &mut config.mail {
            Some(Mail::Outbox(folder)) => *folder = base.join(&*folder),
            Some(Mail::Smtp(smtp)) => {
                for path in [&mut smtp.password_file, &mut smtp.root_file].into_iter().flatten() {
                    *path = base.join(&*path);
                }
            }
            None => {}
        }
        match &mut config.sms {
            Some(Sms::Outbox(folder)) => *folder = base.join(&*folder),
            Some(Sms::Gateway(sms)) => sms.secret_file = sms.secret_file.take().map(|path| base.join(path)),
            None => {}
        }
        config.outbound.root_file = config.outbound.root_file.take().map(|path| base.join(path));
        if let Some(joint) = &mut config.joint {
            joint.beside(base);
        }
        if let Some(shadow) = &mut config.shadow {
            shadow.policy = base.join(&shadow.policy);
        }
        for recipient in config.recipients.values_mut() {
            recipient.beside(base);
        }
        if let Some(verifier) = &mut config.verifier {
            verifier.beside(base);
        }
        Ok(config)
    }
}
