//! Answers: words for people, one shape of JSON for machines.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Whether a command that looks for faults found any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// All is well.
    Nothing,
    /// Something is wrong; the exit code is 3.
    Something,
}

impl Found {
    pub(crate) fn when(something: bool) -> Self {
        if something { Self::Something } else { Self::Nothing }
    }
}

/// Why a command could not do what it was asked; the exit code is 1.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<avouch::Fault> for Failure {
    fn from(e: avouch::Fault) -> Self {
        Self::new("refused", e.to_string())
    }
}

impl From<avouch_store::StoreError> for Failure {
    fn from(e: avouch_store::StoreError) -> Self {
        Self::new("store", e.to_string())
    }
}

/// What `--json` prints: one object on one line.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<'a, T: Serialize> {
    /// Whether it was done.
    ok: bool,
    /// What was found or done; null when it was not.
    data: Option<T>,
    /// What went wrong; null when nothing did.
    error: Option<&'a Failure>,
}

/// Prints an answer: as JSON, or with `words`.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(crate) fn answer<T: Serialize>(json: bool, data: &T, words: impl FnOnce() -> String) {
    if json {
        let answer = Answer { ok: true, data: Some(data), error: None };
        println!(
            "{}",
            serde_json::to_string(&answer)
                .unwrap_or_else(|e| format!("{{\"ok\":false,\"error\":{{\"code\":\"json\",\"message\":\"{e}\"}}}}"))
        );
    } else {
        println!("{}", words().trim_end());
    }
}

/// Prints a text as it is.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(crate) fn text(text: &str) {
    println!("{}", text.trim_end());
}

/// Prints a failure: JSON on standard output, words on standard error.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the command's answer")]
pub(crate) fn fail(json: bool, failure: &Failure) {
    if json {
        let answer = Answer::<()> { ok: false, data: None, error: Some(failure) };
        println!("{}", serde_json::to_string(&answer).unwrap_or_default());
    } else {
        eprintln!("avouch: {}", failure.message);
    }
}

/// A count that grows, shown where a person looks on; `{pos}` stands for it.
pub(crate) fn counter(what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(&format!("{{spinner}} {{pos}} {what}, {{elapsed}}"));
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// Asks the person at the terminal; goes on only when `wanted` is typed.
#[expect(clippy::print_stderr, reason = "a question to the person at the terminal")]
pub(crate) fn confirm(question: &str, wanted: &str) -> Result<(), Failure> {
    eprint!("{question} to go on: ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|e| Failure::new("asked", format!("cannot read the answer: {e}")))?;
    if line.trim() == wanted {
        return Ok(());
    }
    Err(Failure::new("asked", format!("nothing was done: '{wanted}' was not typed. Use --yes in scripts")))
}
