//! `/policy/feed.atom`: every release of the policy, for readers of feeds (RFC 4287).
//!
//! Keeps promise 7.1.

use avouch::store::PolicyRelease;
use avouch_policy::diff;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use crate::fault::Fault;
use crate::frame::Frame;
use crate::state::{Web, page_fault};

/// Text within an element or an attribute.
fn text(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn hex(release: &PolicyRelease) -> String {
    data_encoding::HEXLOWER.encode(&release.digest)
}

/// `GET /policy/feed.atom`: titles and changes in the reader's language.
///
/// # Errors
/// When the archive cannot be read.
pub async fn show(State(web): State<Web>, f: Frame, headers: HeaderMap) -> Result<Response, Fault> {
    let told = page_fault(&f);
    let releases = web.app.releases().await.map_err(&told)?;
    // Addresses in a feed are whole: a reader of feeds knows no page they could be relative to.
    let base = web.app.origin().map_or_else(
        || {
            let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
            let scheme = if host.starts_with("localhost") || host.starts_with("127.") { "http" } else { "https" };
            format!("{scheme}://{}", text(host))
        },
        |origin| text(origin.as_str()),
    );
    let mut entries = String::new();
    for (at, release) in releases.iter().enumerate() {
        let policy = web.app.released_policy(release).await.map_err(&told)?;
        let mut changes = String::new();
        if let Some(before) = releases.get(at + 1) {
            for change in diff(&*web.app.released_policy(before).await.map_err(&told)?, &policy).changes {
                changes.push_str(&text(change.sentence.in_lang(f.tag())));
                changes.push('\n');
            }
        } else {
            changes.push_str(&text(&f.t("policy-first")));
        }
        let title = f.t2("policy-dated", "version", release.version.clone(), "date", f.day(&release.in_force));
        entries.push_str(&format!(
            "<entry><id>urn:avouch:policy:{}</id><title>{}</title><updated>{}</updated>\
             <link href=\"{base}/policy/{}\"/><summary>{changes}</summary></entry>\n",
            hex(release),
            text(&title),
            release.released,
            text(&release.version),
        ));
    }
    let updated = releases.iter().map(|release| release.released).max().unwrap_or_else(|| web.app.store.now());
    let id = releases.last().map(hex).unwrap_or_default();
    let title = format!("{} · {}", f.t("policy-title"), f.site());
    let feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\
         <id>urn:avouch:policies:{id}</id><title>{}</title><updated>{updated}</updated>\
         <author><name>{}</name></author><link rel=\"self\" href=\"{base}/policy/feed.atom\"/>\n{entries}</feed>\n",
        f.tag(),
        text(&title),
        text(f.site()),
    );
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], feed).into_response())
}
