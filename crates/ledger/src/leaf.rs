//! The leaf: what is recorded of one act. It holds no personal data.
//!
//! Keeps the evidence behind every promise: who (a kind of party, never a person), did what, for which
//! purpose, on what basis, with which items, to whom, under which policy, with which outcome. For the
//! subject it carries a keyed tag that differs in every leaf, for values a salted commitment.
//!
//! Encoded as deterministic CBOR: one map with small integer keys in ascending order, definite
//! lengths, absent fields left out. Decoding accepts exactly what encoding gives.

use minicbor::{Decoder, Encoder};

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was permitted and done.
    Done,
    /// It was refused.
    Refused,
    /// It was permitted and failed.
    Failed,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Failed => 2,
        }
    }
}

/// One act, as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// When, in Unix milliseconds.
    pub at: i64,
    /// What was done: `collect`, `use`, `share`, `consent`, `withdraw`, `delete`, `erase` …
    pub act: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The kind of party: `subject`, `service`, `operator`, `system`.
    pub party: String,
    /// The service or role account; empty for subjects and the system.
    pub actor: String,
    /// The purpose, or what the act is about.
    pub purpose: String,
    /// The legal basis; empty for a refusal.
    pub basis: String,
    /// The items, by name.
    pub items: Vec<String>,
    /// The recipient, where data went out.
    pub recipient: Option<String>,
    /// The region.
    pub region: String,
    /// Digest of the policy in force.
    pub policy: [u8; 32],
    /// The codes of a refusal's reasons.
    pub reasons: Vec<String>,
    /// Fresh random bytes, the salt of tag and commitment.
    pub salt: [u8; 16],
    /// The subject's tag: keyed by the subject's key, different in every leaf.
    pub subject: Option<[u8; 16]>,
    /// Commitment to the values.
    pub commitment: Option<[u8; 32]>,
    /// For evidence by batch: the root over the subjects' tags, and how many.
    pub batch: Option<([u8; 32], u64)>,
}

/// Bytes that are not a leaf of this version in its one encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a ledger entry: {0}")]
pub struct NotALeaf(String);

const VERSION: u8 = 1;

type Encoding = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

impl Leaf {
    /// The entry's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(192);
        let mut encoder = Encoder::new(&mut out);
        // Writing into memory cannot fail.
        let written: Encoding = self.write(&mut encoder);
        debug_assert!(written.is_ok(), "writing into memory does not fail");
        out
    }

    fn write(&self, e: &mut Encoder<&mut Vec<u8>>) -> Encoding {
        let optional = [
            !self.actor.is_empty(),
            !self.basis.is_empty(),
            !self.items.is_empty(),
            self.recipient.is_some(),
            !self.reasons.is_empty(),
            self.subject.is_some(),
            self.commitment.is_some(),
            self.batch.is_some(),
        ];
        let fields = 9 + optional.iter().filter(|there| **there).count() as u64;
        e.map(fields)?.u8(0)?.u8(VERSION)?.u8(1)?.i64(self.at)?.u8(2)?.str(&self.act)?;
        e.u8(3)?.u8(self.outcome.code())?.u8(4)?.str(&self.party)?;
        if !self.actor.is_empty() {
            e.u8(5)?.str(&self.actor)?;
        }
        e.u8(6)?.str(&self.purpose)?;
        if !self.basis.is_empty() {
            e.u8(7)?.str(&self.basis)?;
        }
        if !self.items.is_empty() {
            e.u8(8)?.array(self.items.len() as u64)?;
            for item in &self.items {
                e.str(item)?;
            }
        }
        if let Some(recipient) = &self.recipient {
            e.u8(9)?.str(recipient)?;
        }
        e.u8(10)?.str(&self.region)?;
        e.u8(11)?.bytes(&self.policy)?;
        if !self.reasons.is_empty() {
            e.u8(12)?.array(self.reasons.len() as u64)?;
            for reason in &self.reasons {
                e.str(reason)?;
            }
        }
        e.u8(13)?.bytes(&self.salt)?;
        if let Some(tag) = &self.subject {
            e.u8(14)?.bytes(tag)?;
        }
        if let Some(commitment) = &self.commitment {
            e.u8(15)?.bytes(commitment)?;
        }
        if let Some((root, count)) = &self.batch {
            e.u8(16)?.array(2)?.bytes(root)?.u64(*count)?;
        }
        Ok(())
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`NotALeaf`] for anything but the one encoding of a leaf of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotALeaf> {
        let leaf = Self::read(bytes).map_err(|e| NotALeaf(e.to_string()))?;
        if leaf.encode() == bytes { Ok(leaf) } else { Err(NotALeaf("its encoding is not the canonical one".into())) }
    }

    fn read(bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        use minicbor::decode::Error;
        fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], Error> {
            d.bytes()?.try_into().map_err(|_| Error::message("a field has the wrong length"))
        }
        fn list(d: &mut Decoder<'_>) -> Result<Vec<String>, Error> {
            d.array_iter::<&str>()?.map(|s| s.map(str::to_owned)).collect()
        }
        let mut d = Decoder::new(bytes);
        let fields = d.map()?.ok_or_else(|| Error::message("of indefinite length"))?;
        let mut leaf = Self {
            at: 0,
            act: String::new(),
            outcome: Outcome::Failed,
            party: String::new(),
            actor: String::new(),
            purpose: String::new(),
            basis: String::new(),
            items: Vec::new(),
            recipient: None,
            region: String::new(),
            policy: [0; 32],
            reasons: Vec::new(),
            salt: [0; 16],
            subject: None,
            commitment: None,
            batch: None,
        };
        let mut version = 0;
        for _ in 0..fields.min(32) {
            match d.u8()? {
                0 => version = d.u8()?,
                1 => leaf.at = d.i64()?,
                2 => leaf.act = d.str()?.to_owned(),
                3 => {
                    leaf.outcome = match d.u8()? {
                        0 => Outcome::Done,
                        1 => Outcome::Refused,
                        2 => Outcome::Failed,
                        _ => return Err(Error::message("an unknown outcome")),
                    }
                }
                4 => leaf.party = d.str()?.to_owned(),
                5 => leaf.actor = d.str()?.to_owned(),
                6 => leaf.purpose = d.str()?.to_owned(),
                7 => leaf.basis = d.str()?.to_owned(),
                8 => leaf.items = list(&mut d)?,
                9 => leaf.recipient = Some(d.str()?.to_owned()),
                10 => leaf.region = d.str()?.to_owned(),
                11 => leaf.policy = fixed(&mut d)?,
                12 => leaf.reasons = list(&mut d)?,
                13 => leaf.salt = fixed(&mut d)?,
                14 => leaf.subject = Some(fixed(&mut d)?),
                15 => leaf.commitment = Some(fixed(&mut d)?),
                16 => {
                    d.array()?;
                    leaf.batch = Some((fixed(&mut d)?, d.u64()?));
                }
                _ => return Err(Error::message("an unknown field")),
            }
        }
        if version != VERSION {
            return Err(Error::message("of another version"));
        }
        Ok(leaf)
    }
}
