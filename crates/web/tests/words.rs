//! The words are complete: the same keys with the same arguments in every language, none missing that a
//! page or the code asks for, none kept that nobody asks for.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "an integration test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use avouch_web::lang::Lang;
use avouch_web::text::files;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;

type Words = BTreeMap<String, BTreeSet<String>>;

fn inline(expression: &InlineExpression<&str>, out: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => {
            out.insert(id.name.to_owned());
        }
        InlineExpression::Placeable { expression } => expand(expression, out),
        _ => {}
    }
}

fn expand(expression: &Expression<&str>, out: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(e) => inline(e, out),
        Expression::Select { selector, variants } => {
            inline(selector, out);
            for variant in variants {
                collect(&variant.value, out);
            }
        }
    }
}

fn collect(pattern: &Pattern<&str>, out: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            expand(expression, out);
        }
    }
}

/// Every message of a language with the names of its arguments. Fails on a file that does not parse, a
/// message without words and a key that comes twice.
fn words(lang: Lang) -> Words {
    let mut out = Words::new();
    for (name, source) in files(lang) {
        let resource = parse(*source).unwrap_or_else(|(_, errors)| panic!("{}/{name}: {errors:?}", lang.tag()));
        for entry in resource.body {
            if let Entry::Message(message) = entry {
                let mut arguments = BTreeSet::new();
                let pattern = message.value.unwrap_or_else(|| panic!("{} has no words", message.id.name));
                collect(&pattern, &mut arguments);
                let before = out.insert(message.id.name.to_owned(), arguments);
                assert!(before.is_none(), "{}: {} comes twice", lang.tag(), message.id.name);
            }
        }
    }
    out
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "html") {
            out.push(path);
        }
    }
}

/// Every quoted text in templates and code that is shaped like a key.
fn quoted() -> (BTreeSet<String>, BTreeSet<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    sources(&root.join("templates"), &mut paths);
    sources(&root.join("src"), &mut paths);
    let (mut asked, mut any) = (BTreeSet::new(), BTreeSet::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut rest = text.as_str();
        while let Some(start) = rest.find('"') {
            let before = &rest[..start];
            let tail = &rest[start + 1..];
            let Some(end) = tail.find('"') else { break };
            let word = &tail[..end];
            let shaped =
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if shaped {
                any.insert(word.to_owned());
                if ["f.t(", "f.t1(", "f.t2(", "t.get(", "t.with(", "texts.with(", "texts.get("]
                    .iter()
                    .any(|call| before.ends_with(call))
                {
                    asked.insert(word.to_owned());
                }
            }
            rest = if shaped { &tail[end + 1..] } else { tail };
        }
    }
    (asked, any)
}

/// Keys that are put together from a code: `basis-` and a basis, `fault-` and a fault.
const CODED: &[&str] = &[
    "basis-",
    "source-",
    "act-",
    "outcome-",
    "party-",
    "actor-",
    "role-",
    "chapter-",
    "topic-",
    "staff-role-",
    "approval-state-",
    "mechanism-",
    "case-category-",
    "case-state-",
    "case-outcome-",
    "case-right-",
    "event-",
    "egress-",
    "document-",
    "recipient-state-",
    "recipient-wrong-",
    "rule-",
    "retention-kind-",
    "retention-then-",
];

#[test]
fn both_languages_have_the_same_words_with_the_same_arguments() {
    let (en, zh) = (words(Lang::En), words(Lang::ZhCn));
    assert!(en.len() > 250, "{} messages", en.len());
    let only = |a: &Words, b: &Words| a.keys().filter(|k| !b.contains_key(*k)).cloned().collect::<Vec<_>>();
    assert_eq!(only(&en, &zh), Vec::<String>::new(), "missing in zh-CN");
    assert_eq!(only(&zh, &en), Vec::<String>::new(), "missing in en");
    for (key, arguments) in &en {
        assert_eq!(Some(arguments), zh.get(key), "arguments of {key}");
    }
}

#[test]
fn every_key_asked_for_is_there() {
    let en = words(Lang::En);
    let missing: Vec<_> = quoted().0.into_iter().filter(|key| !en.contains_key(key) && key != "no-such-key").collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn no_words_are_kept_that_nobody_asks_for() {
    let any = quoted().1;
    let dead: Vec<_> = words(Lang::En)
        .into_keys()
        .filter(|key| !any.contains(key) && !key.starts_with("fault-") && !CODED.iter().any(|c| key.starts_with(c)))
        .collect();
    assert!(dead.is_empty(), "words nobody asks for: {dead:?}");
}
