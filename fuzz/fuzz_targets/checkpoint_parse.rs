//! Any text: what reads as a checkpoint without extension lines is written again as the same text. Paths of tiles and
//! bundles of entries are read by the same strangers, so they are tried here too.
#![no_main]

use avouch_ledger::note::Checkpoint;
use avouch_ledger::tile::{Wanted, bundle, entries_path, parse, tile_path, unbundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(entries) = unbundle(bytes) {
        assert_eq!(bundle(entries.into_iter()).as_deref(), Some(bytes));
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::from_text(text) {
        assert!(text.starts_with(&checkpoint.to_text()));
        assert_eq!(Checkpoint::from_text(&checkpoint.to_text()).ok(), Some(checkpoint));
    }
    match parse(text) {
        Some(Wanted::Tile(level, n, width)) => assert_eq!(tile_path(level, n, width), text),
        Some(Wanted::Entries(n, width)) => assert_eq!(entries_path(n, width), text),
        Some(Wanted::Checkpoint) => assert_eq!(text, "checkpoint"),
        None => {}
    }
});
