//! Videos: known by their content, and freed while they stream of what a camera wrote beside the picture.
//!
//! Keeps promise 1.3. An MP4 or QuickTime file is boxes within boxes. Boxes of metadata (`udta` with `©xyz`,
//! `meta`, `uuid`), and every box this build does not know, are turned into free space and their content into
//! zeros before a byte is sealed; times of making are zeroed, names of handlers too. Offsets stay as they are,
//! so nothing has to be read twice. A track that is neither picture, sound nor text can hold positions in the
//! media itself, which no stream can take out: such a video is refused, and told why. What is drawn or spoken,
//! and messages inside the coded picture (SEI), stay.

use serde::{Deserialize, Serialize};

/// The largest video taken, in bytes.
pub const LARGEST: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes that must be there beyond those cleaned, unless the file ends before: a box's head is read whole.
pub const AHEAD: usize = 64;
/// How deep boxes may stand in one another.
const DEEPEST: usize = 16;

/// Why a file is not taken as a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAVideo {
    /// The message key.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub text: &'static str,
}

const UNKNOWN: NotAVideo = NotAVideo {
    code: "not-a-video",
    text: "by its content this is not an MP4 or QuickTime video; save it as MP4 and send that",
};
const BROKEN: NotAVideo = NotAVideo {
    code: "broken-video",
    text: "the video's boxes do not fit together; save it anew as MP4 and send that",
};
const DATA_TRACK: NotAVideo = NotAVideo {
    code: "data-track",
    text: "the video carries a track of data, such as positions, that cannot be taken out while it is sent; save it \
           as MP4 without it and send that",
};

/// What to write over the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Edit {
    /// Zeros from, up to.
    Zero(u64, u64),
    /// `free` at.
    Free(u64),
}

/// Where the cleaning of a stream stands; holds nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaner {
    /// The whole size of the file.
    size: u64,
    /// Where the next box begins.
    next: u64,
    /// Where the boxes end that it stands in.
    within: Vec<u64>,
    /// What is still to be written over.
    edits: Vec<Edit>,
    /// Whether it is QuickTime's.
    quicktime: bool,
    /// Whether a track of pictures was seen.
    pictures: bool,
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Whether a file that begins so is to be taken as a video.
#[must_use]
pub fn looks_like_one(head: &[u8]) -> bool {
    let pictures: [&[u8]; 7] = [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"];
    head.get(4..8) == Some(b"ftyp") && !head.get(8..12).is_some_and(|brand| pictures.contains(&brand))
}

impl Cleaner {
    /// At the beginning of a file of `size` bytes.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self { size, next: 0, within: Vec::new(), edits: Vec::new(), quicktime: false, pictures: false }
    }

    /// Cleans `part`, which begins at byte `at` of the file; `ahead` is what follows it, at least [`AHEAD`] bytes
    /// or up to the end.
    ///
    /// # Errors
    /// Why it is not taken; it must then be forgotten.
    pub fn clean(&mut self, at: u64, part: &mut [u8], ahead: &[u8]) -> Result<(), NotAVideo> {
        let end = at + part.len() as u64;
        self.write(at, part);
        while self.next < end.min(self.size) {
            let from = usize::try_from(self.next - at).map_err(|_| BROKEN)?;
            let head: Vec<u8> = part.iter().skip(from).chain(ahead).take(AHEAD).copied().collect();
            self.step(&head)?;
            self.write(at, part);
        }
        Ok(())
    }

    /// That the whole file was seen and is a video; gives its media type.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn finish(&self) -> Result<&'static str, NotAVideo> {
        match (self.next == self.size, self.pictures) {
            (false, _) => Err(BROKEN),
            (true, false) => Err(UNKNOWN),
            (true, true) if self.quicktime => Ok("video/quicktime"),
            (true, true) => Ok("video/mp4"),
        }
    }

    /// Writes over what of the edits lies in this part.
    fn write(&mut self, at: u64, part: &mut [u8]) {
        let end = at + part.len() as u64;
        for edit in &self.edits {
            let (from, to) = match edit {
                Edit::Zero(from, to) => (*from, *to),
                Edit::Free(from) => (*from, *from + 4),
            };
            let (begin, stop) = (from.max(at), to.min(end));
            if begin >= stop {
                continue;
            }
            let (Ok(first), Ok(past)) = (usize::try_from(begin - at), usize::try_from(stop - at)) else { continue };
            let skip = usize::try_from(begin - from).unwrap_or(4);
            for (n, byte) in part.get_mut(first..past).unwrap_or_default().iter_mut().enumerate() {
                *byte = match edit {
                    Edit::Zero(..) => 0,
                    Edit::Free(_) => b"free".get(skip + n).copied().unwrap_or(0),
                };
            }
        }
        self.edits.retain(|edit| match edit {
            Edit::Zero(_, to) => *to > end,
            Edit::Free(from) => *from + 4 > end,
        });
    }

    /// Reads one box's head and decides about it.
    fn step(&mut self, head: &[u8]) -> Result<(), NotAVideo> {
        let at = self.next;
        while self.within.last().is_some_and(|end| *end <= at) {
            self.within.pop();
        }
        let limit = self.within.last().copied().unwrap_or(self.size);
        let short = head.get(..4).map(number).ok_or(BROKEN)?;
        let Some(kind) = head.get(4..8) else {
            // QuickTime ends a list of boxes with four zero bytes.
            return if short == 0 && limit - at == 4 && !self.within.is_empty() {
                self.next = limit;
                Ok(())
            } else {
                Err(BROKEN)
            };
        };
        if short == 0 && limit - at == 4 && !self.within.is_empty() {
            self.next = limit;
            return Ok(());
        }
        if at == 0 && kind != b"ftyp" {
            return Err(UNKNOWN);
        }
        let top = self.within.is_empty();
        let (length, lead) = match short {
            0 => (limit - at, 8),
            1 => (head.get(8..16).map(number).ok_or(BROKEN)?, 16),
            n => (n, 8),
        };
        let end = at.checked_add(length).filter(|end| length >= lead && *end <= limit).ok_or(BROKEN)?;
        let body = at + lead;
        let inner = |from: usize, to: usize| {
            let lead = usize::try_from(lead).unwrap_or(8);
            head.get(lead + from..lead + to)
        };
        if at == 0 {
            self.quicktime = inner(0, 4) == Some(b"qt  ");
        }
        match kind {
            b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"edts" | b"dinf" | b"mvex" | b"moof" | b"traf"
            | b"mfra" => {
                if self.within.len() >= DEEPEST {
                    return Err(BROKEN);
                }
                self.within.push(end);
                self.next = body;
                return Ok(());
            }
            b"hdlr" => {
                match inner(8, 12).ok_or(BROKEN)? {
                    b"vide" => self.pictures = true,
                    // The data handlers of QuickTime's media and of the timecode stand beside the others.
                    b"soun" | b"text" | b"subt" | b"sbtl" | b"clcp" | b"tmcd" | b"alis" | b"url " => {}
                    _ => return Err(DATA_TRACK),
                }
                if end > body + 24 {
                    self.edits.push(Edit::Zero(body + 24, end));
                }
            }
            b"mvhd" | b"tkhd" | b"mdhd" => {
                let long = inner(0, 1) == Some(&[1]);
                let times = if long { 16 } else { 8 };
                if end < body + 4 + times {
                    return Err(BROKEN);
                }
                self.edits.push(Edit::Zero(body + 4, body + 4 + times));
            }
            b"mdat" | b"ftyp" | b"styp" if top => {}
            b"sidx" | b"stsd" | b"stts" | b"stss" | b"ctts" | b"cslg" | b"stsc" | b"stsz" | b"stz2" | b"stco"
            | b"co64" | b"sdtp" | b"stps" | b"sgpd" | b"sbgp" | b"subs" | b"elst" | b"dref" | b"vmhd" | b"smhd"
            | b"nmhd" | b"sthd" | b"gmhd" | b"mehd" | b"trex" | b"mfhd" | b"tfhd" | b"tfdt" | b"trun" | b"saiz"
            | b"saio" | b"tref" | b"iods" | b"tapt" | b"tfra" | b"mfro" => {}
            _ => {
                self.edits.push(Edit::Free(at + 4));
                self.edits.push(Edit::Zero(body, end));
            }
        }
        self.next = end;
        Ok(())
    }
}
