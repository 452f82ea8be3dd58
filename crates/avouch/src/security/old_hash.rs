//! Password hashes of other systems: read, bounded, compared; never made.
//!
//! Keeps promise 1.1 (ASVS 6.2): a hash that was brought over lets its person in once more, and is replaced by one
//! of ours then. Forms: PHC and modular crypt strings (argon2, bcrypt, scrypt, PBKDF2), and those of Django and
//! Werkzeug.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use subtle::ConstantTimeEq as _;

/// Why a hash cannot be taken over, as a code for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is of no kind known here.
    Unknown,
    /// It would take too long, or too much memory, at each login.
    Costly,
}

impl Unfit {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Unknown => "password-kind-unknown",
            Self::Costly => "password-too-costly",
        }
    }
}

/// The pseudo-random function of a PBKDF2 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prf {
    Sha256,
    Sha512,
}

/// A hash that was read.
enum Read {
    Argon2(Box<PasswordHash>),
    Bcrypt { cost: u32 },
    Scrypt { log_n: u8, r: u32, p: u32, salt: Vec<u8>, sum: Vec<u8> },
    Pbkdf2 { prf: Prf, rounds: u32, salt: Vec<u8>, sum: Vec<u8> },
}

/// bcrypt doubles its time with each step: 14 is about a second.
const BCRYPT: std::ops::RangeInclusive<u32> = 4..=14;
/// scrypt's memory is 128 · r · 2^n bytes: 128 MiB with r = 8.
const SCRYPT_LOG_N: std::ops::RangeInclusive<u8> = 1..=17;
const PBKDF2: std::ops::RangeInclusive<u32> = 1..=2_000_000;
/// KiB of an argon2 hash, and its passes.
const ARGON2_MEMORY: u32 = 256 * 1024;
const ARGON2_PASSES: u32 = 16;

fn base64(text: &str) -> Option<Vec<u8>> {
    // passlib writes `.` for `+`.
    let text = text.trim_end_matches('=').replace('.', "+");
    BASE64_NOPAD.decode(text.as_bytes()).ok()
}

fn number<T: std::str::FromStr>(text: &str, name: &str) -> Option<T> {
    text.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

fn prf(name: &str) -> Option<Prf> {
    match name {
        "sha256" => Some(Prf::Sha256),
        "sha512" => Some(Prf::Sha512),
        _ => None,
    }
}

fn parse(hash: &str) -> Option<Read> {
    if hash.starts_with("$argon2") {
        return Some(Read::Argon2(Box::new(PasswordHash::new(hash).ok()?)));
    }
    let parts: Vec<&str> = hash.split('$').collect();
    match parts.as_slice() {
        ["", "2a" | "2b" | "2x" | "2y", cost, rest] if rest.len() == 53 => {
            Some(Read::Bcrypt { cost: cost.parse().ok()? })
        }
        ["", "scrypt", params, salt, sum] => Some(Read::Scrypt {
            log_n: number(params, "ln")?,
            r: number(params, "r")?,
            p: number(params, "p")?,
            salt: base64(salt)?,
            sum: base64(sum)?,
        }),
        ["", name, params, salt, sum] => Some(Read::Pbkdf2 {
            prf: prf(name.strip_prefix("pbkdf2-")?)?,
            rounds: params.parse().ok().or_else(|| number(params, "i"))?,
            salt: base64(salt)?,
            sum: base64(sum)?,
        }),
        // Django: the salt is the text itself.
        [name, rounds, salt, sum] => Some(Read::Pbkdf2 {
            prf: prf(name.strip_prefix("pbkdf2_")?)?,
            rounds: rounds.parse().ok()?,
            salt: salt.as_bytes().to_vec(),
            sum: BASE64.decode(sum.as_bytes()).ok()?,
        }),
        // Werkzeug: the same, and the sum in hexadecimal.
        [method, salt, sum] => {
            let sum = HEXLOWER_PERMISSIVE.decode(sum.as_bytes()).ok()?;
            let salt = salt.as_bytes().to_vec();
            match method.split(':').collect::<Vec<_>>().as_slice() {
                ["pbkdf2", name, rounds] => {
                    Some(Read::Pbkdf2 { prf: prf(name)?, rounds: rounds.parse().ok()?, salt, sum })
                }
                ["scrypt", n, r, p] => {
                    let n: u64 = n.parse().ok().filter(|n: &u64| n.is_power_of_two())?;
                    let log_n = u8::try_from(n.trailing_zeros()).ok()?;
                    Some(Read::Scrypt { log_n, r: r.parse().ok()?, p: p.parse().ok()?, salt, sum })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn bounded(read: &Read) -> bool {
    match read {
        Read::Argon2(hash) => {
            let within = |name: &str, most: u32| hash.params.get_decimal(name).is_some_and(|n| n <= most);
            within("m", ARGON2_MEMORY) && within("t", ARGON2_PASSES) && within("p", ARGON2_PASSES)
        }
        Read::Bcrypt { cost } => BCRYPT.contains(cost),
        Read::Scrypt { log_n, r, p, .. } => SCRYPT_LOG_N.contains(log_n) && (1..=8).contains(r) && (1..=4).contains(p),
        Read::Pbkdf2 { rounds, .. } => PBKDF2.contains(rounds),
    }
}

/// Salt and sum of hashes that nobody has: text that decodes, and came out of no password.
const SALT: &str = "c29tZSBmaXhlZCBzYWx0";
const SUM: &str = "Zm9yIG5vYm9keSwgb25seSB0byB0YWtlIHRpbWUhISE";
const BCRYPT_REST: &str = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde";

/// A hash of the same kind and cost as this one, which nobody has; names the kind too.
///
/// # Errors
/// Why the hash cannot be taken over.
pub(crate) fn nobody_of(hash: &str) -> Result<String, Unfit> {
    let read = parse(hash).ok_or(Unfit::Unknown)?;
    if !bounded(&read) {
        return Err(Unfit::Costly);
    }
    Ok(match read {
        Read::Argon2(hash) => {
            let params: Vec<String> = ["m", "t", "p"]
                .iter()
                .filter_map(|name| Some(format!("{name}={}", hash.params.get_decimal(*name)?)))
                .collect();
            format!("${}$v=19${}${SALT}${SUM}", hash.algorithm, params.join(","))
        }
        Read::Bcrypt { cost } => format!("$2b${cost:02}${BCRYPT_REST}"),
        Read::Scrypt { log_n, r, p, .. } => format!("$scrypt$ln={log_n},r={r},p={p}${SALT}${SUM}"),
        Read::Pbkdf2 { prf, rounds, .. } => {
            let name = if prf == Prf::Sha256 { "sha256" } else { "sha512" };
            format!("$pbkdf2-{name}${rounds}${SALT}${SUM}")
        }
    })
}

/// Whether a password is the one of a hash of any kind known here. Takes as long as the kind asks; to be run where
/// waiting is allowed.
pub(crate) fn matches(password: &[u8], hash: &str) -> bool {
    let Some(read) = parse(hash).filter(bounded) else { return false };
    match read {
        Read::Argon2(hash) => Argon2::default().verify_password(password, &*hash).is_ok(),
        Read::Bcrypt { .. } => bcrypt::verify(password, hash).unwrap_or(false),
        Read::Scrypt { log_n, r, p, salt, sum } => {
            let mut out = vec![0; sum.len()];
            scrypt::Params::new(log_n, r, p)
                .is_ok_and(|params| scrypt::scrypt(password, &salt, &params, &mut out).is_ok())
                && bool::from(out.ct_eq(&sum))
        }
        Read::Pbkdf2 { prf, rounds, salt, sum } => {
            let mut out = vec![0; sum.len()];
            match prf {
                Prf::Sha256 => pbkdf2::pbkdf2_hmac::<pbkdf2::sha2::Sha256>(password, &salt, rounds, &mut out),
                Prf::Sha512 => pbkdf2::pbkdf2_hmac::<pbkdf2::sha2::Sha512>(password, &salt, rounds, &mut out),
            }
            !sum.is_empty() && bool::from(out.ct_eq(&sum))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with the reference programs of each kind, for the password below.
    const PASSWORD: &[u8] = b"correct horse battery staple";

    const HASHES: [&str; 11] = [
        "$2b$05$kq7deJivCjAieTp6LVWBlOxkmM3dEYOmIuALW7WtM8ZeoyNg8gtqq",
        "$2a$05$OPiur35K9KaVA.XyDXf7A.7ZKKRQ602uuiFvdwduulOxBe/WhR1w2",
        "$2y$05$9ziSS.e2x82Pts7SahaBU.O55/1nrY3RtjkBmbO64FSrT1WxBUTv2",
        "$scrypt$ln=10,r=8,p=1$AmDMWQuhtLbWWsu59773Hg$iZKLth6tcgItpCqwCijPVqtVjdyK43uJ0jDYzIPVJfo",
        "$pbkdf2-sha256$1000$613LWcsZYyyl1Nobo/Sekw$xSjjTqO30C3/hgWYBtFD4eGS3de86BRSDYMGv9Azq3w",
        "$pbkdf2-sha512$1000$U2pNKSWkdC7FWAvhvPfeOw$VBx8ibDEbjxwts9zylLnZY6pZZmmAYv24s7JNNmZL6kqjC7q99PnFnjxtTIQphmdu7\
         Sn30LgCTKumsTQY6wpNg",
        "$argon2i$v=19$m=64,t=1,p=1$Wcv5v7d27t17T8lZq1VKyQ$6799wGH/TLgLFKyrkh3eJsiimjDCzosykTWOO2Pmc9U",
        "$argon2id$v=19$m=128,t=2,p=4$3XvPuXfO+d/bW4sR4tz7vw$zTvKAVoYZptZrdN8ThV0gKxdPp3kZDZQgfgJf0ib4cM",
        "pbkdf2_sha256$1000$eQXNqjAWDOJy$jtfvvXUBMJwJ5zIUJphOsS7uSlzG/p6TsyQ61D+HvYc=",
        "pbkdf2:sha256:1000$p6kvL2jp2l1jEQnW$669ec16a00f05ee3304fc06c523b94901c8e37bac23546617f73dca483729ebd",
        "scrypt:1024:8:1$BvWUKmhqZraUq1jQ$4ba6d0772e22a24cb96df04a1b979e421152f2d1ab938143f53e8018683d944353091fb4e37dacc\
         6dc991289b4293d4ed1ea879303526308cba6042fcf6f7e60",
    ];

    #[test]
    fn promise_1_1_hashes_of_other_systems_know_their_password_and_no_other() {
        for hash in HASHES {
            assert!(matches(PASSWORD, hash), "{hash}");
            assert!(!matches(b"correct horse battery stapl", hash), "{hash}");
        }
    }

    #[test]
    fn promise_2_1_a_hash_that_nobody_has_is_of_the_same_kind_and_matches_nothing() {
        for hash in HASHES {
            let nobody = nobody_of(hash).unwrap();
            assert_eq!(nobody_of(&nobody).as_deref(), Ok(nobody.as_str()), "{hash}");
            assert!(!matches(PASSWORD, &nobody), "{hash}");
        }
    }

    #[test]
    fn what_would_stall_a_login_or_is_no_hash_is_not_taken() {
        let rest = "OPiur35K9KaVA.XyDXf7A.7ZKKRQ602uuiFvdwduulOxBe/WhR1w2";
        for costly in [
            format!("$2b$31${rest}"),
            "$scrypt$ln=30,r=8,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vt".to_owned(),
            "$pbkdf2-sha256$4000000000$c2FsdHNhbHQ$c3Vtc3Vtc3Vt".to_owned(),
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZSBmaXhlZCBzYWx0$Zm9yIG5vYm9keSwgb25seSB0byB0YWtlIHRpbWUhISE"
                .to_owned(),
        ] {
            assert_eq!(nobody_of(&costly), Err(Unfit::Costly), "{costly}");
            assert!(!matches(PASSWORD, &costly), "{costly}");
        }
        for unknown in
            ["", "5f4dcc3b5aa765d61d8327deb882cf99", "$1$salt$qJH7.N4xYta3aEG/dfqo/0", "$2b$xx$", "plain text", "$$$$"]
        {
            assert_eq!(nobody_of(unknown), Err(Unfit::Unknown), "{unknown}");
        }
    }
}
