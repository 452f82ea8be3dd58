//! Messages to customer service, as their people see them.

use avouch_web::case::{Head, Relief, Said, Saved, coded};
use avouch_web::letter::Letter;
use avouch_web::shown::Shown;
use avouch_web::site::case::{CasePage, Cases};
use avouch_web::site::contact::{BackPage, Opened, text_field};

use super::{Page, Set, at, facts, put};

const LINK: &str = "/contact/case/7K2M-9QXD/MFRGGZDFMZTWQ2LKNNWG23TPOI";

pub(crate) fn relief(s: &Set) -> Relief {
    Relief {
        regulator: facts::text("contact.regulator.name", s.lang),
        url: facts::text("contact.regulator.url", s.lang),
        court: facts::text("contact.court", s.lang),
    }
}

pub(crate) fn head(s: &Set, category: &str, overdue: bool) -> Head {
    let f = s.nobody("/contact");
    Head {
        number: if overdue { "7K2M-9QXD" } else { "B4TR-22WZ" }.into(),
        category: coded(&f, "category", category),
        state: coded(&f, "state", if overdue { "open" } else { "new" }),
        closed: false,
        opened: at("2026-11-24T02:10:00Z"),
        due: Some(at(if overdue { "2026-12-15T15:59:59Z" } else { "2027-01-05T15:59:59Z" })),
        provisional: !overdue,
        overdue,
        alarmed: if overdue {
            100
        } else if category == "rights" {
            80
        } else {
            0
        },
        operator: if overdue { "li.desk".into() } else { String::new() },
        proposed: if overdue { coded(&f, "right", "delete") } else { String::new() },
    }
}

fn closed(s: &Set) -> Head {
    let f = s.nobody("/contact");
    let mut head = head(s, "complaint", true);
    head.state = coded(&f, "outcome", "partly");
    (head.closed, head.due, head.overdue) = (true, None, false);
    head
}

pub(crate) fn thread(s: &Set, staff: bool) -> Vec<Said> {
    let f = s.nobody("/contact");
    let said = |when: &str, head: String, text: String, internal| Said {
        at: at(when),
        head,
        text: Shown::new(text),
        file: None,
        internal,
    };
    let wrote = if staff { f.t("case-said-person") } else { f.t("case-said-you") };
    let mut all = vec![
        said(
            "2026-11-24T02:10:00Z",
            wrote,
            s.pick(
                "Somebody put my picture under a post of theirs.\nI never agreed to that. Delete my picture, please.",
                "有人把我的照片放进了他的帖子。\n我从未同意，请删除我的照片。",
            ),
            false,
        ),
        said(
            "2026-11-25T03:00:00Z",
            f.t2("case-said-reveal", "item", s.pick("Mobile number", "手机号码"), "operator", "li.desk"),
            s.pick("To call back, as was asked for on the phone.", "用户来电要求回拨。"),
            false,
        ),
        said(
            "2026-11-25T03:20:00Z",
            f.t2(
                "case-said-moved",
                "from",
                s.pick("5 January 2027", "2027年1月5日"),
                "to",
                s.pick("8 January 2027", "2027年1月8日"),
            ),
            String::new(),
            false,
        ),
    ];
    if let Some(first) = all.first_mut() {
        first.file = Some(Saved { href: "#".into(), words: f.t2("case-file", "kind", "JPG", "size", 182_u32) });
    }
    if staff {
        all.insert(
            1,
            said("2026-11-24T03:00:00Z", f.t1("case-said-taken", "operator", "li.desk"), String::new(), true),
        );
        all.push(said(
            "2026-11-25T03:30:00Z",
            f.t1("case-said-note", "operator", "li.desk"),
            s.pick("The post is of somebody else: see 1.3.", "帖子为他人所发，参见 1.3。"),
            true,
        ));
    }
    all
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    let opened = |guest: bool| Opened {
        f: if guest { s.nobody("/contact") } else { s.somebody("/contact") },
        number: "7K2M-9QXD".into(),
        link: if guest { LINK.into() } else { "/privacy/cases/7K2M-9QXD".into() },
        guest,
        due: Some(at("2027-01-05T15:59:59Z")),
        provisional: true,
    };
    put(out, "case-opened", &opened(true));
    put(out, "case-opened-signed-in", &opened(false));

    let page = |centre: bool, head: Head, letter: bool| {
        let f = if centre { s.somebody("/privacy/cases/7K2M-9QXD") } else { s.nobody(LINK) };
        CasePage {
            head,
            said: thread(s, false),
            link: if centre { "/privacy/cases/7K2M-9QXD".into() } else { LINK.into() },
            centre,
            letter,
            file: Some(String::new()),
            text: text_field(&f, "", String::new()),
            relief: relief(s),
            f,
        }
    };
    put(out, "case", &page(false, head(s, "complaint", true), false));
    put(out, "privacy-case-closed", &page(true, closed(s), true));
    put(
        out,
        "case-letter",
        &Letter {
            title: s.nobody(LINK).t1("letter-title", "number", "7K2M-9QXD"),
            at: at("2026-12-04T03:00:00Z"),
            outcome: closed(s).state,
            reason: coded(&s.nobody(LINK), "ground", "others-rights"),
            text: Shown::new(s.pick(
                "We took the picture out of the post and told its author why.\n\nThe post itself stays: the words in it are its author's own, and nothing in them is about you.",
                "我们已从该帖子中移除您的照片，并告知作者原因。\n\n帖子本身予以保留：其中的文字由作者本人所写，不涉及您的信息。",
            )),
            link: LINK.into(),
            back: s.nobody(LINK).t1("case-title", "number", "7K2M-9QXD"),
            relief: relief(s),
            f: s.nobody(LINK),
        },
    );
    put(out, "case-back", &BackPage { f: s.nobody("/contact/case/7K2M-9QXD"), number: "7K2M-9QXD".into() });
    let f = s.somebody("/privacy/cases");
    let mut list = Cases { rows: vec![head(s, "complaint", true), head(s, "rights", false), closed(s)], f };
    put(out, "privacy-cases", &list);
    list.rows.clear();
    put(out, "privacy-cases-none", &list);
}
