//! The journal: what must hold in a restored backup too, kept where neither the data nor its backups are.
//!
//! Keeps promises 2.5, 5.2, 6.2, 6.3 and 6.4. An erasure, a withdrawal, a deletion, a cancellation is written here,
//! durably, before it is acknowledged. Entries name nobody: they are keyed digests that only the region's own keys
//! can be compared with. A withdrawal that is written here and then fails to commit is re-applied by a restore all
//! the same: too little is used then, never too much.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use avouch_ledger::hash::sha256;
use avouch_seal::{Entropy, Region};
use jiff::Timestamp;

use crate::error::StoreError;

const MAGIC: &[u8; 16] = b"avouch journal 1";
/// Magic and the journal's random id.
const HEAD: usize = 32;
/// Kind, time, two tags, the chain's check.
const ENTRY: usize = 1 + 8 + 16 + 16 + 7;

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A person was erased.
    Erased = 1,
    /// An answer that allows less than before: a consent withdrawn, an objection made.
    Answered = 2,
    /// A record was deleted.
    Deleted = 3,
    /// An account is being cancelled.
    Cancelled = 4,
    /// The cancellation was taken back.
    Kept = 5,
    /// Something is public no more.
    Unpublished = 6,
    /// What devices sent for a purpose was deleted.
    SignalsDeleted = 7,
    /// Something else of a person ended: a link, a token, an old password, a contact that was theirs.
    Ended = 8,
    /// Something that is nobody's may do less than before: a service, an operator, a recipient, a change of hands.
    Shut = 9,
    /// An address refused to be written to. Both parts together are its keyed digest, which outlives the person.
    Refused = 10,
    /// All processing of a person was restricted.
    Restricted = 11,
    /// The restriction was taken back.
    Lifted = 12,
}

impl Kind {
    const ALL: [Self; 12] = [
        Self::Erased,
        Self::Answered,
        Self::Deleted,
        Self::Cancelled,
        Self::Kept,
        Self::Unpublished,
        Self::SignalsDeleted,
        Self::Ended,
        Self::Shut,
        Self::Refused,
        Self::Restricted,
        Self::Lifted,
    ];
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    /// Whose: a keyed digest.
    pub(crate) subject: [u8; 16],
    /// About what: a keyed digest.
    pub(crate) detail: [u8; 16],
}

/// Where a journal stands: what a backup remembers of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct JournalMark {
    /// Its file's name.
    pub name: String,
    /// Its random id.
    pub id: String,
    /// Entries in it.
    pub entries: u64,
    /// The chain's check over them.
    pub check: String,
}

/// One node's journal.
pub(crate) struct Journal {
    folder: PathBuf,
    path: PathBuf,
    file: Mutex<State>,
}

/// A journal's file, and where its chain stands.
enum State {
    /// Nothing was written by this process: whoever only looks leaves the file as it is, and makes none.
    Untouched,
    Open(File, [u8; 7]),
    /// A write failed: what stands in the file now is not known.
    Failed,
}

fn told(path: &Path, e: &std::io::Error) -> StoreError {
    StoreError::CannotRecord(format!(
        "the journal {} cannot be written ({e}): it must hold erasures and withdrawals before they are acknowledged. \
         Mend its disk or folder, see docs/backup.md",
        path.display()
    ))
}

fn body(entry: &Entry) -> [u8; ENTRY - 7] {
    let mut out = [0; ENTRY - 7];
    let at = entry.at.as_millisecond().to_be_bytes();
    let bytes = std::iter::once(entry.kind as u8).chain(at).chain(entry.subject).chain(entry.detail);
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = from;
    }
    out
}

fn chained(before: &[u8; 7], body: &[u8]) -> [u8; 7] {
    let mut all = before.to_vec();
    all.extend_from_slice(body);
    let full = sha256(&all);
    let mut out = [0; 7];
    for (to, from) in out.iter_mut().zip(full) {
        *to = from;
    }
    out
}

/// A journal that was read: its mark, where it stands after each entry, and the entries.
struct Whole {
    id: [u8; 16],
    entries: Vec<Entry>,
    checks: Vec<[u8; 7]>,
    /// Bytes of whole entries; what is beyond is an entry that was being written when the power went.
    bytes: u64,
}

fn read(path: &Path) -> Result<Whole, StoreError> {
    let shown = path.display();
    let damaged =
        |what: &str| StoreError::Unreadable(format!("the journal {shown} {what}; put back the copy that is whole"));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut f| f.read_to_end(&mut bytes))
        .map_err(|e| StoreError::Unreadable(format!("the journal {shown} cannot be read: {e}")))?;
    let (head, rest) = bytes.split_at_checked(HEAD).ok_or_else(|| damaged("is cut off"))?;
    let id = head.strip_prefix(MAGIC).and_then(|id| id.try_into().ok()).ok_or_else(|| damaged("is none"))?;
    let mut whole = Whole { id, entries: Vec::new(), checks: Vec::new(), bytes: HEAD as u64 };
    let mut check = [0; 7];
    for raw in rest.chunks_exact(ENTRY) {
        let (body, sum) = raw.split_at_checked(ENTRY - 7).ok_or_else(|| damaged("is cut off"))?;
        check = chained(&check, body);
        let entry = parse(body).filter(|_| sum == check);
        let Some(entry) = entry else { return Err(damaged(&format!("is damaged at entry {}", whole.entries.len()))) };
        whole.entries.push(entry);
        whole.checks.push(check);
        whole.bytes += ENTRY as u64;
    }
    Ok(whole)
}

fn parse(body: &[u8]) -> Option<Entry> {
    let (kind, rest) = body.split_first()?;
    let (at, rest) = rest.split_at_checked(8)?;
    let (subject, detail) = rest.split_at_checked(16)?;
    Some(Entry {
        kind: Kind::ALL.into_iter().find(|k| *k as u8 == *kind)?,
        at: Timestamp::from_millisecond(i64::from_be_bytes(at.try_into().ok()?)).ok()?,
        subject: subject.try_into().ok()?,
        detail: detail.try_into().ok()?,
    })
}

impl Journal {
    /// The journal of a node. The file is neither made nor changed before something is written.
    pub(crate) fn new(folder: &Path, region: Region, node: &str) -> Self {
        let path = folder.join(format!("{region}-{node}.journal"));
        Self { folder: folder.to_owned(), path, file: Mutex::new(State::Untouched) }
    }

    /// Opens the file to be written, making it where there is none; what was not written to its end is cut off.
    pub(crate) fn begin(&self, entropy: &dyn Entropy) -> Result<(), StoreError> {
        let mut state = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Untouched) {
            *state = self.opened(entropy)?;
        }
        Ok(())
    }

    fn opened(&self, entropy: &dyn Entropy) -> Result<State, StoreError> {
        let (folder, path) = (&self.folder, &self.path);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| told(folder, &e))?;
        let fail = |e: std::io::Error| told(path, &e);
        if !path.exists() {
            let draft = path.with_extension("new");
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
            let mut head = MAGIC.to_vec();
            head.extend_from_slice(&entropy.bytes::<16>());
            file.as_mut()
                .map_err(|e| told(&draft, e))
                .and_then(|f| f.write_all(&head).and_then(|()| f.sync_all()).map_err(fail))?;
            std::fs::rename(&draft, path).map_err(fail)?;
            File::open(folder).and_then(|d| d.sync_all()).map_err(fail)?;
        }
        let whole = read(path)?;
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(fail)?;
        file.set_len(whole.bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(fail)?;
        Ok(State::Open(file, whole.checks.last().copied().unwrap_or_default()))
    }

    /// Writes entries; durable when this returns.
    pub(crate) fn write(&self, entries: &[Entry], entropy: &dyn Entropy) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.begin(entropy)?;
        let mut state = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Open(file, check) = &mut *state else {
            return Err(told(&self.path, &std::io::Error::other("a write to it failed before")));
        };
        let (mut bytes, mut next) = (Vec::with_capacity(entries.len() * ENTRY), *check);
        for entry in entries {
            let body = body(entry);
            next = chained(&next, &body);
            bytes.extend_from_slice(&body);
            bytes.extend_from_slice(&next);
        }
        match file.write_all(&bytes).and_then(|()| file.sync_data()) {
            Ok(()) => *check = next,
            Err(e) => {
                // Nothing more is written until it is opened anew.
                *state = State::Failed;
                return Err(told(&self.path, &e));
            }
        }
        Ok(())
    }
}

fn files(folder: &Path, region: Region) -> Result<Vec<PathBuf>, StoreError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let listed = std::fs::read_dir(folder).map_err(|e| {
        StoreError::Unreadable(format!("the folder of journals {} cannot be read: {e}", folder.display()))
    })?;
    let mut out: Vec<PathBuf> = listed
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|x| x == "journal"))
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&format!("{region}-"))))
        .collect();
    out.sort();
    Ok(out)
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Where every journal of a region stands.
pub(crate) fn marks(folder: &Path, region: Region) -> Result<Vec<JournalMark>, StoreError> {
    files(folder, region)?
        .iter()
        .map(|path| {
            let whole = read(path)?;
            Ok(JournalMark {
                name: name(path),
                id: hex(&whole.id),
                entries: whole.entries.len() as u64,
                check: hex(&whole.checks.last().copied().unwrap_or_default()),
            })
        })
        .collect()
}

/// What was written about somebody or something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) entry: Entry,
    /// Whether a backup that was made before has not seen it.
    pub(crate) since: bool,
}

/// Every entry of a region's journals by whose it is, once they are known to go on from where a backup saw them.
///
/// # Errors
/// [`StoreError::Unreadable`] when a journal the backup saw is missing, another, shorter, or damaged.
pub(crate) fn since(
    folder: &Path,
    region: Region,
    seen: &[JournalMark],
) -> Result<HashMap<[u8; 16], Vec<Written>>, StoreError> {
    let refuse = |mark: &JournalMark, why: &str| {
        StoreError::Unreadable(format!(
            "what was erased and withdrawn since the backup cannot be known: the journal {} in {} {why}. Nothing was \
             restored; bring the journal that was in use, see docs/backup.md",
            mark.name,
            folder.display()
        ))
    };
    let mut out: HashMap<[u8; 16], Vec<Written>> = HashMap::new();
    let mut found = Vec::new();
    for path in files(folder, region)? {
        let whole = read(&path)?;
        let mut known = 0;
        if let Some(mark) = seen.iter().find(|m| m.name == name(&path)) {
            let at = usize::try_from(mark.entries).unwrap_or(usize::MAX);
            if hex(&whole.id) != mark.id {
                return Err(refuse(mark, "is another than the one the backup was made beside"));
            }
            if whole.entries.len() < at {
                return Err(refuse(mark, "ends before the backup was made"));
            }
            let check = at.checked_sub(1).and_then(|i| whole.checks.get(i)).copied().unwrap_or_default();
            if hex(&check) != mark.check {
                return Err(refuse(mark, "was changed since the backup was made"));
            }
            known = at;
        }
        found.push(name(&path));
        for (at, entry) in whole.entries.into_iter().enumerate() {
            out.entry(entry.subject).or_default().push(Written { entry, since: at >= known });
        }
    }
    match seen.iter().find(|m| !found.contains(&m.name)) {
        Some(mark) => Err(refuse(mark, "is missing")),
        None => {
            out.values_mut().for_each(|entries| entries.sort_by_key(|w| w.entry.at));
            Ok(out)
        }
    }
}
