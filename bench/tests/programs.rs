//! The programs run to their end with few repetitions: every answer they judge was right, nothing they count was
//! missing, and what they print can not be taken for a measurement. Nothing is said of time.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

use std::process::{Command, Output};

fn ran(program: &str, args: &[&str]) -> (bool, String, String) {
    let Output { status, stdout, stderr } = Command::new(program).args(args).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn every_verdict_of_the_quick_run_is_the_same_in_both_engines() {
    let (well, table, told) = ran(env!("CARGO_BIN_EXE_decide"), &["--quick"]);
    assert!(well, "{told}");
    assert!(["| 10 |", "| 100 |", "| 1000 |", "| 10000 |", "QUICK"].iter().all(|part| table.contains(part)), "{table}");
}

#[test]
fn every_act_of_the_quick_run_over_http_is_answered_rightly_kept_and_evidenced() {
    let (well, table, told) = ran(env!("CARGO_BIN_EXE_http"), &["--quick"]);
    assert!(well, "{told}");
    for part in ["| 1 | Avouch |", "| 64 | twin |", "| 16 | PostgreSQL, raw |", "one leaf for each act", "QUICK"] {
        assert!(table.contains(part), "{part}: {table}");
    }
}

#[test]
fn the_page_of_today_says_how_many_deadlines_run() {
    let (well, table, told) = ran(env!("CARGO_BIN_EXE_today"), &["--quick"]);
    assert!(well, "{told}");
    assert!(["| today |", "| the queue |", "QUICK"].iter().all(|part| table.contains(part)), "{table}");
}

#[test]
fn a_program_that_is_asked_for_what_it_does_not_know_ends_badly_and_prints_nothing() {
    let (well, table, told) = ran(env!("CARGO_BIN_EXE_http"), &["server", "nobody", "."]);
    assert!(!well && table.is_empty() && told.contains("no server nobody"), "{told}");
}
