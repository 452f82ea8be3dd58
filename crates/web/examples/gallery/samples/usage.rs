//! Automated decisions, their reviews, and the link that refuses offers.

use avouch_web::console::reviews::{self, ReviewPage, Reviews};
use avouch_web::shown::Shown;
use avouch_web::site::privacy::recommendation::{Automated, Made, Recommendation, Tag};
use avouch_web::site::unsubscribe::Unsubscribe;

use super::{Page, Set, at, facts, put};

fn automated(s: &Set, purpose: &str, on: bool, tags: &[(&str, &str)]) -> Automated {
    let of = |fact: &str| facts::text(&format!("usage.purposes.{purpose}.{fact}"), s.lang);
    Automated {
        purpose: purpose.into(),
        label: s.purpose(purpose),
        clause: "2.2".into(),
        why: of("why"),
        logic: of("logic"),
        items: facts::list(&format!("usage.purposes.{purpose}.items")).iter().map(|i| s.item(i)).collect(),
        without: of("without"),
        on,
        tags: tags
            .iter()
            .map(|(item, value)| Tag { item: (*item).into(), label: s.item(item), value: Shown::new(*value) })
            .collect(),
    }
}

fn made(s: &Set, id: &str, may_ask: bool, due: Option<&str>, changed: Option<bool>) -> Made {
    Made {
        id: id.into(),
        at: at("2026-12-10T02:00:00Z"),
        label: s.purpose("moderation"),
        outcome: Shown::new(s.pick("Your post was hidden.", "您发布的内容已被隐藏。")),
        because: Shown::new(
            s.pick("It seems to sell something, which rule 4 forbids.", "该内容疑似出售商品，违反社区规则第四条。"),
        ),
        items: s.item("text"),
        may_ask,
        due: due.map(at),
        changed,
        answer: if changed.is_some() {
            Shown::new(s.pick("It tells of a market and sells nothing.", "内容仅介绍集市，并未出售商品。"))
        } else {
            Shown::default()
        },
    }
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    let interests = s.pick("food, hiking, night markets", "美食、徒步、夜市");
    let tags = [("interests", interests.as_str())];
    put(
        out,
        "recommendation",
        &Recommendation {
            f: s.somebody("/privacy/recommendation"),
            purposes: vec![automated(s, "moderation", true, &[]), automated(s, "recommendation", true, &tags)],
            decisions: vec![
                made(s, "a1", true, None, None),
                made(s, "a2", false, Some("2026-12-31T16:00:00Z"), None),
                made(s, "a3", false, None, Some(true)),
            ],
        },
    );
    put(
        out,
        "recommendation-off",
        &Recommendation {
            f: s.somebody("/privacy/recommendation"),
            purposes: vec![automated(s, "recommendation", false, &[])],
            decisions: Vec::new(),
        },
    );
    for (name, done) in [("unsubscribe", false), ("unsubscribe-done", true)] {
        put(out, name, &Unsubscribe { f: s.nobody("/unsubscribe/x"), link: "x".into(), done });
    }
    let row = |late: bool, due: &str| reviews::Row {
        address: format!("cn-7/{late}"),
        label: s.purpose("moderation"),
        since: at("2026-12-10T02:00:00Z"),
        due: at(due),
        late,
    };
    let rows = vec![row(true, "2026-12-15T16:00:00Z"), row(false, "2026-12-31T16:00:00Z")];
    put(out, "console-reviews", &Reviews { f: s.staff("/reviews"), rows });
    put(out, "console-reviews-none", &Reviews { f: s.staff("/reviews"), rows: Vec::new() });
    let one = made(s, "a1", false, None, None);
    put(
        out,
        "console-review",
        &ReviewPage {
            f: s.staff("/reviews/x"),
            address: "x/a1".into(),
            label: one.label,
            logic: facts::text("usage.purposes.moderation.logic", s.lang),
            outcome: one.outcome,
            because: one.because,
            due: at("2026-12-31T16:00:00Z"),
        },
    );
}
