//! The three faces of Avouch: the site for people, the service API, the console for staff.
//!
//! One file per page or endpoint: its view model, its handler, its tests. What is common to all stands
//! beside: [`frame`] (what every page knows), [`text`] (words by language), [`http`] (headers, cookies,
//! forms' protection), [`fault`] (errors as pages), [`api::problem`] (errors as RFC 9457 documents).
//!
//! Every page works without JavaScript; none is shipped.

pub mod api;
pub mod case;
pub mod console;
pub mod fault;
pub mod form;
pub mod frame;
pub mod http;
pub mod lang;
pub mod letter;
pub mod page;
mod serve;
pub mod shown;
pub mod site;
pub mod state;
pub mod text;
pub mod words;

pub use api::openapi;
pub use serve::{console_routes, serve_api, serve_console, serve_site, site_routes};
