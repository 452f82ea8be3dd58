//! The console.

use avouch::store::{CaseStatistics, ClockCounts, OperatorSession, StaffRole};
use avouch_web::console::approvals::{self, ApprovalPage, Approvals, LinkPage};
use avouch_web::console::border::{Bar, BorderPage, Task, Way, Year};
use avouch_web::console::cases::{CasePage, Cases, Item};
use avouch_web::console::enter::{self, Enrol, Enter};
use avouch_web::console::home::{Check, Count, Today, Urgent};
use avouch_web::console::leaves::{LeafPage, Leaves, Row};
use avouch_web::console::operators::{self, Operators};
use avouch_web::console::policy::{self, NextPage, Policies};
use avouch_web::form::{Choice, Field, Input};
use avouch_web::shown::Shown;
use avouch_web::site::policy::Change;
use avouch_web::words;
use jiff::civil::date;

use super::{Page, Set, at, cases, centre, put};

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
        clocks: ClockCounts { running: 12, overdue: u64::from(!well), soon: 2 },
        urgent: ["2026-12-16T15:59:59Z", "2026-12-18T15:59:59Z", "2027-01-05T15:59:59Z"]
            .iter()
            .zip(["7K2M-9QXD", "B4TR-22WZ", "XC8P-M3HJ"])
            .map(|(due, number)| Urgent {
                about: s.pick("Case", "工单"),
                matter: number.into(),
                href: format!("/cases/{number}"),
                due: at(due),
                overdue: !well && number.starts_with('7'),
                provisional: number.starts_with('X'),
            })
            .collect(),
        rows: rows(s),
        version: "1.0".into(),
        effective: date(2026, 12, 1),
        digest: "9f2c41d07be35a8816c0f4aa2d9be7730c55e1f86a4b92d3780e16cf5ad4b307".into(),
    }
}

fn ways_in(s: &Set, out: &mut Vec<Page>) {
    let mut f = s.staff("/sign-in");
    f.account = None;
    put(out, "console-sign-in", &enter::form(f.clone(), "officer", f.t("sign-in-failed")));
    let field = |name, key| Field::new(name, f.t(key), Input::Password).required();
    put(
        out,
        "console-enrol",
        &Enrol {
            operator: "officer".into(),
            enrolment: Shown::new("sample"),
            secret: Shown::new("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"),
            uri: Shown::new("otpauth://totp/Plaza:officer?secret=GEZDGNBVGY3TQOJQ"),
            picture: Shown::new("<svg viewBox=\"0 0 8 8\"></svg>"),
            fields: vec![field("password", "operator-password"), field("code", "code-label")],
            error: String::new(),
            f: f.clone(),
        },
    );
    let f = s.staff("/operators/officer/link");
    put(out, "console-link", &LinkPage { operator: "officer".into(), link: "/enter/sample".into(), f });
}

fn approval_row(s: &Set, waits: bool) -> approvals::Row {
    let t = s.staff("/approvals").texts;
    approvals::Row {
        id: "5f".repeat(16),
        kind: words::approval(t, "role-grant"),
        what: "operator: desk · role: customer-service".into(),
        asked_by: "admin".into(),
        asked: at("2026-12-16T01:00:00Z"),
        until: at("2026-12-19T01:00:00Z"),
        state: words::approval_state(t, if waits { "open" } else { "approved" }),
        waits,
    }
}

fn approvals(s: &Set, out: &mut Vec<Page>) {
    let f = s.staff("/approvals");
    let choice = |value: &str, label: String| Choice { value: value.into(), label, chosen: false };
    let list = |rows: Vec<approvals::Row>| Approvals {
        q: String::new(),
        states: vec![choice("open", words::approval_state(f.texts, "open"))],
        kinds: vec![choice("role-grant", words::approval(f.texts, "role-grant"))],
        total: rows.len() as u64,
        rows,
        search: "q=&state=&kind=".into(),
        next: "page=1".into(),
        previous: String::new(),
        f: f.clone(),
    };
    put(out, "console-approvals", &list(vec![approval_row(s, true), approval_row(s, false)]));
    put(out, "console-approvals-none", &list(Vec::new()));
    let page = |waits: bool, words: Option<Field>, review: bool, own: bool| ApprovalPage {
        row: approval_row(s, waits),
        parts: vec![("operator".into(), "desk".into()), ("role".into(), "customer-service".into())],
        detail: String::new(),
        why: s.pick("Joins the desk in January.", "一月起加入客服。"),
        answered_by: if waits { String::new() } else { "officer".into() },
        answered: (!waits).then(|| at("2026-12-16T03:00:00Z")),
        answer: s.pick("Training is done.", "已完成培训。"),
        used: None,
        words,
        review,
        carry_out: !waits,
        own,
        error: String::new(),
        f: s.staff("/approvals/5f"),
    };
    let field = |key: &str| Some(Field::new("words", f.t(key), Input::Area).required());
    put(out, "console-approval", &page(true, field("approval-words"), false, false));
    put(out, "console-approval-own", &page(true, None, false, true));
    put(out, "console-approval-allowed", &page(false, None, false, false));
    put(out, "console-approval-review", &page(true, field("approval-review-words"), true, false));
}

fn operators(s: &Set, out: &mut Vec<Page>) {
    let f = s.staff("/operators");
    let role = |role: StaffRole, suspended: &str| operators::Role {
        name: role.name().into(),
        label: words::staff_role(f.texts, role.name()),
        used: suspended.is_empty().then(|| at("2026-12-15T01:00:00Z")),
        suspended: suspended.into(),
    };
    let row = |name: &str, active: bool, roles: Vec<operators::Role>, own: bool| operators::Row {
        name: name.into(),
        active,
        enrolled: !roles.is_empty(),
        roles,
        own,
    };
    let names = ["admin", "officer", "desk"];
    put(
        out,
        "console-operators",
        &Operators {
            q: String::new(),
            rows: vec![
                row("admin", true, vec![role(StaffRole::Administrator, "")], true),
                row(
                    "officer",
                    true,
                    vec![role(StaffRole::DataProtectionOfficer, ""), role(StaffRole::Auditor, "")],
                    false,
                ),
                row("desk", true, Vec::new(), false),
                row("night-shift", false, vec![role(StaffRole::CustomerService, "training")], false),
            ],
            total: 4,
            sessions: vec![OperatorSession {
                id: "ab".repeat(32),
                operator: "officer".into(),
                created: at("2026-12-16T01:00:00Z"),
                seen: at("2026-12-16T04:00:00Z"),
                expires: at("2026-12-16T09:00:00Z"),
            }],
            administers: true,
            names: names.map(|n| Choice { value: n.into(), label: n.into(), chosen: false }).to_vec(),
            roles: StaffRole::ALL
                .map(|r| Choice { value: r.name().into(), label: words::staff_role(f.texts, r.name()), chosen: false })
                .to_vec(),
            name: Field::new("name", f.t("operator-name"), Input::Text).required().hint(f.t("operator-name-hint")),
            why: Field::new("why", f.t("approval-why"), Input::Area).required(),
            error: String::new(),
            next: String::new(),
            previous: String::new(),
            f,
        },
    );
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
    ways_in(s, out);
    approvals(s, out);
    policies(s, out);
    operators(s, out);
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
    desk(s, out);
}

fn desk(s: &Set, out: &mut Vec<Page>) {
    let f = s.staff("/cases");
    let states = [("running", true), ("all", false), ("new", false), ("closed", false)].map(|(code, chosen)| Choice {
        value: code.into(),
        label: avouch_web::case::coded(&f, "state", code),
        chosen,
    });
    let mut queue = Cases {
        q: String::new(),
        states: states.to_vec(),
        mine: false,
        rows: vec![
            cases::head(s, "complaint", true),
            cases::head(s, "rights", false),
            cases::head(s, "question", false),
        ],
        statistics: CaseStatistics { received: 214, in_time: 206, late: 5, overdue: 1 },
        next: "page=1".into(),
        previous: String::new(),
        here: "page=0".into(),
        f,
    };
    put(out, "console-cases", &queue);
    queue.rows.clear();
    put(out, "console-cases-none", &queue);

    let f = s.staff("/cases/7K2M-9QXD");
    let item = |name: &str, en, zh, value: &str, until: Option<&str>| Item {
        name: name.into(),
        label: s.pick(en, zh),
        value: Shown::new(value),
        until: until.map(at),
    };
    let mut page = CasePage {
        head: cases::head(s, "complaint", true),
        mine: true,
        said: cases::thread(s, true),
        items: vec![
            item("user_name", "User name", "用户名", "••••", None),
            item("phone", "Mobile number", "手机号码", "+86 19900001234", Some("2026-12-16T04:15:00Z")),
            item("email", "E-mail", "电子邮箱", "••••", None),
        ],
        outcomes: ["answered", "partly", "refused"]
            .map(|code| Choice {
                value: code.into(),
                label: avouch_web::case::coded(&f, "outcome", code),
                chosen: false,
            })
            .to_vec(),
        error: String::new(),
        f,
    };
    put(out, "console-case", &page);
    page.error = s.pick("Say in a sentence what it is needed for.", "请用一句话说明需要它的理由。");
    put(out, "console-case-wrong", &page);
}

/// Changes of the policy, as the console and the next version show them.
fn changes(s: &Set) -> Vec<Change> {
    let change = |en: &str, zh: &str, major| Change { text: s.pick(en, zh), major };
    vec![
        change("“Marketing and promotion” now also uses “Mobile number”.", "“营销与推广”将新使用“手机号码”。", true),
        change(
            "Contact: e-mail changes from a@plaza.example to b@plaza.example.",
            "联系：邮箱由 a@plaza.example 改为 b@plaza.example。",
            true,
        ),
    ]
}

fn policies(s: &Set, out: &mut Vec<Page>) {
    let release = |version: &str, day: &str| policy::Release {
        version: version.into(),
        at: at(day),
        released: at("2026-11-30T02:00:00Z"),
        current: version == "1.0",
        coming: version == "1.1",
        major: version == "1.1",
        digest: "9f2c41d07be35a8816c0f4aa2d9be7730c55e1f86a4b92d3780e16cf5ad4b307".into(),
        changes: (version == "1.1").then(|| changes(s)),
    };
    let releases = vec![release("1.1", "2026-12-09T04:00:00Z"), release("1.0", "2026-11-30T16:00:00Z")];
    put(out, "console-policy", &Policies { releases, publishes: true, f: s.staff("/policy") });
    let f = s.staff("/policy/next");
    let next = |faults: Vec<String>| NextPage {
        next: faults.is_empty().then(|| policy::Next {
            version: "1.1".into(),
            follows: "1.0".into(),
            digest: "9f2c41d07be35a8816c0f4aa2d9be7730c55e1f86a4b92d3780e16cf5ad4b307".into(),
            at: at("2026-12-09T04:00:00Z"),
            majors: f.t("major-purpose"),
            changes: changes(s),
            again: vec![s.purpose("marketing")],
            warnings: Vec::new(),
        }),
        why: faults.is_empty().then(|| Field::new("why", f.t("console-policy-why"), Input::Area).required()),
        faults,
        when: Some(Field::new("at", f.t("console-policy-at"), Input::Text).hint(f.t("console-policy-at-hint"))),
        typed: String::new(),
        approval: String::new(),
        error: String::new(),
        f: f.clone(),
    };
    put(out, "console-policy-next", &next(Vec::new()));
    let wrong = "version 1.0 was released before; give this one a version of its own";
    put(out, "console-policy-wrong", &next(vec![wrong.into()]));
}
