//! What every page knows: language, names, who is signed in, the token its forms carry.
//!
//! Keeps promise 7.1 (a coming change of the policy stands on top of every page), promise 8.1 (contact is
//! one click from every page) and promise 0.1 (both languages from every page).

use std::sync::Arc;

use avouch_policy::Words;
use jiff::{Timestamp, civil, tz::TimeZone};

use crate::http::assets;
use crate::lang::Lang;
use crate::shown::Shown;
use crate::site::joint::Way;
use crate::text::{Arg, Texts};

/// Which of the faces a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// For people.
    Site,
    /// For staff.
    Console,
}

/// Who is signed in, as the head of the page shows it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user name, or of staff the operator's name.
    pub name: Shown,
    /// Whether the person has a passkey.
    pub passkey: bool,
    /// The partners at which the person can show who they are: name in the policy, and what it is called.
    pub partners: Vec<(String, Words)>,
    /// When the account will be erased, if its cancelling is under way (6.3).
    pub erased_on: Option<civil::Date>,
    /// What a member of staff is there for; none of a person's.
    pub roles: Vec<avouch::store::StaffRole>,
}

/// A coming change of the policy (7.1).
#[derive(Clone, Debug)]
pub struct Coming {
    /// The version that will apply.
    pub version: String,
    /// From when.
    pub effective: civil::Date,
    /// Whether it is a major change (7.2), for which consents are asked again.
    pub major: bool,
}

/// A message after an act: what was done, or what was wrong.
#[derive(Clone, Debug)]
pub struct Flash {
    /// The sentence.
    pub text: String,
    /// Good news or bad.
    pub good: bool,
}

/// What does not change from page to page: taken from the policy when it is loaded.
#[derive(Clone, Debug)]
pub struct Names {
    /// The controller's name, by language.
    pub site: [(Lang, String); 2],
    /// The controller's full address line, by language.
    pub address: [(Lang, String); 2],
    /// The time zone people read times in: that of the home region.
    pub zone: TimeZone,
    /// The language when a reader asks for none.
    pub default_lang: Lang,
    /// The origin passkeys are bound to; nothing where none are offered.
    pub passkeys_at: Option<String>,
}

/// A change of the policy that is put before a person until they have read and answered it (7.1, 7.2).
#[derive(Clone, Debug)]
pub struct Popup {
    /// Its version.
    pub version: String,
    /// From when it holds.
    pub at: Timestamp,
    /// Whether that is still to come.
    pub coming: bool,
    /// How many questions it asks this person.
    pub asked: usize,
}

/// What every page takes from the policies, looked up at each request: one may come into force at any time.
#[derive(Clone)]
pub struct Live(Arc<dyn Fn() -> Current + Send + Sync>);

/// Names from the policy in force, and the change that is coming.
#[derive(Clone, Debug)]
pub struct Current {
    /// Names from the policy in force.
    pub names: Arc<Names>,
    /// A change to announce (7.1).
    pub coming: Option<Coming>,
}

impl Live {
    /// Looked up by `look` at each request, so it must be quick.
    pub fn new(look: impl Fn() -> Current + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// Always the same.
    #[must_use]
    pub fn fixed(names: Names) -> Self {
        let current = Current { names: Arc::new(names), coming: None };
        Self::new(move || current.clone())
    }

    /// As it is now.
    #[must_use]
    pub fn now(&self) -> Current {
        (self.0)()
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live")
    }
}

impl Names {
    fn in_lang(pairs: &[(Lang, String); 2], lang: Lang) -> &str {
        pairs.iter().find(|(l, _)| *l == lang).map_or("", |(_, name)| name.as_str())
    }
}

/// The frame of one page for one reader.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The words, in the reader's language.
    pub texts: Texts,
    /// Names from the policy.
    pub names: Arc<Names>,
    /// Which face.
    pub face: Face,
    /// Path of this page, without parameters.
    pub path: String,
    /// Parameters of this page but `lang`, encoded; empty when none.
    pub query: String,
    /// The token every form of this page carries.
    pub csrf: String,
    /// Who is signed in.
    pub account: Option<Account>,
    /// A change of the policy to announce.
    pub coming: Option<Coming>,
    /// A change that waits to be read or answered by who is signed in (7.2).
    pub popup: Option<Popup>,
    /// A message to show once.
    pub flash: Option<Flash>,
    /// The name of this request, shown on error pages so that staff can find it.
    pub request: String,
}

/// One entry of the language switch.
#[derive(Clone, Debug)]
pub struct Switch {
    /// The tag, for `lang` and `hreflang`.
    pub tag: &'static str,
    /// The language's own name.
    pub name: &'static str,
    /// This page in that language.
    pub href: String,
    /// Whether the page is in it now.
    pub current: bool,
}

impl Frame {
    /// A frame for `path` in `lang`, for nobody signed in.
    #[must_use]
    pub fn new(names: Arc<Names>, lang: Lang, face: Face, path: impl Into<String>) -> Self {
        Self {
            texts: Texts(lang),
            names,
            face,
            path: path.into(),
            query: String::new(),
            csrf: String::new(),
            account: None,
            coming: None,
            popup: None,
            flash: None,
            request: String::new(),
        }
    }

    /// Whether a passkey can be shown in place of the password.
    #[must_use]
    pub fn shows_passkey(&self) -> bool {
        self.names.passkeys_at.is_some() && self.account.as_ref().is_some_and(|a| a.passkey)
    }

    /// The partners at which the person can show who they are in place of the password.
    #[must_use]
    pub fn shows_at(&self) -> Vec<Way> {
        let partners = self.account.iter().flat_map(|a| &a.partners);
        partners.map(|(p, name)| Way { partner: p.clone(), name: name.in_lang(self.tag()).to_owned() }).collect()
    }

    /// The script of passkeys.
    #[must_use]
    pub fn passkeys_script(&self) -> &'static str {
        &assets::PASSKEYS.path
    }

    /// The message of `key`.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.texts.get(key)
    }

    /// The message of `key` with one argument.
    #[must_use]
    pub fn t1(&self, key: &str, name: &'static str, value: impl Arg) -> String {
        self.texts.with(key, &[(name, &value)])
    }

    /// The message of `key` with two arguments.
    #[must_use]
    pub fn t2(&self, key: &str, n1: &'static str, v1: impl Arg, n2: &'static str, v2: impl Arg) -> String {
        self.texts.with(key, &[(n1, &v1), (n2, &v2)])
    }

    /// The BCP 47 tag of the page.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.texts.0.tag()
    }

    /// The controller's name in the reader's language.
    #[must_use]
    pub fn site(&self) -> &str {
        Names::in_lang(&self.names.site, self.texts.0)
    }

    /// The controller's address in the reader's language.
    #[must_use]
    pub fn address(&self) -> &str {
        Names::in_lang(&self.names.address, self.texts.0)
    }

    /// Whether the page belongs to the console.
    #[must_use]
    pub fn console(&self) -> bool {
        self.face == Face::Console
    }

    /// The path of the style sheet, named by its content.
    #[must_use]
    pub fn style(&self) -> &'static str {
        &assets::STYLE.path
    }

    /// The path of the icon, named by its content.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        &assets::ICON.path
    }

    /// `page` for the link to the page one is on, so that a template can mark it; a section counts as
    /// current on the pages below it.
    #[must_use]
    pub fn current(&self, href: &str) -> bool {
        self.path == href || (href.len() > 1 && self.path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Whether the page is exactly this one.
    #[must_use]
    pub fn here(&self, href: &str) -> bool {
        self.path == href
    }

    /// The place of a clause in the policy page.
    #[must_use]
    pub fn clause(&self, number: &str) -> String {
        format!("/policy#c{}", number.replace('.', "-"))
    }

    /// The language switch.
    #[must_use]
    pub fn switches(&self) -> Vec<Switch> {
        Lang::ALL
            .into_iter()
            .map(|lang| {
                let join = if self.query.is_empty() { "" } else { "&" };
                Switch {
                    tag: lang.tag(),
                    name: lang.own_name(),
                    href: format!("{}?{}{join}lang={}", self.path, self.query, lang.tag()),
                    current: lang == self.texts.0,
                }
            })
            .collect()
    }

    /// A day in the reader's language.
    #[must_use]
    pub fn date(&self, date: &civil::Date) -> String {
        self.texts.date(*date)
    }

    /// The day of an instant, in the reader's language and the home region's zone.
    #[must_use]
    pub fn day(&self, at: &Timestamp) -> String {
        self.texts.date(at.to_zoned_datetime(self.names.zone.clone()).date())
    }

    /// Day and minute of an instant, in the reader's language and the home region's zone.
    #[must_use]
    pub fn moment(&self, at: &Timestamp) -> String {
        self.texts.moment(*at, &self.names.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(path: &str) -> Frame {
        let names = Names {
            site: [(Lang::En, "Plaza".into()), (Lang::ZhCn, "广场".into())],
            address: [(Lang::En, "Road".into()), (Lang::ZhCn, "路".into())],
            zone: TimeZone::UTC,
            default_lang: Lang::En,
            passkeys_at: None,
        };
        Frame::new(Arc::new(names), Lang::ZhCn, Face::Site, path)
    }

    #[test]
    fn the_switch_keeps_page_and_parameters() {
        let mut f = frame("/privacy/uses");
        f.query = "days=30".into();
        let hrefs: Vec<String> = f.switches().into_iter().map(|s| s.href).collect();
        assert_eq!(hrefs, ["/privacy/uses?days=30&lang=en", "/privacy/uses?days=30&lang=zh-CN"]);
        assert_eq!(f.site(), "广场");
    }

    #[test]
    fn a_section_is_current_on_its_own_pages_only() {
        let f = frame("/privacy/items/phone");
        assert!(f.current("/privacy"));
        assert!(!f.current("/"));
        assert!(!frame("/privacyx").current("/privacy"));
    }
}
