//! `avouch policy publish`: look at the next policy, ask a second person, release what was allowed.

use std::path::PathBuf;

use avouch::App;
use avouch::store::{ApprovalId, Operator};
use avouch::updates::publish::Proposal;
use avouch_policy::lint::report;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::Where;
use crate::folder;
use crate::output::{self, Failure, Found};

/// Publish a policy: look at it, ask a second person, release it once allowed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  avouch policy publish --config avouch.toml
      Looks: lint, what changes and what of it is major, from when, the digest. Changes nothing.
  avouch policy publish --config avouch.toml --ask \"New partner for parcels\" --as dpo --password-file pw --code 123456
      Asks a second person; they answer in the console under Approvals.
  avouch policy publish --config avouch.toml --approval 5f0c… --as dpo --password-file pw --code 654321
      Releases exactly what was allowed.

Exit code 3 when the policy cannot be published as it is. With SQLite, asking and releasing need the service to be
stopped; while it runs, the console does the same.")]
pub(crate) struct Publish {
    /// The policy's folder. Without it, that of the configuration.
    folder: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
    /// From when it holds: a moment of the day the policy states, such as 2026-12-09T12:00:00+08:00. Without it, the
    /// begin of that day.
    #[arg(long)]
    at: Option<Timestamp>,
    /// Ask a second person, with this reason.
    #[arg(long, value_name = "WHY", requires = "operator")]
    ask: Option<String>,
    /// Release what a second person has allowed.
    #[arg(long, value_name = "ID", requires = "operator", conflicts_with_all = ["ask", "folder", "at"])]
    approval: Option<ApprovalId>,
    /// The account of who asks, with its password and the code its authenticator shows now.
    #[arg(long = "as", value_name = "ACCOUNT", requires_all = ["password_file", "code"])]
    operator: Option<String>,
    /// A file with the account's password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The code.
    #[arg(long)]
    code: Option<String>,
    /// The language.
    #[arg(long, default_value = "en")]
    language: String,
}

impl Publish {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        if let Some(id) = self.approval {
            return self.release(id, json).await;
        }
        let opened = if self.ask.is_some() { self.place.open().await? } else { self.place.look().await? };
        let source = self.folder.as_deref().map_or_else(|| Ok(opened.source.clone()), folder::read_policy)?;
        let proposal = match opened.app.propose_policy(&source, self.at).await {
            Ok(proposal) => proposal,
            Err(avouch::Fault::Invalid(faults)) => {
                let texts: Vec<&str> = faults.iter().map(|fault| fault.text.as_str()).collect();
                output::answer(json, &json!({ "publishable": false, "faults": faults }), || {
                    format!("It cannot be published as it is:\n{}", texts.join("\n"))
                });
                return Ok(Found::Something);
            }
            Err(other) => return Err(other.into()),
        };
        let asked = match &self.ask {
            None => None,
            Some(why) => {
                let operator = self.operator(&opened.app).await?;
                Some(opened.app.ask_publication(&operator, &proposal, why).await?)
            }
        };
        let data = json!({
            "publishable": true,
            "version": proposal.policy.version(),
            "follows": proposal.follows,
            "digest": proposal.policy.digest().to_string(),
            "in_force": proposal.in_force,
            "major": proposal.diff.majors(),
            "diff": proposal.diff,
            "warnings": proposal.warnings,
            "approval": asked.map(|id| id.to_string()),
        });
        output::answer(json, &data, || words(&proposal, asked, &self.language));
        Ok(Found::Nothing)
    }

    async fn release(self, id: ApprovalId, json: bool) -> Result<Found, Failure> {
        let opened = self.place.open().await?;
        let operator = self.operator(&opened.app).await?;
        let receipt = opened.app.publish_policy(&operator, id).await?;
        let releases = opened.app.releases().await?;
        let newest = releases.first().ok_or_else(|| Failure::new("publish", "nothing is released"))?;
        let data = json!({ "version": newest.version, "in_force": newest.in_force, "leaf": format!("{}/{}", receipt.log, receipt.index) });
        output::answer(json, &data, || {
            format!("Version {} is public. It holds from {} on every node by itself.", newest.version, newest.in_force)
        });
        Ok(Found::Nothing)
    }

    /// Who asks, shown by password and authenticator as in the console: a name alone could be anybody's.
    async fn operator(&self, app: &App) -> Result<Operator, Failure> {
        let (Some(name), Some(file), Some(code)) = (&self.operator, &self.password_file, &self.code) else {
            return Err(Failure::new("usage", "say who asks: --as ACCOUNT --password-file FILE --code CODE"));
        };
        let password = std::fs::read_to_string(file)
            .map(zeroize::Zeroizing::new)
            .map_err(|e| Failure::new("password", format!("cannot read {}: {e}", file.display())))?;
        let session = app.operator_log_in(name, password.trim_end_matches(['\r', '\n']), code, "").await?;
        let operator = app.operator(&session).await?;
        app.operator_sign_out(&session, name).await?;
        operator.ok_or_else(|| Failure::new("refused", "the account is disabled"))
    }
}

fn words(proposal: &Proposal, asked: Option<ApprovalId>, language: &str) -> String {
    let mut lines = vec![
        format!("Version {}, to follow {}", proposal.policy.version(), proposal.follows),
        format!("Digest      {}", proposal.policy.digest()),
        format!("In force    {}", proposal.in_force),
    ];
    lines.push(if proposal.diff.is_major() {
        "Major       people are told by pop-up and message".to_owned()
    } else {
        "Not major   people are told by an announcement".to_owned()
    });
    lines.push(String::new());
    lines.extend(super::policy::lines(&proposal.diff, language));
    if !proposal.warnings.is_empty() {
        lines.push(format!("\n{}", report(&proposal.warnings, false)));
    }
    lines.push(match asked {
        Some(id) => format!(
            "\nAsked for as {id}. Once a second person has allowed it in the console:\n  avouch policy publish --approval {id} …"
        ),
        None => "\nNothing is changed. To ask a second person, add --ask WHY --as ACCOUNT.".to_owned(),
    });
    lines.join("\n")
}
