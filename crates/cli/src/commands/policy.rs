//! `avouch policy`: lint, explain, diff, render, and what is done with the next one.

use std::path::PathBuf;

use avouch_policy::lint::{Severity, report};
use avouch_policy::{Format, Policy as Loaded, diff, explain, lint, render};
use avouch_store::Clock;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::clock::SystemClock;
use crate::folder;
use crate::output::{self, Failure, Found};

/// Look at a policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Say what a regulator would, with citations.
    Lint(Lint),
    /// Say which facts keep each promise; or what is done with one item or purpose.
    Explain(Explain),
    /// Say what changed between two policies, and what of it is major.
    Diff(Diff),
    /// Write the policy as people read it.
    Render(Render),
    /// Say what a policy in shadow would have refused.
    Shadow(super::policy_shadow::Shadow),
    /// Look at the next policy, ask a second person, release it.
    Publish(super::policy_publish::Publish),
}

/// Say what a regulator would, with citations.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch policy lint policy\n\nExit code 3 when there are errors; warnings alone give 0."
)]
pub(crate) struct Lint {
    /// The policy's folder: policy.toml and text/. Without it, the shipped policy.
    folder: Option<PathBuf>,
}

/// Say which facts keep each promise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  avouch policy explain\n  avouch policy explain --item phone --language zh-CN\n  avouch policy explain --purpose marketing policy"
)]
pub(crate) struct Explain {
    /// The policy's folder. Without it, the shipped policy.
    folder: Option<PathBuf>,
    /// One item.
    #[arg(long, conflicts_with = "purpose")]
    item: Option<String>,
    /// One purpose.
    #[arg(long)]
    purpose: Option<String>,
    /// The language.
    #[arg(long, default_value = "en")]
    language: String,
}

/// Say what changed between two policies.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch policy diff old-policy policy")]
pub(crate) struct Diff {
    /// The older policy's folder.
    old: PathBuf,
    /// The newer policy's folder.
    new: PathBuf,
    /// The language.
    #[arg(long, default_value = "en")]
    language: String,
}

/// How to write the policy.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Markdown.
    Markdown,
    /// HTML, the body alone.
    Html,
}

/// Write the policy as people read it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch policy render --language zh-CN --format html policy > policy.html")]
pub(crate) struct Render {
    /// The policy's folder. Without it, the shipped policy.
    folder: Option<PathBuf>,
    /// The language.
    #[arg(long, default_value = "en")]
    language: String,
    /// The format.
    #[arg(long, value_enum, default_value = "markdown")]
    format: Form,
}

fn load(folder: Option<&PathBuf>) -> Result<Loaded, Failure> {
    let source = folder.map_or_else(|| Ok(folder::shipped()), |f| folder::read_policy(f))?;
    folder::load(&source)
}

fn in_language(policy: &Loaded, language: &str) -> Result<(), Failure> {
    let languages = &policy.facts().languages;
    if languages.iter().any(|l| l == language) {
        return Ok(());
    }
    Err(Failure::new(
        "language",
        format!("the policy is not written in '{language}'; it is in {}", languages.join(", ")),
    ))
}

impl Policy {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::Publish(publish) => publish.run(json).await,
            Self::Lint(lint) => lint.run(json),
            Self::Explain(explain) => explain.run(json),
            Self::Diff(diff) => diff.run(json),
            Self::Render(render) => render.run(json),
            Self::Shadow(shadow) => shadow.run(json).await,
        }
    }
}

impl Lint {
    fn run(self, json: bool) -> Result<Found, Failure> {
        let policy = load(self.folder.as_ref())?;
        let today = SystemClock.now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let findings = lint(&policy, today);
        let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
        let data = json!({ "version": policy.version(), "digest": policy.digest().to_string(), "errors": errors, "findings": findings });
        output::answer(json, &data, || {
            if findings.is_empty() {
                format!("Version {} is clean: nothing a regulator would object to was found.", policy.version())
            } else {
                format!("{}\n{errors} errors, {} warnings", report(&findings, false), findings.len() - errors)
            }
        });
        Ok(Found::when(errors > 0))
    }
}

impl Explain {
    fn run(self, json: bool) -> Result<Found, Failure> {
        let policy = load(self.folder.as_ref())?;
        in_language(&policy, &self.language)?;
        let described = match (&self.item, &self.purpose) {
            (Some(name), _) => Some((name, explain::item(&policy, name, &self.language))),
            (_, Some(name)) => Some((name, explain::purpose(&policy, name, &self.language))),
            (None, None) => None,
        };
        match described {
            Some((name, None)) => Err(Failure::new("name", format!("the policy has no '{name}'"))),
            Some((_, Some(told))) => {
                output::answer(json, &told, || {
                    let lines: Vec<String> = told.lines.iter().map(|l| format!("  {}", l.text)).collect();
                    format!("{} ({})\n{}", told.label, told.name, lines.join("\n"))
                });
                Ok(Found::Nothing)
            }
            None => {
                let promises = explain::promises(&policy, &self.language);
                output::answer(json, &promises, || {
                    let mut out = String::new();
                    for promise in &promises {
                        out.push_str(&format!("{}  {}\n", promise.id, promise.title));
                        for line in &promise.facts {
                            out.push_str(&format!("       {}: {}\n", line.path, line.text));
                        }
                    }
                    out
                });
                Ok(Found::Nothing)
            }
        }
    }
}

/// What changed, a line each, and whose consent is asked again.
pub(super) fn lines(found: &avouch_policy::Diff, language: &str) -> Vec<String> {
    let line = |c: &avouch_policy::Change| {
        let mark = if c.major.is_some() { "MAJOR " } else { "      " };
        format!("{mark}{}", c.sentence.in_lang(language))
    };
    let mut lines: Vec<String> = found.changes.iter().map(line).collect();
    if !found.ask_again.is_empty() {
        let names: Vec<&str> = found.ask_again.iter().map(String::as_str).collect();
        lines.push(format!("Consent is to be asked again for: {}", names.join(", ")));
    }
    lines
}

impl Diff {
    fn run(self, json: bool) -> Result<Found, Failure> {
        let (old, new) = (load(Some(&self.old))?, load(Some(&self.new))?);
        let found = diff(&old, &new);
        output::answer(json, &found, || {
            if found.is_empty() {
                return "Nothing changed.".to_owned();
            }
            lines(&found, &self.language).join("\n")
        });
        Ok(Found::Nothing)
    }
}

impl Render {
    fn run(self, json: bool) -> Result<Found, Failure> {
        let policy = load(self.folder.as_ref())?;
        in_language(&policy, &self.language)?;
        let format = match self.format {
            Form::Markdown => Format::Markdown,
            Form::Html => Format::Html,
        };
        let text = render(&policy, &self.language, format);
        let data = json!({ "language": self.language, "digest": policy.digest().to_string(), "text": text });
        output::answer(json, &data, || text.clone());
        Ok(Found::Nothing)
    }
}
