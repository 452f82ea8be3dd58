//! The rendered text: whole, in every language, and safe to show.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use avouch_policy::{File, Format, Policy, Source, contents, render};

const FACTS: &str = include_str!("../../../policy/policy.toml");
const TEXTS: [(&str, &str); 2] =
    [("en", include_str!("../../../policy/text/en.md")), ("zh-CN", include_str!("../../../policy/text/zh-CN.md"))];

/// How many promises each chapter makes, and the number of its first.
const PROMISES: [(u32, u32, u32); 9] =
    [(0, 1, 1), (1, 1, 7), (2, 0, 7), (3, 1, 5), (4, 1, 4), (5, 1, 7), (6, 1, 5), (7, 1, 2), (8, 1, 3)];

fn load(facts: &str, texts: &[(&str, &str)]) -> Policy {
    let texts =
        texts.iter().map(|(lang, text)| ((*lang).to_owned(), File::new(format!("text/{lang}.md"), *text))).collect();
    Policy::load(&Source { facts: File::new("policy.toml", facts), texts })
        .map_err(|faults| faults.report(false))
        .unwrap()
}

fn shipped() -> Policy {
    load(FACTS, &TEXTS)
}

/// The ids of the headings in `html`, in order.
fn ids(html: &str) -> Vec<&str> {
    html.split("<h")
        .skip(1)
        .filter_map(|rest| rest.split('>').next()?.split_once("id=\"")?.1.strip_suffix('"'))
        .collect()
}

/// The Markdown without the backslashes that escape.
fn plain(markdown: &str) -> String {
    markdown.replace('\\', "")
}

#[test]
fn promise_0_1_every_promise_has_its_place_in_both_languages_in_one_order() {
    let mut wanted = Vec::new();
    for (chapter, first, last) in PROMISES {
        wanted.push(format!("c{chapter}"));
        wanted.extend((first..=last).map(|place| format!("c{chapter}-{place}")));
    }
    for (lang, _) in TEXTS {
        assert_eq!(ids(&render(&shipped(), lang, Format::Html)), wanted, "{lang}");
    }
}

#[test]
fn promise_0_1_everything_that_is_executed_is_shown() {
    let policy = shipped();
    let facts = policy.facts();
    for (lang, _) in TEXTS {
        let text = plain(&render(&policy, lang, Format::Markdown));
        for (name, item) in &facts.collection.items {
            assert!(text.contains(&format!("| {} |", item.label.in_lang(lang))), "{lang}: {name}");
        }
        for (name, purpose) in &facts.usage.purposes {
            assert!(
                text.contains(&format!("| {} | {} |", purpose.label.in_lang(lang), purpose.why.in_lang(lang))),
                "{lang}: {name}"
            );
        }
        for (name, recipient) in &facts.sharing.recipients {
            assert!(text.contains(&format!("| {}", recipient.name.in_lang(lang))), "{lang}: {name}");
        }
        for name in facts.cookies.trackers.keys() {
            assert!(text.contains(&format!("| {name} |")), "{lang}: {name}");
        }
    }
}

#[test]
fn no_slot_is_left_and_no_fact_unstated() {
    for (lang, _) in TEXTS {
        for format in [Format::Markdown, Format::Html] {
            let text = render(&shipped(), lang, format);
            for left in ["{{", "}}", "not stated", "未载明"] {
                assert!(!text.contains(left), "{lang}: {left}");
            }
        }
    }
}

#[test]
fn every_slot_is_filled_by_the_shipped_facts() {
    for slot in avouch_policy::slots::SLOTS {
        let policy = load(FACTS, &[("en", &format!("{{{{{slot}}}}}\n"))]);
        let text = render(&policy, "en", Format::Markdown);
        assert!(!text.trim().is_empty() && text.trim() != "not stated", "{slot}");
    }
}

#[test]
fn tables_become_tables_that_scroll() {
    let html = render(&shipped(), "en", Format::Html);
    assert_eq!(
        html.matches("<table>").count(),
        html.matches("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-labelledby=\"c").count()
    );
    assert_eq!(html.matches("<table>").count(), 12);
    assert!(!html.contains("<h1"), "the page bears the title");
    assert!(!html.contains("&lt;"), "nothing of ours is shown as raw markup");
}

#[test]
fn links_within_the_text_lead_somewhere() {
    for (lang, _) in TEXTS {
        let html = render(&shipped(), lang, Format::Html);
        let ids = ids(&html);
        for target in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(&target), "{lang}: #{target}");
        }
    }
}

#[test]
fn raw_html_scripts_and_pictures_do_not_pass() {
    let text = "## A <b>b</b> {#a onclick=alert(1) .c}\n\n<script>alert(1)</script>\n\nx <img src=x onerror=alert(1)>\n\n[go](javascript:alert(1)) [go](JaVaScRiPt:x) [go](data:text/html,x) [go](//evil.example)\n\n![seen](https://evil.example/p.gif)\n";
    let html = render(&load(FACTS, &[("en", text)]), "en", Format::Html);
    for bad in ["<script", "<img", "<b>", "onclick=\"", "class=\"c\"", "cript:", "data:", "//evil"] {
        assert!(!html.contains(bad), "{bad} in {html}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
}

#[test]
fn what_a_fact_says_stays_text() {
    let nasty = r#"a|b <i>x</i> *y* [z](javascript:1) {{items}} \\| `k`"#;
    let facts = FACTS.replacen("Swift Courier (demo)", nasty, 1).replacen(
        "https://pay.example/privacy",
        "javascript:alert(1)",
        1,
    );
    let policy = load(&facts, &[("en", "{{recipients}}\n")]);
    assert!(render(&policy, "en", Format::Markdown).contains(r"a\|b"));
    let html = render(&policy, "en", Format::Html);
    assert!(html.contains("a|b &lt;i&gt;x&lt;/i&gt; *y* [z](javascript:1) {{items}} \\| `k`"), "{html}");
    assert!(!html.contains("href=\"javascript"), "{html}");
    let rows = html.matches("<tr>").count();
    assert_eq!(html.matches("<td>").count(), 6 * (rows - 1), "no cell is split");
}

#[test]
fn promise_1_7_partners_are_shown_with_what_they_send_where_they_are_and_their_own_policy() {
    for (lang, country) in [("en", "China"), ("zh-CN", "中国")] {
        let policy = load(FACTS, &[(lang, "{{partners}}\n")]);
        let facts = policy.facts();
        let text = plain(&render(&policy, lang, Format::Markdown));
        let rows: Vec<_> = text.lines().skip(2).filter(|line| !line.is_empty()).collect();
        assert_eq!(rows.len(), facts.collection.partners.len(), "{lang}: {text}");
        for (row, partner) in rows.iter().zip(facts.collection.partners.values()) {
            assert!(row.starts_with(&format!("| {} |", partner.name.in_lang(lang))), "{lang}: {row}");
            for item in &partner.items {
                assert!(row.contains(facts.collection.items[item].label.in_lang(lang)), "{lang}: {item} in {row}");
            }
            for host in &partner.hosts {
                assert!(row.contains(host.as_str()) && row.contains(country), "{lang}: {host} in {row}");
            }
            assert!(row.contains(&format!("]({})", partner.policy.as_deref().unwrap())), "{lang}: {row}");
        }
    }
    // What is not known is not made up, and nothing of it is more than text.
    let facts = FACTS
        .replacen("hosts = [\"id.harbour.example\"]\nregion = \"cn\"", "hosts = [\"id.harbour.example\"]", 1)
        .replacen("https://id.harbour.example/privacy", "javascript:alert(1)", 1);
    let html = render(&load(&facts, &[("en", "{{partners}}\n")]), "en", Format::Html);
    assert!(html.contains("<td>id.harbour.example</td>") && !html.contains("href=\"javascript"), "{html}");
    let (before, rest) = FACTS.split_once("[collection.partners.harbour]").unwrap();
    let (_, after) = rest.split_once("[collection.minors]").unwrap();
    let none = format!("{before}[collection.minors]{after}");
    let none = render(&load(&none, &[("en", "{{partners}}\n")]), "en", Format::Markdown);
    assert_eq!(none.trim(), "There is no such partner.");
}

#[test]
fn contents_name_the_chapters() {
    let chapters = contents(&shipped(), "zh-CN");
    let ids: Vec<_> = chapters.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"]);
    assert_eq!(chapters.last().unwrap().1, "8. 联系与投诉");
}

#[test]
fn a_language_that_is_not_written_falls_back_to_the_default() {
    assert_eq!(render(&shipped(), "fr", Format::Markdown), render(&shipped(), "zh-CN", Format::Markdown));
}
