//! The `avouch` command.
//!
//! Every subcommand answers people in words and machines with `--json` in one shape (see
//! [`output::Answer`]), and ends with an exit code that scripts can trust:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | it could not be done; the message says why and what to do |
//! | 2 | the command line is not right |
//! | 3 | it was done, and found something wrong: lint errors, a damaged ledger, something overdue |

mod clock;
mod commands;
mod config;
mod folder;
mod joint;
mod messengers;
mod output;
mod recipients;
mod root_key;
mod verifier;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::{Failure, Found};

/// Executes a privacy policy.
#[derive(Debug, Parser)]
#[command(name = "avouch", version, about, after_help = EXAMPLES)]
struct Cli {
    /// Answer in one line of JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  avouch demo                                      try it, with invented people
  avouch serve --config avouch.toml                run it
  avouch policy lint policy                        say what a regulator would
  avouch ledger verify --data avouch-data          check every leaf
  avouch calendar due --calendar cn --from 2026-02-06 --working-days 15

Exit codes: 0 done · 1 could not · 2 wrong command line · 3 done, and found something wrong";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the shipped policy with invented people, to look around.
    Demo(commands::demo::Demo),
    /// Serve a policy.
    Serve(commands::serve::Serve),
    /// Look at a policy: lint, explain, diff, render; publish the next one.
    #[command(subcommand)]
    Policy(commands::policy::Policy),
    /// Count working days; take a year announced late.
    #[command(subcommand)]
    Calendar(commands::calendar::Calendar),
    /// Check the ledger.
    #[command(subcommand)]
    Ledger(commands::ledger::Ledger),
    /// Look after the keys: list, rotate, retire, split, recover.
    #[command(subcommand)]
    Keys(commands::keys::Keys),
    /// Register an application that calls the API.
    #[command(subcommand)]
    Service(commands::service::Service),
    /// Say who of the staff may open the console.
    #[command(subcommand)]
    Operator(commands::operator::Operator),
    /// Bring in the people of an existing table.
    Import(Box<commands::import::Import>),
    /// Export or erase one person.
    #[command(subcommand)]
    Subject(commands::subject::Subject),
    /// Delete what is past its end.
    #[command(subcommand)]
    Retention(commands::retention::Retention),
    /// Hand the business over: preview, announce, hand over, call off, report.
    #[command(subcommand)]
    Transfer(commands::transfer::Transfer),
    /// Say how many people's data went abroad, and which thresholds are near.
    Border(commands::border::Border),
    /// Make a backup, also while people are served.
    Backup(commands::backup::Backup),
    /// Bring a backup back; what was erased and withdrawn since stays so.
    Restore(commands::restore::Restore),
    /// Say where everything is and whether it is well.
    Doctor(commands::doctor::Doctor),
    /// Print the description of the service API.
    Openapi,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("AVOUCH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            output::fail(cli.json, &Failure::new("runtime", format!("cannot start: {e}")));
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(run(cli.command, cli.json)) {
        Ok(Found::Nothing) => ExitCode::SUCCESS,
        Ok(Found::Something) => ExitCode::from(3),
        Err(failure) => {
            output::fail(cli.json, &failure);
            ExitCode::from(1)
        }
    }
}

async fn run(command: Command, json: bool) -> Result<Found, Failure> {
    match command {
        Command::Demo(demo) => demo.run(json).await,
        Command::Serve(serve) => serve.run(json).await,
        Command::Policy(policy) => policy.run(json).await,
        Command::Calendar(calendar) => calendar.run(json).await,
        Command::Ledger(ledger) => ledger.run(json).await,
        Command::Keys(keys) => keys.run(json).await,
        Command::Service(service) => service.run(json).await,
        Command::Operator(operator) => operator.run(json).await,
        Command::Import(import) => import.run(json).await,
        Command::Subject(subject) => subject.run(json).await,
        Command::Retention(retention) => retention.run(json).await,
        Command::Transfer(transfer) => transfer.run(json).await,
        Command::Border(border) => border.run(json).await,
        Command::Backup(backup) => backup.run(json).await,
        Command::Restore(restore) => restore.run(json).await,
        Command::Doctor(doctor) => doctor.run(json).await,
        Command::Openapi => {
            output::text(&avouch_web::openapi());
            Ok(Found::Nothing)
        }
    }
}
