//! Values that are found wherever they are, and the search for them.

use std::path::{Path, PathBuf};

/// A value that stands nowhere by chance.
pub fn canary(n: u64) -> String {
    format!("canary{n:08}quinquagintaduo")
}

/// The forms in which bytes could lie about: as they are, UTF-16, base64 at each offset, hex.
fn forms(needle: &[u8]) -> Vec<Vec<u8>> {
    let mut out = vec![needle.to_vec()];
    out.push(needle.iter().flat_map(|b| [*b, 0]).collect());
    out.push(data_encoding::HEXLOWER.encode(needle).into_bytes());
    out.push(data_encoding::HEXUPPER.encode(needle).into_bytes());
    for cut in 0..3 {
        let rest = needle.get(cut..).unwrap_or_default();
        let whole = rest.len() / 3 * 3;
        if whole >= 12 {
            out.push(data_encoding::BASE64_NOPAD.encode(&rest[..whole]).into_bytes());
        }
    }
    out
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// Every file under a folder that holds any form of any needle: file and needle's number.
pub fn scan(dir: &Path, needles: &[&[u8]]) -> Vec<(PathBuf, usize)> {
    let mut paths = Vec::new();
    files(dir, &mut paths);
    let mut hits = Vec::new();
    for path in paths {
        let bytes = match std::fs::read(&path) {
            // Gone since the folder was listed, as a write-ahead log is when its database closes.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            other => other.unwrap(),
        };
        for (n, needle) in needles.iter().enumerate() {
            if forms(needle).iter().any(|form| contains(&bytes, form)) {
                hits.push((path.clone(), n));
            }
        }
    }
    hits
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w[0] == needle[0] && w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_found_in_every_form() {
        let dir = tempfile::tempdir().unwrap();
        let needle = canary(7);
        let wide: Vec<u8> = needle.bytes().flat_map(|b| [b, 0]).collect();
        let base64 = data_encoding::BASE64.encode(format!("xx{needle}").as_bytes());
        for (name, bytes) in [("plain", needle.clone().into_bytes()), ("wide", wide), ("base64", base64.into_bytes())] {
            std::fs::write(dir.path().join(name), [b"before ".as_slice(), &bytes, b" after"].concat()).unwrap();
        }
        assert_eq!(scan(dir.path(), &[needle.as_bytes()]).len(), 3);
        assert!(scan(dir.path(), &[canary(8).as_bytes()]).is_empty());
    }
}
