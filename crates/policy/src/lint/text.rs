//! The words. Held against promise 0.1: explained so that people can choose.

use std::ops::Range;
use std::sync::Arc;

use miette::NamedSource;

use super::{Cx, Place, Severity};
use crate::fault::Span;
use crate::policy::File;
use crate::slots::slots;

/// Words that leave open what is done, by the start of the language tag.
const VAGUE: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "etc.",
            "and so on",
            "we may",
            "may need to",
            "but not limited to",
            "other means",
            "as appropriate",
            "when necessary",
        ],
    ),
    ("zh", &["等信息", "等数据", "等方式", "可能会收集", "可能收集", "可能会使用", "包括但不限于", "必要时"]),
];

/// How a heading is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbering {
    Digits,
    Roman,
    RomanSign,
    Chinese,
}

pub(super) fn check(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    for lang in &facts.languages {
        let path = format!("text.{lang}");
        let Some((_, file)) = cx.policy.source().texts.iter().find(|(l, _)| l == lang) else {
            let message = format!("the policy has no words in {lang}");
            cx.error("language-without-text", "languages", "notice.public", message, format!("write text/{lang}.md"));
            continue;
        };
        let held: Vec<_> = slots(&file.text).into_iter().map(|slot| slot.name).collect();
        for (slot, code, law, what) in [
            ("items", "items-not-listed", "notice.list", "what is collected is not set out as a list"),
            ("recipients", "recipients-not-listed", "notice.list", "who gets data is not set out as a list"),
            ("retention", "retention-not-shown", "notice.retention", "how long data is kept is not shown"),
            ("cookies", "cookies-not-listed", "sharing.third_party", "cookies and who sets them are not set out"),
        ] {
            if !held.contains(&slot) {
                let end = file.text.find('\n').unwrap_or(file.text.len());
                say(
                    cx,
                    file,
                    &path,
                    0..end,
                    code,
                    Severity::Error,
                    law,
                    what.to_owned(),
                    format!("write {{{{{slot}}}}} where the table belongs"),
                );
            }
        }
        vague(cx, file, lang, &path);
        headings(cx, file, lang, &path);
    }
    if !facts.languages.iter().any(|l| l.starts_with("zh")) {
        cx.warn(
            "language-of-the-place",
            "languages",
            "notice.language",
            "people in China read Chinese",
            "add \"zh-CN\" to languages",
        );
    }
}

fn vague(cx: &mut Cx<'_>, file: &File, lang: &str, path: &str) {
    let lower = file.text.to_ascii_lowercase();
    let words = VAGUE.iter().filter(|(tag, _)| lang.starts_with(tag)).flat_map(|(_, words)| words.iter());
    for word in words {
        for (at, _) in lower.match_indices(word) {
            let message = format!("`{word}` leaves open what is done");
            say(
                cx,
                file,
                path,
                at..at + word.len(),
                "vague-wording",
                Severity::Warning,
                "notice.clear",
                message,
                "say what exactly, or fill a table from the facts".into(),
            );
        }
    }
}

fn headings(cx: &mut Cx<'_>, file: &File, lang: &str, path: &str) {
    let title = cx.facts.title.as_ref().and_then(|t| t.get(lang));
    let mut first = true;
    let mut style: Option<Numbering> = None;
    let mut begin = 0;
    for line in file.text.split_inclusive('\n') {
        let span = begin..begin + line.trim_end().len();
        begin += line.len();
        let depth = line.bytes().take_while(|b| *b == b'#').count();
        let words = line.trim_start_matches('#').trim();
        if depth == 1 && first {
            first = false;
            if let Some(title) = title.filter(|t| words != *t && !words.contains("{{title}}")) {
                let message = format!("the document calls itself `{title}` and is headed `{words}`");
                say(
                    cx,
                    file,
                    path,
                    span,
                    "two-names",
                    Severity::Warning,
                    "notice.clear",
                    message,
                    "use one name, e.g. write # {{title}}".into(),
                );
            }
        } else if depth == 2
            && let Some(now) = numbering(words)
        {
            let before = *style.get_or_insert(now);
            if now != before {
                let message = format!("`{words}` is numbered otherwise than the chapters before");
                say(
                    cx,
                    file,
                    path,
                    span,
                    "numbering-mixed",
                    Severity::Warning,
                    "notice.clear",
                    message,
                    "number every chapter in one way".into(),
                );
            }
        }
    }
}

fn numbering(words: &str) -> Option<Numbering> {
    let number: String = words.chars().take_while(|c| !matches!(c, '.' | '、' | ' ' | ')' | '．')).collect();
    let all = |fits: fn(char) -> bool| !number.is_empty() && number.chars().all(fits);
    if number.len() == words.len() {
        None
    } else if all(|c| c.is_ascii_digit()) {
        Some(Numbering::Digits)
    } else if all(|c| matches!(c, 'I' | 'V' | 'X')) {
        Some(Numbering::Roman)
    } else if all(|c| ('\u{2160}'..='\u{216b}').contains(&c)) {
        Some(Numbering::RomanSign)
    } else if all(|c| "一二三四五六七八九十".contains(c)) {
        Some(Numbering::Chinese)
    } else {
        None
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a finding, each of its own")]
fn say(
    cx: &mut Cx<'_>,
    file: &File,
    path: &str,
    bytes: Range<usize>,
    code: &'static str,
    severity: Severity,
    law: &str,
    message: String,
    advice: String,
) {
    let Some(record) = cx.law(law) else { return };
    let place = Place {
        file: file.name.clone(),
        span: Span::of(&file.text, bytes),
        source: Arc::new(NamedSource::new(&file.name, file.text.clone())),
    };
    cx.push(place, code, severity, path, Some(record), message, advice);
}
