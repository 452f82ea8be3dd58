//! Paths and bundles, held against another implementation of tiles.

use avouch_ledger::frontier::TILE_HEIGHT;
use avouch_ledger::tile::{Wanted, bundle, entries_path, parse, tile_path, unbundle};
use proptest::collection::vec;
use proptest::prelude::*;

/// The same tile in the older layout that names the tile height: `tile/8/0/…`, and `data` for entries.
fn theirs(level: Option<u8>, n: u64, width: u16) -> String {
    tlog_tiles::Tile::new(8, level.unwrap_or(0), n, u32::from(width), level.is_none()).path()
}

#[test]
fn paths_are_those_of_the_specification() {
    assert_eq!(tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile_path(3, 1234, 256), "tile/3/x001/234");
    assert_eq!(tile_path(1, 0, 3), "tile/1/000.p/3");
    assert_eq!(entries_path(0, 17), "tile/entries/000.p/17");
    assert_eq!(parse("checkpoint"), Some(Wanted::Checkpoint));
}

#[test]
fn a_path_has_one_spelling() {
    for wrong in [
        "",
        "/checkpoint",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/+0/000",
        "tile/8/000",
        "tile/64/000",
        "tile/256/000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/x001",
        "tile/0/xx01/234",
        "tile/0/-01",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/000.p",
        "tile/data/000",
        "tile/entries/000/",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/\u{0660}00",
    ] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_cut_bundle_is_refused() {
    let bytes = bundle([b"one".as_slice(), b"two"].into_iter()).unwrap();
    for end in [1, 2, 3, 4, 6, 7, 9] {
        assert_eq!(unbundle(&bytes[..end]), None);
    }
    assert_eq!(unbundle(&bytes[..5]).unwrap(), [b"one"]);
}

#[test]
fn an_entry_too_long_for_its_length_is_refused() {
    let longest = vec![0; avouch_ledger::tile::LONGEST_ENTRY];
    assert!(bundle([longest.as_slice()].into_iter()).is_some());
    let longer = vec![0; longest.len() + 1];
    assert_eq!(bundle([longer.as_slice()].into_iter()), None);
}

proptest! {
    #[test]
    fn paths_are_those_of_another_implementation(
        level in 0..8_u8, n in prop_oneof![0..2000_u64, any::<u64>()], width in 1..=256_u16,
    ) {
        prop_assert_eq!(tile_path(level, n, width), theirs(Some(level), n, width).replacen("tile/8/", "tile/", 1));
        let entries = theirs(None, n, width).replacen("tile/8/data/", "tile/entries/", 1);
        prop_assert_eq!(&entries_path(n, width), &entries);
        prop_assert_eq!(parse(&tile_path(level, n, width)), Some(Wanted::Tile(level, n, width)));
        prop_assert_eq!(parse(&entries), Some(Wanted::Entries(n, width)));
    }

    #[test]
    fn random_paths_never_panic_and_are_read_as_another_implementation_reads_them(
        // The other panics at levels from 64 on and at width 0, so these are left to the test above.
        path in "(tile/)?[0-5]?[0-9]/(x?[0-9]{2,4}/?){0,8}(\\.p/[1-9][0-9]{0,2})?|\\PC{0,60}",
    ) {
        let ours = matches!(parse(&path), Some(Wanted::Tile(..)));
        let theirs = path.strip_prefix("tile/").and_then(|rest| tlog_tiles::Tile::from_path(&format!("tile/8/{rest}")).ok());
        prop_assert_eq!(ours, theirs.is_some_and(|tile| tile.level() < u64::BITS as u8 / TILE_HEIGHT as u8 && !tile.is_data()));
    }

    #[test]
    fn bundles_are_taken_apart_as_they_were_put_together(entries in vec(vec(any::<u8>(), 0..400), 1..256)) {
        let bytes = bundle(entries.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(unbundle(&bytes).unwrap(), entries);
    }

    #[test]
    fn random_bundles_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = unbundle(&bytes);
    }
}
