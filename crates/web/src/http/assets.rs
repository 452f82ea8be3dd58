//! The style sheet, the icon and the one script, named by their content and kept by browsers for a year.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// One file served from the binary.
#[derive(Debug)]
pub struct Asset {
    /// Path, with the content's hash in it.
    pub path: String,
    /// Media type.
    pub kind: &'static str,
    /// The content.
    pub body: &'static str,
}

/// The style sheet: tokens, base, parts, pages, print.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "style",
        "css",
        "text/css; charset=utf-8",
        concat!(
            include_str!("../../assets/tokens.css"),
            include_str!("../../assets/base.css"),
            include_str!("../../assets/layout.css"),
            include_str!("../../assets/parts.css"),
            include_str!("../../assets/pages.css"),
            include_str!("../../assets/print.css"),
        ),
    )
});

/// The icon.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")));

/// The script that speaks with authenticators. Only pages with a passkey's button load it.
pub static PASSKEYS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("passkeys", "js", "text/javascript; charset=utf-8", include_str!("../../assets/passkeys.js"))
});

impl Asset {
    fn new(name: &str, extension: &str, kind: &'static str, body: &'static str) -> Self {
        Self { path: format!("/assets/{name}.{:016x}.{extension}", fnv1a(body.as_bytes())), kind, body }
    }

    fn answer(&self) -> Response {
        (
            [
                (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
                (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
            ],
            self.body,
        )
            .into_response()
    }
}

/// FNV-1a, 64 bits: tells one content from the next; nothing relies on it for security.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The routes of the assets.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(&STYLE.path, get(async || STYLE.answer()))
        .route(&ICON.path, get(async || ICON.answer()))
        .route(&PASSKEYS.path, get(async || PASSKEYS.answer()))
        .route("/favicon.ico", get(async || ICON.answer()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_style_loads_nothing_from_elsewhere() {
        assert!(!STYLE.body.contains("url("));
        assert!(!STYLE.body.contains("@import"));
    }
}
