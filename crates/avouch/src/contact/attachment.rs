//! A file that comes with a message: known by its content, cleaned, sealed like any content, and handed back with
//! its case alone.
//!
//! Keeps promises 2.4 and 5.5. Pictures are written anew with nothing but their pixels; a PDF or a text stays as it
//! is, and faces only ever hand it out to be saved. Neither the name a sender gave it nor what a browser says it is
//! is looked at.

use avouch_policy::Act;
use avouch_seal::SubjectId;
use avouch_store::{Actor, Blob, CaseFile, Hold, NewBlob, RecordId, Role, StoreError, Transact, Tx, Which};
use tokio::sync::OwnedSemaphorePermit;
use zeroize::Zeroizing;

use super::case::{Caller, PURPOSE, count};
use crate::app::App;
use crate::collection::picture;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::security::limits;

/// The item that holds what is attached.
pub const ITEM: &str = "support_attachment";
/// The kind of entry that stands for a file; it follows the entry of the message it came with.
pub const ENTRY: &str = "file";
/// The same of a file that came with a note of staff: like the note, no page of its person shows it.
pub const NOTE_ENTRY: &str = "note-file";
/// The largest file taken, in bytes.
pub const LARGEST: u64 = 10 * 1024 * 1024;
/// Bytes of files that whoever has no account may send with one case.
const GUEST_SPACE: u64 = 50 * 1024 * 1024;

/// A file as it was sent, with the room in memory it was given.
pub struct Sent {
    bytes: Zeroizing<Vec<u8>>,
    _room: Room,
}

/// Room in memory for a file on its way; given back when it is dropped.
pub struct Room(OwnedSemaphorePermit);

/// A file that may be kept.
pub(super) struct Cleaned {
    bytes: Zeroizing<Vec<u8>>,
    media: &'static str,
}

/// A file that is sealed, and waits for its record.
pub(super) struct Sealed {
    pub(super) blob: NewBlob,
    /// The record's own value: what the file is.
    pub(super) value: String,
    /// What an entry says of it: how it is saved, and its size in bytes.
    pub(super) told: String,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sent(…)")
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Room({})", self.0.num_permits())
    }
}

impl Room {
    /// The file that was read into this room.
    #[must_use]
    pub fn holds(self, bytes: Zeroizing<Vec<u8>>) -> Sent {
        Sent { bytes, _room: self }
    }
}

/// What a file of this media type is saved as.
#[must_use]
pub fn extension(media: &str) -> &'static str {
    match media {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "application/pdf" => "pdf",
        "text/plain; charset=utf-8" => "txt",
        _ => "bin",
    }
}

fn wrong(code: &'static str, text: impl Into<String>) -> Fault {
    Fault::Invalid(vec![FieldFault::new("file", code, text)])
}

fn too_large() -> Fault {
    wrong("too-large", format!("at most {} MiB are taken with one message", LARGEST >> 20))
}

/// What a file is by its content, as it is kept.
fn clean(bytes: Zeroizing<Vec<u8>>) -> Result<Cleaned, Fault> {
    if bytes.is_empty() {
        return Err(wrong("empty", "the file is empty"));
    }
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    if picture::looks_like_one(&bytes) {
        let cleaned = picture::clean(&bytes).map_err(|why| wrong(why.code, why.text))?;
        return Ok(Cleaned { bytes: cleaned.whole.into(), media: cleaned.media });
    }
    if bytes.starts_with(b"%PDF-") {
        let tail = bytes.get(bytes.len().saturating_sub(2048)..).unwrap_or_default();
        if !tail.windows(5).any(|w| w == b"%%EOF") {
            return Err(wrong("broken-file", "the PDF breaks off before its end; send it again"));
        }
        return Ok(Cleaned { bytes, media: "application/pdf" });
    }
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}');
    if std::str::from_utf8(&bytes).is_ok_and(|text| text.chars().all(plain)) {
        return Ok(Cleaned { bytes, media: "text/plain; charset=utf-8" });
    }
    let text = "by its content this is no JPEG, PNG, WebP or GIF picture, no PDF and no plain text in UTF-8";
    Err(wrong("not-taken", text))
}

impl App {
    /// Whether messages may bring files: where the policy has an item for them.
    #[must_use]
    pub fn takes_files(&self) -> bool {
        self.policy().items_of(PURPOSE).contains(&ITEM)
    }

    /// Room in memory for a file of so many bytes that is about to be read.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with the field `file` for one that is too large; [`Fault::NotNow`] while many are sent.
    pub fn room_for(&self, size: u64) -> Result<Room, Fault> {
        if !self.takes_files() {
            return Err(wrong("not-taken", "the policy has no item for files: messages bring none"));
        }
        let size = u32::try_from(size).ok().filter(|size| u64::from(*size) <= LARGEST).ok_or_else(too_large)?;
        let room = self.files.clone().try_acquire_many_owned(size);
        room.map(Room).map_err(|_| Fault::NotNow("many files are being sent right now; try again in a minute".into()))
    }

    /// Reads what a file is and cleans it. From a place outside it counts as a message of its own, before it costs
    /// anything.
    pub(super) async fn clean_file(&self, sent: Option<Sent>, from: Option<&str>) -> Result<Option<Cleaned>, Fault> {
        let Some(sent) = sent else { return Ok(None) };
        if let Some(address) = from.filter(|address| !address.is_empty()) {
            self.store.transact(Counted { place: limits::place(address), most: self.settings.cases_hour }).await?;
        }
        let _turn = self.pictures.acquire().await.map_err(|_| Fault::Store(StoreError::Closing))?;
        let cleaned = tokio::task::spawn_blocking(move || clean(sent.bytes)).await;
        cleaned.map_err(|_| wrong("broken-picture", "the picture cannot be read"))?.map(Some)
    }

    /// Seals a cleaned file under its subject's key. It belongs to nothing until it is tied to its record.
    pub(super) async fn seal_file(
        &self,
        subject: SubjectId,
        guest: bool,
        cleaned: Option<Cleaned>,
    ) -> Result<Option<Sealed>, Fault> {
        let Some(Cleaned { bytes, media }) = cleaned else { return Ok(None) };
        let size = bytes.len() as u64;
        let (kept, _) = {
            let mut reading = self.store.reading().await?;
            reading.look()?.stored_bytes(subject).await?
        };
        let space = if guest { GUEST_SPACE } else { self.settings.quota };
        if kept.saturating_add(size) > space {
            return Err(wrong("quota", "the space for files is used up"));
        }
        let writer = self.store.blob_writer(subject, ITEM, None, size).await?;
        let pieces = writer.write_all(&bytes).await?;
        let blob = NewBlob { id: writer.id(), role: Role::Whole, media: media.to_owned(), size, pieces };
        let value = serde_json::json!({ "media": media, "bytes": size }).to_string();
        Ok(Some(Sealed { blob, value, told: format!("{} {size}", extension(media)) }))
    }

    /// A file of a case, for whoever may see the case; the look is evidenced.
    ///
    /// # Errors
    /// [`Fault::NotFound`] as [`App::see_case`], and when the case has no such file.
    pub async fn case_file(&self, number: &str, caller: &Caller, record: RecordId) -> Result<Blob, Fault> {
        let file = self.case_for(number, caller).await?;
        self.file_of(&file, &[ENTRY], crate::rights::PURPOSE, &Actor::Subject, record).await
    }

    /// A file of a case, for staff; the use is evidenced.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Refused`].
    pub async fn desk_file(&self, number: &str, operator: &str, record: RecordId) -> Result<Blob, Fault> {
        let file = self.file(number).await?;
        self.file_of(&file, &[ENTRY, NOTE_ENTRY], PURPOSE, &Actor::Operator(operator.to_owned()), record).await
    }

    async fn file_of(
        &self,
        case: &CaseFile,
        kinds: &[&str],
        purpose: &str,
        actor: &Actor,
        record: RecordId,
    ) -> Result<Blob, Fault> {
        let entries = {
            let mut reading = self.store.reading().await?;
            reading.look()?.case_entries(case.subject, &case.number).await?
        };
        if !entries.iter().any(|e| kinds.contains(&e.kind.as_str()) && e.record == Some(record)) {
            return Err(Fault::NotFound);
        }
        let item = self.policy().item(ITEM).ok_or(Fault::NotFound)?;
        let wanted = Wanted { act: Act::Use, purpose, items: &[ITEM], recipient: None };
        let used = self.use_records(case.subject, &wanted, actor, &Which::One(item, record)).await?;
        used.records.into_iter().flat_map(|r| r.blobs).next().ok_or(Fault::NotFound)
    }
}

struct Counted {
    place: String,
    most: u64,
}

impl Transact for Counted {
    const NAME: &'static str = "count a file from a place";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        count(tx, &self.place, self.most).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(bytes: &[u8]) -> Result<&'static str, &'static str> {
        match clean(Zeroizing::new(bytes.to_vec())) {
            Ok(cleaned) => Ok(cleaned.media),
            Err(Fault::Invalid(faults)) => Err(faults.first().map_or("", |f| f.code)),
            Err(_) => Err("another fault"),
        }
    }

    #[test]
    fn a_file_is_what_its_content_is() {
        assert_eq!(kept(b"%PDF-1.7\n...\n%%EOF\n"), Ok("application/pdf"));
        assert_eq!(kept(b"%PDF-1.7\n..."), Err("broken-file"));
        assert_eq!(kept("订单编号\t42\r\n".as_bytes()), Ok("text/plain; charset=utf-8"));
        // A page for a browser is text like any other, and never handed out as a page.
        assert_eq!(kept(b"<html><script>alert(1)</script>"), Ok("text/plain; charset=utf-8"));
        assert_eq!(kept(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), Err("svg"));
        assert_eq!(kept(b"\xff\xd8\xff\xe0 no picture"), Err("broken-picture"));
        for other in [&b"PK\x03\x04\x14\0"[..], b"MZ\x90\0", b"\x7fELF", b"\xb6\xa9\xb5\xa5", b"a\0b"] {
            assert_eq!(kept(other), Err("not-taken"), "{other:?}");
        }
        assert_eq!(kept(b""), Err("empty"));
        assert_eq!(kept(&vec![b'a'; 10 * 1024 * 1024 + 1]), Err("too-large"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_answered_without_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = kept(&bytes);
        }
    }
}
