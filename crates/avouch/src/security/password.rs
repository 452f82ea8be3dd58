//! Passwords: checked as NIST SP 800-63B-4 asks, kept only as argon2id.
//!
//! Keeps promise 1.1 (ASVS 6.2): at least 15 characters where it is the only factor, no composition
//! rule, refused when common or made of the person's own details; never shown, never exported.

use argon2::{Argon2, PasswordHasher};
use avouch_store::StoreError;
use tokio::sync::Semaphore;

use crate::fault::{Fault, FieldFault};
use crate::security::old_hash;

/// Fewest characters where the password is the only factor.
pub const SHORTEST: usize = 15;
/// Most characters taken, so that hashing cannot be used to stall the server.
pub const LONGEST: usize = 256;
/// Guesses, as a power of ten, that a password must withstand.
const STRENGTH: f64 = 9.0;

/// Passwords of this length and above that were seen in breaches: see `data/README.md`.
const BREACHED: &str = include_str!("../../data/breached.txt");

fn breached(password: &str) -> bool {
    let digest = avouch_ledger::hash::sha256(password.to_lowercase().as_bytes());
    let hex = data_encoding::HEXLOWER.encode(digest.first_chunk::<8>().unwrap_or(&[0; 8]));
    BREACHED.lines().any(|line| line == hex)
}

/// Hashes passwords, a bounded number at once.
#[derive(Debug)]
pub struct Passwords {
    at_once: Semaphore,
}

fn hasher() -> Argon2<'static> {
    // The library's default is the second choice of RFC 9106's like: argon2id, 19 MiB, 2 passes, as OWASP asks.
    Argon2::default()
}

impl Passwords {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { at_once: Semaphore::new(at_once.max(1)) }
    }

    /// Checks a new password. `context` are words it must not be made of: the service's name, the person's
    /// own identifiers.
    ///
    /// # Errors
    /// What is wrong with it, for the person who chose it.
    pub fn check(&self, field: &str, password: &str, context: &[&str]) -> Result<(), FieldFault> {
        let length = password.chars().count();
        if length < SHORTEST {
            return Err(FieldFault::new(
                field,
                "password-too-short",
                format!("use at least {SHORTEST} characters; several words with spaces are fine"),
            ));
        }
        if length > LONGEST {
            return Err(FieldFault::new(field, "password-too-long", format!("use at most {LONGEST} characters")));
        }
        // zxcvbn knows what people choose: common words, keyboard walks and repetitions.
        if breached(password) || zxcvbn::zxcvbn(password, context).guesses_log10() < STRENGTH {
            return Err(FieldFault::new(
                field,
                "password-common",
                "this one is among those guessed first, or is made of your own details; choose another",
            ));
        }
        Ok(())
    }

    /// The hash to keep.
    ///
    /// # Errors
    /// Only when the server is closing.
    pub(crate) async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, Fault> {
        let _turn = self.at_once.acquire().await.map_err(|_| StoreError::Closing)?;
        let password = zeroize::Zeroizing::new(password.to_owned());
        tokio::task::spawn_blocking(move || {
            hasher()
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map(|h| h.to_string())
                .map_err(|e| Fault::Store(StoreError::Sealed(format!("password hash: {e}"))))
        })
        .await
        .map_err(|_| StoreError::Closing)?
    }

    /// Whether a password is the one of a kept hash. Without a hash it takes as long, and is not.
    ///
    /// Where hashes of other systems were brought over, `others` has one of each kind that nobody has, and every
    /// try costs one of ours and one of theirs: `pick` chooses which, for an account that has none of its own.
    pub(crate) async fn matches(
        &self,
        password: &str,
        kept: Option<String>,
        others: Vec<String>,
        pick: u64,
    ) -> Result<Match, Fault> {
        // A hash of nothing anybody knows, so that an unknown name takes as long as a known one.
        const NOBODY: &str =
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBmaXhlZCBzYWx0$Zm9yIG5vYm9keSwgb25seSB0byB0YWtlIHRpbWUhISE";
        if password.chars().count() > LONGEST {
            return Ok(Match::Wrong);
        }
        let _turn = self.at_once.acquire().await.map_err(|_| StoreError::Closing)?;
        let password = zeroize::Zeroizing::new(password.to_owned());
        Ok(tokio::task::spawn_blocking(move || {
            let known = kept.is_some();
            let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
            if old_hash::nobody_of(&kept).as_deref() != Ok(NOBODY) {
                let same = old_hash::matches(password.as_bytes(), &kept);
                old_hash::matches(password.as_bytes(), NOBODY);
                return if same { Match::Old } else { Match::Wrong };
            }
            let same = old_hash::matches(password.as_bytes(), &kept);
            let at = usize::try_from(pick).unwrap_or_default().checked_rem(others.len()).unwrap_or_default();
            if let Some(other) = others.get(at) {
                old_hash::matches(password.as_bytes(), other);
            }
            if same && known { Match::Right } else { Match::Wrong }
        })
        .await
        .map_err(|_| StoreError::Closing)?)
    }
}

/// What a password is to a kept hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// Not its own.
    Wrong,
    /// Its own.
    Right,
    /// Its own, and the hash is of another system: to be replaced by one of ours.
    Old,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_1_1_a_breached_password_is_refused_however_long() {
        let passwords = Passwords::new(1);
        for known in ["lhbjkjubz2957704", "Mailcreated5240", "mailCREATED5240"] {
            let fault = passwords.check("password", known, &[]).err().map(|f| f.code);
            assert_eq!(fault, Some("password-common"), "{known}");
        }
        assert!(passwords.check("password", "lantern orbit velvet cactus", &[]).is_ok());
        assert!(BREACHED.lines().count() > 3_000 && BREACHED.lines().all(|line| line.len() == 16));
    }
}
