//! A letter to a person: one of words, shown as a page and handed out as PDF.
//!
//! Keeps promise 8.3: whatever a letter says, it ends with the way to regulator and court. Whoever writes to people, in
//! answer to a message or to a request, fills a [`Letter`] and gives [`Letter::page`] and [`Letter::saved`].

pub mod pdf;

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::case::Relief;
use crate::frame::Frame;
use crate::page::Page;
use crate::shown::Shown;
use pdf::{Document, Style};

/// A letter. It is in the language of its frame.
#[derive(Clone, Debug, Template)]
#[template(path = "site/letter.html")]
pub struct Letter {
    /// The frame.
    pub f: Frame,
    /// What it is about.
    pub title: String,
    /// Its day.
    pub at: Timestamp,
    /// How the matter ends, in a word; empty where that is not said.
    pub outcome: String,
    /// Why it is refused, in whole or in part; empty where it is not.
    pub reason: String,
    /// Its text.
    pub text: Shown,
    /// Regulator and court.
    pub relief: Relief,
    /// The page it belongs to; the letter is at `letter` below it, its PDF at `letter.pdf`.
    pub link: String,
    /// What that page is called.
    pub back: String,
}

impl Letter {
    /// As a page.
    #[must_use]
    pub fn page(self) -> Page<Self> {
        Page(self)
    }

    /// As PDF.
    #[must_use]
    pub fn pdf(&self) -> Vec<u8> {
        let f = &self.f;
        let mut blocks = vec![
            (Style::Text, format!("{}\n{}", f.site(), f.address())),
            (Style::Text, f.day(&self.at)),
            (Style::Title, self.title.clone()),
        ];
        let mut say = |style, text: String| {
            if !text.is_empty() {
                blocks.push((style, text));
            }
        };
        say(Style::Text, self.outcome.clone());
        if !self.reason.is_empty() {
            say(Style::Text, f.t1("letter-reason", "reason", &self.reason));
        }
        for part in self.text.text().split("\n\n") {
            say(Style::Text, part.trim_matches('\n').to_owned());
        }
        say(Style::Heading, f.t("contact-above"));
        say(Style::Text, f.t("contact-above-text"));
        let relief = &self.relief;
        say(Style::Text, format!("{}\n{}\n{}", f.t("contact-regulator"), relief.regulator, relief.url));
        say(Style::Text, format!("{}\n{}", f.t("contact-court"), relief.court));
        pdf::write(&Document {
            language: f.tag(),
            title: self.title.clone(),
            author: f.site().to_owned(),
            on: self.at.to_zoned_datetime(f.names.zone.clone()).date(),
            blocks,
        })
    }

    /// As a PDF to be saved under a name without extension, of plain letters.
    #[must_use]
    pub fn saved(&self, name: &str) -> Response {
        let mut response = self.pdf().into_response();
        let set = response.headers_mut();
        set.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
        if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.pdf\"")) {
            set.insert(header::CONTENT_DISPOSITION, name);
        }
        response
    }
}
