//! `cargo xtask lint`: everything that can be judged without running the product.

use crate::run::{Ended, Outcome, Steps, command, output, present, run as show};
use crate::{codegen, layers, migrations, names};

/// One check.
type Check = fn() -> Ended;

/// Each check, in the order they run: the quick ones first.
const CHECKS: [(&str, Check); 9] = [
    ("format", || show(&mut command("cargo", &["fmt", "--all", "--check"])).into()),
    ("layers", || layers::run().into()),
    ("names", || names::check().into()),
    ("migrations", migrations::check),
    ("clippy", || {
        let words = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
        show(&mut command("cargo", &words)).into()
    }),
    ("docs", || {
        let words = ["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"];
        show(command("cargo", &words).env("RUSTDOCFLAGS", "-D warnings")).into()
    }),
    ("codegen", || codegen::check().into()),
    ("dependencies", dependencies),
    ("advisories", advisories),
];

/// `cargo xtask lint [NAME …]`.
pub(crate) fn run(args: &[&str]) -> Outcome {
    if args == ["--list"] {
        for (name, _) in CHECKS {
            println!("{name}");
        }
        return Ok(());
    }
    if let Some(unknown) = args.iter().find(|arg| !CHECKS.iter().any(|(name, _)| name == *arg)) {
        return Err(format!("lint: there is no check {unknown}; `cargo xtask lint --list` names them"));
    }
    let mut steps = Steps::default();
    for (name, check) in CHECKS {
        if args.is_empty() || args.contains(&name) {
            steps.step(name, check);
        }
    }
    steps.finish("lint")
}

/// Licences, bans and sources: Cargo.lock and the crates themselves are enough, those of other platforms too, which no
/// build here has fetched.
fn dependencies() -> Ended {
    let checked = cargo_deny().and_then(|()| {
        show(&mut command("cargo", &["fetch", "--locked", "--quiet"]))?;
        show(&mut command(
            "cargo",
            &["deny", "--locked", "--offline", "--log-level", "error", "check", "bans", "licenses", "sources"],
        ))
    });
    checked.into()
}

/// Known vulnerabilities: needs the advisory database from the network.
fn advisories() -> Ended {
    if let Err(fault) = cargo_deny() {
        return Ended::Badly(fault);
    }
    if let Err(fault) = output(&mut command("cargo", &["deny", "--log-level", "error", "fetch", "db"])) {
        let last = fault.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Ended::Unchecked(format!("the advisory database cannot be fetched ({})", last.trim()));
    }
    show(&mut command("cargo", &["deny", "--locked", "--log-level", "error", "check", "--disable-fetch", "advisories"]))
        .into()
}

/// Installs cargo-deny where it is missing. Unoptimised: the build is the cost, not the run.
fn cargo_deny() -> Outcome {
    if present("cargo-deny") {
        return Ok(());
    }
    println!("  missing: cargo-deny; installing it takes some minutes, once");
    show(&mut command("cargo", &["install", "--locked", "--debug", "--no-default-features", "cargo-deny"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_check_is_told() {
        assert!(run(&["layerz"]).unwrap_err().contains("layerz"));
    }
}
