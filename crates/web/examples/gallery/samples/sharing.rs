//! Sharing: the register of recipients.

use avouch_web::console::recipients::{Check, Document, Open, RecipientPage, Recipients, Row};
use avouch_web::console::services::{self, Services};
use avouch_web::site::privacy::sharing::{Given, Recipient, Sharing, Told};
use avouch_web::words;

use super::{Page, Set, at, facts, put};

fn row(s: &Set, name: &str, state: &'static str, stopped: bool, open: u64) -> Row {
    let f = s.staff("/recipients");
    Row {
        name: name.into(),
        label: facts::text(&format!("sharing.recipients.{name}.name"), s.lang),
        role: words::role(f.texts, if name == "courier" { "processor" } else { "controller" }),
        code: state.strip_prefix("recipient-state-").unwrap_or_default(),
        state: f.t(state),
        stopped,
        expires: Some(at("2027-12-31T16:00:00Z")),
        due: Some(at("2027-01-10T16:00:00Z")),
        open,
    }
}

fn one(s: &Set, ended: bool, error: &str) -> RecipientPage {
    let f = s.staff("/recipients/courier");
    let state = if ended { "recipient-state-ended" } else { "recipient-state-failed" };
    RecipientPage {
        row: row(s, "courier", state, true, 1),
        clause: "4.1".into(),
        contact: "privacy@courier.example".into(),
        hosts: "api.courier.example".into(),
        agreement: "DPA-2026-07".into(),
        reason: if ended { s.pick("Contract ended.", "合同到期。") } else { String::new() },
        suspended: false,
        ended,
        certificate: true,
        checks: vec![Check {
            at: at("2026-12-16T04:00:00Z"),
            operator: "officer".into(),
            passed: false,
            finding: s.pick("Labels with addresses were found in open waste.", "发现含地址的面单未经销毁即丢弃。"),
            due: at("2027-03-31T16:00:00Z"),
        }],
        documents: vec![Document {
            id: "5f1c".into(),
            kind: f.t("document-deletion"),
            digest: "9f2c41d07be35a8816c0f4aa2d9be7730c55e1f86a4b92d3780e16cf5ad4b307".into(),
            at: at("2026-12-16T04:10:00Z"),
            operator: "officer".into(),
        }],
        open: vec![Open {
            id: "77ab".into(),
            subject: "cn-0f3v8kq2m4t6w8y1c5e7g9j2".into(),
            event: f.t("event-correction"),
            about: s.item("address"),
            due: at("2026-12-31T04:00:00Z"),
            late: true,
        }],
        error: if error.is_empty() { String::new() } else { f.t(error) },
        f,
    }
}

fn services(s: &Set) -> Services {
    let service = |name: &str, suspended: bool| services::Row {
        name: name.into(),
        purposes: s.purpose("content"),
        cache: suspended.then_some(60),
        hook: if suspended { "https://feed.plaza.example/avouch".into() } else { String::new() },
        suspended,
        reason: if suspended { s.pick("no acknowledgement of a notice", "未确认通知") } else { String::new() },
        created: at("2026-12-01T04:00:00Z"),
        open: u64::from(suspended),
        late: u64::from(suspended),
    };
    Services { rows: vec![service("feed", true), service("shop", false)], f: s.staff("/services") }
}

fn centre(s: &Set, empty: bool) -> Sharing {
    let f = s.somebody("/privacy/sharing");
    let name = |name: &str| facts::text(&format!("sharing.recipients.{name}.name"), s.lang);
    let recipient = |of: &str, role: &str, consent: Option<bool>, times: u64| Recipient {
        name: of.into(),
        label: name(of),
        clause: "4.1".into(),
        kind: facts::text(&format!("sharing.recipients.{of}.kind"), s.lang),
        role: words::role(f.texts, role),
        contact: format!("privacy@{of}.example"),
        policy: consent.map(|_| format!("https://{of}.example/privacy")).unwrap_or_default(),
        purposes: s.purpose("orders"),
        items: f.texts.list(&[s.item("phone"), s.item("address")]),
        consent,
        times,
    };
    let given = |state: &str, index: u64| Given {
        at: at("2026-12-16T04:00:00Z"),
        recipient: name("courier"),
        purpose: s.purpose("orders"),
        items: f.texts.list(&[s.item("phone"), s.item("address")]),
        who: format!("{} shop", words::party(f.texts, "service")),
        state: f.t(state),
        receipt: format!("a/{index}"),
    };
    let told = |event: &str, confirmed: bool| Told {
        at: at("2026-12-17T04:00:00Z"),
        name: name("courier"),
        event: f.t(event),
        about: s.item("address"),
        confirmed: confirmed.then(|| at("2026-12-17T05:00:00Z")),
    };
    let (times, given, told) = if empty {
        (0, Vec::new(), Vec::new())
    } else {
        let given = vec![given("egress-sent", 1180), given("egress-unknown", 1181)];
        (2, given, vec![told("event-correction", true), told("event-deletion", false)])
    };
    let recipients = vec![
        recipient("payment", "controller", Some(true), 0),
        recipient("ads", "controller", Some(false), 0),
        recipient("courier", "processor", None, times),
    ];
    Sharing { given, recipients, told, f }
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    let rows = vec![
        row(s, "courier", "recipient-state-failed", true, 1),
        row(s, "payment", "recipient-state-active", false, 0),
    ];
    put(out, "console-recipients", &Recipients { rows, f: s.staff("/recipients") });
    put(out, "console-recipient", &one(s, false, ""));
    put(out, "console-recipient-wrong", &one(s, false, "recipient-wrong-not-a-day"));
    put(out, "console-recipient-ended", &one(s, true, ""));
    put(out, "console-services", &services(s));
    put(out, "sharing", &centre(s, false));
    put(out, "sharing-none", &centre(s, true));
}
