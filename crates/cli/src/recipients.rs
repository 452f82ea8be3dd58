//! `[recipients.NAME]` in `avouch.toml`: how each recipient is spoken to, with its secrets in files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use avouch::outbound::{Guard, host_of};
use avouch::sharing::outlet::{Outlet, Outlets};
use avouch_policy::Policy;
use http::HeaderName;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::output::Failure;

/// One recipient's way. See `docs/configuration.md`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipient {
    /// The header its credential goes in.
    credential_header: Option<String>,
    /// What stands before the credential in that header, such as `Bearer `.
    #[serde(default)]
    credential_prefix: String,
    /// A file that holds the credential.
    credential_file: Option<PathBuf>,
    /// A file that holds the key calls are signed with.
    signing_key_file: Option<PathBuf>,
    /// Where it is told of withdrawals, corrections and erasures.
    hook: Option<String>,
    /// Headers of its answers that services may see.
    #[serde(default)]
    answer_headers: Vec<String>,
    /// Fields of its answers that services may see, as JSON pointers.
    #[serde(default)]
    answer_fields: Vec<String>,
    /// Seconds a call may take.
    #[serde(default = "within")]
    within: u64,
    /// Bytes an answer may have.
    #[serde(default = "largest")]
    largest: usize,
}

fn within() -> u64 {
    Outlet::default().within.as_secs()
}

fn largest() -> usize {
    Outlet::default().largest
}

/// The longest a call may take: less than a job is leased for.
const LONGEST: u64 = 45;

fn wrong(name: &str, what: impl std::fmt::Display) -> Failure {
    Failure::new("recipients", format!("[recipients.{name}]: {what}"))
}

fn secret(name: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = std::fs::read(path).map_err(|e| wrong(name, format!("cannot read {}: {e}", path.display())))?;
    let mut bytes = Zeroizing::new(bytes);
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    if bytes.len() < 16 {
        return Err(wrong(name, format!("the secret in {} is too short; use 16 bytes or more", path.display())));
    }
    Ok(bytes)
}

impl Recipient {
    /// Makes its paths relative to the configuration file.
    pub(crate) fn beside(&mut self, base: &Path) {
        for path in [&mut self.credential_file, &mut self.signing_key_file].into_iter().flatten() {
            *path = base.join(&*path);
        }
    }

    fn open(&self, name: &str, hosts: &BTreeSet<String>, guard: &Guard) -> Result<Outlet, Failure> {
        let header = |text: &String| {
            text.parse::<HeaderName>().map_err(|_| wrong(name, format!("'{text}' is no header's name")))
        };
        let credential = match (&self.credential_header, &self.credential_file) {
            (Some(text), Some(path)) => {
                let bytes = secret(name, path)?;
                let value = std::str::from_utf8(&bytes)
                    .ok()
                    .filter(|text| text.chars().all(|c| c.is_ascii_graphic() || c == ' '))
                    .ok_or_else(|| wrong(name, "the credential holds what cannot stand in a header"))?;
                Some((header(text)?, Zeroizing::new(format!("{}{value}", self.credential_prefix))))
            }
            (None, None) => None,
            _ => return Err(wrong(name, "write both credential_header and credential_file, or neither")),
        };
        let signing = self.signing_key_file.as_deref().map(|path| secret(name, path)).transpose()?;
        if let Some(hook) = &self.hook {
            let host = host_of(hook).map_err(|fault| wrong(name, format!("hook: {fault}")))?;
            if !hosts.contains(&host) {
                return Err(wrong(name, format!("the policy does not name the host '{host}'; add it to its hosts")));
            }
            guard.check(hook, hosts).map_err(|fault| wrong(name, format!("hook: {fault}")))?;
            if signing.is_none() {
                return Err(wrong(name, "a hook needs signing_key_file: what it is told must be provably yours"));
            }
        }
        if !(1..=LONGEST).contains(&self.within) {
            return Err(wrong(name, format!("within: 1 to {LONGEST} seconds")));
        }
        Ok(Outlet {
            credential,
            signing,
            hook: self.hook.clone(),
            headers: self.answer_headers.iter().map(header).collect::<Result<_, _>>()?,
            fields: self.answer_fields.clone(),
            within: Duration::from_secs(self.within),
            largest: self.largest,
        })
    }
}

/// Reads the files of every recipient's way.
///
/// # Errors
/// What is wrong with the configuration.
pub(crate) fn open(all: &BTreeMap<String, Recipient>, policy: &Policy, guard: &Guard) -> Result<Outlets, Failure> {
    let mut outlets = Outlets::new();
    for (name, recipient) in all {
        let fact = policy.facts().sharing.recipients.get(name);
        let fact = fact.ok_or_else(|| wrong(name, "the policy names no such recipient"))?;
        outlets.insert(name.clone(), recipient.open(name, &fact.hosts, guard)?);
    }
    Ok(outlets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_4_1_a_way_to_a_recipient_is_refused_when_it_leads_elsewhere_or_is_half_written() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("key"), "a secret of the courier\n").unwrap();
        std::fs::write(dir.path().join("short"), "short\n").unwrap();
        let policy = avouch_testkit::home::policy();
        let opened = |text: &str| {
            let mut all: BTreeMap<String, Recipient> = toml::from_str(text).unwrap();
            all.values_mut().for_each(|r| r.beside(dir.path()));
            open(&all, &policy, &Guard::strict()).map_err(|f| format!("{f:?}"))
        };
        let good = "[courier]\ncredential_header = 'authorization'\ncredential_prefix = 'Bearer '\n\
                    credential_file = 'key'\nsigning_key_file = 'key'\nhook = 'https://api.courier.example/privacy'\n\
                    answer_fields = ['/id']";
        let outlets = opened(good).unwrap();
        let (name, secret) = outlets["courier"].credential.as_ref().unwrap();
        assert_eq!((name.as_str(), secret.as_str()), ("authorization", "Bearer a secret of the courier"));
        for (text, said) in [
            ("[nobody]\n", "no such recipient"),
            ("[courier]\ncredential_header = 'x-key'", "both"),
            ("[courier]\ncredential_header = 'x key'\ncredential_file = 'key'", "no header"),
            ("[courier]\nsigning_key_file = 'short'", "too short"),
            ("[courier]\nsigning_key_file = 'key'\nhook = 'https://elsewhere.example/'", "does not name the host"),
            ("[courier]\nhook = 'https://api.courier.example/'", "signing_key_file"),
            ("[courier]\nwithin = 600", "within"),
        ] {
            let fault = opened(text).unwrap_err();
            assert!(fault.contains(said), "{text}: {fault}");
        }
    }
}
