//! The root key in a key service: OpenBao's transit engine, or HashiCorp Vault's, which speaks the same.
//!
//! Keeps promise 5.5. The root key never leaves the service; what it wraps is bound to its context as associated
//! data. It is asked when keys are opened and rotated, never for each person, and never holds up who is being served:
//! while it is down, what runs goes on, and what starts says so.

use std::collections::BTreeSet;
use std::path::PathBuf;

use avouch_seal::{Entropy, Kms, KmsError};
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::outbound::{Call, Guard, Reach, host_of};

/// What stands before the version in what the service wrapped; Vault and OpenBao write the same.
const PREFIX: &str = "vault:";

/// A key of a transit engine, as configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transit {
    /// The service's address: https, or http on this machine where `[outbound]` names it.
    pub address: String,
    /// Where the engine is mounted.
    #[serde(default = "mount")]
    pub mount: String,
    /// The key's name; of a type that takes associated data, such as the default `aes256-gcm96`.
    pub key: String,
    /// A file that holds the token; read anew for each call, so that an agent can renew it.
    pub token_file: PathBuf,
}

fn mount() -> String {
    "transit".into()
}

/// A root key in OpenBao or Vault.
#[derive(Debug)]
pub struct OpenBao {
    transit: Transit,
    hosts: BTreeSet<String>,
    reach: Reach,
    root: Option<Vec<u8>>,
}

#[derive(Deserialize)]
struct Answered<T> {
    data: T,
}

#[derive(Deserialize)]
struct Wrapped {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Opened {
    plaintext: String,
}

#[derive(Deserialize)]
struct Versions {
    latest_version: u64,
}

/// What the service said, when it was not yes.
enum No {
    /// The request itself: another key, another context, a version that was retired.
    Refused,
    Told(KmsError),
}

impl OpenBao {
    /// A key as configured. `reach` and `root` are what `[outbound]` says.
    ///
    /// # Errors
    /// What is wrong with the configuration, for who wrote it.
    pub fn new(transit: Transit, reach: Reach, root: Option<Vec<u8>>) -> Result<Self, String> {
        let host = host_of(&transit.address).map_err(|e| format!("openbao.address: {e}"))?;
        let hosts = BTreeSet::from([host]);
        let plain =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c));
        if !plain(&transit.mount) || !plain(&transit.key) || transit.key.contains('/') {
            return Err("openbao.mount and openbao.key are names of letters, digits, - and _".into());
        }
        let kept = Self { transit, hosts, reach, root };
        let guard = Guard::new(kept.reach.clone(), kept.root.as_deref())?;
        guard.check(&kept.url("keys"), &kept.hosts).map_err(|e| format!("openbao.address: {e}"))?;
        Ok(kept)
    }

    fn url(&self, path: &str) -> String {
        let Transit { address, mount, key, .. } = &self.transit;
        format!("{}/v1/{mount}/{path}/{key}", address.trim_end_matches('/'))
    }

    fn told(&self, why: &str) -> KmsError {
        KmsError::Missing(format!("{} {why}. Nothing was changed", self.describe()))
    }

    /// Asks the service on a thread and a runtime of its own: the port waits, and its callers may stand in a runtime.
    fn ask<T: serde::de::DeserializeOwned + Send>(
        &self,
        method: Method,
        url: &str,
        body: &serde_json::Value,
    ) -> Result<Option<T>, No> {
        let outcome = std::thread::scope(|threads| {
            let asked = threads.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|e| self.told(&format!("cannot be asked ({e})")))?;
                runtime.block_on(self.send(method, url, body))
            });
            asked.join().map_err(|_| self.told("could not be asked"))
        });
        let (status, answer) = outcome.and_then(|sent| sent).map_err(No::Told)?;
        match status {
            StatusCode::NO_CONTENT => Ok(None),
            StatusCode::OK => match serde_json::from_slice::<Answered<T>>(&answer) {
                Ok(answered) => Ok(Some(answered.data)),
                Err(_) => Err(No::Told(self.told("answered what is no answer of a transit engine"))),
            },
            StatusCode::BAD_REQUEST => Err(No::Refused),
            StatusCode::FORBIDDEN => Err(No::Told(self.told(&format!(
                "refuses the token in {}: it has expired, was revoked, or may not use this key. Renew it",
                self.transit.token_file.display()
            )))),
            StatusCode::NOT_FOUND => Err(No::Told(self.told("has no such engine or key. Check mount and key"))),
            StatusCode::SERVICE_UNAVAILABLE => Err(No::Told(self.told("is sealed or in maintenance. Unseal it"))),
            other => Err(No::Told(self.told(&format!("answered {other}")))),
        }
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        body: &serde_json::Value,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), KmsError> {
        let file = &self.transit.token_file;
        let token = std::fs::read_to_string(file)
            .map(Zeroizing::new)
            .map_err(|e| self.told(&format!("needs the token in {}, which cannot be read ({e})", file.display())))?;
        let mut value = HeaderValue::from_str(token.trim()).map_err(|_| self.told("has a token that is none"))?;
        value.set_sensitive(true);
        let guard = Guard::new(self.reach.clone(), self.root.as_deref()).map_err(|e| self.told(&e))?;
        let mut call = Call::new(method, url, &self.hosts).header(HeaderName::from_static("x-vault-token"), value);
        if !body.is_null() {
            call = call.body("application/json", Zeroizing::new(body.to_string()).as_bytes().to_vec());
        }
        let answer = guard.send(call).await.map_err(|e| self.told(&format!("cannot be reached: {e}")))?;
        Ok((answer.status, Zeroizing::new(answer.body.to_vec())))
    }

    fn latest(&self) -> Result<u64, KmsError> {
        match self.ask::<Versions>(Method::GET, &self.url("keys"), &serde_json::Value::Null) {
            Ok(Some(versions)) => Ok(versions.latest_version),
            Ok(None) | Err(No::Refused) => Err(self.told("does not tell the key's version")),
            Err(No::Told(e)) => Err(e),
        }
    }

    /// Does something to the key itself.
    fn change(&self, what: &str, body: &serde_json::Value) -> Result<(), KmsError> {
        match self.ask::<serde_json::Value>(Method::POST, &format!("{}/{what}", self.url("keys")), body) {
            Ok(_) => Ok(()),
            Err(No::Refused) => Err(self.told(&format!("refuses to {what} the key"))),
            Err(No::Told(e)) => Err(e),
        }
    }
}

impl Kms for OpenBao {
    fn wrap(&self, context: &str, key: &[u8], _: &dyn Entropy) -> Result<Vec<u8>, KmsError> {
        let body = json!({ "plaintext": BASE64.encode(key), "associated_data": BASE64.encode(context.as_bytes()) });
        match self.ask::<Wrapped>(Method::POST, &self.url("encrypt"), &body) {
            Ok(Some(wrapped)) if wrapped.ciphertext.starts_with(PREFIX) => Ok(wrapped.ciphertext.into_bytes()),
            Ok(_) | Err(No::Refused) => Err(self.told("does not wrap with this key: is it of a type that encrypts?")),
            Err(No::Told(e)) => Err(e),
        }
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let wrong = || KmsError::Wrong(context.to_owned());
        let ciphertext = std::str::from_utf8(wrapped).ok().filter(|c| c.starts_with(PREFIX)).ok_or_else(wrong)?;
        let body = json!({ "ciphertext": ciphertext, "associated_data": BASE64.encode(context.as_bytes()) });
        match self.ask::<Opened>(Method::POST, &self.url("decrypt"), &body) {
            Ok(Some(opened)) => {
                let text = Zeroizing::new(opened.plaintext);
                BASE64.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| wrong())
            }
            Ok(None) | Err(No::Refused) => Err(wrong()),
            Err(No::Told(e)) => Err(e),
        }
    }

    fn version(&self) -> Result<String, KmsError> {
        Ok(format!("{PREFIX}v{}", self.latest()?))
    }

    fn wrapped_by(&self, context: &str, wrapped: &[u8]) -> Result<String, KmsError> {
        let text = std::str::from_utf8(wrapped).ok().and_then(|t| t.strip_prefix(PREFIX));
        let version = text.and_then(|t| t.split_once(':')).map(|(version, _)| version);
        version.map(|v| format!("{PREFIX}{v}")).ok_or_else(|| KmsError::Wrong(context.to_owned()))
    }

    fn rotate(&self, _: &dyn Entropy) -> Result<(), KmsError> {
        self.change("rotate", &json!({}))
    }

    fn retire(&self) -> Result<(), KmsError> {
        self.change("config", &json!({ "min_decryption_version": self.latest()? }))
    }

    fn describe(&self) -> String {
        let Transit { address, mount, key, .. } = &self.transit;
        format!("the key service {address} ({mount}/{key})")
    }
}
