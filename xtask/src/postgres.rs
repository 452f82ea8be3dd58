//! One PostgreSQL for all tests of a run, started by the test kit and gone with us.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::run::{Outcome, command};

/// Where tests look for a server; each makes its own database in it.
pub(crate) const VARIABLE: &str = "AVOUCH_TEST_PG_URL";

/// A running server. It ends when this is dropped: its program waits for the end of its input.
#[derive(Debug)]
pub(crate) struct Postgres {
    child: Option<Child>,
    /// How to reach it.
    pub(crate) url: String,
}

impl Postgres {
    /// Uses the server named by the environment or starts one.
    ///
    /// # Errors
    /// When the test kit's `test-postgres` cannot be built or prints no URL.
    pub(crate) fn start() -> Outcome<Self> {
        if let Ok(url) = std::env::var(VARIABLE)
            && !url.is_empty()
        {
            println!("  using the PostgreSQL of {VARIABLE}");
            return Ok(Self { child: None, url });
        }
        let mut starter =
            command("cargo", &["run", "--quiet", "--locked", "-p", "avouch-testkit", "--bin", "test-postgres"]);
        println!("  starting a PostgreSQL of our own (avouch-testkit, test-postgres)");
        let mut child = starter
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("test-postgres cannot be started: {e}"))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|e| format!("test-postgres: {e}"))?;
        }
        let url = line.trim().to_owned();
        let server = Self { child: Some(child), url };
        if server.url.starts_with("postgres") {
            return Ok(server);
        }
        Err(format!("test-postgres printed {:?} instead of a postgres:// URL", server.url))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            if let Err(fault) = child.wait() {
                eprintln!("  test-postgres: {fault}");
            }
        }
    }
}
