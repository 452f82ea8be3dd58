//! `/`: what this place is, the policy in short, and the ways in.

use askama::Template;

use super::summary::Summary;
use crate::frame::Frame;
use axum::extract::State;

use crate::page::Page;
use crate::site::privacy::transfer::{self, Announced};
use crate::state::Web;

/// The first page.
#[derive(Debug, Template)]
#[template(path = "site/home.html")]
pub struct Home {
    /// The frame.
    pub f: Frame,
    /// The policy in short.
    pub summary: Summary,
    /// The change of hands that is announced, where one is (4.3).
    pub announced: Option<Announced>,
}

/// `GET /`
pub async fn show(State(web): State<Web>, f: Frame) -> Page<Home> {
    Page(Home { summary: Summary::of(&web, &f), announced: transfer::announced(&web, &f).await, f })
}
