//! The keys below the root: regions, subjects, and the holding key for what law keeps.
//!
//! Keeps promises 5.2 and 6.3: a subject's key is random and wrapped once; destroying the wrapped bytes
//! makes everything sealed under it unreadable for ever.

use zeroize::Zeroizing;

use crate::aead::{self, Aad, SealError, Suite, derive, mac};
use crate::blob::BlobKey;
use crate::entropy::Entropy;
use crate::id::{Region, SubjectId};
use crate::kms::{Kms, KmsError};

/// A region's key: wraps subject keys, keys the blind indexes, derives the holding key.
pub struct RegionKey {
    region: Region,
    version: u32,
    wrap: Zeroizing<[u8; 32]>,
    index: Zeroizing<[u8; 32]>,
    holding: Zeroizing<[u8; 32]>,
}

/// One person's key. Everything of theirs is sealed under it.
pub struct SubjectKey {
    region: Region,
    record: Zeroizing<[u8; 32]>,
    blob: Zeroizing<[u8; 32]>,
    tag: Zeroizing<[u8; 32]>,
    commit: Zeroizing<[u8; 32]>,
}

/// Seals what law keeps after an erasure. It belongs to no one person.
pub struct HoldingKey {
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
secret!(RegionKey, SubjectKey, HoldingKey);

impl RegionKey {
    fn from_secret(region: Region, version: u32, secret: &[u8]) -> Self {
        let name = region.as_str().as_bytes().to_vec();
        Self {
            region,
            version,
            wrap: derive(secret, &[b"wrap", &name]),
            index: derive(secret, &[b"blind index", &name]),
            holding: derive(secret, &[b"holding", &name]),
        }
    }

    fn context(region: Region, version: u32) -> String {
        format!("region:{region}:{version}")
    }

    /// Makes a new key for a region; gives it and its wrapped form, to be stored.
    ///
    /// # Errors
    /// When the root key cannot be used.
    pub fn generate(
        region: Region,
        version: u32,
        kms: &dyn Kms,
        entropy: &dyn Entropy,
    ) -> Result<(Self, Vec<u8>), KmsError> {
        let secret = Zeroizing::new(entropy.bytes::<32>());
        let wrapped = kms.wrap(&Self::context(region, version), secret.as_ref(), entropy)?;
        Ok((Self::from_secret(region, version, secret.as_ref()), wrapped))
    }

    /// A stored region key.
    ///
    /// # Errors
    /// When the root key is missing or another.
    pub fn from_wrapped(region: Region, version: u32, wrapped: &[u8], kms: &dyn Kms) -> Result<Self, KmsError> {
        let secret = kms.unwrap(&Self::context(region, version), wrapped)?;
        Ok(Self::from_secret(region, version, &secret))
    }

    /// Its version; stands beside every subject key it wraps.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    fn subject_aad(&self, subject: &SubjectId) -> Vec<u8> {
        Aad {
            region: self.region.as_str(),
            subject: subject.id(),
            item: "subject key",
            record: &[],
            version: u64::from(self.version),
        }
        .for_suite(Suite::Aes256Gcm)
    }

    /// Makes a person's key; gives it and its wrapped form, to be stored in the key store.
    ///
    /// # Errors
    /// Only when the library refuses.
    pub fn new_subject(&self, subject: &SubjectId, entropy: &dyn Entropy) -> Result<(SubjectKey, Vec<u8>), SealError> {
        let secret = Zeroizing::new(entropy.bytes::<32>());
        let wrapped = aead::seal(&self.wrap, &self.subject_aad(subject), secret.as_ref(), entropy)?;
        Ok((SubjectKey::from_secret(self.region, secret.as_ref()), wrapped))
    }

    /// A stored person's key.
    ///
    /// # Errors
    /// [`SealError`] when it was wrapped by another key or for another subject.
    pub fn subject(&self, subject: &SubjectId, wrapped: &[u8]) -> Result<SubjectKey, SealError> {
        let secret = Zeroizing::new(aead::open(&self.wrap, &self.subject_aad(subject), wrapped)?);
        Ok(SubjectKey::from_secret(self.region, &secret))
    }

    /// The keyed digest by which an identifier is found, and by nothing else.
    #[must_use]
    pub fn blind_index(&self, item: &str, normalized: &str) -> [u8; 32] {
        mac(self.index.as_ref(), &[item.as_bytes(), normalized.as_bytes()])
    }

    /// The key for what law keeps.
    #[must_use]
    pub fn holding(&self) -> HoldingKey {
        HoldingKey { key: self.holding.clone() }
    }
}

impl SubjectKey {
    fn from_secret(region: Region, secret: &[u8]) -> Self {
        Self {
            region,
            record: derive(secret, &[b"record"]),
            blob: derive(secret, &[b"blob"]),
            tag: derive(secret, &[b"leaf tag"]),
            commit: derive(secret, &[b"commitment"]),
        }
    }

    /// A key of its own for each record, so that nonces never meet.
    fn record_key(&self, aad: &Aad<'_>) -> Zeroizing<[u8; 32]> {
        derive(self.record.as_ref(), &[aad.item.as_bytes(), b"\0", aad.record])
    }

    /// Seals a value into its place.
    ///
    /// # Errors
    /// Only when the library refuses.
    pub fn seal(&self, aad: &Aad<'_>, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        aead::seal(&self.record_key(aad), &aad.for_suite(Suite::Aes256Gcm), plain, entropy)
    }

    /// Opens a value from its place.
    ///
    /// # Errors
    /// [`SealError`] when key, place or bytes are not those it was sealed with.
    pub fn open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        aead::open(&self.record_key(aad), &aad.for_suite(Suite::Aes256Gcm), sealed)
    }

    /// The key of one blob: of its own for each, by its random id.
    #[must_use]
    pub fn blob(&self, item: &str, id: &[u8; 16], size: u64, subject: &SubjectId) -> BlobKey {
        let aad = Aad { region: self.region.as_str(), subject: subject.id(), item, record: id, version: size };
        BlobKey::new(derive(self.blob.as_ref(), &[item.as_bytes(), b"\0", id]), &aad)
    }

    /// The tag that stands for the subject in one leaf: keyed, and different in every leaf.
    #[must_use]
    pub fn tag(&self, salt: &[u8; 16]) -> [u8; 16] {
        let full = mac(self.tag.as_ref(), &[salt]);
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
        mac(self.commit.as_ref(), &parts)
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
        aead::seal(&self.key, &aad.for_suite(Suite::Aes256Gcm), plain, entropy)
    }

    /// Opens a kept value.
    ///
    /// # Errors
    /// [`SealError`] when key, place or bytes are not those it was sealed with.
    pub fn open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        aead::open(&self.key, &aad.for_suite(Suite::Aes256Gcm), sealed)
    }

    /// The id under which a record is kept: the same each time, so that keeping twice keeps once, and
    /// linked to nobody.
    #[must_use]
    pub fn id(&self, subject: &SubjectId, item: &str, record: &[u8; 16]) -> [u8; 16] {
        let full = mac(self.key.as_ref(), &[b"held", subject.id(), item.as_bytes(), record]);
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(full) {
            *to = from;
        }
        id
    }
}
