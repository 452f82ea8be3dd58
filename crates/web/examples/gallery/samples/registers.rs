//! The registers: exceptions, requests of authorities, legal holds, and what a person sees of them.

use avouch_web::console::authorities::{self, Authorities, AuthorityPage, PaperRow};
use avouch_web::console::exceptions::{self, Exceptions};
use avouch_web::console::holds::{self, Holds};
use avouch_web::form::{Choice, Field, Input};
use avouch_web::site::privacy::exceptional::{Exceptional, Switch};
use avouch_web::words;

use super::{Page, Set, at, put};

fn exception(s: &Set, in_force: bool) -> exceptions::Row {
    let t = s.staff("/").texts;
    exceptions::Row {
        id: "5f".repeat(16),
        purpose: s.purpose("emergency"),
        basis: words::basis(t, "emergency"),
        citation: s.pick("PIPL Art. 13(1)(4)", "《个人信息保护法》第十三条第一款第（四）项"),
        items: s.item("phone"),
        recipient: s.recipient("police"),
        subject: "cn-7kq2m4x9".into(),
        everyone: false,
        by: ("officer".into(), if in_force { String::new() } else { "deputy".into() }),
        begins: at("2026-12-14T02:00:00Z"),
        ends: at("2026-12-16T16:00:00Z"),
        in_force,
        told: (!in_force).then(|| at("2026-12-16T16:01:00Z")),
        tell: Some(at("2026-12-16T16:00:00Z")),
        overdue: false,
        hidden: in_force,
    }
}

fn request(s: &Set, waits: bool) -> authorities::Row {
    let f = s.staff("/authorities");
    authorities::Row {
        id: "7a".repeat(16),
        authority: s.recipient("police"),
        office: s.pick("Pudong branch, network security (demo)", "浦东分局网安支队（演示）"),
        instrument: s.pick("No. 2026-117 · 2026-12-10", "沪公调〔2026〕117号 · 2026-12-10"),
        ground: s.pick("Criminal Procedure Law Art. 54", "《刑事诉讼法》第五十四条"),
        items: s.item("phone"),
        covers: (Some(at("2026-10-31T16:00:00Z")), None),
        subject: "cn-7kq2m4x9".into(),
        foreign: waits,
        secret_until: Some(at("2027-01-31T16:00:00Z")),
        secret: waits,
        told: None,
        received: at("2026-12-14T02:00:00Z"),
        entered_by: "officer".into(),
        state: f.t(if waits { "request-state-received" } else { "request-state-released" }),
        waits,
        decided: (!waits).then(|| at("2026-12-16T04:00:00Z")),
        released: if waits { String::new() } else { "9f2c41d0".repeat(8) },
    }
}

fn hold(s: &Set, in_force: bool) -> holds::Row {
    holds::Row {
        id: format!("{}{}", "3c".repeat(15), if in_force { "01" } else { "02" }),
        citation: s.pick(
            "Civil Procedure Law Art. 84, (2026) Hu 0115 No. 21",
            "《民事诉讼法》第八十四条，（2026）沪0115民初21号",
        ),
        items: s.item("comment"),
        subject: "cn-7kq2m4x9".into(),
        by: ("officer".into(), "deputy".into()),
        placed: at("2026-12-14T02:00:00Z"),
        ends: at("2027-06-30T16:00:00Z"),
        in_force,
    }
}

fn choice(value: &str, label: String) -> Choice {
    Choice { value: value.into(), label, chosen: false }
}

fn papers(s: &Set, on_file: bool) -> Vec<PaperRow> {
    let f = s.staff("/");
    ["instrument", "permission", "secrecy"]
        .map(|kind| {
            let filed = on_file && kind != "permission";
            PaperRow {
                kind,
                label: f.t(&format!("paper-{kind}")),
                digest: if filed { "9f2c41d0".repeat(8) } else { String::new() },
                number: String::new(),
                at: filed.then(|| at("2026-12-14T02:10:00Z")),
                seen_by: if filed { "officer, deputy".into() } else { String::new() },
            }
        })
        .to_vec()
}

fn one(s: &Set, waits: bool, approval: &str, error: &str) -> AuthorityPage {
    let f = s.staff("/authorities/7a");
    AuthorityPage {
        row: request(s, waits),
        papers: papers(s, !waits || !approval.is_empty()),
        acts: true,
        why: Field::new("why", f.t("approval-why"), Input::Area).required(),
        approval: approval.into(),
        asked: String::new(),
        error: if error.is_empty() { String::new() } else { f.t(error) },
        f,
    }
}

fn console(s: &Set, out: &mut Vec<Page>) {
    let f = s.staff("/exceptions");
    let field = |name: &str, key: &str, input| Field::new(name, f.t(key), input).required();
    let items = || ["phone", "address", "real_name"].map(|i| choice(i, s.item(i))).to_vec();
    put(
        out,
        "console-exceptions",
        &Exceptions {
            q: String::new(),
            states: vec![choice("in-force", f.t("exception-in-force"))],
            rows: vec![exception(s, true), exception(s, false)],
            total: 2,
            search: "q=&state=".into(),
            asks: true,
            purposes: vec![choice("emergency", s.purpose("emergency")), choice("reputation", f.t("ground-reputation"))],
            items: items(),
            recipients: vec![choice("police", s.recipient("police"))],
            fields: vec![
                field("subject", "exception-subject", Input::Text).hint(f.t("exception-subject-hint")),
                field("citation", "exception-citation", Input::Text).hint(f.t("exception-citation-hint")),
                field("ends", "exception-ends", Input::Text).hint(f.t("exception-ends-hint")),
                field("why", "approval-why", Input::Area),
            ],
            error: f.t("exception-no-ground"),
            next: String::new(),
            previous: String::new(),
            f: f.clone(),
        },
    );
    let mut list = Authorities {
        q: String::new(),
        states: vec![choice("received", f.t("request-state-received"))],
        rows: vec![request(s, true), request(s, false)],
        total: 2,
        search: "q=&state=".into(),
        enters: true,
        authorities: vec![choice("police", s.recipient("police"))],
        items: items(),
        foreign: false,
        fields: vec![
            field("subject", "exception-subject", Input::Text).hint(f.t("register-subject-hint")),
            field("office", "request-office", Input::Text),
            field("secret", "request-secret", Input::Text).hint(f.t("request-secret-hint")),
        ],
        error: f.t("request-wrong-items"),
        next: String::new(),
        previous: String::new(),
        f: s.staff("/authorities"),
    };
    put(out, "console-authorities", &list);
    list.rows.clear();
    put(out, "console-authorities-none", &list);
    put(out, "console-authority", &one(s, true, "", "request-not-now"));
    put(out, "console-authority-allowed", &one(s, true, "5f5f", ""));
    put(out, "console-authority-released", &one(s, false, "", ""));
    put(
        out,
        "console-holds",
        &Holds {
            q: String::new(),
            states: vec![choice("in-force", f.t("exception-in-force"))],
            rows: vec![hold(s, true), hold(s, false)],
            total: 2,
            search: "q=&state=".into(),
            asks: true,
            items: ["comment", "order"].map(|i| choice(i, s.item(i))).to_vec(),
            fields: vec![
                field("subject", "exception-subject", Input::Text).hint(f.t("register-subject-hint")),
                field("citation", "exception-citation", Input::Text).hint(f.t("exception-citation-hint")),
                field("ends", "exception-ends", Input::Text).hint(f.t("register-day-hint")),
                field("why", "approval-why", Input::Area),
            ],
            error: String::new(),
            next: String::new(),
            previous: String::new(),
            f: s.staff("/holds"),
        },
    );
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    console(s, out);
    let page = |full: bool| Exceptional {
        f: s.somebody("/privacy/exceptional"),
        rows: if full { vec![exception(s, false)] } else { Vec::new() },
        requests: if full { vec![request(s, false)] } else { Vec::new() },
        holds: if full { vec![hold(s, true)] } else { Vec::new() },
        switches: vec![Switch {
            name: "disclosed".into(),
            label: s.purpose("disclosed"),
            why: s.pick("To use posts you published, by a rule.", "在登记的规则范围内使用您公开发布的内容。"),
            clause: "2.7".into(),
            on: full,
        }],
    };
    put(out, "exceptional", &page(true));
    put(out, "exceptional-none", &page(false));
}
