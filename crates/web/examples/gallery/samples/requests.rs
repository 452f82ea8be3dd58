//! Requests for a right: the way to ask, how they stand, the switches.

use avouch::rights::request::{KINDS, ROLES};
use avouch::store::RequestCount;
use avouch_web::form::{Choice, Field, Input};
use avouch_web::request::{Asked, Why, coded, place};
use avouch_web::site::privacy::portability::{Portability, Ported};
use avouch_web::site::privacy::restrict::{Purpose, Restrict};
use avouch_web::site::privacy::rights::Rights as Own;
use avouch_web::site::privacy::sharing::Told;
use avouch_web::site::rights::{Right, Rights};

use super::{Page, Set, at, put};

const RECEIPT: &str = "plaza/1180";

/// A request of somebody without a login; one that is answered has reasons.
pub(crate) fn asked(s: &Set, answered: bool) -> Asked {
    let f = s.nobody("/rights");
    let why = |code: &str, citation: &str| Why { text: coded(&f, "reason", code), citation: citation.into() };
    Asked {
        number: "7K2M-9QXD".into(),
        kind: coded(&f, "kind", "copy"),
        about: String::new(),
        role: coded(&f, "role", "relative"),
        identity: coded(&f, "identity", if answered { "shown" } else { "stated" }),
        undecided: !answered,
        state: if answered { coded(&f, "outcome", "partly") } else { f.t("request-open") },
        received: at("2026-11-24T02:10:00Z"),
        due: (!answered).then(|| at("2026-12-15T15:59:59Z")),
        reasons: if answered {
            vec![why("others", "NDSMR art. 25"), why("kept-by-law", "PIPL art. 47")]
        } else {
            Vec::new()
        },
        appealed: false,
        released: answered.then(|| at("2026-12-05T03:00:00Z")),
        receipt: RECEIPT.into(),
        link: "/privacy/cases/7K2M-9QXD".into(),
    }
}

/// How requests were dealt with.
pub(crate) fn counts(s: &Set) -> Vec<RequestCount> {
    let f = s.staff("/cases");
    [("access", 12, 12, 0, 1), ("copy", 240, 239, 1, 0), ("delete", 1_310, 1_310, 0, 3)]
        .map(|(kind, received, in_time, late, refused)| RequestCount {
            kind: coded(&f, "kind", kind),
            received,
            in_time,
            late,
            refused,
        })
        .to_vec()
}

fn form(s: &Set, signed: bool, wrong: bool) -> Rights {
    let f = if signed { s.somebody("/rights") } else { s.nobody("/rights") };
    let choice = |kind: &'static str, code: &str| Choice {
        value: code.into(),
        label: coded(&f, kind, code),
        chosen: code == "self",
    };
    let claim = |item: &str| Field::new(format!("claim_{item}"), s.item(item), Input::Text);
    let error = if wrong { f.t("field-required") } else { String::new() };
    let mut fields = vec![
        Field::new("text", f.t("request-words"), Input::Area)
            .why(f.t("request-words-why"), "6.5")
            .required()
            .error(error.clone()),
    ];
    if !signed {
        fields.push(Field::new("email", f.t("contact-reply"), Input::Email).why(f.t("contact-reply-why"), "6.5"));
    }
    let claims = ["user_name", "phone", "email", "real_name", "id_number"];
    Rights {
        rights: KINDS
            .iter()
            .map(|(kind, ..)| Right {
                label: coded(&f, "kind", kind),
                text: coded(&f, "text", kind),
                path: place(kind),
            })
            .collect(),
        kinds: KINDS.iter().map(|(kind, ..)| choice("kind", kind)).collect(),
        kind_error: error,
        roles: ROLES.iter().map(|role| choice("role", role)).collect(),
        role_error: String::new(),
        claims: if signed { Vec::new() } else { claims.map(claim).to_vec() },
        fields,
        f,
    }
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    put(out, "rights", &form(s, false, false));
    put(out, "rights-signed-in", &form(s, true, false));
    put(out, "rights-wrong", &form(s, false, true));
    let f = s.somebody("/privacy/rights");
    let own = |kind: &str, about: &str, state: String, due: bool| Asked {
        kind: coded(&f, "kind", kind),
        about: about.into(),
        state,
        due: due.then(|| at("2026-12-15T15:59:59Z")),
        link: if due { "/privacy/cases/7K2M-9QXD".into() } else { String::new() },
        number: if due { "7K2M-9QXD".into() } else { "B4TR-22WZ-9HKM".into() },
        identity: String::new(),
        reasons: Vec::new(),
        ..asked(s, false)
    };
    let told = |name: &str, event: &str, item: &str, confirmed: bool| Told {
        at: at("2026-12-01T02:10:00Z"),
        name: name.into(),
        event: f.t(event),
        about: s.item(item),
        confirmed: confirmed.then(|| at("2026-12-01T02:11:00Z")),
    };
    let mut page = Own {
        own: vec![
            own("explain", "", f.t("request-open"), true),
            own("correct", &s.item("nickname"), f.t("request-at-once"), false),
            Asked { number: "2QWE-77RT".into(), ..asked(s, true) },
        ],
        others: vec![asked(s, false)],
        told: vec![
            told("shop", "event-correction", "nickname", true),
            told("courier", "event-deletion", "comment", false),
        ],
        f: f.clone(),
    };
    put(out, "privacy-rights", &page);
    (page.own, page.others, page.told) = (Vec::new(), Vec::new(), Vec::new());
    put(out, "privacy-rights-none", &page);
    let purpose = |name: &str, objected| Purpose {
        name: name.into(),
        label: s.purpose(name),
        clause: "2.3".into(),
        why: s.pick("To find out why something broke.", "用于查明故障原因。"),
        without: s.pick("Faults of yours are found later.", "您遇到的故障会更晚被发现。"),
        objected,
    };
    let mut switches = Restrict {
        restricted: false,
        purposes: vec![purpose("fault", true), purpose("moderation", false)],
        f: s.somebody("/privacy/restrict"),
    };
    put(out, "privacy-restrict", &switches);
    switches.restricted = true;
    switches.purposes.clear();
    put(out, "privacy-restrict-on", &switches);
    let f = s.somebody("/privacy/portability");
    put(out, "privacy-portability", &Portability::new(f, true, String::new(), "", String::new()));
    let f = s.somebody("/privacy/portability");
    let wrong = f.t("port-url-bad");
    let page = Portability::new(f, false, String::new(), "http://move.other.example", wrong);
    put(out, "privacy-portability-wrong", &page);
    put(
        out,
        "privacy-ported",
        &Ported {
            host: "move.other.example".into(),
            sha256: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9".into(),
            receipt: RECEIPT.into(),
            f: s.somebody("/privacy/portability"),
        },
    );
}
