//! Identity documents: parsed once, at the edge, into a type that cannot hold a wrong number.
//!
//! Keeps promise 1.2: resident identity cards (GB 11643-1999, check character by ISO 7064 MOD 11-2),
//! passports (ICAO Doc 9303, part 4), travel permits of residents of Hong Kong, Macao and Taiwan, residence
//! permits of the same, and the identity card of foreign permanent residents in the forms of 2017 and 2023.
//!
//! A right check digit shows that a number was written down right, not that it is the writer's: that is for
//! [`super::real_name`]. No fault repeats the number, and nothing here can be printed.

pub mod mrz;
mod numbers;

use jiff::civil::Date;
use zeroize::Zeroizing;

/// What kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentType {
    /// The resident identity card (居民身份证).
    ResidentId,
    /// A passport, of any state.
    Passport,
    /// The mainland travel permit for residents of Hong Kong and Macao (港澳居民来往内地通行证).
    HkMacaoPermit,
    /// The mainland travel permit for residents of Taiwan (台湾居民来往大陆通行证).
    TaiwanPermit,
    /// The residence permit for residents of Hong Kong, Macao or Taiwan (港澳台居民居住证).
    ResidencePermit,
    /// The identity card of foreign permanent residents (外国人永久居留身份证).
    ForeignPermanent,
}

impl DocumentType {
    /// Every kind, the most common first.
    pub const ALL: [Self; 6] = [
        Self::ResidentId,
        Self::Passport,
        Self::HkMacaoPermit,
        Self::TaiwanPermit,
        Self::ResidencePermit,
        Self::ForeignPermanent,
    ];

    /// Its name in forms, records and requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResidentId => "resident-id",
            Self::Passport => "passport",
            Self::HkMacaoPermit => "hk-macao-permit",
            Self::TaiwanPermit => "taiwan-permit",
            Self::ResidencePermit => "residence-permit",
            Self::ForeignPermanent => "foreign-permanent",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// What is wrong with a number: where, and what to write instead. Never the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// Nothing was written.
    #[error("write the number of the document")]
    Empty,
    /// The old number of 15 digits.
    #[error(
        "numbers of 15 digits are out of use since 2013; write the 18 characters on your present card, or have the \
         card replaced at a police station and choose another document until then"
    )]
    Old,
    /// Too short or too long.
    #[error("the number has {given} characters; this document's has {needed}")]
    Length {
        /// How many were written.
        given: usize,
        /// How many it has, in words.
        needed: &'static str,
    },
    /// A character that cannot stand there.
    #[error("character {at} cannot stand there; {allowed}")]
    Character {
        /// Which, from 1.
        at: usize,
        /// What can.
        allowed: &'static str,
    },
    /// No province-level region has this code.
    #[error("the first digits name no province-level region; look at the start of the number again")]
    Region,
    /// The birth date in it is no day of the calendar, or too long ago.
    #[error("the birth date in the number is no day a living person was born on; look at those digits again")]
    Birth,
    /// The birth date in it has not come yet.
    #[error("the birth date in the number is still to come; look at those digits again")]
    Future,
    /// The check digit does not fit.
    #[error("the check character does not fit the rest; one character is wrong or two have changed places")]
    Check,
    /// It is the number of another kind of document.
    #[error("this is the number of another kind of document; choose '{}'", .0.name())]
    Other(DocumentType),
    /// The nationality in it is none that this document can name.
    #[error("the nationality in the number is none this document can have; look at those characters again")]
    Nationality,
    /// The machine-readable lines are not those of a passport.
    #[error("the machine-readable lines are not right: write both lines of 44 characters, with every '<'")]
    Lines,
    /// A check digit of the machine-readable lines does not fit.
    #[error("the check digit of the {0} in the machine-readable lines does not fit; look at that part again")]
    LineCheck(&'static str),
    /// The number and the machine-readable lines disagree.
    #[error("the number and the machine-readable lines are of two passports; write both from the same one")]
    Disagree,
    /// The document is no longer valid.
    #[error("the document has expired; use one that is valid")]
    Expired,
}

impl DocumentFault {
    /// Its message key.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "required",
            Self::Old => "document-old",
            Self::Length { .. } => "document-length",
            Self::Character { .. } => "document-character",
            Self::Region => "document-region",
            Self::Birth => "document-birth",
            Self::Future => "document-future",
            Self::Check => "document-check",
            Self::Other(_) => "document-other",
            Self::Nationality => "document-nationality",
            Self::Lines => "document-lines",
            Self::LineCheck(_) => "document-line-check",
            Self::Disagree => "document-disagree",
            Self::Expired => "document-expired",
        }
    }
}

/// A document whose number is right in form.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    kind: DocumentType,
    number: Zeroizing<String>,
    birth: Option<Date>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Document {
    /// Reads a number as people write it: spaces, hyphens, full-width digits and small letters are made right.
    ///
    /// `lines` are a passport's two machine-readable lines, where they are given; `today` is the day in the
    /// home region.
    ///
    /// # Errors
    /// The first [`DocumentFault`] from the left.
    pub fn parse(kind: DocumentType, number: &str, lines: Option<&str>, today: Date) -> Result<Self, DocumentFault> {
        let number = tidy(number);
        if number.is_empty() {
            return Err(DocumentFault::Empty);
        }
        let birth = match kind {
            DocumentType::ResidentId => Some(numbers::resident(&number, today)?),
            DocumentType::ResidencePermit => Some(numbers::residence(&number, today)?),
            DocumentType::ForeignPermanent => Some(numbers::foreign(&number, today)?),
            DocumentType::HkMacaoPermit => numbers::hk_macao(&number).map(|()| None)?,
            DocumentType::TaiwanPermit => numbers::taiwan(&number).map(|()| None)?,
            DocumentType::Passport => {
                numbers::passport(&number)?;
                match lines.map(str::trim).filter(|l| !l.is_empty()) {
                    None => None,
                    Some(lines) => Some(mrz::read(lines, &number, today)?),
                }
            }
        };
        Ok(Self { kind, number, birth })
    }

    /// What kind of document it is.
    #[must_use]
    pub const fn kind(&self) -> DocumentType {
        self.kind
    }

    /// The number in its one form. It goes into a sealed record or to the verifier, and nowhere else.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The birth date the document itself tells; nothing where its number tells none.
    #[must_use]
    pub const fn birth(&self) -> Option<Date> {
        self.birth
    }
}

/// The number without what people put between its characters, in capitals and half-width.
fn tidy(written: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(written.len()));
    for c in written.chars() {
        let c = match c {
            // Full-width forms stand at a fixed distance from ASCII.
            '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
            c => c,
        };
        if !c.is_whitespace() && !matches!(c, '-' | '·' | '.') {
            out.push(c.to_ascii_uppercase());
        }
    }
    out
}

/// How old somebody born on `birth` is on `today`, in whole years; a birthday counts from its day on, and that
/// of 29 February from 1 March in other years.
#[must_use]
pub fn age(birth: Date, today: Date) -> u32 {
    let years = i32::from(today.year()) - i32::from(birth.year());
    let had = (today.month(), today.day()) >= (birth.month(), birth.day());
    u32::try_from(if had { years } else { years - 1 }).unwrap_or(0)
}
