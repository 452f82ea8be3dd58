//! `cargo xtask test`: everything that can be tested, on a machine that may have nothing but Rust.

use std::path::PathBuf;

use crate::install;
use crate::postgres::{Postgres, VARIABLE};
use crate::run::{Ended, Outcome, Steps, command, output, present, root, run as show};
use crate::source::files;

/// `cargo xtask test [rust [ARGS] | browser [FILE …]]`.
pub(crate) fn run(args: &[&str]) -> Outcome {
    let mut steps = Steps::default();
    match args.split_first() {
        None => {
            rust(&mut steps, &[]);
            browser(&mut steps, &[]);
        }
        Some((&"rust", rest)) => rust(&mut steps, rest),
        Some((&"browser", rest)) => browser(&mut steps, rest),
        Some((other, _)) => return Err(format!("test: there is no part {other}; parts: rust, browser")),
    }
    steps.finish("test")
}

fn rust(steps: &mut Steps, args: &[&str]) {
    steps.step("what the Rust tests need", || install::for_rust().into());
    let mut server = None;
    steps.step("PostgreSQL", || match Postgres::start() {
        Ok(started) => {
            server = Some(started);
            Ended::Well
        }
        Err(fault) => Ended::Badly(fault),
    });
    // Without a server the tests on PostgreSQL would fail one by one: the step above has said why.
    let Some(server) = server else { return };
    steps.step("Rust tests", || {
        let mut words = if present("cargo-nextest") {
            vec!["nextest", "run", "--locked", "--no-fail-fast"]
        } else {
            vec!["test", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"]
        };
        if !args.iter().any(|arg| ["-p", "--package"].contains(arg)) {
            words.push("--workspace");
        }
        words.extend_from_slice(args);
        show(command("cargo", &words).env(VARIABLE, &server.url)).into()
    });
    if args.is_empty() {
        steps.step("doc tests", || {
            show(command("cargo", &["test", "--locked", "--workspace", "--doc"]).env(VARIABLE, &server.url)).into()
        });
    }
}

fn browser(steps: &mut Steps, chosen: &[&str]) {
    steps.step("what the browser tests need", || install::for_browser().into());
    let mut binary = None;
    steps.step("the command for the browser tests", || match build() {
        Ok(path) => {
            binary = Some(path);
            Ended::Well
        }
        Err(fault) => Ended::Badly(fault),
    });
    let Some(binary) = binary.filter(|_| steps.well()) else { return };
    steps.step("browser tests", || match tests(chosen) {
        Ok(names) => {
            // Files are named one by one: Node 18 and 22 differ in what a folder means.
            let mut words = vec!["--test"];
            words.extend(names.iter().map(String::as_str));
            show(command("node", &words).env("AVOUCH_BIN", &binary)).into()
        }
        Err(fault) => Ended::Badly(fault),
    });
}

/// The files of browser tests, all or the chosen ones.
fn tests(chosen: &[&str]) -> Outcome<Vec<String>> {
    let all: Vec<String> = files(&root(), "e2e", &[".test.mjs"])?.into_iter().map(|file| file.path).collect();
    let names: Vec<String> =
        all.into_iter().filter(|name| chosen.is_empty() || chosen.iter().any(|c| name.contains(c))).collect();
    if names.is_empty() { Err("there is no such browser test in e2e/".to_owned()) } else { Ok(names) }
}

/// Builds the command and gives its path, as cargo tells it.
fn build() -> Outcome<PathBuf> {
    show(&mut command("cargo", &["build", "--locked", "-p", "avouch-cli", "-p", "plaza"]))?;
    let told = output(&mut command(
        "cargo",
        &["build", "--locked", "--quiet", "-p", "avouch-cli", "--message-format=json-render-diagnostics"],
    ))?;
    executable(&told, "avouch").ok_or_else(|| "cargo built no program named avouch".to_owned())
}

/// The program of this name in cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let target = message.get("target")?.get("name")?.as_str()?;
        (target == name).then_some(())?;
        message.get("executable")?.as_str().map(PathBuf::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_tells_where_the_program_is() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"avouch","kind":["lib"]},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"avouch","kind":["bin"]},"executable":"/t/debug/avouch"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#
        );
        assert_eq!(executable(messages, "avouch"), Some(PathBuf::from("/t/debug/avouch")));
        assert_eq!(executable(messages, "other"), None);
    }

    #[test]
    fn an_unknown_part_is_told() {
        assert!(run(&["brwser"]).unwrap_err().contains("rust, browser"));
    }
}
