//! The test binary once more, as a process of its own that can be spoken to and killed.
//!
//! A test that is meant to be run this way returns at once unless [`part`] says what to do.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

const PART: &str = "AVOUCH_TEST_CHILD";

/// A running child. Killed when dropped.
#[derive(Debug)]
pub struct Reexec {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Option<Receiver<String>>,
}

/// Starts this test binary again with only the test `test`, which finds `part` in [`part`].
pub fn start(test: &str, part: &str) -> Reexec {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (send, lines) = channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in out.lines() {
            let Ok(line) = line else { break };
            // Only whole lines count: a killed child may leave half of one.
            if let Some(said) = line.strip_prefix('@').and_then(|l| l.strip_suffix(';'))
                && send.send(said.to_owned()).is_err()
            {
                break;
            }
        }
    });
    Reexec { stdin: child.stdin.take(), child, lines: Some(lines) }
}

impl Reexec {
    /// What the child says next; nothing once it has ended.
    pub fn line(&self) -> Option<String> {
        self.lines.as_ref().unwrap().recv().ok()
    }

    /// All that the child says, for somebody else to read.
    pub fn take_lines(&mut self) -> Receiver<String> {
        self.lines.take().unwrap()
    }

    /// What is written here the child reads on its standard input.
    pub fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no destructor runs, no buffer is flushed.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Reexec {
    fn drop(&mut self) {
        let _over = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// In the child: what it was started for; nothing in an ordinary run.
pub fn part() -> Option<String> {
    std::env::var(PART).ok()
}

/// In the child: says one line to the parent.
pub fn say(line: &str) {
    // The harness may have begun a line of its own.
    let mut out = std::io::stdout().lock();
    write!(out, "\n@{line};\n").unwrap();
    out.flush().unwrap();
}
