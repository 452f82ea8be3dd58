//! `avouch policy shadow`: what a policy would refuse that the one in force permits.

use std::fmt::Write as _;
use std::path::PathBuf;

use avouch_store::ShadowCount;
use clap::Args;
use serde_json::json;

use crate::folder;
use crate::output::{self, Failure, Found};

/// Say what a policy in shadow would have refused, how often, by service, purpose, item and reason.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch policy shadow next-policy --config avouch.toml\n\nThe server asks it beside the policy in force when avouch.toml says\n  [shadow]\n  policy = \"next-policy\"\n  purposes = []      # or only some\nIt changes no answer, and what is counted holds nothing of any person."
)]
pub(crate) struct Shadow {
    /// The folder of the policy in shadow, as it is now: one that was changed since counts anew.
    folder: PathBuf,
    /// The configuration file.
    #[arg(long, env = "AVOUCH_CONFIG")]
    config: Option<PathBuf>,
    /// The data folder, for the demo.
    #[arg(long, conflicts_with = "config")]
    data: Option<PathBuf>,
}

impl Shadow {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let candidate = folder::load(&folder::read_policy(&self.folder)?)?;
        let (config, source) = folder::config_for(self.config.as_deref(), self.data.as_deref())?;
        let opened = folder::open(&config, source, folder::Purpose::Look).await?;
        let counts = {
            let mut reading = opened.app.store.reading().await?;
            reading.look()?.shadow_counts(candidate.digest().as_bytes()).await?
        };
        let digest = candidate.digest().to_string();
        output::answer(json, &json!({ "policy": digest, "counts": counts }), || words(&counts));
        Ok(Found::Nothing)
    }
}

fn words(counts: &[ShadowCount]) -> String {
    let asked: u64 = counts.iter().filter(|c| c.outcome == "asked").map(|c| c.times).sum();
    if asked == 0 {
        return "This policy was not asked yet: name it under [shadow] in avouch.toml and restart the server.".into();
    }
    let mut out = format!("Asked {asked} times beside the policy in force.\n");
    let differs: Vec<&ShadowCount> = counts.iter().filter(|c| c.outcome != "asked").collect();
    if differs.is_empty() {
        out.push_str("It would have answered the same each time.");
        return out;
    }
    for c in differs {
        let who = if c.actor.is_empty() { c.party.clone() } else { format!("{} {}", c.party, c.actor) };
        let item = if c.item.is_empty() { String::new() } else { format!(", {}", c.item) };
        let what = if c.outcome == "would-permit" {
            "would permit what is refused now".to_owned()
        } else {
            format!("would refuse: {}", c.outcome)
        };
        // Writing into a String cannot fail.
        let _infallible = writeln!(out, "{:>8} ×  {who} · {} for {}{item} · {what}", c.times, c.act, c.purpose);
    }
    out.trim_end().to_owned()
}
