//! Text in several languages.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::read::{Cx, Node, Read};

/// One text in every language of the policy: language tag (`en`, `zh-CN`) to words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Words(pub BTreeMap<String, String>);

impl Words {
    /// The same words under one language tag; for building facts in code.
    #[must_use]
    pub fn one(lang: &str, text: &str) -> Self {
        Self(BTreeMap::from([(lang.to_owned(), text.to_owned())]))
    }

    /// The words in `lang`, if written.
    #[must_use]
    pub fn get(&self, lang: &str) -> Option<&str> {
        self.0.get(lang).map(String::as_str)
    }

    /// The words in `lang`, else in English, else in any language; empty only when nothing is written.
    #[must_use]
    pub fn in_lang(&self, lang: &str) -> &str {
        self.get(lang)
            .or_else(|| self.get("en"))
            .or_else(|| self.0.values().next().map(String::as_str))
            .unwrap_or_default()
    }

    /// The languages these words are written in, sorted.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Read for Words {
    fn example() -> String {
        r#"{ en = "…", zh-CN = "…" }"#.to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let map = BTreeMap::<String, String>::read(node, cx)?;
        let wanted = cx.languages.clone();
        let mut whole = true;
        for (lang, text) in &map {
            if text.trim().is_empty() {
                let at = cx.span_of(lang).unwrap_or_else(|| node.span());
                cx.fault(
                    "empty-words",
                    at,
                    format!("the {lang} words are empty"),
                    "nothing is written here",
                    format!("write the text in {lang}"),
                );
                whole = false;
            }
            if !wanted.is_empty() && !wanted.contains(lang) {
                let at = cx.span_of(lang).unwrap_or_else(|| node.span());
                let near = crate::read::did_you_mean(lang, wanted.iter().map(String::as_str));
                cx.fault(
                    "unknown-language",
                    at,
                    format!("`{lang}` is not a language of this policy"),
                    "not in `languages`",
                    format!("{near}write one of: {}; or add it to `languages`", wanted.join(", ")),
                );
                whole = false;
            }
        }
        let missing: Vec<_> = wanted.iter().filter(|lang| !map.contains_key(*lang)).cloned().collect();
        if !missing.is_empty() {
            cx.fault(
                "missing-language",
                node.span(),
                format!("no words in {}", missing.join(", ")),
                "every text is written in every language of the policy",
                format!("add {}", missing.iter().map(|l| format!(r#"{l} = "…""#)).collect::<Vec<_>>().join(", ")),
            );
            whole = false;
        }
        whole.then_some(Self(map))
    }
}
