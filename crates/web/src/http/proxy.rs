//! The address a request comes from, before anything else looks at it.
//!
//! Keeps promise 1.5. Behind a proxy the socket's peer is the proxy; the person's address stands in a header that is
//! believed from the proxies in the configuration alone (`avouch::security::proxy`).

use std::net::SocketAddr;
use std::sync::Arc;

use avouch::App;
use avouch::security::proxy::{Network, forwarded_for};
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

/// Says that a proxy of ours named the address, which the request's `ConnectInfo` now holds.
#[derive(Debug, Clone, Copy)]
pub struct Forwarded;

/// A face's routes behind the proxies in the configuration.
pub fn behind(routes: Router, app: &App) -> Router {
    let trusted = Arc::<[Network]>::from(app.settings.trusted_proxies.as_slice());
    routes.layer(from_fn_with_state(trusted, peer))
}

/// Middleware, outermost: puts the person's address in place of the proxy's.
async fn peer(State(trusted): State<Arc<[Network]>>, mut request: Request, next: Next) -> Response {
    let told = request.extensions().get::<ConnectInfo<SocketAddr>>().and_then(|peer| {
        let headers = request.headers().get_all("x-forwarded-for").iter();
        // A header that is no text is a word that cannot be read.
        let said: Vec<&str> = headers.map(|value| value.to_str().unwrap_or("?")).collect();
        forwarded_for(peer.0.ip(), said.into_iter(), &trusted)
    });
    if let Some(ip) = told {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(ip, 0)));
        request.extensions_mut().insert(Forwarded);
    }
    next.run(request).await
}
