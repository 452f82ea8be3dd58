//! The keys below the root: regions, subjects, and the holding key for what law keeps.
//!
//! Keeps promises 5.2 and 6.3: a subject's key is random and wrapped once; destroying the wrapped bytes
//! makes everything sealed under it unreadable for ever.

use zeroize::Zeroizing;

use crate::aead::{Aad, SealError};
use crate::blob::BlobKey;
use crate::entropy::Entropy;
use crate::id::{Region, SubjectId};
use crate::kms::{Kms, KmsError};
use crate::suite::Suite;

/// A region's key: wraps subject keys.
pub struct RegionKey {
    region: Region,
    version: u32,
    /// What new values are sealed with. Older ones open by the suite they name.
    suite: Suite,
    secret: Zeroizing<Vec<u8>>,
}

/// What identifiers are found by and what law keeps is sealed under; it stays when the region's key rotates.
pub struct LookupKey {
    region: Region,
    suite: Suite,
    index: Zeroizing<[u8; 32]>,
    holding: Zeroizing<[u8; 32]>,
}

/// One person's key. Everything of theirs is sealed under it.
pub struct SubjectKey {
    region: Region,
    suite: Suite,
    secret: Zeroizing<Vec<u8>>,
    record: Zeroizing<[u8; 32]>,
    tag: Zeroizing<[u8; 32]>,
    commit: Zeroizing<[u8; 32]>,
}

/// Seals what law keeps after an erasure. It belongs to no one person.
pub struct HoldingKey {
    /// What it was made with, and ids are.
    suite: Suite,
    /// What new values are sealed with. Older ones open by the suite they name.
    with: Suite,
    key: Zeroizing<[u8; 32]>,
}

macro_rules! secret {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
secret!(RegionKey, LookupKey, SubjectKey, HoldingKey);

impl RegionKey {
    fn context(region: Region, version: u32) -> String {
        format!("region:{region}:{version}")
    }

    /// Makes a new key for a region, which seals with `suite`; gives it and its wrapped form, to be stored.
    ///
    /// # Errors
    /// When the root key cannot be used.
    pub fn generate(
        region: Region,
        version: u32,
        suite: Suite,
        kms: &dyn Kms,
        entropy: &dyn Entropy,
    ) -> Result<(Self, Vec<u8>), KmsError> {
        let secret = Zeroizing::new(entropy.bytes::<32>().to_vec());
        let wrapped = kms.wrap(&Self::context(region, version), &secret, entropy)?;
        Ok((Self { region, version, suite, secret }, wrapped))
    }

    /// A stored region key, to seal with `suite`.
    ///
    /// # Errors
    /// When the root key is missing or another.
    pub fn from_wrapped(
        region: Region,
        version: u32,
        suite: Suite,
        wrapped: &[u8],
        kms: &dyn Kms,
    ) -> Result<Self, KmsError> {
        let secret = kms.unwrap(&Self::context(region, version), wrapped)?;
        Ok(Self { region, version, suite, secret })
    }

    /// Its version; stands beside every subject key it wraps.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The same key, to seal with another suite.
    #[must_use]
    pub fn in_suite(&self, suite: Suite) -> Self {
        Self { region: self.region, version: self.version, suite, secret: self.secret.clone() }
    }

    fn wrapping(&self, suite: Suite) -> Zeroizing<[u8; 32]> {
        suite.derive(&self.secret, &[b"wrap", self.region.as_str().as_bytes()])
    }

    fn subject_aad(&self, subject: &SubjectId, suite: Suite) -> Vec<u8> {
        Aad {
            region: self.region.as_str(),
            subject: subject.id(),
            item: "subject key",
            record: &[],
            version: u64::from(self.version),
        }
        .for_suite(suite)
    }

    fn wrap_subject(&self, subject: &SubjectId, secret: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        let suite = self.suite;
        suite.seal(&self.wrapping(suite), &self.subject_aad(subject, suite), secret, entropy)
    }

    fn unwrap_subject(&self, subject: &SubjectId, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let suite = Suite::of(wrapped)?;
        suite.open(&self.wrapping(suite), &self.subject_aad(subject, suite), wrapped).map(Zeroizing::new)
    }

    /// Makes a person's key; gives it and its wrapped form, to be stored in the key store.
    ///
    /// # Errors
    /// Only when the library refuses.
    pub fn new_subject(&self, subject: &SubjectId, entropy: &dyn Entropy) -> Result<(SubjectKey, Vec<u8>), SealError> {
        let secret = Zeroizing::new(entropy.bytes::<32>().to_vec());
        let wrapped = self.wrap_subject(subject, &secret, entropy)?;
        Ok((SubjectKey::from_secret(self.region, self.suite, secret), wrapped))
    }

    /// A stored person's key.
    ///
    /// # Errors
    /// [`SealError`] when it was wrapped by another key or for another subject.
    pub fn subject(&self, subject: &SubjectId, wrapped: &[u8]) -> Result<SubjectKey, SealError> {
        Ok(SubjectKey::from_secret(self.region, self.suite, self.unwrap_subject(subject, wrapped)?))
    }

    /// A person's key that this one wrapped, wrapped by another: the person's key itself stays what it is.
    ///
    /// # Errors
    /// As [`RegionKey::subject`].
    pub fn rewrap(
        &self,
        subject: &SubjectId,
        wrapped: &[u8],
        by: &Self,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        by.wrap_subject(subject, &self.unwrap_subject(subject, wrapped)?, entropy)
    }

    /// What identifiers are found by, as it hung on a region's first key before it was kept by itself.
    #[must_use]
    pub fn lookup(&self) -> LookupKey {
        let derive = |label| self.suite.derive(&self.secret, &[label, self.region.as_str().as_bytes()]);
        LookupKey {
            region: self.region,
            suite: self.suite,
            index: derive(b"blind index".as_slice()),
            holding: derive(b"holding".as_slice()),
        }
    }
}

impl LookupKey {
    fn context(region: Region) -> String {
        format!("lookup:{region}")
    }

    /// Its wrapped form, to be stored.
    ///
    /// # Errors
    /// When the root key cannot be used.
    pub fn wrapped(&self, kms: &dyn Kms, entropy: &dyn Entropy) -> Result<Vec<u8>, KmsError> {
        let mut secret = Zeroizing::new(Vec::with_capacity(65));
        secret.push(self.suite as u8);
        secret.extend_from_slice(self.index.as_ref());
        secret.extend_from_slice(self.holding.as_ref());
        kms.wrap(&Self::context(self.region), &secret, entropy)
    }

    /// A stored one.
    ///
    /// # Errors
    /// When the root key is missing or another.
    pub fn from_wrapped(region: Region, wrapped: &[u8], kms: &dyn Kms) -> Result<Self, KmsError> {
        let context = Self::context(region);
        let secret = kms.unwrap(&context, wrapped)?;
        let wrong = || KmsError::Wrong(context.clone());
        let (suite, keys) = secret.split_first().ok_or_else(wrong)?;
        let suite = Suite::coded(*suite).ok_or_else(wrong)?;
        let (index, holding) = keys.split_at_checked(32).ok_or_else(wrong)?;
        Ok(Self {
            region,
            suite,
            index: Zeroizing::new(index.try_into().map_err(|_| wrong())?),
            holding: Zeroizing::new(holding.try_into().map_err(|_| wrong())?),
        })
    }

    /// The suite its digests are made with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The keyed digest by which an identifier is found, and by nothing else.
    #[must_use]
    pub fn blind_index(&self, item: &str, normalized: &str) -> [u8; 32] {
        self.suite.mac(self.index.as_ref(), &[item.as_bytes(), normalized.as_bytes()])
    }

    /// The key for what law keeps, to seal with a suite.
    #[must_use]
    pub fn holding(&self, with: Suite) -> HoldingKey {
        HoldingKey { suite: self.suite, with, key: self.holding.clone() }
    }
}

impl SubjectKey {
    fn from_secret(region: Region, suite: Suite, secret: Zeroizing<Vec<u8>>) -> Self {
        Self {
            region,
            suite,
            record: suite.derive(&secret, &[b"record"]),
            tag: suite.derive(&secret, &[b"leaf tag"]),
            commit: suite.derive(&secret, &[b"commitment"]),
            secret,
        }
    }

    /// A key of its own for each record, so that nonces never meet.
    fn record_key(&self, suite: Suite, aad: &Aad<'_>) -> Zeroizing<[u8; 32]> {
        let label: &[&[u8]] = &[aad.item.as_bytes(), b"\0", aad.record];
        if suite == self.suite {
            return suite.derive(self.record.as_ref(), label);
        }
        suite.derive(suite.derive(&self.secret, &[b"record"]).as_ref(), label)
    }

    /// Seals a value into its place.
    ///
    /// # Errors
    /// Only when the library refuses.
    pub fn seal(&self, aad: &Aad<'_>, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        self.suite.seal(&self.record_key(self.suite, aad), &aad.for_suite(self.suite), plain, entropy)
    }

    /// Opens a value from its place.
    ///
    /// # Errors
    /// [`SealError`] when key, place or bytes are not those it was sealed with.
    pub fn open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let suite = Suite::of(sealed)?;
        suite.open(&self.record_key(suite, aad), &aad.for_suite(suite), sealed)
    }

    /// The key of one blob: of its own for each, by its random id.
    #[must_use]
    pub fn blob(&self, item: &str, id: &[u8; 16], size: u64, subject: &SubjectId) -> BlobKey {
        let aad = Aad { region: self.region.as_str(), subject: subject.id(), item, record: id, version: size };
        let key = |suite: Suite| {
            let blobs = suite.derive(&self.secret, &[b"blob"]);
            suite.derive(blobs.as_ref(), &[item.as_bytes(), b"\0", id])
        };
        BlobKey::new(self.suite, key, &aad)
    }

    /// The tag that stands for the subject in one leaf: keyed, and different in every leaf.
    #[must_use]
    pub fn tag(&self, salt: &[u8; 16]) -> [u8; 16] {
        self.lasting_tag(self.suite, salt)
    }

    /// As [`SubjectKey::tag`], with a suite that stays when values are sealed with another.
    #[must_use]
    pub fn lasting_tag(&self, suite: Suite, salt: &[u8; 16]) -> [u8; 16] {
        let key = if suite == self.suite { self.tag.clone() } else { suite.derive(&self.secret, &[b"leaf tag"]) };
        let full = suite.mac(key.as_ref(), &[salt]);
        let mut tag = [0; 16];
        for (to, from) in tag.iter_mut().zip(full) {
            *to = from;
        }
        tag
    }

    /// A commitment to values, salted and keyed: it proves them to who is shown the key's opening, and
    /// tells nothing to anyone else.
    #[must_use]
    pub fn commitment<'v>(&self, salt: &'v [u8; 16], values: impl Iterator<Item = &'v [u8]>) -> [u8; 32] {
        let mut parts: Vec<&[u8]> = vec![salt];
        parts.extend(values);
        self.suite.mac(self.commit.as_ref(), &parts)
    }

    /// The region it belongs to.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }
}

impl HoldingKey {
    /// Seals a kept value under its id.
    ///
    /// # Errors
    /// Only when the library refuses.
    pub fn seal(&self, aad: &Aad<'_>, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        self.with.seal(&self.key_of(self.with), &aad.for_suite(self.with), plain, entropy)
    }

    /// A key of its own for each suite.
    fn key_of(&self, suite: Suite) -> Zeroizing<[u8; 32]> {
        if suite == self.suite { self.key.clone() } else { suite.derive(self.key.as_ref(), &[b"holding"]) }
    }

    /// Opens a kept value.
    ///
    /// # Errors
    /// [`SealError`] when key, place or bytes are not those it was sealed with.
    pub fn open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let suite = Suite::of(sealed)?;
        suite.open(&self.key_of(suite), &aad.for_suite(suite), sealed)
    }

    /// The id under which a record is kept: the same each time, so that keeping twice keeps once, and
    /// linked to nobody.
    #[must_use]
    pub fn id(&self, subject: &SubjectId, item: &str, record: &[u8; 16]) -> [u8; 16] {
        let full = self.suite.mac(self.key.as_ref(), &[b"held", subject.id(), item.as_bytes(), record]);
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(full) {
            *to = from;
        }
        id
    }
}
