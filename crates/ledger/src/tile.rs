//! tlog-tiles: the names and bytes under which a log is served to strangers.

/// Hashes, or entries, in a full tile.
pub const WIDTH: u64 = 256;

/// The longest entry a bundle can hold, in bytes: its length stands in two. A longer leaf could not be served.
pub const LONGEST_ENTRY: usize = u16::MAX as usize;

/// What a path of the log's folder asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The latest checkpoint.
    Checkpoint,
    /// Hashes of a tile: level, index, and how many (256 when full).
    Tile(u8, u64, u16),
    /// Entries of a tile: index, and how many.
    Entries(u64, u16),
}

fn index(n: u64) -> String {
    let mut groups = vec![format!("{:03}", n % 1000)];
    let mut rest = n / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    groups.join("/")
}

fn with_width(path: String, width: u16) -> String {
    if u64::from(width) == WIDTH { path } else { format!("{path}.p/{width}") }
}

/// The path of a hash tile, e.g. `tile/0/x001/234` or `tile/1/000.p/3`.
#[must_use]
pub fn tile_path(level: u8, n: u64, width: u16) -> String {
    with_width(format!("tile/{level}/{}", index(n)), width)
}

/// The path of an entry bundle, e.g. `tile/entries/000.p/17`.
#[must_use]
pub fn entries_path(n: u64, width: u16) -> String {
    with_width(format!("tile/entries/{}", index(n)), width)
}

/// Reads a path; nothing when it is not exactly one that [`tile_path`] or [`entries_path`] writes.
#[must_use]
pub fn parse(path: &str) -> Option<Wanted> {
    if path == "checkpoint" {
        return Some(Wanted::Checkpoint);
    }
    let (full, width) = match path.split_once(".p/") {
        None => (path, 256),
        Some((full, width)) => {
            let parsed: u16 = width.parse().ok().filter(|w| (1..256).contains(w))?;
            (full, parsed)
        }
    };
    let (kind, groups) = full.strip_prefix("tile/")?.split_once('/')?;
    let mut n: u64 = 0;
    for group in groups.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        n = n.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    let wanted = match kind {
        "entries" => Wanted::Entries(n, width),
        level => Wanted::Tile(level.parse().ok().filter(|l| *l < 8)?, n, width),
    };
    let again = match wanted {
        Wanted::Entries(n, w) => entries_path(n, w),
        Wanted::Tile(l, n, w) => tile_path(l, n, w),
        Wanted::Checkpoint => return None,
    };
    (again == path).then_some(wanted)
}

/// An entry bundle: each entry after its length in two bytes. Nothing when one is longer than that allows.
#[must_use]
pub fn bundle<'e>(entries: impl Iterator<Item = &'e [u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for entry in entries {
        out.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        out.extend_from_slice(entry);
    }
    Some(out)
}

/// The entries of a bundle; nothing when it is cut short.
#[must_use]
pub fn unbundle(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
        let (entry, rest) = rest.split_at_checked(length)?;
        out.push(entry);
        bytes = rest;
    }
    Some(out)
}
