//! The file of a backup: a head in clear, then a sealed stream of items.
//!
//! Keeps promise 5.5: sealed under a key of its own, which is wrapped by a key that is not in the backup. The head is
//! bound in, and what is cut off or changed anywhere is found before anything is served from it.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use avouch_seal::{Entropy, Kms, STREAM_CHUNK, StreamKey, StreamOpener, StreamSealer, Suite};
use jiff::Timestamp;
use minicbor::{Decoder, Encoder};

use crate::engine::Value;
use crate::error::StoreError;
use crate::journal::JournalMark;

const MAGIC: &[u8; 16] = b"avouch backup 1\n";
/// What sealing adds to a chunk: format, suite, nonce, tag.
const OVERHEAD: usize = 30;
/// The longest head that is read.
const LONGEST_HEAD: u32 = 1 << 20;

/// What stands in clear before the sealed part.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct BackupHead {
    /// The same in both files of one backup.
    pub id: String,
    /// `data` or `keys`.
    pub what: String,
    /// The region.
    pub region: String,
    /// When it was made.
    pub made: Timestamp,
    /// The digest of the policy in force then.
    pub policy: String,
    /// The names of the migrations its database had.
    pub migrations: Vec<String>,
    /// Where the journals stood.
    pub journals: Vec<JournalMark>,
    /// The key of the sealed part, wrapped; base64.
    pub key: String,
}

impl BackupHead {
    fn context(&self) -> String {
        format!("backup:{}:{}:{}", self.what, self.region, self.id)
    }
}

/// One thing in a backup.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// From here on rows of this table, with these columns.
    Table(String, Vec<String>),
    /// A row.
    Row(Vec<Value>),
    /// A sealed object of the object store.
    Object([u8; 16], Vec<u8>),
    /// The end.
    End,
}

fn told(path: &Path, e: &std::io::Error) -> StoreError {
    StoreError::Unopened(format!("the backup file {}: {e}", path.display()))
}

fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::Unreadable(format!("the backup file {} {what}; use another backup", path.display()))
}

type Encoded = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn encode(item: &Item, out: &mut Vec<u8>) -> Encoded {
    let mut e = Encoder::new(out);
    match item {
        Item::Table(name, columns) => {
            e.array(3)?.u8(0)?.str(name)?.array(columns.len() as u64)?;
            columns.iter().try_for_each(|c| e.str(c).map(|_| ()))
        }
        Item::Row(values) => {
            e.array(2)?.u8(1)?.array(values.len() as u64)?;
            for value in values {
                match value {
                    Value::Null => e.null()?,
                    Value::Int(v) => e.i64(*v)?,
                    Value::Text(v) => e.str(v)?,
                    Value::Blob(v) => e.bytes(v)?,
                };
            }
            Ok(())
        }
        Item::Object(name, bytes) => e.array(3)?.u8(2)?.bytes(name)?.bytes(bytes).map(|_| ()),
        Item::End => e.array(1)?.u8(3).map(|_| ()),
    }
}

fn decode(bytes: &[u8]) -> Result<Item, minicbor::decode::Error> {
    use minicbor::data::Type;
    let bad = || minicbor::decode::Error::message("an item of an unknown kind");
    let mut d = Decoder::new(bytes);
    d.array()?;
    match d.u8()? {
        0 => {
            let name = d.str()?.to_owned();
            let count = d.array()?.ok_or_else(bad)?;
            let columns: Result<_, _> = (0..count).map(|_| d.str().map(str::to_owned)).collect();
            Ok(Item::Table(name, columns?))
        }
        1 => {
            let count = d.array()?.ok_or_else(bad)?;
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(match d.datatype()? {
                    Type::Null => {
                        d.null()?;
                        Value::Null
                    }
                    Type::String => Value::Text(d.str()?.to_owned()),
                    Type::Bytes => Value::Blob(d.bytes()?.to_vec()),
                    _ => Value::Int(d.i64()?),
                });
            }
            Ok(Item::Row(values))
        }
        2 => Ok(Item::Object(d.bytes()?.try_into().map_err(|_| bad())?, d.bytes()?.to_vec())),
        3 => Ok(Item::End),
        _ => Err(bad()),
    }
}

/// A backup file being written. It appears under its name only when it is whole.
pub(crate) struct Writing {
    path: PathBuf,
    draft: PathBuf,
    file: File,
    sealer: StreamSealer,
    buffer: Vec<u8>,
    bytes: u64,
}

impl Writing {
    pub(crate) fn begin(
        path: &Path,
        mut head: BackupHead,
        kms: &dyn Kms,
        entropy: &dyn Entropy,
    ) -> Result<Self, StoreError> {
        if path.exists() {
            return Err(StoreError::Unopened(format!(
                "{} is there already: a backup never writes over another; name another folder",
                path.display()
            )));
        }
        let key = StreamKey::generate(entropy);
        head.key = data_encoding::BASE64.encode(&kms.wrap(&head.context(), key.expose_bytes(), entropy)?);
        let text = serde_json::to_vec(&head).map_err(|e| StoreError::Unopened(e.to_string()))?;
        let draft = path.with_extension("part");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .map_err(|e| told(&draft, &e))?;
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let start = [MAGIC.as_slice(), &length.to_be_bytes(), &text].concat();
        file.write_all(&start).map_err(|e| told(&draft, &e))?;
        Ok(Self {
            path: path.to_owned(),
            draft,
            file,
            sealer: StreamSealer::new(key, Suite::default(), &text),
            buffer: Vec::with_capacity(2 * STREAM_CHUNK),
            bytes: start.len() as u64,
        })
    }

    fn chunk(&mut self, last: bool, entropy: &dyn Entropy) -> Result<(), StoreError> {
        let length = self.buffer.len().min(STREAM_CHUNK);
        let rest = self.buffer.split_off(length);
        let plain = std::mem::replace(&mut self.buffer, rest);
        let sealed = self.sealer.seal(&plain, last, entropy).map_err(|e| StoreError::Sealed(e.to_string()))?;
        self.file.write_all(&sealed).map_err(|e| told(&self.draft, &e))?;
        self.bytes += sealed.len() as u64;
        Ok(())
    }

    pub(crate) fn push(&mut self, item: &Item, entropy: &dyn Entropy) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        encode(item, &mut bytes).map_err(|e| StoreError::Unreadable(e.to_string()))?;
        self.buffer.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.buffer.extend_from_slice(&bytes);
        // One whole chunk stays behind, so that there is a last one to mark as such.
        while self.buffer.len() > STREAM_CHUNK {
            self.chunk(false, entropy)?;
        }
        Ok(())
    }

    /// Ends it, durably; gives its length.
    pub(crate) fn end(mut self, entropy: &dyn Entropy) -> Result<u64, StoreError> {
        self.push(&Item::End, entropy)?;
        self.chunk(true, entropy)?;
        self.file.sync_all().map_err(|e| told(&self.draft, &e))?;
        std::fs::rename(&self.draft, &self.path).map_err(|e| told(&self.path, &e))?;
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        File::open(folder).and_then(|d| d.sync_all()).map_err(|e| told(&self.path, &e))?;
        Ok(self.bytes)
    }
}

/// A backup file being read.
pub(crate) struct Reading {
    path: PathBuf,
    file: BufReader<File>,
    opener: StreamOpener,
    /// Sealed bytes not read yet.
    left: u64,
    buffer: Vec<u8>,
    at: usize,
}

/// The head of a backup file, which stands in clear, and the bytes it is bound by.
fn head(path: &Path, file: &mut impl Read) -> Result<(BackupHead, Vec<u8>), StoreError> {
    let mut start = [0; 20];
    file.read_exact(&mut start).map_err(|_| damaged(path, "is none, or is cut off"))?;
    let (magic, length) = start.split_at(16);
    let length = length.try_into().map_or(0, u32::from_be_bytes);
    if magic != MAGIC || length > LONGEST_HEAD {
        return Err(damaged(path, "is none, or of a newer Avouch"));
    }
    let mut text = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact(&mut text).map_err(|_| damaged(path, "is cut off"))?;
    let head = serde_json::from_slice(&text).map_err(|_| damaged(path, "has a damaged head"))?;
    Ok((head, text))
}

/// Reads the head of a backup file; nothing is opened.
///
/// # Errors
/// [`StoreError::Unopened`] when it cannot be read, [`StoreError::Unreadable`] when it is no backup.
pub fn backup_head(path: &Path) -> Result<BackupHead, StoreError> {
    head(path, &mut File::open(path).map_err(|e| told(path, &e))?).map(|(head, _)| head)
}

impl Reading {
    pub(crate) fn open(path: &Path, kms: &dyn Kms) -> Result<(BackupHead, Self), StoreError> {
        let file = File::open(path).map_err(|e| told(path, &e))?;
        let whole = file.metadata().map_err(|e| told(path, &e))?.len();
        let mut file = BufReader::new(file);
        let (head, text) = head(path, &mut file)?;
        let wrapped =
            data_encoding::BASE64.decode(head.key.as_bytes()).map_err(|_| damaged(path, "has a damaged head"))?;
        let key = StreamKey::from_bytes(&kms.unwrap(&head.context(), &wrapped)?)
            .map_err(|_| damaged(path, "has a damaged head"))?;
        let left = whole.saturating_sub(20 + text.len() as u64);
        let opener = StreamOpener::new(key, &text);
        Ok((head, Self { path: path.to_owned(), file, opener, left, buffer: Vec::new(), at: 0 }))
    }

    /// Makes sure that `count` bytes wait in the buffer.
    fn fill(&mut self, count: usize) -> Result<(), StoreError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        while self.buffer.len() < count {
            let length = self.left.min((STREAM_CHUNK + OVERHEAD) as u64);
            if length == 0 {
                return Err(damaged(&self.path, "is cut off"));
            }
            let mut sealed = vec![0; usize::try_from(length).unwrap_or(0)];
            self.file.read_exact(&mut sealed).map_err(|e| told(&self.path, &e))?;
            self.left -= length;
            let plain = self
                .opener
                .open(&sealed, self.left == 0)
                .map_err(|_| damaged(&self.path, "is cut off, changed, or of another key"))?;
            self.buffer.extend_from_slice(&plain);
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&[u8], StoreError> {
        if self.buffer.len() - self.at < count {
            self.fill(count)?;
        }
        self.at += count;
        self.buffer.get(self.at - count..self.at).ok_or_else(|| damaged(&self.path, "is cut off"))
    }

    /// The next item. [`Item::End`] comes only when the whole file was there, unchanged.
    pub(crate) fn next(&mut self) -> Result<Item, StoreError> {
        let length = self.take(4)?.try_into().map_or(0, u32::from_be_bytes);
        let path = self.path.clone();
        let item = decode(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            .map_err(|e| damaged(&path, &format!("holds what this build does not know ({e})")))?;
        if item == Item::End && (self.left > 0 || self.at < self.buffer.len()) {
            return Err(damaged(&self.path, "goes on after its end"));
        }
        Ok(item)
    }
}
