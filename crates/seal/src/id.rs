//! Regions and subject ids. A subject's id carries its region, so no global directory exists.
//!
//! Keeps promise 5.3: whoever holds an id knows the only place its data may be looked for.

use std::fmt;
use std::str::FromStr;

use data_encoding::{Encoding, Specification};

/// A text that is not a region or not a subject id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a region's name.
    #[error("'{0}' is not a region: write 1 to 8 lowercase letters, as in the policy's [storage.regions]")]
    Region(String),
    /// Not a subject id.
    #[error(
        "this is not a subject id: write the region, a hyphen and 26 characters, e.g. cn-00000000000000000000000000"
    )]
    Subject,
}

/// Where data rests: 1 to 8 lowercase letters, e.g. `cn`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    name: [u8; 8],
    length: u8,
}

impl Region {
    /// The region of that name.
    ///
    /// # Errors
    /// [`IdError::Region`] unless it is 1 to 8 lowercase ASCII letters.
    pub fn new(name: &str) -> Result<Self, IdError> {
        let bytes = name.as_bytes();
        let fault = || IdError::Region(name.chars().take(16).collect());
        if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_lowercase) {
            return Err(fault());
        }
        let mut padded = [0; 8];
        padded.get_mut(..bytes.len()).ok_or_else(fault)?.copy_from_slice(bytes);
        Ok(Self { name: padded, length: u8::try_from(bytes.len()).map_err(|_| fault())? })
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.name.get(..usize::from(self.length)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Region {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

/// A person, by region and 128 random bits. Says nothing about who it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId {
    region: Region,
    id: [u8; 16],
}

fn crockford() -> Option<Encoding> {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    spec.encoding().ok()
}

/// Letters and digits that are not mistaken for each other.
pub(crate) static CROCKFORD: std::sync::LazyLock<Option<Encoding>> = std::sync::LazyLock::new(crockford);

impl SubjectId {
    /// An id from its parts; `id` must be fresh random bytes for a new person.
    #[must_use]
    pub fn new(region: Region, id: [u8; 16]) -> Self {
        Self { region, id }
    }

    /// Its region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Its 16 random bytes.
    #[must_use]
    pub fn id(&self) -> &[u8; 16] {
        &self.id
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = CROCKFORD.as_ref().map(|c| c.encode(&self.id)).unwrap_or_default();
        write!(f, "{}-{text}", self.region)
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A pseudonym is personal data too (PIPL 73(3)); logs get none.
        write!(f, "{}-…", self.region)
    }
}

impl FromStr for SubjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (region, rest) = text.split_once('-').ok_or(IdError::Subject)?;
        let region = Region::new(region).map_err(|_| IdError::Subject)?;
        let bytes = CROCKFORD.as_ref().and_then(|c| c.decode(rest.as_bytes()).ok()).ok_or(IdError::Subject)?;
        Ok(Self { region, id: bytes.try_into().map_err(|_| IdError::Subject)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn subject_id_survives_its_text(id in any::<[u8; 16]>(), region in "[a-z]{1,8}") {
            let subject = SubjectId::new(Region::new(&region).unwrap(), id);
            let text = subject.to_string();
            prop_assert_eq!(text.len(), region.len() + 27);
            prop_assert_eq!(text.parse::<SubjectId>().unwrap(), subject);
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text in ".{0,60}") {
            if let Ok(id) = text.parse::<SubjectId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn debug_hides_the_pseudonym() {
        let subject = SubjectId::new(Region::new("cn").unwrap(), [7; 16]);
        assert_eq!(format!("{subject:?}"), "cn-…");
    }

    #[test]
    fn region_takes_only_short_lowercase_names() {
        assert!(Region::new("").is_err());
        assert!(Region::new("CN").is_err());
        assert!(Region::new("toolongname").is_err());
        assert_eq!(Region::new("eu").unwrap().as_str(), "eu");
    }
}
