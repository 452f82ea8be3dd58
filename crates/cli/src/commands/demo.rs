//! `avouch demo`: the shipped policy, invented people, three faces to look at.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{people, serve};
use crate::config::Config;
use crate::folder;
use crate::output::{self, Failure, Found};

/// Serve the shipped policy with invented people.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  avouch demo\n  avouch demo --data demo-data --site 127.0.0.1:0 --json")]
pub(crate) struct Demo {
    /// The data folder; made when it is not there, gone on with when it is.
    #[arg(long, default_value = "avouch-demo")]
    data: PathBuf,
    /// Where people come.
    #[arg(long, default_value = "127.0.0.1:8420")]
    site: SocketAddr,
    /// Where services come.
    #[arg(long, default_value = "127.0.0.1:8421")]
    api: SocketAddr,
    /// Where staff come.
    #[arg(long, default_value = "127.0.0.1:8422")]
    console: SocketAddr,
}

impl Demo {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let config = Config::demo(self.data, self.site, self.api, self.console);
        let mut opened = folder::open(&config, folder::shipped(), folder::Purpose::Change).await?;
        // Whoever looks around has no authenticator at hand; everything here is invented.
        opened.app = opened.app.without_staff_factor();
        let app = &opened.app;
        serve::tell_other(&app.begin(&opened.source).await?);
        let listeners = serve::Listeners::bind(&config).await?;
        let mut ready = listeners.ready(&config);
        ready.console_link = Some(serve::console_link(app, &ready.console).await?);
        if app.store.people().await? == 0 && app.store.counts().await?.get("services") == Some(&0) {
            let (invented, credential) = people::invent(app).await?;
            ready.people = invented;
            ready.credential = Some(credential);
        } else {
            // A credential is shown once; a later start makes another service, for trying the API again.
            let name = format!("try-{}", app.store.now().as_second());
            ready.credential = Some(app.register_service(&name, &people::purposes()).await?);
        }
        output::answer(json, &ready, || serve::words(&ready));
        serve::run(app.clone(), listeners, &config).await
    }
}
