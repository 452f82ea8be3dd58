//! Security headers on every answer (ASVS 3.4), and `no-store` unless a handler says otherwise (14.2).

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// What the pages may load: their own style and icon, nothing else; no script at all, but where a passkey can be shown.
pub const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; form-action 'self'; \
                       frame-ancestors 'none'; base-uri 'none'";

/// The same for a page with a passkey's button: the one script of our own, which asks nobody but us.
pub const CSP_PASSKEYS: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
                                img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
                                require-trusted-types-for 'script'";

/// Devices and features the pages never ask for.
const PERMISSIONS: &str = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), \
                           geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()";

/// Whether the face is reached over TLS: then browsers are told to use nothing else (HSTS).
#[derive(Clone, Copy, Debug)]
pub struct Transport {
    /// True when TLS ends here or at a proxy in front.
    pub tls: bool,
}

/// Middleware: adds the headers; those a handler has set itself stay.
pub async fn add(State(transport): State<Transport>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // `same-origin` and not `no-referrer`: with the latter browsers send `Origin: null` with forms.
    let fixed: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if transport.tls {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    response
}
