//! `avouch doctor`: where everything is, and whether it is well.

use clap::Args;
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Say where everything is and whether it is well.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch doctor --data avouch-demo\n\nExit code 3 when something is wrong.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    place: Where,
}

impl Doctor {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.look().await?;
        let app = &opened.app;
        let policy = app.policy();
        let counts = app.store.counts().await?;
        let people = app.store.people().await?;
        let overdue: u64 = app.sweep(true).await?.records.values().sum();
        let (faults, heads) = {
            let mut reading = app.store.reading().await?;
            let mut look = reading.look()?;
            (look.job_faults().await?, look.heads().await?)
        };
        let subjects = counts.get("subjects").copied().unwrap_or(0);
        let mut wrong = Vec::new();
        if overdue > 0 {
            wrong.push(format!("{overdue} records are past their end: run `avouch retention run`"));
        }
        if people != subjects {
            wrong.push(format!("{subjects} accounts but {people} keys: a joining or an erasure was interrupted"));
        }
        wrong.extend(faults.iter().map(|(kind, fault)| format!("a job '{kind}' fails: {fault}")));
        let data = json!({
            "region": app.store.region().as_str(),
            "node": app.store.node(),
            "policy": { "version": policy.version(), "digest": policy.digest().to_string() },
            "places": self.place.places(),
            "counts": counts,
            "logs": heads.iter().map(|h| json!({ "log": h.log, "size": h.size, "key": h.verifier })).collect::<Vec<_>>(),
            "overdue": overdue,
            "wrong": wrong,
        });
        output::answer(json, &data, || {
            let mut lines = vec![
                format!("Policy   {} ({})", policy.version(), policy.digest()),
                format!("Region   {} · node {}", app.store.region(), app.store.node()),
            ];
            lines.extend(self.place.places().iter().map(|(what, path)| format!("{what:<9}{path}")));
            lines.push(format!(
                "People   {people} · records {} · kept by law {}",
                counts.get("records").unwrap_or(&0),
                counts.get("held").unwrap_or(&0)
            ));
            lines.extend(heads.iter().map(|h| format!("Log      {} · {} leaves · {}", h.log, h.size, h.verifier)));
            if wrong.is_empty() {
                lines.push("All is well.".into());
            }
            lines.extend(wrong.iter().map(|w| format!("WRONG    {w}")));
            lines.join("\n")
        });
        Ok(Found::when(!wrong.is_empty()))
    }
}
