//! Digest, difference and explanation.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use avouch_policy::{Change, ChangeKind, Diff, File, Major, Policy, Source, diff, explain};
use proptest::prelude::*;

const SHIPPED: &str = include_str!("../../../policy/policy.toml");
const WRITTEN: &str = include_str!("fixtures/as-first-written/policy.toml");

fn load(toml: &str) -> Policy {
    load_with(toml, "# {{title}}\n")
}

fn load_with(toml: &str, words: &str) -> Policy {
    let texts = vec![("en".to_owned(), File::new("text/en.md", words))];
    Policy::load(&Source { facts: File::new("policy.toml", toml), texts }).map_err(|f| f.report(false)).unwrap()
}

fn change(from: &str, to: &str) -> Diff {
    assert!(SHIPPED.contains(from), "{from} is not in the shipped policy");
    diff(&load(SHIPPED), &load(&SHIPPED.replacen(from, to, 1)))
}

fn only(diff: &Diff) -> &Change {
    assert_eq!(diff.changes.len(), 1, "{:#?}", diff.changes);
    diff.changes.first().unwrap()
}

/// The file in pieces that may stand in any order: its sections, and the lines of each.
fn pieces(toml: &str) -> (String, Vec<(String, Vec<String>)>) {
    let mut head = String::new();
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in toml.lines() {
        match sections.last_mut() {
            _ if line.starts_with('[') => sections.push((line.to_owned(), Vec::new())),
            Some((_, lines)) => lines.push(line.to_owned()),
            None => head = head + line + "\n",
        }
    }
    (head, sections)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_writing_never_changes_the_digest(
        sections in Just(pieces(SHIPPED).1).prop_shuffle(),
        turn in 0usize..7,
    ) {
        let mut toml = pieces(SHIPPED).0;
        for (title, mut lines) in sections {
            let by = turn.min(lines.len());
            lines.rotate_left(by);
            toml = toml + &title + "\n" + &lines.join("\n") + "\n";
        }
        let (old, new) = (load(SHIPPED), load(&toml));
        prop_assert_eq!(old.digest(), new.digest());
        prop_assert!(diff(&old, &new).is_empty());
    }
}

#[test]
fn any_changed_fact_or_text_changes_the_digest_and_shows_in_the_difference() {
    let old = load(SHIPPED);
    let mut seen = BTreeSet::from([*old.digest()]);
    let mut count = 0;
    for (at, _) in SHIPPED.match_indices("{ en = \"").step_by(3) {
        let mut toml = SHIPPED.to_owned();
        toml.insert_str(at + "{ en = \"".len(), "Otherwise ");
        let new = load(&toml);
        assert!(
            seen.insert(*new.digest()),
            "{}",
            SHIPPED.get(at..).unwrap_or_default().lines().next().unwrap_or_default()
        );
        assert!(!diff(&old, &new).is_empty());
        count += 1;
    }
    assert!(count > 25);
    let new = load_with(SHIPPED, "# {{title}}\n\nMore.\n");
    assert!(seen.insert(*new.digest()));
    assert_eq!(only(&diff(&old, &new)).path, "text.en");
}

#[test]
fn a_policy_does_not_differ_from_itself() {
    for toml in [SHIPPED, WRITTEN] {
        let policy = load(toml);
        assert_eq!(diff(&policy, &policy), Diff::default());
    }
}

#[test]
fn a_difference_there_and_back_names_the_same_facts() {
    let (a, b) = (
        load(SHIPPED),
        load(&SHIPPED.replace("\"marketing\"", "\"emergency\"").replacen("keep = \"90 days\"", "keep = \"1 year\"", 1)),
    );
    let paths = |d: &Diff| d.changes.iter().map(|c| c.path.clone()).collect::<BTreeSet<_>>();
    assert_eq!(paths(&diff(&a, &b)), paths(&diff(&b, &a)));
}

#[test]
fn promise_7_2_a_change_of_purpose_is_major_and_asks_again() {
    let more = change(
        "items = [\"email\", \"nickname\", \"interests\"]",
        "items = [\"email\", \"nickname\", \"interests\", \"phone\"]",
    );
    let one = only(&more);
    assert_eq!(
        (one.path.as_str(), one.kind, one.major),
        ("usage.purposes.marketing.items", ChangeKind::Added, Some(Major::Purpose))
    );
    assert_eq!(one.sentence.get("en"), Some("“Offers by e-mail” now also uses “Mobile number”."));
    assert_eq!(one.sentence.get("zh-CN"), Some("“电子邮件营销”将新使用“手机号码”。"));
    assert_eq!(more.ask_again, ["marketing".to_owned()].into());

    let longer = change("keep = \"90 days\", then = \"anonymise\"", "keep = \"1 year\", then = \"anonymise\"");
    assert_eq!(only(&longer).major, Some(Major::Purpose));
    assert_eq!(only(&longer).sentence.get("en"), Some("“Usage analysis”: period kept changes from 90 days to 1 year."));
    assert_eq!(longer.ask_again, ["analytics".to_owned()].into());
}

#[test]
fn promise_7_2_a_change_of_control_is_major() {
    let sold = change("wholly owned by Plaza Holdings (demo)", "wholly owned by Forum Holdings (demo)");
    assert_eq!((only(&sold).major, sold.ask_again.len()), (Some(Major::Control), 0));
    assert!(
        only(&sold)
            .sentence
            .get("en")
            .unwrap()
            .starts_with("The company: owner and controlling party changes from “Plaza")
    );
}

#[test]
fn promise_7_2_a_change_in_how_rights_are_exercised_is_major() {
    let gone = change("\"portability\", ", "");
    assert_eq!((only(&gone).major, only(&gone).kind), (Some(Major::Rights), ChangeKind::Removed));
    assert_eq!(only(&gone).sentence.get("zh-CN"), Some("不再提供此项权利：转移。"));
    assert_eq!(
        only(&change("respond_within = \"15 working days\"", "respond_within = \"20 working days\"")).major,
        Some(Major::Rights)
    );
    assert_eq!(only(&change("deletable = true\n", "")).major, Some(Major::Rights));
}

#[test]
fn promise_7_2_a_change_of_sharing_is_major_and_asks_again() {
    let more = change("items = [\"interests\"]", "items = [\"interests\", \"function_used\"]");
    assert_eq!((only(&more).path.as_str(), only(&more).major), ("sharing.recipients.ads.items", Some(Major::Sharing)));
    assert_eq!(more.ask_again, ["recommendation".to_owned()].into());
    assert_eq!(only(&change("allowed = false", "allowed = true")).major, Some(Major::Sharing));

    let start = SHIPPED.find("[sharing.recipients.ads]").unwrap();
    let end = SHIPPED.find("[sharing.recipients.verifier]").unwrap();
    let without = SHIPPED.get(..start).unwrap().to_owned() + SHIPPED.get(end..).unwrap();
    let (old, new) = (load(&without), load(SHIPPED));
    let added = diff(&old, &new);
    assert_eq!((only(&added).kind, only(&added).major), (ChangeKind::Added, Some(Major::Sharing)));
    assert_eq!(only(&added).sentence.get("en"), Some("New recipient: “Ads Example (demo)”."));
    assert_eq!(added.ask_again, ["recommendation".to_owned()].into());
    let removed = diff(&new, &old);
    assert_eq!((only(&removed).major, removed.ask_again.len()), (None, 0));
}

#[test]
fn what_asks_less_of_people_or_only_reads_otherwise_is_not_major() {
    for (from, to) in [
        ("items = [\"email\", \"nickname\", \"interests\"]", "items = [\"email\", \"nickname\"]"),
        ("keep = \"90 days\", then = \"anonymise\"", "keep = \"30 days\", then = \"anonymise\""),
        ("next_check = \"2027-01-10\"", "next_check = \"2027-02-10\""),
        ("en = \"Offers by e-mail\"", "en = \"Offers\""),
        ("version = \"1.0\"", "version = \"1.1\""),
        ("training = \"1 year\"", "training = \"6 months\""),
    ] {
        let minor = change(from, to);
        assert!(!minor.is_empty() && !minor.is_major() && minor.ask_again.is_empty(), "{to}: {minor:#?}");
    }
}

#[test]
fn every_change_from_the_first_writing_to_the_shipped_policy_is_a_sentence_in_both_languages() {
    let whole = diff(&load(WRITTEN), &load(SHIPPED));
    assert_eq!(whole.majors(), [Major::Purpose, Major::Control, Major::Rights, Major::Sharing].into());
    for change in &whole.changes {
        for lang in ["en", "zh-CN"] {
            let sentence = change.sentence.get(lang).unwrap();
            assert!(sentence.ends_with(['.', '。']) && !sentence.contains("“”"), "{}: {sentence}", change.path);
        }
    }
}

#[test]
fn promise_0_1_every_promise_of_the_shipped_policy_is_kept_by_facts() {
    let policy = load(SHIPPED);
    for lang in ["en", "zh-CN"] {
        let promises = explain::promises(&policy, lang);
        assert_eq!(promises.len(), 42);
        for promise in &promises {
            assert!(!promise.facts.is_empty(), "{} {}", promise.id, promise.title);
            assert!(promise.facts.iter().all(|line| !line.text.trim().is_empty()));
        }
    }
}

#[test]
fn promise_0_1_an_item_and_a_purpose_are_described_in_plain_words() {
    let policy = load(SHIPPED);
    let lines = |lang| {
        let item = explain::item(&policy, "id_number", lang).unwrap();
        let purpose = explain::purpose(&policy, "recommendation", lang).unwrap();
        item.lines.into_iter().chain(purpose.lines).map(|line| line.text).collect::<Vec<_>>()
    };
    for (lang, said) in [
        ("en", "How it comes in: given by you."),
        ("en", "Used for Real-name verification, by separate consent. Kept 1 year from collection, then deletion."),
        ("en", "Decides automatically; you can switch it off."),
        ("en", "Data goes to Ads Example (demo)."),
        ("zh-CN", "用于实名认证，依据单独同意。自收集起保存1年，之后删除。"),
        ("zh-CN", "提供给公安机关（国家机关）。"),
        ("zh-CN", "如您拒绝：内容将按时间而非兴趣展示。"),
    ] {
        assert!(lines(lang).iter().any(|line| line == said), "{said}: {:#?}", lines(lang));
    }
    assert!(explain::item(&policy, "nothing", "en").is_none());
    assert!(explain::purpose(&policy, "nothing", "en").is_none());
}
