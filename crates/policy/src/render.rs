//! The words of the policy, filled from its facts: Markdown to keep, HTML to show.
//!
//! Keeps promise 0.1: the page is made from the policy that is executed. Every fact is escaped before it
//! stands in Markdown, raw HTML of the texts is shown as text, and links lead only to the web, to mail or
//! within the page, so nothing that is written in a policy can run in a reader's browser.

mod tables;
mod words;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::model::{Channel, Facts};
use crate::period::Period;
use crate::policy::Policy;
use crate::slots::slots;
use crate::words::Words;
use tables::View;
use words::Tongue;

/// What is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The whole document as Markdown.
    Markdown,
    /// A fragment for a page that bears the title itself: headings of level 1 are left out.
    Html,
}

/// The policy in `lang` (in its default language when it has no words in `lang`), every slot filled.
/// Headings keep their ids; in HTML each table stands in `<div class="scroll">`. Serves promise 0.1.
#[must_use]
pub fn render(policy: &Policy, lang: &str, format: Format) -> String {
    let text = filled(policy, lang);
    match format {
        Format::Markdown => text,
        Format::Html => to_html(&text),
    }
}

/// The chapters of the policy in `lang`: anchor and title, in order, for a table of contents.
#[must_use]
pub fn contents(policy: &Policy, lang: &str) -> Vec<(String, String)> {
    let text = filled(policy, lang);
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for event in Parser::new_ext(&text, options()) {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { level: HeadingLevel::H2, id: Some(id), .. }), _) => {
                open = Some((id.to_string(), String::new()))
            }
            (Event::End(TagEnd::Heading(_)), _) => out.extend(open.take()),
            (Event::Text(words) | Event::Code(words), Some((_, title))) => title.push_str(&words),
            _ => {}
        }
    }
    out
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES
}

/// The text in `lang` with every slot filled.
fn filled(policy: &Policy, lang: &str) -> String {
    let facts = policy.facts();
    let lang = if policy.text(lang).is_some() { lang } else { &facts.default_language };
    let text = policy.text(lang).unwrap_or_default();
    let view = View { facts, lang, tongue: Tongue::of(lang) };
    let (mut out, mut from) = (String::with_capacity(text.len() * 3), 0);
    for slot in slots(text) {
        out.push_str(text.get(from..slot.span.start).unwrap_or_default());
        out.push_str(&fill(&view, policy, slot.name));
        from = slot.span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// What a fact that is not stated reads as.
const fn unstated(tongue: Tongue) -> &'static str {
    tongue.pick("not stated", "未载明")
}

/// What fills a slot, as Markdown.
fn fill(view: &View<'_>, policy: &Policy, slot: &str) -> String {
    if let Some(clause) = slot.strip_prefix("items.") {
        return view.items_of(clause);
    }
    if let Some(clause) = slot.strip_prefix("purposes.") {
        return view.purposes_of(clause);
    }
    match slot {
        "items" => view.items(),
        "sensitive" => view.sensitive(),
        "purposes" => view.purposes(),
        "cookies.categories" => view.cookie_categories(),
        "cookies" => view.cookies(),
        "recipients" => view.recipients(),
        "partners" => view.partners(),
        "retention" => view.retention(),
        "statutory" => view.statutory(),
        "regions" => view.regions(),
        "rights" => view.rights(),
        "cross_border" => view.cross_border(),
        "version" => escape(policy.version()),
        "contact.regulator_url" => match view.facts.contact.regulator.as_ref().and_then(|r| r.url.as_deref()) {
            Some(url) => link(url, url),
            None => unstated(view.tongue).to_owned(),
        },
        _ => fact(view.facts, view.lang, view.tongue, slot)
            .map_or_else(|| unstated(view.tongue).to_owned(), |text| escape(&text)),
    }
}

/// A single fact in words of the language; none when the policy does not state it.
fn fact(facts: &Facts, lang: &str, tongue: Tongue, slot: &str) -> Option<String> {
    let (controller, contact, rights) = (&facts.controller, &facts.contact, &facts.rights);
    let words = |words: Option<&Words>| words.map(|words| words.in_lang(lang).to_owned());
    let period = |period: Option<Period>| period.map(|period| tongue.period(period));
    let every = |period: Option<Period>| period.map(|period| tongue.every(period));
    match slot {
        "title" => words(facts.title.as_ref()),
        "effective" => facts.effective.map(|day| tongue.date(day)),
        "controller.name" => words(controller.name.as_ref()),
        "controller.registration" => controller.registration.clone(),
        "controller.address" => words(controller.address.as_ref()),
        "controller.control" => words(controller.control.as_ref()),
        "controller.region" => {
            facts.storage.regions.get(&controller.region).map(|region| region.label.in_lang(lang).to_owned())
        }
        "officer.name" => controller.officer.as_ref().map(|officer| officer.name.clone()),
        "officer.email" => controller.officer.as_ref().and_then(|officer| officer.email.clone()),
        "minors.guardian_under" => facts.collection.minors.as_ref().map(|minors| minors.guardian_under.to_string()),
        "minors.marked_under" => facts.collection.minors.as_ref().map(|minors| minors.marked_under.to_string()),
        "cookies.ask_again" => period(facts.cookies.ask_again),
        "storage.backups" => period(facts.storage.backups.as_ref().map(|backups| backups.kept)),
        "storage.inactive" => period(facts.storage.inactive.as_ref().map(|inactive| inactive.after)),
        "storage.inactive_notice" => period(facts.storage.inactive.as_ref().map(|inactive| inactive.notice)),
        "security.encryption" => words(facts.security.encryption.as_ref()),
        "security.access_review" => every(facts.security.access_review),
        "security.assessment" => every(facts.security.assessment),
        "security.training" => every(facts.security.training),
        "security.incident_contact" => facts.security.incident_contact.clone(),
        "rights.cooling_off" => period(rights.cancel.as_ref().and_then(|cancel| cancel.cooling_off)),
        "rights.complete_within" => period(rights.cancel.as_ref().and_then(|cancel| cancel.complete_within)),
        "rights.trash" => period(rights.delete.as_ref().map(|delete| delete.trash)),
        "rights.link_expires" => period(rights.export.as_ref().map(|export| export.link_expires)),
        "rights.take_back" => period(rights.change_contact.as_ref().map(|change| change.take_back)),
        "updates.channels" => {
            let channels: Vec<_> =
                facts.updates.channels.iter().map(|channel: &Channel| tongue.channel(*channel).to_owned()).collect();
            Some(tongue.list(&channels))
        }
        "updates.notice" => period(facts.updates.notice),
        "contact.function" => words(contact.function.as_ref()),
        "contact.respond_within" => period(contact.respond_within),
        "contact.calendar" => contact.calendar.as_deref().map(|name| tongue.calendar(name).to_owned()),
        "contact.email" => contact.email.clone(),
        "contact.regulator" => words(contact.regulator.as_ref().map(|regulator| &regulator.name)),
        "contact.court" => words(contact.court.as_ref()),
        _ => None,
    }
}

/// Text as Markdown that means only that text, on one line: fit for a cell and for a sentence.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '!' => {
                out.extend(['\\', c])
            }
            '-' | '+' | '=' if out.is_empty() => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A link to a page on the web; the words and the address as text when `url` is no such address.
fn link(words: &str, url: &str) -> String {
    let plain = url.chars().all(|c| c.is_ascii_graphic() && !"<>()[]|\\`\"'{}".contains(c));
    if plain && (url.starts_with("https://") || url.starts_with("http://")) {
        format!("[{}]({url})", escape(words))
    } else if words == url {
        escape(url)
    } else {
        format!("{} {}", escape(words), escape(url))
    }
}

/// Where a link of the text may lead; anything else leads nowhere.
fn safe(url: CowStr<'_>) -> CowStr<'_> {
    let within = url.starts_with('#') || (url.starts_with('/') && !url.starts_with("//"));
    let lower = url.to_ascii_lowercase();
    if within || ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)) {
        url
    } else {
        "#".into()
    }
}

/// What a wide table scrolls in: reached by the keyboard and named after the heading it stands under.
fn scroll(heading: Option<&str>) -> String {
    match heading.filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
        Some(id) => format!("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-labelledby=\"{id}\">"),
        None => "<div class=\"scroll\" tabindex=\"0\">".to_owned(),
    }
}

fn to_html(text: &str) -> String {
    let mut events = Vec::new();
    let mut in_title = false;
    let mut under = None;
    for event in Parser::new_ext(text, options()) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => in_title = true,
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => in_title = false,
            _ if in_title => {}
            // An id, and nothing else: attributes could carry scripts.
            Event::Start(Tag::Heading { level, id, .. }) => {
                under.clone_from(&id);
                events.push(Event::Start(Tag::Heading { level, id, classes: Vec::new(), attrs: Vec::new() }));
            }
            Event::Start(Tag::Table(columns)) => {
                events.extend([Event::Html(scroll(under.as_deref()).into()), Event::Start(Tag::Table(columns))])
            }
            Event::End(TagEnd::Table) => events.extend([Event::End(TagEnd::Table), Event::Html("</div>\n".into())]),
            Event::Html(raw) | Event::InlineHtml(raw) => events.push(Event::Text(raw)),
            Event::Start(Tag::HtmlBlock) => events.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => events.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                events.push(Event::Start(Tag::Link { link_type, dest_url: safe(dest_url), title, id }))
            }
            // A picture would be fetched from elsewhere before anyone agreed to it; its words stay.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            other => events.push(other),
        }
    }
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, events.into_iter());
    out
}
