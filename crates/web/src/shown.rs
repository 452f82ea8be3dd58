//! Personal text on its way into a page.

use std::fmt;

/// A value of a person, opened into a page and nothing else: no `Display`, no `Serialize`, and its
/// `Debug` tells nothing. Templates write it by [`Shown::text`].
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Shown(String);

/// A structured value with an avatar named for what it is, in place of its bytes; nothing where there is none.
fn without_pictures(text: &str) -> Option<String> {
    let mut told: serde_json::Value = serde_json::from_str(text).ok()?;
    let media = told.pointer("/avatar/media")?.clone();
    *told.get_mut("avatar")? = media;
    Some(told.to_string())
}

impl Shown {
    /// A record's value as its person reads it: of a picture or video what it is, in place of the JSON that says so.
    #[must_use]
    pub fn value(kind: avouch_policy::model::Kind, value: &[u8]) -> Self {
        use avouch_policy::model::Kind;
        let text = String::from_utf8_lossy(value);
        if kind == Kind::Structured {
            return Self::new(without_pictures(&text).unwrap_or_else(|| text.into_owned()));
        }
        if !kind.rests_apart() {
            return Self::new(text);
        }
        let told = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|told| {
            let media = told.get("media")?.as_str()?.to_owned();
            let side = |name| told.get(name).and_then(serde_json::Value::as_u64);
            Some(match (side("width"), side("height")) {
                (Some(width), Some(height)) => format!("{media} · {width} × {height}"),
                _ => media,
            })
        });
        told.map_or_else(|| Self::new(text), Self::new)
    }

    /// Takes what is to be shown.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for a template. Everything a template writes is escaped for HTML.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with all but a little hidden: of a mail address the first letter and the domain, of
    /// anything longer than seven characters the first three and last four, of the rest the first.
    #[must_use]
    pub fn masked(&self) -> Self {
        const DOTS: &str = "••••";
        if let Some((name, domain)) = self.0.split_once('@') {
            let first: String = name.chars().take(1).collect();
            return Self(format!("{first}{DOTS}@{domain}"));
        }
        let count = self.0.chars().count();
        let (head, tail) = if count > 7 { (3, 4) } else { (1, 0) };
        let start: String = self.0.chars().take(head).collect();
        let end: String = self.0.chars().skip(count - tail.min(count)).collect();
        Self(format!("{start}{DOTS}{end}"))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_nothing() {
        assert_eq!(format!("{:?}", Shown::new("13900001234")), "Shown(…)");
    }

    #[test]
    fn a_mask_keeps_enough_to_recognise_and_no_more() {
        assert_eq!(Shown::new("19900001234").masked().text(), "199••••1234");
        assert_eq!(Shown::new("lin@mail.example").masked().text(), "l••••@mail.example");
        assert_eq!(Shown::new("林小明").masked().text(), "林••••");
        assert_eq!(Shown::new("").masked().text(), "••••");
    }

    proptest::proptest! {
        #[test]
        fn a_mask_never_shows_a_long_value_whole(value in "[^@]{8,40}") {
            let masked = Shown::new(value.clone()).masked();
            proptest::prop_assert!(!masked.text().contains(&value));
        }
    }
}
