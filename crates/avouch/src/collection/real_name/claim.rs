//! What a person writes to have their name checked, parsed once.

use jiff::civil::Date;
use zeroize::Zeroizing;

use super::{LARGEST_FACE, Method};
use crate::collection::document::{Document, DocumentType};
use crate::fault::FieldFault;

/// A person's name in the form documents have it. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Zeroizing<String>);

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name(…)")
    }
}

impl Name {
    /// Reads a name: 2 to 60 letters with the marks names have, spaces within made single.
    ///
    /// # Errors
    /// What is wrong, without the name.
    pub fn parse(written: &str) -> Result<Self, FieldFault> {
        let name: Zeroizing<String> =
            Zeroizing::new(written.split_whitespace().collect::<Vec<_>>().join(" ").replace(['•', '．', '・'], "·"));
        let length = name.chars().count();
        if length == 0 {
            return Err(FieldFault::new("name", "required", "write your name as it stands on the document"));
        }
        let fine = |c: char| c.is_alphabetic() || matches!(c, ' ' | '·' | '-' | '\'' | '’' | '.' | ',');
        let letters = name.chars().filter(|c| c.is_alphabetic()).count();
        if !(2..=60).contains(&length) || letters < 2 || !name.chars().all(fine) {
            return Err(FieldFault::new(
                "name",
                "not-a-name",
                "write the name as it stands on the document: 2 to 60 letters, no digits",
            ));
        }
        Ok(Self(name))
    }

    /// The name. It goes into a sealed record, to the verifier or before the person, and nowhere else.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// What a person sends.
pub struct NewClaim {
    /// The name as written.
    pub name: Zeroizing<String>,
    /// The kind of document chosen.
    pub document: Option<DocumentType>,
    /// The number as written.
    pub number: Zeroizing<String>,
    /// A passport's machine-readable lines, where given.
    pub lines: Zeroizing<String>,
    /// The way chosen.
    pub method: Method,
    /// A picture of the face, for that way.
    pub face: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for NewClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewClaim").field("method", &self.method).finish_non_exhaustive()
    }
}

impl NewClaim {
    /// Checks every field.
    ///
    /// # Errors
    /// All that is wrong at once.
    pub fn check(&self, today: Date) -> Result<Claim, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let mut keep = |fault: FieldFault| faults.push(fault);
        let name = Name::parse(&self.name).map_err(&mut keep).ok();
        let document = match self.document {
            None => {
                keep(FieldFault::new("document", "required", "choose the kind of document"));
                None
            }
            Some(kind) => Document::parse(kind, &self.number, Some(&self.lines), today)
                .map_err(|fault| {
                    let field = match fault.code() {
                        "document-lines" | "document-line-check" | "document-disagree" => "lines",
                        _ => "number",
                    };
                    keep(FieldFault::new(field, fault.code(), fault.to_string()));
                })
                .ok(),
        };
        if self.face.as_ref().is_some_and(|f| f.is_empty() || f.len() > LARGEST_FACE) {
            keep(FieldFault::new("face", "too-large", "choose a picture of at most 2 MB"));
        }
        match (name, document) {
            (Some(name), Some(document)) if faults.is_empty() => Ok(Claim {
                name,
                kind: document.kind(),
                number: Zeroizing::new(document.number().to_owned()),
                birth: document.birth(),
            }),
            _ => Err(faults),
        }
    }
}

/// A name and a document that are right in form and wait for the decision. It cannot be printed.
pub struct Claim {
    /// The name.
    pub name: Name,
    /// The kind of document.
    pub kind: DocumentType,
    /// The number in its one form.
    pub number: Zeroizing<String>,
    /// The birth date the document tells.
    pub birth: Option<Date>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claim(…)")
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Kept<'a> {
    name: std::borrow::Cow<'a, str>,
    document: std::borrow::Cow<'a, str>,
    number: std::borrow::Cow<'a, str>,
    birth: Option<Date>,
}

impl Claim {
    /// The claim as it rests in its sealed record.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let kept = Kept {
            name: self.name.text().into(),
            document: self.kind.name().into(),
            number: self.number.as_str().into(),
            birth: self.birth,
        };
        Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default())
    }

    /// The claim in a record's bytes; nothing where they are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let kept: Kept<'_> = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            name: Name(Zeroizing::new(kept.name.into_owned())),
            kind: DocumentType::named(&kept.document)?,
            number: Zeroizing::new(kept.number.into_owned()),
            birth: kept.birth,
        })
    }
}
