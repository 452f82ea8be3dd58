//! `avouch service`: the applications that may call, each with a credential bound to purposes.

use clap::{Args, Subcommand};
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Register an application that calls the API.
#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// Register one; its credential is shown once.
    Register(Register),
}

/// Register one; its credential is shown once.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch service register shop --purpose account --purpose orders --config avouch.toml"
)]
pub(crate) struct Register {
    /// Its name: what stands in the evidence of all it does.
    name: String,
    /// A purpose of the policy that it serves; may be said more than once.
    #[arg(long = "purpose", required = true)]
    purposes: Vec<String>,
    /// The recipient abroad that runs it or can look into it: what it uses is asked as sending abroad.
    #[arg(long, value_name = "RECIPIENT")]
    abroad: Option<String>,
    #[command(flatten)]
    place: Where,
}

impl Service {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let Self::Register(register) = self;
        let opened = register.place.open().await?;
        let (name, purposes) = (&register.name, &register.purposes);
        let credential = match &register.abroad {
            None => opened.app.register_service(name, purposes).await?,
            Some(recipient) => opened.app.register_service_abroad(name, purposes, recipient).await?,
        };
        output::answer(json, &json!({ "service": register.name, "credential": credential }), || {
            format!("Keep this where the service finds it; it is not shown again:\n{credential}")
        });
        Ok(Found::Nothing)
    }
}
