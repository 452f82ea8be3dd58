//! Signed notes and checkpoints, as C2SP specifies them.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};

use crate::hash::{Hash, sha256};

/// Why a note or a key is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not of the form of a signed note or checkpoint.
    #[error("not a signed checkpoint: {0}")]
    Form(&'static str),
    /// Not a verifier key.
    #[error("not a verifier key: write NAME+HASH+BASE64, as `avouch ledger key` prints it")]
    Key,
    /// No signature by the key.
    #[error("the checkpoint carries no signature by the key '{0}'")]
    Unsigned(String),
    /// A signature that does not hold.
    #[error("the signature by '{0}' does not hold: the checkpoint was changed, or signed by another key")]
    Forged(String),
}

/// Ed25519 in a signed note.
const ALGORITHM: u8 = 1;
/// A longer note is refused unread, in bytes.
const LONGEST_NOTE: usize = 1_000_000;
/// A note with more signatures is refused; the specification asks for 16 at least.
const MOST_SIGNATURES: usize = 100;

fn key_id(name: &str, public: &[u8]) -> [u8; 4] {
    let mut bytes = name.as_bytes().to_vec();
    bytes.extend_from_slice(&[b'\n', ALGORITHM]);
    bytes.extend_from_slice(public);
    let [a, b, c, d, ..] = sha256(&bytes);
    [a, b, c, d]
}

/// Signs checkpoints in a log's name.
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
    id: [u8; 4],
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer from a name (the log's origin, without spaces and `+`) and a 32-byte Ed25519 seed.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name or the seed is unusable.
    pub fn from_seed(name: &str, seed: &[u8]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?;
        let id = key_id(name, pair.public_key().as_ref());
        Ok(Self { name: name.to_owned(), pair, id })
    }

    /// The key that verifies its signatures, to be published.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier { name: self.name.clone(), public: self.pair.public_key().as_ref().to_vec(), id: self.id }
    }

    /// The origin it signs for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A signed note over a text that ends with a line feed.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let mut bytes = self.id.to_vec();
        bytes.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n\u{2014} {} {}\n", self.name, BASE64.encode(&bytes))
    }
}

/// Verifies checkpoints of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    public: Vec<u8>,
    id: [u8; 4],
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ALGORITHM];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&key))
    }
}

impl std::str::FromStr for Verifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NoteError::Key)?;
        let (algorithm, public) = key.split_first().ok_or(NoteError::Key)?;
        let expected = key_id(name, public);
        if !is_name(name) || *algorithm != ALGORITHM || public.len() != 32 || HEXLOWER.encode(&expected) != id {
            return Err(NoteError::Key);
        }
        Ok(Self { name: name.to_owned(), public: public.to_vec(), id: expected })
    }
}

impl Verifier {
    /// The origin it verifies.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a signed note, if this key signed it. Signatures by other keys are passed over.
    ///
    /// # Errors
    /// [`NoteError`] when the note is malformed, unsigned or forged.
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, NoteError> {
        let parts = parse(note.as_bytes())?;
        let mut found = false;
        for signature in parts.signatures.iter().filter(|s| s.name == self.name && s.id == self.id) {
            UnparsedPublicKey::new(&ED25519, &self.public)
                .verify(parts.text.as_bytes(), &signature.bytes)
                .map_err(|_| NoteError::Forged(self.name.clone()))?;
            found = true;
        }
        if found { Ok(parts.text) } else { Err(NoteError::Unsigned(self.name.clone())) }
    }
}

/// A signed note taken apart. **Nothing in it has been verified.**
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts<'n> {
    /// The text, with its last line feed.
    pub text: &'n str,
    /// The signature lines, in order.
    pub signatures: Vec<Signature<'n>>,
}

/// One signature line. Whoever knows another kind of key (a witness's timestamped cosignature, say) finds its
/// lines by name and id, and verifies the bytes by its own rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature<'n> {
    /// The name of the key.
    pub name: &'n str,
    /// The first four bytes of the hash that identifies the key.
    pub id: [u8; 4],
    /// The signature.
    pub bytes: Vec<u8>,
}

/// Takes a signed note apart without verifying it.
///
/// # Errors
/// [`NoteError::Form`] says which rule of the format the note breaks.
pub fn parse(note: &[u8]) -> Result<Parts<'_>, NoteError> {
    if note.len() > LONGEST_NOTE {
        return Err(NoteError::Form("it is longer than a million bytes"));
    }
    let note = str::from_utf8(note).map_err(|_| NoteError::Form("it is not UTF-8"))?;
    if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::Form("it holds a control character"));
    }
    let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Form("no blank line before the signatures"))?;
    let text = note.get(..=text.len()).ok_or(NoteError::Form("no text"))?;
    let lines = lines.strip_suffix('\n').ok_or(NoteError::Form("the last line does not end"))?;
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == MOST_SIGNATURES {
            return Err(NoteError::Form("it has more than 100 signatures"));
        }
        let rest =
            line.strip_prefix("\u{2014} ").ok_or(NoteError::Form("a signature line does not start with a dash"))?;
        let (name, signature) = rest.split_once(' ').ok_or(NoteError::Form("a signature line has no name"))?;
        if !is_name(name) {
            return Err(NoteError::Form("a key's name is empty, or holds a space or a plus sign"));
        }
        let bytes = BASE64.decode(signature.as_bytes()).map_err(|_| NoteError::Form("a signature is not base64"))?;
        let (id, bytes) = bytes
            .split_first_chunk()
            .filter(|(_, bytes)| !bytes.is_empty())
            .ok_or(NoteError::Form("a signature is too short"))?;
        signatures.push(Signature { name, id: *id, bytes: bytes.to_vec() });
    }
    Ok(Parts { text, signatures })
}

/// Whether a key may have this name: something, without white space, control characters or `+`.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A tree head: which log, how many leaves, their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's origin.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }

    /// Reads the text of a checkpoint; extension lines are allowed and passed over.
    ///
    /// # Errors
    /// [`NoteError::Form`] when it is not one.
    pub fn from_text(text: &str) -> Result<Self, NoteError> {
        let body = text.strip_suffix('\n').ok_or(NoteError::Form("the last line does not end"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Form("it has fewer than three lines"));
        };
        let number: u64 = size.parse().map_err(|_| NoteError::Form("the size is not a number"))?;
        if origin.is_empty() || number.to_string() != size {
            return Err(NoteError::Form("the origin is empty or the size is padded"));
        }
        let root = BASE64
            .decode(root.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(NoteError::Form("the root is not 32 bytes of base64"))?;
        if lines.any(str::is_empty) {
            return Err(NoteError::Form("an extension line is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}
