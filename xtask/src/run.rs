//! Running commands and reporting on them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What a task gives: nothing, or a text for the person who ran it.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The file's text.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// A command in the workspace's folder.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Shows the command, runs it with our terminal, and fails unless it ends well.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("  $ {}", shown(command));
    let status = command.status().map_err(|e| format!("{} cannot be started: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

/// Runs it silently and gives what it printed; its error output is part of the fault.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let out = command.output().map_err(|e| format!("{} cannot be started: {e}", shown(command)))?;
    if out.status.success() {
        return String::from_utf8(out.stdout).map_err(|e| format!("{} printed no text: {e}", shown(command)));
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(format!("{} ended with {}\n{}", shown(command), out.status, said.trim_end()))
}

/// Whether a program of this name can be run.
pub(crate) fn present(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        let _ = write!(text, " {}", arg.to_string_lossy());
    }
    text
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It holds.
    Well,
    /// It could not be checked here, and why.
    Unchecked(String),
    /// It does not hold, and why.
    Badly(String),
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        outcome.map_or_else(Self::Badly, |()| Self::Well)
    }
}

/// Steps that all run, whatever becomes of the ones before; the summary names each.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Ended, u64)>,
}

impl Steps {
    /// Runs one step.
    #[expect(clippy::disallowed_methods, reason = "tells how long a step took; decides nothing")]
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Ended) {
        println!("\n── {name}");
        let start = Instant::now();
        let ended = work();
        match &ended {
            Ended::Well => {}
            Ended::Unchecked(why) => println!("  NOT CHECKED: {why}"),
            Ended::Badly(why) => println!("  FAILED: {why}"),
        }
        self.done.push((name.to_owned(), ended, start.elapsed().as_secs()));
    }

    /// Whether every step so far ended well or unchecked.
    pub(crate) fn well(&self) -> bool {
        !self.done.iter().any(|(_, ended, _)| matches!(ended, Ended::Badly(_)))
    }

    /// Prints the summary; fails when a step failed.
    pub(crate) fn finish(self, task: &str) -> Outcome {
        println!("\n── summary of {task}");
        for (name, ended, seconds) in &self.done {
            let (mark, why) = match ended {
                Ended::Well => ("ok         ", ""),
                Ended::Unchecked(why) => ("NOT CHECKED", first_line(why)),
                Ended::Badly(why) => ("FAILED     ", first_line(why)),
            };
            println!("  {mark} {seconds:>4} s  {name}{}{why}", if why.is_empty() { "" } else { ": " });
        }
        if self.well() {
            return Ok(());
        }
        let failed: Vec<&str> = self
            .done
            .iter()
            .filter(|(_, ended, _)| matches!(ended, Ended::Badly(_)))
            .map(|(name, ..)| name.as_str())
            .collect();
        Err(format!("{task} failed: {}", failed.join(", ")))
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_step_fails_the_whole_and_an_unchecked_one_does_not() {
        let mut steps = Steps::default();
        steps.step("unchecked", || Ended::Unchecked("no network".into()));
        assert!(steps.well());
        steps.step("bad", || Ended::from(Err("wrong".to_owned())));
        steps.step("good", || Ended::from(Ok(())));
        assert_eq!(steps.finish("lint"), Err("lint failed: bad".to_owned()));
    }

    #[test]
    fn a_command_that_fails_is_a_fault_that_shows_it() {
        let fault = output(&mut command("git", &["no-such-word"])).unwrap_err();
        assert!(fault.starts_with("git no-such-word ended with"), "{fault}");
    }
}
