//! `cargo xtask bench`: runs the programs of `bench/` in release mode and keeps their tables in
//! `docs/performance.md`.
//!
//! Each program prints Markdown to its output (a table with its medians, its disk probe, its verdict on
//! correctness) and progress to its error output; it ends with a code other than 0 when its run is void.
//! Its text replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`; words around stay.

use std::path::Path;
use std::process::Stdio;

use crate::run::{Outcome, Steps, command, output, read, root};

const PAGE: &str = "docs/performance.md";

/// `cargo xtask bench [NAME …]`.
pub(crate) fn run(args: &[&str]) -> Outcome {
    let told = output(&mut command("cargo", &["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let programs = programs(&told)?;
    if let Some(unknown) = args.iter().find(|arg| !programs.iter().any(|p| p == *arg)) {
        return Err(format!("bench: there is no program {unknown}; there are: {}", programs.join(", ")));
    }
    if programs.is_empty() {
        return Err("bench: the crate avouch-bench has no programs".to_owned());
    }
    let mut steps = Steps::default();
    for name in programs.iter().filter(|name| args.is_empty() || args.contains(&name.as_str())) {
        steps.step(name, || measure(name).into());
    }
    steps.step("machine", || keep(&root().join(PAGE), "machine", &machine()).into());
    steps.finish("bench")
}

/// The programs of the crate avouch-bench, in cargo's words.
fn programs(metadata: &str) -> Outcome<Vec<String>> {
    let all: serde_json::Value = serde_json::from_str(metadata).map_err(|e| format!("cargo metadata: {e}"))?;
    let packages = all.get("packages").and_then(|p| p.as_array()).ok_or("cargo metadata names no packages")?;
    let targets = packages
        .iter()
        .find(|p| p.get("name").and_then(|n| n.as_str()) == Some("avouch-bench"))
        .and_then(|p| p.get("targets")?.as_array())
        .ok_or("cargo metadata names no crate avouch-bench")?;
    let mut names: Vec<String> = targets
        .iter()
        .filter(|t| t.get("kind").and_then(|k| k.as_array()).is_some_and(|k| k.iter().any(|k| k == "bin")))
        .filter_map(|t| Some(t.get("name")?.as_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn measure(name: &str) -> Outcome {
    let mut run = command("cargo", &["run", "--release", "--locked", "-p", "avouch-bench", "--bin", name]);
    println!("  $ cargo run --release -p avouch-bench --bin {name}");
    let done = run.stderr(Stdio::inherit()).output().map_err(|e| format!("{name} cannot be started: {e}"))?;
    let text = String::from_utf8(done.stdout).map_err(|e| format!("{name} printed no text: {e}"))?;
    println!("{text}");
    if !done.status.success() {
        return Err(format!("{name} ended with {}: the run is void and the page stays as it was", done.status));
    }
    if text.contains("QUICK") {
        return Err(format!("{name} ran quickly: such figures are not for the page, which stays as it was"));
    }
    keep(&root().join(PAGE), name, &text)
}

/// Which machine the numbers are from.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| cpu.lines().find(|l| l.starts_with(name)).and_then(|l| l.split_once(": ")).map(|(_, v)| v);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let said = |program: &str, args: &[&str]| {
        output(&mut command(program, args)).map_or_else(|_| "unknown".to_owned(), |s| s.trim().to_owned())
    };
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().find_map(|l| l.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok());
    format!(
        "{cores} cores of {}; {} GB of memory; {}; {}; commit {}.\n",
        field("model name").unwrap_or("an unknown processor"),
        memory.map_or_else(|| "an unknown number of".to_owned(), |kb: u64| (kb / 1_000_000).to_string()),
        said("uname", &["-sr"]),
        said("rustc", &["--version"]),
        said("git", &["rev-parse", "--short", "HEAD"]),
    )
}

fn keep(page: &Path, name: &str, text: &str) -> Outcome {
    let held = if page.exists() { read(page)? } else { "# Performance\n".to_owned() };
    std::fs::write(page, replaced(&held, name, text)).map_err(|e| format!("{}: {e}", page.display()))
}

/// The page with the section's text replaced, or added at the end.
fn replaced(page: &str, name: &str, text: &str) -> String {
    let open = format!("<!-- {name} -->");
    let close = format!("<!-- /{name} -->");
    let section = format!("{open}\n{}\n{close}", text.trim());
    let before = page.split_once(&open);
    let after = page.split_once(&close);
    match (before, after) {
        (Some((before, _)), Some((_, after))) => format!("{before}{section}{after}"),
        _ => format!("{}\n\n{section}\n", page.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_words_around_it_stay() {
        let page = "# P\n\nWords.\n\n<!-- a -->\nold\n<!-- /a -->\n\nMore.\n";
        assert_eq!(replaced(page, "a", "new\n"), "# P\n\nWords.\n\n<!-- a -->\nnew\n<!-- /a -->\n\nMore.\n");
        assert!(replaced(page, "b", "x").ends_with("More.\n\n<!-- b -->\nx\n<!-- /b -->\n"));
    }

    #[test]
    fn programs_are_those_of_the_bench_crate() {
        let told = r#"{"packages":[{"name":"x","targets":[{"kind":["bin"],"name":"no"}]},
            {"name":"avouch-bench","targets":[{"kind":["lib"],"name":"avouch_bench"},{"kind":["bin"],"name":"http"},{"kind":["bin"],"name":"decide"}]}]}"#;
        assert_eq!(programs(told).unwrap(), ["decide", "http"]);
    }
}
