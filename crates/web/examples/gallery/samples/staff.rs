//! The console.

use avouch_web::console::border::{Bar, BorderPage, Task, Way, Year};
use avouch_web::console::enter::Enter;
use avouch_web::console::home::{Check, Count, Today};
use avouch_web::console::leaves::{LeafPage, Leaves, Row};
use avouch_web::form::Choice;
use avouch_web::words;
use jiff::civil::date;

use super::{Page, Set, at, centre, put};

fn rows(s: &Set) -> Vec<Row> {
    let t = s.staff("/").texts;
    [
        (1204, "use", "permitted", "plaza-feed", "recommendation", "interests, function_used"),
        (1203, "use", "refused", "plaza-mail", "marketing", "email, nickname"),
        (1202, "withdraw", "done", "", "marketing", ""),
        (1201, "collect", "permitted", "plaza-app", "content", "comment"),
        (1200, "export", "permitted", "", "rights", "user_name, phone, email, nickname, address, text, comment"),
    ]
    .map(|(index, act, outcome, who, purpose, items)| Row {
        index,
        leaf: format!("plaza.example-cn-2026/{index}"),
        at: at("2026-12-16T04:00:00Z"),
        act: words::act(t, act),
        outcome: words::outcome(t, outcome),
        bad: outcome == "refused",
        who: if who.is_empty() { words::actor(t, "subject") } else { format!("{} {who}", words::actor(t, "service")) },
        purpose: purpose.into(),
        items: items.into(),
    })
    .to_vec()
}

fn today(s: &Set, well: bool) -> Today {
    Today {
        f: s.staff("/"),
        at: at("2026-12-16T04:05:00Z"),
        checks: vec![
            Check {
                name: s.pick("Ledger", "账本"),
                good: true,
                text: s.pick(
                    "Last signed head over 1,204 entries, 2 minutes ago.",
                    "最近签名的账本头涵盖 1204 条，2 分钟前。",
                ),
            },
            Check {
                name: s.pick("Jobs", "任务"),
                good: well,
                text: if well {
                    s.pick("None overdue.", "没有逾期任务。")
                } else {
                    s.pick(
                        "3 overdue since 03:10. Look at `avouch doctor`.",
                        "3 项任务自 03:10 起逾期，请运行 avouch doctor 查看。",
                    )
                },
            },
            Check {
                name: s.pick("Keys", "密钥"),
                good: true,
                text: s.pick("Key file readable by this process only.", "密钥文件仅本进程可读。"),
            },
            Check { name: s.pick("Disk", "磁盘"), good: true, text: s.pick("78 GB free.", "可用空间 78 GB。") },
        ],
        counts: vec![
            Count { label: s.pick("People", "用户"), value: 1286 },
            Count { label: s.pick("Accounts being cancelled", "注销中的账号"), value: 3 },
            Count { label: s.pick("Records", "数据记录"), value: 48_213 },
            Count { label: s.pick("Refusals in 24 hours", "24 小时内的拒绝"), value: 17 },
        ],
        rows: rows(s),
        version: "1.0".into(),
        effective: date(2026, 12, 1),
        digest: "9f2c41d07be35a8816c0f4aa2d9be7730c55e1f86a4b92d3780e16cf5ad4b307".into(),
    }
}

fn border(s: &Set) -> BorderPage {
    let bar = |label: String, people, threshold: u32, citation: &str| Bar {
        label,
        people,
        warn: threshold / 10 * 8,
        threshold,
        citation: citation.into(),
    };
    let plain = || s.pick("Ordinary data", "一般个人信息");
    let task = |reached, people, done| Task {
        year: 2026,
        record: "cross_border.exempt_below".into(),
        reached,
        at: at("2026-12-16T04:00:00Z"),
        people,
        due: date(2027, 1, 28),
        provisional: true,
        done,
    };
    let settled = (at("2026-12-16T05:00:00Z"), "officer".to_owned(), "SCC-2026-31".to_owned());
    BorderPage {
        f: s.staff("/border"),
        years: vec![Year {
            year: "2026".into(),
            bars: vec![
                bar(plain(), 99_999, 100_000, "Cross-border Provisions art. 5(1)(4)"),
                bar(plain(), 99_999, 1_000_000, "Cross-border Provisions art. 7"),
                bar(s.pick("Sensitive data", "敏感个人信息"), 412, 10_000, "Cross-border Provisions art. 7"),
            ],
        }],
        tasks: vec![task(true, 100_000, None), task(false, 80_000, Some(settled))],
        ways: vec![
            Way {
                name: s.pick("Overseas Mail (demo)", "海外邮件（演示）"),
                region: s.pick("United States", "美国"),
                mechanism: Some((s.pick("Standard contract", "标准合同"), "SCC-2026-31".into())),
                holds: true,
                until: Some(date(2028, 12, 1)),
                counted: true,
            },
            Way {
                name: s.pick("Overseas Desk (demo)", "海外客服（演示）"),
                region: s.pick("Germany", "德国"),
                mechanism: None,
                holds: false,
                until: None,
                counted: true,
            },
        ],
    }
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    let mut f = s.staff("/enter/x");
    f.account = None;
    put(out, "console-enter", &Enter { f, operator: "admin".into(), token: "sample".into(), minutes: 60 });
    put(out, "console-home", &today(s, true));
    put(out, "console-home-unwell", &today(s, false));
    put(out, "console-border", &border(s));
    let none = BorderPage { years: Vec::new(), tasks: Vec::new(), ways: Vec::new(), f: s.staff("/border") };
    put(out, "console-border-none", &none);

    let f = s.staff("/leaves");
    let choices = |codes: &[&str], words: fn(avouch_web::text::Texts, &str) -> String, chosen: &str| {
        codes
            .iter()
            .map(|code| Choice { value: (*code).into(), label: words(f.texts, code), chosen: *code == chosen })
            .collect::<Vec<_>>()
    };
    let acts = choices(&words::ACTS, words::act, "use");
    let outcomes = choices(&words::OUTCOMES, words::outcome, "");
    put(
        out,
        "console-leaves",
        &Leaves {
            q: "marketing".into(),
            acts: acts.clone(),
            outcomes: outcomes.clone(),
            rows: rows(s),
            total: 1204,
            next: "q=marketing&before=1200".into(),
            previous: "q=marketing&after=1204".into(),
            f: f.clone(),
        },
    );
    put(
        out,
        "console-leaves-none",
        &Leaves {
            q: "xyz".into(),
            acts,
            outcomes,
            rows: Vec::new(),
            total: 0,
            next: String::new(),
            previous: String::new(),
            f,
        },
    );
    let f = s.staff("/leaves/plaza/1180");
    put(out, "console-leaf", &LeafPage { leaf: centre::leaf(s, &f, true), f });
}
