//! `avouch serve`: three listeners, and the worker.

use std::net::SocketAddr;
use std::path::PathBuf;

use avouch::App;
use avouch::updates::archive::Began;
use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::config::{Config, Mail, Sms};
use crate::folder;
use crate::output::{self, Failure, Found};

/// Serve a policy: the site for people, the API for services, the console for staff.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch serve --config avouch.toml\n\nThe console's one-time link is printed at the first start; see docs/configuration.md for the file."
)]
pub(crate) struct Serve {
    /// The configuration file.
    #[arg(long, env = "AVOUCH_CONFIG")]
    config: PathBuf,
}

/// Where to go, once everything listens.
#[derive(Debug, Serialize)]
pub(crate) struct Ready {
    /// The site, for people.
    pub site: String,
    /// The service API.
    pub api: String,
    /// The console, for staff.
    pub console: String,
    /// A one-time link into the console; only when one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_link: Option<String>,
    /// A credential for the API; only when one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Invented people to log in as; only in the demo, at its first start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<super::people::Invented>,
    /// The data folder.
    pub data: String,
    /// The folder messages go to in place of mail and SMS, where that is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbox: Option<String>,
}

/// The three listeners, bound.
pub(crate) struct Listeners {
    pub site: TcpListener,
    pub api: TcpListener,
    pub console: TcpListener,
}

async fn bind(what: &str, at: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(at).await.map_err(|e| {
        Failure::new(
            "listen",
            format!("the {what} cannot listen on {at}: {e}. Choose another address, or port 0 for any"),
        )
    })
}

fn url(listener: &TcpListener) -> String {
    listener.local_addr().map(|a| format!("http://{a}")).unwrap_or_default()
}

impl Listeners {
    pub(crate) async fn bind(config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            site: bind("site", config.site).await?,
            api: bind("service API", config.api).await?,
            console: bind("console", config.console).await?,
        })
    }

    /// The address people come to: the one that is configured, or this machine's own name where it serves itself.
    pub(crate) fn origin(&self, config: &Config) -> Option<avouch::Origin> {
        config.address.clone().or_else(|| {
            let at = self.site.local_addr().ok().filter(|at| at.ip().is_loopback())?;
            format!("http://localhost:{}", at.port()).parse().ok()
        })
    }

    pub(crate) fn ready(&self, config: &Config) -> Ready {
        Ready {
            site: url(&self.site),
            api: url(&self.api),
            console: url(&self.console),
            console_link: None,
            credential: None,
            people: Vec::new(),
            data: config.data.display().to_string(),
            outbox: match (&config.mail, &config.sms) {
                (Some(Mail::Outbox(folder)), _) | (_, Some(Sms::Outbox(folder))) => Some(folder.display().to_string()),
                _ => None,
            },
        }
    }
}

/// A link into the console for the first operator.
pub(crate) async fn console_link(app: &App, console: &str) -> Result<String, Failure> {
    Ok(format!("{console}/enter/{}", app.operator_link("officer").await?))
}

/// Says so when the policy of the folder is not the one in force.
pub(crate) fn tell_other(began: &Began) {
    if let Began::Other { in_force, given } = began {
        tracing::warn!(
            in_force = %in_force,
            given = %given,
            "the policy in the folder was never released here and decides nothing; release it in the console"
        );
    }
}

/// Serves until it is told to stop.
pub(crate) async fn run(app: App, listeners: Listeners, config: &Config) -> Result<Found, Failure> {
    let app = match listeners.origin(config) {
        Some(origin) => app.at(origin),
        None => app,
    };
    let worker = tokio::spawn(work(app.clone()));
    // Beside the one that sweeps: a recipient that answers slowly keeps nobody else waiting.
    let more: Vec<_> = (0..MORE_WORKERS).map(|_| tokio::spawn(work_only(app.clone()))).collect();
    let site = avouch_web::serve_site(app.clone(), listeners.site, stop());
    let api = avouch_web::serve_api(app.clone(), listeners.api, stop());
    let console = avouch_web::serve_console(app, listeners.console, stop());
    let served = tokio::try_join!(site, api, console);
    worker.abort();
    more.iter().for_each(tokio::task::JoinHandle::abort);
    served.map_err(|e| Failure::new("listen", format!("a listener stopped: {e}")))?;
    Ok(Found::Nothing)
}

async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _told = interrupt.await;
        }
    }
}

/// Workers beside the first.
const MORE_WORKERS: usize = 3;

/// Does jobs that are due, every second.
async fn work_only(app: App) {
    loop {
        if let Err(fault) = app.work().await {
            tracing::error!(fault = %fault, "a worker cannot reach its queue");
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// Does what is due: jobs every second, a sweep of retention every hour.
async fn work(app: App) {
    let mut ticks: u64 = 0;
    loop {
        if let Err(fault) = app.work().await {
            tracing::error!(fault = %fault, "the worker cannot reach its queue");
        }
        if ticks.is_multiple_of(3600)
            && let Err(fault) = app.sweep(false).await
        {
            tracing::error!(fault = %fault, "the retention sweep failed; it is tried again");
        }
        // Another node may have released a policy; each must know of it before it comes into force.
        if ticks.is_multiple_of(20)
            && let Err(fault) = app.refresh_releases().await
        {
            tracing::error!(fault = %fault, "the releases of the policy could not be read");
        }
        ticks += 1;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

impl Serve {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let config = Config::read(&self.config)?;
        let source = folder::read_policy(&config.policy)?;
        let opened = folder::open(&config, source, folder::Purpose::Change).await?;
        let began = opened.app.begin(&opened.source).await?;
        tell_other(&began);
        let listeners = Listeners::bind(&config).await?;
        let mut ready = listeners.ready(&config);
        if began == Began::First {
            ready.console_link = Some(console_link(&opened.app, &ready.console).await?);
        }
        output::answer(json, &ready, || words(&ready));
        if let Some(shadow) = &config.shadow {
            let policy = folder::load(&folder::read_policy(&shadow.policy)?)?;
            opened.app.store.set_shadow(std::sync::Arc::new(policy), shadow.purposes.clone());
        }
        run(opened.app.clone(), listeners, &config).await
    }
}

/// Where to go, in words.
pub(crate) fn words(ready: &Ready) -> String {
    let mut lines = vec![
        format!("Site         {}", ready.site),
        format!("Service API  {}/v1", ready.api),
        format!("Console      {}", ready.console_link.as_ref().unwrap_or(&ready.console)),
    ];
    if let Some(credential) = &ready.credential {
        lines.push(format!("Credential   {credential}   (shown once)"));
    }
    for person in &ready.people {
        lines.push(format!("Log in as    {} with: {}", person.user_name, person.password));
    }
    lines.push(format!("Data         {}", ready.data));
    if let Some(outbox) = &ready.outbox {
        lines.push(format!("Messages     {outbox}   (files in place of mail and SMS)"));
    }
    lines.push("Stop with Ctrl-C.".into());
    lines.join("\n")
}
