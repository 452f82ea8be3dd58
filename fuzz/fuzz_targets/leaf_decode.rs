//! Any bytes: what decodes as a leaf is written again as the same bytes; what does not is refused, not a crash.
#![no_main]

use avouch_ledger::leaf::Leaf;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(leaf) = Leaf::decode(bytes) {
        assert_eq!(leaf.encode(), bytes, "a leaf has one spelling");
    }
});
