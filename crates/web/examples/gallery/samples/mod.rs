//! Every page filled with samples from the shipped policy and with invented people.

#![expect(clippy::expect_used, clippy::panic, reason = "samples for people and tests to look at")]

mod cases;
mod centre;
mod facts;
mod registers;
mod requests;
mod sharing;
mod site;
mod staff;
mod usage;

use askama::Template;
use avouch_web::fault::{Fault, FaultPage, Reason};
use avouch_web::frame::{Account, Coming, Face, Frame, Names};
use avouch_web::lang::Lang;
use avouch_web::shown::Shown;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use std::sync::Arc;

/// The forms' token in the samples.
pub(crate) const TOKEN: &str = "sample-token";

/// One page.
pub(crate) struct Page {
    /// Its name, for the file.
    pub(crate) name: String,
    /// The page.
    pub(crate) html: String,
}

/// The controller of the samples.
pub(crate) fn names() -> Names {
    let of = |lang| (lang, facts::text("controller.name", lang));
    let at = |lang| (lang, facts::text("controller.address", lang));
    Names {
        site: [of(Lang::En), of(Lang::ZhCn)],
        address: [at(Lang::En), at(Lang::ZhCn)],
        zone: TimeZone::get("Asia/Shanghai").expect("the zone is bundled"),
        default_lang: Lang::ZhCn,
        passkeys_at: Some("https://privacy.plaza.example".into()),
    }
}

/// Every page in `lang`.
pub(crate) fn pages(lang: Lang) -> Vec<Page> {
    let s = Set { lang, names: Arc::new(names()) };
    let mut out = Vec::new();
    site::add(&s, &mut out);
    centre::add(&s, &mut out);
    staff::add(&s, &mut out);
    sharing::add(&s, &mut out);
    usage::add(&s, &mut out);
    registers::add(&s, &mut out);
    for fault in Fault::each(s.reasons()) {
        let mut f = s.nobody("/privacy/items/phone");
        f.request = "k5tqmz3n7hxw2dle".into();
        put(&mut out, &format!("fault-{}", fault.code()), &FaultPage::new(f, &fault));
    }
    out
}

/// Renders one page into the list.
pub(crate) fn put(out: &mut Vec<Page>, name: &str, page: &impl Template) {
    let html = page.render().unwrap_or_else(|error| panic!("{name}: {error}"));
    out.push(Page { name: name.into(), html });
}

/// What the samples of one language share.
pub(crate) struct Set {
    pub(crate) lang: Lang,
    pub(crate) names: Arc<Names>,
}

impl Set {
    /// By language.
    pub(crate) fn pick(&self, en: &str, zh: &str) -> String {
        match self.lang {
            Lang::En => en.into(),
            Lang::ZhCn => zh.into(),
        }
    }

    pub(crate) fn nobody(&self, path: &str) -> Frame {
        let mut f = Frame::new(self.names.clone(), self.lang, Face::Site, path);
        f.csrf = TOKEN.into();
        f
    }

    pub(crate) fn somebody(&self, path: &str) -> Frame {
        let mut f = self.nobody(path);
        f.account = Some(Account {
            name: Shown::new("lin.xiao"),
            passkey: false,
            partners: Vec::new(),
            erased_on: None,
            roles: Vec::new(),
        });
        f
    }

    pub(crate) fn staff(&self, path: &str) -> Frame {
        let mut f = self.somebody(path);
        f.account = Some(Account {
            name: Shown::new("officer"),
            passkey: false,
            partners: Vec::new(),
            erased_on: None,
            roles: avouch::store::StaffRole::ALL.to_vec(),
        });
        f.face = Face::Console;
        f
    }

    pub(crate) fn coming(&self) -> Coming {
        Coming { version: "1.1".into(), effective: civil::date(2027, 2, 1), major: true }
    }

    pub(crate) fn label(&self, kind: &str, name: &str) -> String {
        facts::text(&format!("{kind}.{name}.label"), self.lang)
    }

    pub(crate) fn item(&self, name: &str) -> String {
        self.label("collection.items", name)
    }

    pub(crate) fn purpose(&self, name: &str) -> String {
        self.label("usage.purposes", name)
    }

    pub(crate) fn recipient(&self, name: &str) -> String {
        facts::text(&format!("sharing.recipients.{name}.name"), self.lang)
    }

    pub(crate) fn reasons(&self) -> Vec<Reason> {
        vec![
            Reason {
                code: "no-consent".into(),
                text: self.pick("You have not consented to marketing.", "您未同意营销推广。"),
                clause: "2.5".into(),
                citation: self.pick(
                    "Personal Information Protection Law, Art. 13(1)(1)",
                    "《个人信息保护法》第十三条第一款第（一）项",
                ),
                remedy: self.pick("Turn it on under Consents, if you want it.", "如果您愿意，可在“同意管理”中开启。"),
                gap: false,
            },
            Reason {
                code: "no-agreement".into(),
                text: self.pick("The agreement with the recipient has expired.", "与接收方的协议已到期。"),
                clause: "4.2".into(),
                citation: String::new(),
                remedy: self.pick("The controller signs a new agreement.", "由控制者重新签订协议。"),
                gap: true,
            },
        ]
    }
}

/// A moment in the samples' December.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}
