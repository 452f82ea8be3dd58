//! The default root key: a file that only its owner can read.
//!
//! Keeps promise 5.5. While a rotation is under way the file holds more than one version, the newest first.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::kms::{Kms, KmsError};
use crate::shares::{self, ShareError};
use crate::suite::Suite;

const MAGIC: &[u8; 16] = b"avouch root key\n";
/// One key.
const ONE: u8 = 1;
/// How many, and the keys, the newest first.
const SEVERAL: u8 = 2;
/// The most versions a file holds: more are retired first.
const MOST: usize = 16;
/// Magic, version, count, keys, checksum.
const LONGEST: usize = 16 + 1 + 1 + 32 * MOST + 8;

type Keys = Vec<Zeroizing<[u8; 32]>>;

/// A root key in a file.
pub struct KeyFile {
    path: PathBuf,
    keys: RwLock<Keys>,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn checksum(keys: &[u8]) -> [u8; 8] {
    first(&Suite::Aes256Gcm.mac(b"avouch root key checksum", &[keys]))
}

/// The name of a version: says nothing of the key.
pub(crate) fn id(key: &[u8]) -> [u8; 4] {
    first(&Suite::Aes256Gcm.mac(b"avouch root key id", &[key]))
}

fn named(key: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&id(key))
}

fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

fn read(path: &Path) -> Result<Keys, KmsError> {
    let shown = path.display();
    let mut file = File::open(path).map_err(|e| {
        KmsError::Missing(format!(
            "the root key file {shown} cannot be read ({e}). Everything here is sealed under it: put the file \
             back from its backup, or join its shares with `avouch keys recover`. Without it nothing can be opened; \
             no new key was made, because it could not open what is here"
        ))
    })?;
    let meta = file.metadata().map_err(|e| KmsError::Missing(format!("{shown}: {e}")))?;
    if meta.mode() & 0o077 != 0 {
        return Err(KmsError::Unsafe(format!(
            "the root key file {shown} can be read by others (mode {:o}). Run: chmod 600 {shown}",
            meta.mode() & 0o777
        )));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    Read::by_ref(&mut file)
        .take(LONGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| KmsError::Missing(format!("{shown}: {e}")))?;
    parse(&bytes).map_err(|newer| {
        KmsError::Wrong(match newer {
            Some(version) => {
                format!("{shown} was written by a newer Avouch (key file version {version}); run that version")
            }
            None => format!(
                "{shown} is not a root key file, or is damaged: put it back from its backup; it was not changed"
            ),
        })
    })
}

/// The keys in a file's bytes; else the version it names, where that is one this build does not know.
fn parse(bytes: &[u8]) -> Result<Keys, Option<u8>> {
    let (version, rest) = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(None)?;
    let (count, rest) = match *version {
        ONE => (1, rest),
        SEVERAL => rest.split_first().map(|(n, rest)| (usize::from(*n), rest)).ok_or(None)?,
        newer => return Err(Some(newer)),
    };
    let (keys, sum) = rest.split_at_checked(32 * count).ok_or(None)?;
    let (keys, rest) = if count > 0 && sum == checksum(keys) { keys.as_chunks::<32>() } else { return Err(None) };
    debug_assert!(rest.is_empty(), "a multiple of 32 was taken");
    Ok(keys.iter().map(|key| Zeroizing::new(*key)).collect())
}

/// Writes a key file beside `path`, durably; gives where. The caller puts it in its place.
fn draft(path: &Path, keys: &[Zeroizing<[u8; 32]>]) -> std::io::Result<PathBuf> {
    let mut secret = Zeroizing::new(Vec::with_capacity(32 * keys.len()));
    for key in keys {
        secret.extend_from_slice(key.as_ref());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
    bytes.extend_from_slice(MAGIC);
    match keys.len() {
        1 => bytes.push(ONE),
        // At most MOST.
        count => bytes.extend_from_slice(&[SEVERAL, u8::try_from(count).unwrap_or(u8::MAX)]),
    }
    bytes.extend_from_slice(&secret);
    bytes.extend_from_slice(&checksum(&secret));
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(&bytes).and_then(|()| file.sync_all())?;
    Ok(draft)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

impl KeyFile {
    /// Opens the key file at `path`.
    ///
    /// # Errors
    /// [`KmsError::Missing`] when it is not there: nothing sealed can be read until it is put back.
    /// [`KmsError::Unsafe`] when others can read it, [`KmsError::Wrong`] when it is damaged.
    pub fn open(path: &Path) -> Result<Self, KmsError> {
        Ok(Self { path: path.to_owned(), keys: RwLock::new(read(path)?) })
    }

    /// Makes a new key file, readable by its owner only. Never overwrites one.
    ///
    /// # Errors
    /// When the folder or file cannot be made, or a file is there already.
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KmsError> {
        Self::place(path, vec![Zeroizing::new(entropy.bytes::<32>())])
    }

    /// Makes a key file again from shares of its key. Never overwrites one.
    ///
    /// # Errors
    /// [`KmsError::Wrong`] when the shares do not make a key; else as [`KeyFile::create`].
    pub fn recover(path: &Path, shares: &[String]) -> Result<Self, KmsError> {
        let key = shares::join(shares).map_err(|e| KmsError::Wrong(e.to_string()))?;
        Self::place(path, vec![key])
    }

    /// Splits the newest version into shares, any `threshold` of which make it again.
    ///
    /// # Errors
    /// [`ShareError::Numbers`] unless 2 ≤ threshold ≤ shares.
    pub fn split(
        &self,
        shares: u8,
        threshold: u8,
        entropy: &dyn Entropy,
    ) -> Result<Vec<Zeroizing<String>>, ShareError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.first().ok_or(ShareError::Damaged)?;
        shares::split(key, shares, threshold, entropy)
    }

    fn place(path: &Path, keys: Keys) -> Result<Self, KmsError> {
        let told =
            |e: std::io::Error| KmsError::Missing(format!("cannot make the root key file {}: {e}", path.display()));
        let folder = folder(path);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(told)?;
        let draft = draft(path, &keys).map_err(told)?;
        // A link, unlike a rename, fails where the name is taken: an existing key is never replaced.
        let placed = fs::hard_link(&draft, path);
        fs::remove_file(&draft).map_err(told)?;
        placed.map_err(told)?;
        File::open(folder).and_then(|d| d.sync_all()).map_err(told)?;
        Ok(Self { path: path.to_owned(), keys: RwLock::new(keys) })
    }

    /// Reads the file again: another process may have rotated it.
    fn fresh(&self) -> Result<Keys, KmsError> {
        let keys = read(&self.path)?;
        self.keys.write().unwrap_or_else(PoisonError::into_inner).clone_from(&keys);
        Ok(keys)
    }

    fn replace(&self, keys: Keys) -> Result<(), KmsError> {
        let told = |e: std::io::Error| {
            KmsError::Missing(format!("cannot write the root key file {} anew: {e}; it stays", self.path.display()))
        };
        let draft = draft(&self.path, &keys).map_err(told)?;
        fs::rename(&draft, &self.path).map_err(told)?;
        File::open(folder(&self.path)).and_then(|d| d.sync_all()).map_err(told)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// The key among `keys` that opens this, with what it opens.
    fn opening(keys: &Keys, context: &str, wrapped: &[u8]) -> Option<(String, Zeroizing<Vec<u8>>)> {
        keys.iter().find_map(|key| {
            let open = Suite::Aes256Gcm.open(key, context.as_bytes(), wrapped).ok()?;
            Some((named(key.as_ref()), Zeroizing::new(open)))
        })
    }

    fn opened(&self, context: &str, wrapped: &[u8]) -> Result<(String, Zeroizing<Vec<u8>>), KmsError> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        match Self::opening(&known, context, wrapped) {
            Some(opened) => Ok(opened),
            None => Self::opening(&self.fresh()?, context, wrapped).ok_or_else(|| KmsError::Wrong(context.to_owned())),
        }
    }
}

impl Kms for KeyFile {
    fn wrap(&self, context: &str, key: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, KmsError> {
        let keys = self.fresh()?;
        let newest = keys.first().ok_or_else(|| KmsError::Wrong(context.to_owned()))?;
        Suite::Aes256Gcm
            .seal(newest, context.as_bytes(), key, entropy)
            .map_err(|e| KmsError::Wrong(format!("{context}: {e}")))
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.opened(context, wrapped).map(|(_, key)| key)
    }

    fn version(&self) -> Result<String, KmsError> {
        self.fresh()?.first().map(|key| named(key.as_ref())).ok_or_else(|| KmsError::Wrong("no key".to_owned()))
    }

    fn wrapped_by(&self, context: &str, wrapped: &[u8]) -> Result<String, KmsError> {
        self.opened(context, wrapped).map(|(name, _)| name)
    }

    fn rotate(&self, entropy: &dyn Entropy) -> Result<(), KmsError> {
        let mut keys = self.fresh()?;
        if keys.len() >= MOST {
            return Err(KmsError::Unsafe(format!(
                "the root key file {} holds {MOST} versions: retire the old ones first with `avouch keys retire`",
                self.path.display()
            )));
        }
        keys.insert(0, Zeroizing::new(entropy.bytes::<32>()));
        self.replace(keys)
    }

    fn retire(&self) -> Result<(), KmsError> {
        let mut keys = self.fresh()?;
        keys.truncate(1);
        self.replace(keys)
    }

    fn describe(&self) -> String {
        format!("key file {}", self.path.display())
    }
}
