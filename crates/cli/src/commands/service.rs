//! `avouch service`: the applications that may call, each with a credential bound to purposes.

use avouch::store::ServiceTerms;
use avouch_policy::Period;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Register, rotate, suspend and resume applications that call the API.
#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// Register one; its credential is shown once.
    Register(Register),
    /// List them, with what they owe.
    List(List),
    /// Give one a new credential; the old one ends at once.
    Rotate(Named),
    /// Refuse one's credential until it is resumed.
    Suspend(Suspend),
    /// Let a suspended one in again.
    Resume(Named),
}

/// Register one; its credential is shown once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  avouch service register shop --purpose account --purpose orders --config avouch.toml\n  avouch service register feed --purpose content --cache '1 hour' --hook https://feed.example/avouch --config avouch.toml\n\nA service that keeps what it reads says for how long, and where it is told of withdrawals and erasures.\nSilence beyond that time suspends it."
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
    /// How long it may keep what it reads, such as '15 minutes', '1 hour', '2 days'.
    #[arg(long, requires = "hook")]
    cache: Option<Period>,
    /// Where it is told of withdrawals, corrections and erasures.
    #[arg(long, requires = "cache")]
    hook: Option<String>,
    #[command(flatten)]
    place: Where,
}

/// List them, with what they owe.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch service list --config avouch.toml")]
pub(crate) struct List {
    #[command(flatten)]
    place: Where,
}

/// One service.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch service rotate shop --config avouch.toml")]
pub(crate) struct Named {
    /// Its name.
    name: String,
    #[command(flatten)]
    place: Where,
}

/// Refuse one's credential until it is resumed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch service suspend shop --reason 'its key leaked' --config avouch.toml")]
pub(crate) struct Suspend {
    /// Its name.
    name: String,
    /// Why; stands beside it in the console.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Where,
}

/// Who acts, in the evidence: whoever has this machine.
const OPERATOR: &str = "command";

fn given(json: bool, name: &str, registered: &avouch::usage::service::Registered) {
    let told = json!({ "service": name, "credential": registered.credential, "hook_key": registered.hook_key });
    output::answer(json, &told, || {
        let mut text =
            format!("Keep this where the service finds it; it is not shown again:\n{}", registered.credential);
        if let Some(key) = &registered.hook_key {
            text.push_str(&format!("\nThe key that calls to its hook are signed with, in Base64:\n{key}"));
        }
        text
    });
}

impl Service {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::Register(register) => {
                let opened = register.place.open().await?;
                let epoch = jiff::Timestamp::UNIX_EPOCH;
                let cache = register.cache.map(|period| epoch.duration_until(period.after(epoch)));
                let terms = ServiceTerms {
                    purposes: register.purposes,
                    cache: cache.unwrap_or_default(),
                    hook: register.hook.unwrap_or_default(),
                    abroad: register.abroad,
                };
                given(json, &register.name, &opened.app.register_keeping(&register.name, terms).await?);
            }
            Self::List(list) => {
                let opened = list.place.look().await?;
                let (services, owed) = (opened.app.services().await?, opened.app.owed().await?);
                output::answer(json, &json!({ "services": services, "owed": owed }), || {
                    let line = |s: &avouch::store::ServiceStanding| {
                        let open = owed.iter().find(|o| o.name == s.name).map_or(0, |o| o.open);
                        let state = if s.suspended { format!("suspended: {}", s.reason) } else { "active".into() };
                        format!("{}  {}  {open} notices open  {state}", s.name, s.purposes.join(","))
                    };
                    services.iter().map(line).collect::<Vec<_>>().join("\n")
                });
            }
            Self::Rotate(named) => {
                let opened = named.place.open().await?;
                given(json, &named.name, &opened.app.rotate_service(&named.name, OPERATOR).await?);
            }
            Self::Suspend(suspend) => {
                let opened = suspend.place.open().await?;
                let receipt = opened.app.suspend_service(&suspend.name, OPERATOR, &suspend.reason).await?;
                output::answer(json, &json!({ "service": suspend.name, "receipt": receipt }), || {
                    format!("{} is suspended; `avouch service resume` lets it in again.", suspend.name)
                });
            }
            Self::Resume(named) => {
                let opened = named.place.open().await?;
                let receipt = opened.app.resume_service(&named.name, OPERATOR).await?;
                output::answer(json, &json!({ "service": named.name, "receipt": receipt }), || {
                    format!("{} may call again.", named.name)
                });
            }
        }
        Ok(Found::Nothing)
    }
}
