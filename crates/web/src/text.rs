//! The words of the pages, by language, from the Fluent files under `i18n/`.
//!
//! Both languages are complete: `tests/words.rs` fails on a key that is missing, unused, or that takes
//! other arguments in one language than in the other. There is no falling back from one to the other.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::{Timestamp, civil, tz::TimeZone};
use unic_langid::LanguageIdentifier;

use crate::lang::Lang;

/// The Fluent files of one language: file name and text, for the tests that read them.
#[must_use]
pub fn files(lang: Lang) -> &'static [(&'static str, &'static str)] {
    macro_rules! ftl {
        ($lang:literal: $($name:literal),+) => {
            &[$(($name, include_str!(concat!("../i18n/", $lang, "/", $name)))),+]
        };
    }
    match lang {
        Lang::En => {
            ftl!("en": "common.ftl", "site.ftl", "privacy.ftl", "rights.ftl", "names.ftl", "updates.ftl", "usage.ftl", "console.ftl", "staff.ftl", "faults.ftl", "cases.ftl", "border.ftl", "transfer.ftl", "sharing.ftl")
        }
        Lang::ZhCn => {
            ftl!("zh-CN": "common.ftl", "site.ftl", "privacy.ftl", "rights.ftl", "names.ftl", "updates.ftl", "usage.ftl", "console.ftl", "staff.ftl", "faults.ftl", "cases.ftl", "border.ftl", "transfer.ftl", "sharing.ftl")
        }
    }
}

static EN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Lang::En));
static ZH_CN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Lang::ZhCn));

fn bundle(lang: Lang) -> FluentBundle<FluentResource> {
    // Fluent picks plural forms by it; a tag of ours always parses.
    let id: LanguageIdentifier = lang.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Isolation marks would show up in copied text and in downloads; both languages run left to right.
    bundle.set_use_isolating(false);
    for (name, source) in files(lang) {
        // A file that does not parse is caught by the tests; what did parse is still served.
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(part, errors)| {
            tracing::error!(file = name, ?errors, "a file of words does not parse");
            part
        });
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts(pub Lang);

/// Something that may stand in a message: text or a whole number.
pub trait Arg {
    /// The value as Fluent takes it.
    fn value(&self) -> FluentValue<'_>;
}

impl Arg for str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::String(Cow::Borrowed(self))
    }
}

impl Arg for String {
    fn value(&self) -> FluentValue<'_> {
        self.as_str().value()
    }
}

impl Arg for u64 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Arg for u32 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Arg for u16 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Arg for usize {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl<T: Arg + ?Sized> Arg for &T {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

impl Texts {
    /// The message of `key`. A missing one shows as `⟦key⟧`, so that a test or a reader sees it.
    #[must_use]
    pub fn get(self, key: &str) -> String {
        self.format(key, None)
    }

    /// The message of `key` with named arguments.
    #[must_use]
    pub fn with(self, key: &str, args: &[(&'static str, &dyn Arg)]) -> String {
        let mut filled = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            filled.set(*name, value.value());
        }
        self.format(key, Some(&filled))
    }

    /// Whether there is a message of that key.
    #[must_use]
    pub fn has(self, key: &str) -> bool {
        self.bundle().has_message(key)
    }

    /// A day, written out: `1 December 2026`, `2026年12月1日`.
    #[must_use]
    pub fn date(self, date: civil::Date) -> String {
        match self.0 {
            Lang::En => date.strftime("%-d %B %Y").to_string(),
            Lang::ZhCn => date.strftime("%Y年%-m月%-d日").to_string(),
        }
    }

    /// An instant as day and minute in `zone`: `1 December 2026, 14:05`, `2026年12月1日 14:05`.
    #[must_use]
    pub fn moment(self, at: Timestamp, zone: &TimeZone) -> String {
        let local = at.to_zoned_datetime(zone.clone());
        match self.0 {
            Lang::En => local.strftime("%-d %B %Y, %H:%M").to_string(),
            Lang::ZhCn => local.strftime("%Y年%-m月%-d日 %H:%M").to_string(),
        }
    }

    /// Several words as one list: `a, b and c`, `a、b和c`.
    #[must_use]
    pub fn list<S: AsRef<str>>(self, parts: &[S]) -> String {
        let (comma, and) = match self.0 {
            Lang::En => (", ", " and "),
            Lang::ZhCn => ("、", "和"),
        };
        let mut out = String::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push_str(if at + 1 == parts.len() { and } else { comma });
            }
            out.push_str(part.as_ref());
        }
        out
    }

    /// A label as it stands inside a sentence: English starts it small, unless it begins with an
    /// abbreviation (`IP address`).
    #[must_use]
    pub fn within(self, label: &str) -> String {
        let mut chars = label.chars();
        let (first, second) = (chars.next(), chars.clone().next());
        match (self.0, first) {
            (Lang::En, Some(first)) if !second.is_some_and(char::is_uppercase) => {
                first.to_lowercase().chain(chars).collect()
            }
            _ => label.to_owned(),
        }
    }

    /// Labels as a list inside a sentence.
    #[must_use]
    pub fn list_within<S: AsRef<str>>(self, labels: &[S]) -> String {
        let inside: Vec<String> = labels.iter().map(|l| self.within(l.as_ref())).collect();
        self.list(&inside)
    }

    /// What stands between two sentences: Chinese needs no space.
    #[must_use]
    pub fn gap(self) -> &'static str {
        match self.0 {
            Lang::En => " ",
            Lang::ZhCn => "",
        }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        match self.0 {
            Lang::En => &EN,
            Lang::ZhCn => &ZH_CN,
        }
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) else {
            tracing::error!(key, lang = self.0.tag(), "no words for a key");
            return format!("⟦{key}⟧");
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors).into_owned();
        if errors.is_empty() {
            text
        } else {
            tracing::error!(key, lang = self.0.tag(), ?errors, "words lack an argument");
            format!("⟦{key}: {text}⟧")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_seen_and_not_borrowed_from_the_other_language() {
        assert_eq!(Texts(Lang::En).get("no-such-key"), "⟦no-such-key⟧");
        assert!(!Texts(Lang::ZhCn).has("no-such-key"));
    }

    #[test]
    fn dates_lists_and_plurals_read_as_people_write_them() {
        let date = civil::date(2026, 12, 1);
        assert_eq!(Texts(Lang::En).date(date), "1 December 2026");
        assert_eq!(Texts(Lang::ZhCn).date(date), "2026年12月1日");
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        let at: Timestamp = "2026-11-30T17:05:00Z".parse().unwrap();
        assert_eq!(Texts(Lang::En).moment(at, &shanghai), "1 December 2026, 01:05");
        assert_eq!(Texts(Lang::ZhCn).moment(at, &shanghai), "2026年12月1日 01:05");
        assert_eq!(Texts(Lang::En).list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(Texts(Lang::ZhCn).list(&["甲", "乙"]), "甲和乙");
        assert_eq!(Texts(Lang::En).list::<&str>(&[]), "");
        assert_eq!(Texts(Lang::En).list_within(&["User name", "IP address"]), "user name and IP address");
        assert_eq!(Texts(Lang::ZhCn).within("用户名"), "用户名");
    }

    #[test]
    fn a_forgotten_argument_is_seen() {
        assert!(Texts(Lang::En).get("uses-count").starts_with('⟦'));
    }
}
