//! Which language a person reads in: the `lang` parameter, then the `lang` cookie, then `Accept-Language`.
//!
//! Keeps promise 0.1: what is done is explained in words the reader understands.

use axum::http::{HeaderMap, header};

/// A language the pages are complete in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Lang {
    /// Every language, in the order the switch shows them.
    pub const ALL: [Self; 2] = [Self::En, Self::ZhCn];

    /// The BCP 47 tag, as it stands in `<html lang>`, in the cookie and in the policy's texts.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The language's name in itself, for the switch.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::ZhCn => "简体中文",
        }
    }

    /// Reads a tag such as `en-GB` or `zh`; gives `None` for a language the pages do not speak.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else if primary.eq_ignore_ascii_case("zh") {
            Some(Self::ZhCn)
        } else {
            None
        }
    }

    /// The language a caller of the API asks for by `Accept-Language`; English without one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        accepted.and_then(Self::from_accept).unwrap_or(Self::En)
    }

    /// Chooses by an `Accept-Language` header (RFC 9110, 12.5.4): highest weight first, the earlier of
    /// two equal ones, `*` and unknown languages passed over. `None` when nothing fits.
    #[must_use]
    pub fn from_accept(header: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for part in header.split(',').take(32) {
            let mut pieces = part.split(';');
            let Some(lang) = pieces.next().and_then(Self::from_tag) else {
                continue;
            };
            let weight = pieces.find_map(|p| p.trim().strip_prefix("q=").map(weight)).unwrap_or(1000);
            if weight > 0 && best.is_none_or(|(w, _)| weight > w) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    /// The choice for one request, from its `lang` parameter, `lang` cookie and `Accept-Language`, else `default`.
    #[must_use]
    pub fn choose(parameter: Option<&str>, cookie: Option<&str>, accept: Option<&str>, default: Self) -> Self {
        parameter
            .and_then(Self::from_tag)
            .or_else(|| cookie.and_then(Self::from_tag))
            .or_else(|| accept.and_then(Self::from_accept))
            .unwrap_or(default)
    }
}

/// A quality value in thousandths; what cannot be read counts as 0.
fn weight(text: &str) -> u16 {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut thousandths: u16 = 0;
    for at in 0..3 {
        let digit = match fraction.as_bytes().get(at) {
            None => 0,
            Some(b @ b'0'..=b'9') => u16::from(b - b'0'),
            Some(_) => return 0,
        };
        thousandths = thousandths * 10 + digit;
    }
    match whole {
        "0" => thousandths,
        "1" => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_wins_over_the_cookie_and_the_cookie_over_the_header() {
        let en = Some("en");
        let zh = Some("zh-CN");
        assert_eq!(Lang::choose(en, zh, zh, Lang::ZhCn), Lang::En);
        assert_eq!(Lang::choose(None, zh, en, Lang::En), Lang::ZhCn);
        assert_eq!(Lang::choose(None, None, en, Lang::ZhCn), Lang::En);
        assert_eq!(Lang::choose(Some("xx"), Some(""), Some("fr"), Lang::ZhCn), Lang::ZhCn);
    }

    #[test]
    fn accept_language_is_read_by_weight() {
        assert_eq!(Lang::from_accept("en;q=0.4, zh-CN;q=0.9"), Some(Lang::ZhCn));
        assert_eq!(Lang::from_accept("fr, en-GB;q=0.8, zh;q=0.8"), Some(Lang::En));
        assert_eq!(Lang::from_accept("zh-Hant-TW"), Some(Lang::ZhCn));
        assert_eq!(Lang::from_accept("en;q=0, zh;q=0.001"), Some(Lang::ZhCn));
        assert_eq!(Lang::from_accept("*"), None);
        assert_eq!(Lang::from_accept("en;q=high"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_the_choice_fail(header in ".{0,200}") {
            let _ = Lang::from_accept(&header);
            let _ = Lang::choose(Some(&header), Some(&header), Some(&header), Lang::En);
        }
    }
}
