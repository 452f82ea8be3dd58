//! `[verifier]` in `avouch.toml`: how the register is asked, with its secret and its template in files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use avouch::collection::verifier::{HttpSettings, HttpVerifier, Verifier as Port};
use avouch::outbound::{Guard, host_of};
use avouch_policy::Policy;
use serde::Deserialize;

use crate::output::Failure;

/// How a verifier over HTTP is spoken to. See `docs/configuration.md`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verifier {
    /// Its name among the policy's recipients.
    recipient: String,
    /// Where requests go; the policy must name the host for the recipient.
    url: String,
    /// Names the secret, to the verifier.
    key_id: String,
    /// A file that holds the secret requests are signed with.
    secret_file: PathBuf,
    /// A file that holds the JSON of a request, with `{name}`, `{type}`, `{number}`, `{face}`, `{check}`, `{at}`.
    template_file: PathBuf,
    /// What the verifier calls each kind of document; ours where it says nothing.
    #[serde(default)]
    types: BTreeMap<String, String>,
    /// Where in its answer the verdict stands, as a JSON pointer.
    verdict: String,
    /// Values there that mean yes.
    confirmed: Vec<serde_json::Value>,
    /// Values there that mean no.
    refused: Vec<serde_json::Value>,
    /// Where its reference stands, as a JSON pointer.
    #[serde(default)]
    reference: String,
    /// Whether the template sends faces.
    #[serde(default)]
    faces: bool,
}

fn wrong(what: impl Into<String>) -> Failure {
    Failure::new("verifier", what.into())
}

impl Verifier {
    /// Makes its paths relative to the configuration file.
    pub(crate) fn beside(&mut self, base: &Path) {
        for path in [&mut self.secret_file, &mut self.template_file] {
            *path = base.join(&*path);
        }
    }

    /// Reads its files and makes it ready.
    pub(crate) fn open(&self, policy: &Policy, outbound: Guard) -> Result<Arc<dyn Port>, Failure> {
        let read = |path: &Path| std::fs::read(path).map_err(|e| wrong(format!("cannot read {}: {e}", path.display())));
        let recipient = policy.facts().sharing.recipients.get(&self.recipient).ok_or_else(|| {
            wrong(format!("the policy names no recipient '{}'; write [sharing.recipients.{0}]", self.recipient))
        })?;
        let host = host_of(&self.url).map_err(|fault| wrong(format!("url: {fault}")))?;
        if !recipient.hosts.contains(&host) {
            return Err(wrong(format!(
                "the policy does not name the host '{host}' for '{}'; add it to the recipient's hosts",
                self.recipient
            )));
        }
        let mut secret = zeroize::Zeroizing::new(read(&self.secret_file)?);
        while secret.last().is_some_and(u8::is_ascii_whitespace) {
            secret.pop();
        }
        if secret.len() < 16 {
            return Err(wrong(format!(
                "the secret in {} is too short; use 16 bytes or more",
                self.secret_file.display()
            )));
        }
        let template = serde_json::from_slice(&read(&self.template_file)?)
            .map_err(|e| wrong(format!("{} is no JSON: {e}", self.template_file.display())))?;
        let settings = HttpSettings {
            recipient: self.recipient.clone(),
            url: self.url.clone(),
            key_id: self.key_id.clone(),
            secret,
            template,
            types: self.types.clone(),
            verdict: self.verdict.clone(),
            confirmed: self.confirmed.clone(),
            refused: self.refused.clone(),
            reference: self.reference.clone(),
            faces: self.faces,
        };
        let verifier = HttpVerifier::new(settings, outbound).map_err(|fault| wrong(format!("url: {fault}")))?;
        Ok(Arc::new(verifier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(dir: &Path, url: &str) -> Verifier {
        let mut verifier: Verifier = toml::from_str(&format!(
            "recipient = \"verifier\"\nurl = \"{url}\"\nkey_id = \"plaza\"\n\
             secret_file = \"secret\"\ntemplate_file = \"template.json\"\ntypes = {{ resident-id = \"01\" }}\n\
             verdict = \"/data/match\"\nconfirmed = [\"1\", 1, true]\nrefused = [\"0\"]\n"
        ))
        .unwrap();
        verifier.beside(dir);
        verifier
    }

    #[test]
    fn a_verifier_is_opened_only_when_all_of_it_is_right() {
        let policy = crate::folder::load(&crate::folder::shipped()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let open = |url: &str| verifier(dir.path(), url).open(&policy, Guard::strict());
        let good = "https://api.names.example/v1";
        assert!(open(good).is_err(), "no secret yet");
        std::fs::write(dir.path().join("secret"), "a short one\n").unwrap();
        std::fs::write(dir.path().join("template.json"), "{").unwrap();
        assert!(open(good).is_err(), "too short");
        std::fs::write(dir.path().join("secret"), "a secret of enough bytes\n").unwrap();
        assert!(open(good).is_err(), "the template is no JSON");
        std::fs::write(dir.path().join("template.json"), "{ \"n\": \"{name}\" }").unwrap();
        assert_eq!(open(good).unwrap().host(), Some("api.names.example"));
        assert!(open("https://elsewhere.example/v1").is_err(), "a host the policy does not name");
        assert!(open("http://api.names.example/v1").is_err(), "unencrypted");
    }
}
