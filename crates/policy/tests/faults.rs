//! Wrong policies: every fault at once, each with its place and what to write instead.
#![expect(clippy::expect_used, reason = "a helper of tests")]

use avouch_policy::{Faults, File, Policy, Source};

const SHIPPED: &str = include_str!("../../../policy/policy.toml");

fn faults_of(toml: &str, texts: &[(&str, &str)]) -> Faults {
    let texts =
        texts.iter().map(|(lang, text)| ((*lang).to_owned(), File::new(format!("text/{lang}.md"), *text))).collect();
    Policy::load(&Source { facts: File::new("policy.toml", toml), texts }).expect_err("a fault")
}

fn codes(faults: &Faults) -> Vec<&str> {
    faults.iter().map(|f| f.code).collect()
}

#[test]
fn a_policy_with_ten_different_faults_reports_them_all() {
    let faults = faults_of(include_str!("fixtures/faults/ten.toml"), &[("en", "# Policy\n\n{{itmes}}\n")]);
    insta::assert_snapshot!("ten_faults", faults.report(false));
    let mut kinds = codes(&faults);
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() >= 10, "{kinds:?}");
}

#[test]
fn broken_toml_reports_what_can_be_read() {
    let faults = faults_of(include_str!("fixtures/faults/broken.toml"), &[]);
    insta::assert_snapshot!("broken_toml", faults.report(false));
    assert!(faults.iter().filter(|f| f.code == "broken-toml").count() >= 2);
}

#[test]
fn a_fault_has_a_shape_for_programs() {
    let faults = faults_of(include_str!("fixtures/faults/ten.toml"), &[]);
    let first: Vec<_> = faults.iter().take(2).collect();
    insta::assert_snapshot!("fault_json", serde_json::to_string_pretty(&first).unwrap());
}

#[test]
fn the_place_of_a_fault_is_the_offending_text() {
    let toml = SHIPPED.replacen("keep = \"90 days\"", "keep = \"ninety days\"", 1);
    let faults = faults_of(&toml, &[]);
    let fault = faults.iter().next().unwrap();
    assert_eq!((faults.len(), fault.code, fault.found.as_str()), (1, "bad-period", "\"ninety days\""));
    assert_eq!(toml.get(fault.span.start..fault.span.end), Some("\"ninety days\""));
}

#[test]
fn each_single_slip_is_one_fault() {
    for (from, to, code) in [
        ("format = 1", "format = 2", "unknown-format"),
        ("format = 1", "", "missing-key"),
        ("clause = \"1.1\"", "clause = \"one\"", "bad-clause"),
        ("source = \"provided\"", "source = \"provide\"", "unknown-value"),
        ("source = \"provided\"", "source = 3", "wrong-type"),
        ("identifier = true", "identifer = true", "unknown-key"),
        ("items = [\"location\"]", "items = [\"lokation\"]", "unknown-item"),
        ("items = [\"location\"]", "items = [\"location\", \"location\"]", "said-twice"),
        ("purposes = [\"analytics\"]", "purposes = [\"analytic\"]", "unknown-purpose"),
        ("category = \"analytics\"", "category = \"analysis\"", "unknown-category"),
        ("region = \"cn\"", "region = \"eu\"", "unknown-region"),
        ("law = [\"cn-pipl\"]", "law = [\"cn-pipll\"]", "unknown-law-pack"),
        ("citation = \"cn-pipl.basis.legal_duty\"", "citation = \"cn-pipl.basis.legal\"", "unknown-law-record"),
        ("calendar = \"cn\"", "calendar = \"moon\"", "unknown-calendar"),
        ("country = \"CN\"", "country = \"China\"", "bad-country"),
        ("effective = \"2026-12-01\"", "effective = \"2026-02-30\"", "bad-date"),
        ("expires = \"2028-01-10\"", "expires = \"2020-01-10\"", "dates-reversed"),
        ("marked_under = 18", "marked_under = 12", "ages-reversed"),
        ("default_language = \"zh-CN\"", "default_language = \"fr\"", "unknown-language"),
        ("label = { en = \"User name\", zh-CN = \"用户名\" }", "label = { en = \"User name\" }", "missing-language"),
        (
            "label = { en = \"User name\", zh-CN = \"用户名\" }",
            "label = { en = \"\", zh-CN = \"用户名\" }",
            "empty-words",
        ),
        ("[collection.items.os]", "[collection.items.OS]", "bad-name"),
        ("party = [\"operator\"]", "party = []", "empty-list"),
    ] {
        let toml = SHIPPED.replacen(from, to, 1);
        assert_ne!(toml, SHIPPED, "{from} is not in the shipped policy");
        let faults = faults_of(&toml, &[]);
        assert!(codes(&faults).contains(&code), "{to}: {:?}", codes(&faults));
        assert!(faults.iter().all(|f| !f.advice.is_empty() && !f.message.is_empty()), "{to}");
    }
}

#[test]
fn a_text_with_an_unknown_or_open_slot_is_a_fault() {
    let faults = faults_of(SHIPPED, &[("en", "# Policy\n{{items}} {{purpose}}\n{{open\n"), ("fr", "# Politique\n")]);
    assert_eq!(codes(&faults), ["unknown-slot", "open-slot", "unknown-language"]);
    assert!(faults.iter().next().unwrap().advice.contains("did you mean `purposes`"));
}

#[test]
fn bytes_that_are_not_utf8_are_a_fault_with_their_place() {
    let faults = File::from_bytes("policy.toml", b"format = 1\nversion = \"\xff\"\n").expect_err("a fault");
    let fault = faults.iter().next().unwrap();
    assert_eq!((fault.code, fault.span.line, fault.span.column), ("not-utf8", 2, 12));
}

#[test]
fn any_cut_of_the_policy_is_answered_without_panic() {
    // Every 97th character boundary: broken inside keys, texts, tables and comments alike.
    for (at, _) in SHIPPED.char_indices().step_by(97) {
        let cut = SHIPPED.get(..at).unwrap();
        let result = Policy::load(&Source { facts: File::new("policy.toml", cut), texts: Vec::new() });
        if let Err(faults) = result {
            assert!(!faults.is_empty());
        }
    }
}

#[test]
fn a_hostile_file_is_answered_soon_and_in_bounds() {
    for text in [
        "= \n".repeat(50_000),
        "a = [".repeat(20_000),
        "[[a]]\n".repeat(50_000),
        format!("languages = [{}]\n", "\"en\",".repeat(50_000)),
        (0..20_000).map(|i| format!("k{i} = 1\n")).collect(),
        "{{".repeat(100_000),
    ] {
        let faults = faults_of(&text, &[("en", &text)]);
        assert!(!faults.is_empty() && faults.len() <= 2 * 1001, "{}", faults.len());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn any_slip_of_the_pen_is_answered_without_panic(at in 0..SHIPPED.len(), len in 0usize..40, put in "\\PC{0,6}|[\\[\\]{}\"=,.#\n]{1,4}") {
        let at = SHIPPED.floor_char_boundary(at);
        let end = SHIPPED.ceil_char_boundary((at + len).min(SHIPPED.len()));
        let mut toml = SHIPPED.to_owned();
        toml.replace_range(at..end, &put);
        if let Err(faults) = Policy::load(&Source { facts: File::new("policy.toml", toml.clone()), texts: Vec::new() }) {
            proptest::prop_assert!(!faults.is_empty());
            for fault in &faults {
                proptest::prop_assert!(toml.get(fault.span.start..fault.span.end).is_some());
                proptest::prop_assert!(!fault.advice.is_empty());
            }
            proptest::prop_assert!(!faults.report(false).is_empty());
        }
    }
}
