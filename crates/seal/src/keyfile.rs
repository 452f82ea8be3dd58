//! The default root key: a file that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::aead;
use crate::entropy::Entropy;
use crate::kms::{Kms, KmsError};

const MAGIC: &[u8; 16] = b"avouch root key\n";
const VERSION: u8 = 1;
/// Magic, version, key, checksum.
const LENGTH: usize = 16 + 1 + 32 + 8;

/// A root key in a file.
pub struct KeyFile {
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn checksum(key: &[u8]) -> [u8; 8] {
    let full = aead::mac(b"avouch root key checksum", &[key]);
    let mut out = [0; 8];
    for (to, from) in out.iter_mut().zip(full) {
        *to = from;
    }
    out
}

impl KeyFile {
    /// Opens the key file at `path`.
    ///
    /// # Errors
    /// [`KmsError::Missing`] when it is not there: nothing sealed can be read until it is put back.
    /// [`KmsError::Unsafe`] when others can read it, [`KmsError::Wrong`] when it is damaged.
    pub fn open(path: &Path) -> Result<Self, KmsError> {
        let shown = path.display();
        let mut file = File::open(path).map_err(|e| {
            KmsError::Missing(format!(
                "the root key file {shown} cannot be read ({e}). Everything here is sealed under it: put the file \
                 back from its backup, or join its recovery shares. Without it nothing can be opened; no new key \
                 was made, because it could not open what is here"
            ))
        })?;
        let meta = file.metadata().map_err(|e| KmsError::Missing(format!("{shown}: {e}")))?;
        if meta.mode() & 0o077 != 0 {
            return Err(KmsError::Unsafe(format!(
                "the root key file {shown} can be read by others (mode {:o}). Run: chmod 600 {shown}",
                meta.mode() & 0o777
            )));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH + 1));
        Read::by_ref(&mut file)
            .take(LENGTH as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| KmsError::Missing(format!("{shown}: {e}")))?;
        let damaged = || {
            KmsError::Wrong(format!(
                "{shown} is not a root key file, or is damaged: put it back from its backup; it was not changed"
            ))
        };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (version, rest) = rest.split_first().ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(KmsError::Wrong(format!(
                "{shown} was written by a newer Avouch (key file version {version}); run that version"
            )));
        }
        let (key, sum) = rest.split_at_checked(32).ok_or_else(damaged)?;
        if sum != checksum(key) {
            return Err(damaged());
        }
        let key = Zeroizing::new(key.try_into().map_err(|_| damaged())?);
        Ok(Self { path: path.to_owned(), key })
    }

    /// Makes a new key file, readable by its owner only. Never overwrites one.
    ///
    /// # Errors
    /// When the folder or file cannot be made, or a file is there already.
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KmsError> {
        let shown = path.display();
        let told = |e: std::io::Error| KmsError::Missing(format!("cannot make the root key file {shown}: {e}"));
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(told)?;
        let key = Zeroizing::new(entropy.bytes::<32>());
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(key.as_ref());
        bytes.extend_from_slice(&checksum(key.as_ref()));

        let draft = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(told)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(told)?;
        // A link, unlike a rename, fails where the name is taken: an existing key is never replaced.
        fs::hard_link(&draft, path).map_err(told)?;
        fs::remove_file(&draft).map_err(told)?;
        File::open(folder).and_then(|d| d.sync_all()).map_err(told)?;
        Ok(Self { path: path.to_owned(), key })
    }
}

impl Kms for KeyFile {
    fn wrap(&self, context: &str, key: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, KmsError> {
        aead::seal(&self.key, context.as_bytes(), key, entropy).map_err(|e| KmsError::Wrong(format!("{context}: {e}")))
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        aead::open(&self.key, context.as_bytes(), wrapped)
            .map(Zeroizing::new)
            .map_err(|_| KmsError::Wrong(context.to_owned()))
    }

    fn describe(&self) -> String {
        format!("key file {}", self.path.display())
    }
}
