//! The project's own tasks: `cargo xtask TASK`. Run it without a task for the list.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

mod bench;
mod codegen;
mod install;
mod layers;
mod lint;
mod migrations;
mod names;
mod postgres;
mod promises;
mod retention;
mod run;
mod source;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask TASK

  lint                 format, clippy, dependencies, layers, docs, generated files, migrations
  lint NAME …          only the named checks (`lint --list` names them)
  test                 installs what the tests need, then Rust tests and browser tests
  test rust [ARGS]     Rust tests only; ARGS go to the test runner
  test browser [FILE]  browser tests only
  codegen [--check]    writes docs/promises.md, docs/retention.md, docs/openapi.json;
                       --check fails when that would change the tree
  layers               the import rules of ARCHITECTURE.md
  bench [NAME …]       measures in release mode and writes docs/performance.md

Exit code: 0 when all is well, 1 when something is not, 2 when the task is not known.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.split_first() {
        Some((&"lint", rest)) => lint::run(rest),
        Some((&"test", rest)) => test::run(rest),
        Some((&"codegen", [])) => codegen::write(),
        Some((&"codegen", ["--check"])) => codegen::check(),
        Some((&"layers", [])) => layers::run(),
        Some((&"bench", rest)) => bench::run(rest),
        Some((&("help" | "--help" | "-h"), _)) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("\nxtask: {fault}");
            ExitCode::FAILURE
        }
    }
}
