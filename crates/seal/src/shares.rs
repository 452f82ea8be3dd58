//! Shares of a root key: any k of n make it again, fewer say nothing of it.
//!
//! Keeps promise 5.5. A share is text that can be printed and typed: it names its key, its number and how many
//! are needed, and carries check digits, so that a typing error or a share of another key is found before use.

use blahaj::{Share, Sharks};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::id::CROCKFORD;
use crate::keyfile;
use crate::suite::Suite;

/// What stands before a share, with the version of this form.
const PREFIX: &str = "avouch-share-1";
/// Key's name, shares needed, point, values.
const BODY: usize = 4 + 1 + 1 + 32;
const CHECK: usize = 7;
/// Characters between two hyphens.
const GROUP: usize = 6;

/// Shares that make no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Not as many as that.
    #[error("a key is split into 2 to 255 shares, and at least 2 of them and at most all are needed to join it")]
    Numbers,
    /// One of them is mistyped.
    #[error("share {0} of those given is not a share, or is mistyped: its check digits do not fit")]
    Mistyped(usize),
    /// One of them belongs to another key.
    #[error("share {0} of those given belongs to another key than the first")]
    Stranger(usize),
    /// Too few.
    #[error("{given} shares of this key are given, and {needed} are needed")]
    TooFew {
        /// Different ones given.
        given: usize,
        /// How many are needed.
        needed: u8,
    },
    /// What they make is not the key they name.
    #[error("these shares do not make the key they name: one of them was changed")]
    Damaged,
}

/// Randomness as the sharing asks for it.
struct Dice<'e>(&'e dyn Entropy);

impl TryRng for Dice<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_be_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_be_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Dice<'_> {}

fn check(body: &[u8]) -> [u8; CHECK] {
    let full = Suite::Aes256Gcm.mac(b"avouch share", &[body]);
    let mut out = [0; CHECK];
    for (to, from) in out.iter_mut().zip(full) {
        *to = from;
    }
    out
}

/// Splits a key.
pub(crate) fn split(
    key: &[u8; 32],
    shares: u8,
    threshold: u8,
    entropy: &dyn Entropy,
) -> Result<Vec<Zeroizing<String>>, ShareError> {
    if threshold < 2 || threshold > shares {
        return Err(ShareError::Numbers);
    }
    let mut dice = Dice(entropy);
    let dealt = Sharks(threshold).dealer_rng(key, &mut dice);
    Ok(dealt
        .take(usize::from(shares))
        .map(|share| {
            let mut body = Zeroizing::new(Vec::with_capacity(BODY + CHECK));
            body.extend_from_slice(&keyfile::id(key));
            body.push(threshold);
            body.extend_from_slice(&Zeroizing::new(Vec::from(&share)));
            let sum = check(&body);
            body.extend_from_slice(&sum);
            Zeroizing::new(written(&body))
        })
        .collect())
}

fn written(body: &[u8]) -> String {
    let text = Zeroizing::new(CROCKFORD.as_ref().map(|c| c.encode(body)).unwrap_or_default());
    let mut out = PREFIX.to_owned();
    for (at, c) in text.chars().enumerate() {
        if at % GROUP == 0 {
            out.push('-');
        }
        out.push(c);
    }
    out
}

/// The bytes of a share as it was typed: letters of either case, any hyphens and spaces, O for 0, I and L for 1.
fn typed(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect());
    let rest = text.strip_prefix(PREFIX)?;
    let plain: Zeroizing<String> = Zeroizing::new(
        rest.chars()
            .filter(|c| *c != '-')
            .map(|c| match c {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect(),
    );
    let bytes = Zeroizing::new(CROCKFORD.as_ref()?.decode(plain.as_bytes()).ok()?);
    let (body, sum) = bytes.split_at_checked(BODY)?;
    (sum == check(body)).then(|| Zeroizing::new(body.to_vec()))
}

/// Joins shares to the key they are of.
pub(crate) fn join(given: &[String]) -> Result<Zeroizing<[u8; 32]>, ShareError> {
    let mut shares: Vec<Share> = Vec::new();
    let mut about: Option<Zeroizing<Vec<u8>>> = None;
    for (at, text) in given.iter().enumerate() {
        let body = typed(text).ok_or(ShareError::Mistyped(at + 1))?;
        let (head, points) = body.split_at_checked(5).ok_or(ShareError::Mistyped(at + 1))?;
        match &about {
            Some(first) if first.as_slice() != head => return Err(ShareError::Stranger(at + 1)),
            Some(_) => {}
            None => about = Some(Zeroizing::new(head.to_vec())),
        }
        let share = Share::try_from(points).map_err(|_| ShareError::Mistyped(at + 1))?;
        // The same share twice is one.
        if shares.iter().all(|other| other.x != share.x) {
            shares.push(share);
        }
    }
    let about = about.ok_or(ShareError::TooFew { given: 0, needed: 2 })?;
    let needed = about.last().copied().unwrap_or(u8::MAX);
    if shares.len() < usize::from(needed) {
        return Err(ShareError::TooFew { given: shares.len(), needed });
    }
    let joined = Zeroizing::new(Sharks(needed).recover(&shares).map_err(|_| ShareError::Damaged)?);
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(joined.as_slice().try_into().map_err(|_| ShareError::Damaged)?);
    if about.starts_with(&keyfile::id(key.as_ref())) { Ok(key) } else { Err(ShareError::Damaged) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entropy::SystemEntropy;

    fn texts(shares: &[Zeroizing<String>]) -> Vec<String> {
        shares.iter().map(|s| s.to_string()).collect()
    }

    proptest! {
        #[test]
        fn any_k_of_n_make_the_key_and_no_fewer(
            key in any::<[u8; 32]>(),
            (n, k) in (2_u8..9).prop_flat_map(|n| (Just(n), 2..=n)),
            from in any::<prop::sample::Index>(),
        ) {
            let shares = texts(&split(&key, n, k, &SystemEntropy).unwrap());
            let start = from.index(shares.len());
            let some: Vec<String> = shares.iter().cycle().skip(start).take(usize::from(k)).cloned().collect();
            prop_assert_eq!(*join(&some).unwrap(), key);
            prop_assert_eq!(*join(&shares).unwrap(), key);
            let few = some[1..].to_vec();
            let given = few.len();
            prop_assert_eq!(join(&few).unwrap_err(), ShareError::TooFew { given, needed: k });
        }

        #[test]
        fn one_wrong_character_is_found(at in 0_usize..72, to in "[0-9a-z]") {
            let mut shares = texts(&split(&[7; 32], 3, 2, &SystemEntropy).unwrap());
            let start = PREFIX.len() + 1;
            let place = (start..).filter(|i| shares[0].as_bytes().get(*i) != Some(&b'-')).nth(at).unwrap();
            let same = |c: &str| c.replace('o', "0").replace(['i', 'l'], "1");
            let is = shares[0].get(place..=place).unwrap();
            prop_assume!(same(is) != same(&to));
            shares[0].replace_range(place..=place, &to);
            prop_assert_eq!(join(&shares).unwrap_err(), ShareError::Mistyped(1));
        }
    }

    #[test]
    fn a_share_is_read_as_people_type_it() {
        let shares = texts(&split(&[7; 32], 2, 2, &SystemEntropy).unwrap());
        let loud: Vec<String> = shares.iter().map(|s| format!("  {} ", s.to_uppercase().replace('1', "l"))).collect();
        // The prefix has a 1 of its own, which stays what it is.
        let loud: Vec<String> = loud.iter().map(|s| s.replacen("SHARE-l", "SHARE-1", 1)).collect();
        assert_eq!(*join(&loud).unwrap(), [7; 32]);
    }

    #[test]
    fn shares_of_two_keys_and_wrong_numbers_are_refused() {
        let one = texts(&split(&[7; 32], 3, 2, &SystemEntropy).unwrap());
        let other = texts(&split(&[8; 32], 3, 2, &SystemEntropy).unwrap());
        assert_eq!(join(&[one[0].clone(), other[1].clone()]).unwrap_err(), ShareError::Stranger(2));
        let twice = [one[0].clone(), one[0].clone()];
        assert_eq!(join(&twice).unwrap_err(), ShareError::TooFew { given: 1, needed: 2 });
        assert_eq!(join(&[]).unwrap_err(), ShareError::TooFew { given: 0, needed: 2 });
        for (n, k) in [(1, 1), (3, 1), (3, 4), (0, 0)] {
            assert_eq!(split(&[7; 32], n, k, &SystemEntropy).unwrap_err(), ShareError::Numbers);
        }
    }
}
