//! The three listeners.

use std::future::Future;
use std::net::SocketAddr;

use avouch::App;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;

use crate::frame::Face;
use crate::http::{guard, proxy};
use crate::site::privacy;
use crate::state::{Web, foundation, know};
use crate::{api, console, site};

/// The site's routes over their foundation.
pub fn site_routes(app: App) -> Router {
    let web = Web { app };
    let routes = Router::new()
        .route("/", get(site::home::show))
        .route("/join", get(site::join::show).post(site::join::send))
        .route("/login", get(site::login::show).post(site::login::send))
        .route("/login/passkey", post(site::passkey::send))
        .route("/login/passkey/start", post(site::passkey::start))
        .route("/login/factor", post(site::login_code::factor))
        .route("/login/code", get(site::login_code::show).post(site::login_code::send))
        .route("/login/code/enter", post(site::login_code::by_code))
        .route("/login/lost", get(site::login_code::show_lost).post(site::login_code::send_lost))
        .route("/login/lost/code", post(site::login_code::lost_code))
        .route("/login/lost/reset", post(site::login_code::reset))
        .route("/login/with/{partner}", get(site::joint::show).post(site::joint::go))
        .route("/login/with/{partner}/back", get(site::joint::back))
        .route("/login/with/{partner}/join", post(site::joint::join))
        .route("/logout", post(site::logged_out::send))
        .route("/logged-out", get(site::logged_out::show))
        .route("/policy", get(site::policy::current))
        .route("/policy/feed.atom", get(site::feed::show))
        .route("/policy/{version}", get(site::policy::past))
        .route("/policy/{version}/{file}", get(site::policy::save))
        .route("/contact", get(site::contact::show).post(site::contact::send))
        .route("/contact/case", post(site::contact::back))
        .route("/contact/case/{number}/{code}", get(site::case::show).post(site::case::send))
        .route("/contact/case/{number}/{code}/letter", get(site::case::letter))
        .route("/unsubscribe/{link}", get(site::unsubscribe::show).post(site::unsubscribe::send))
        .route("/ledger/{log}/{*path}", get(site::ledger::tile))
        .route("/privacy", get(privacy::overview::show))
        .route("/privacy/items/{item}", get(privacy::item::show))
        .route("/privacy/items/{item}/reveal", post(privacy::item::reveal))
        .route("/privacy/items/{item}/correct", get(privacy::correct::show).post(privacy::correct::send))
        .route("/privacy/records/{record}/delete", get(privacy::delete::show).post(privacy::delete::send))
        .route(privacy::content::UPLOAD, get(privacy::content::show).post(privacy::content::send))
        .route("/privacy/content/{record}", get(privacy::content::one))
        .route("/privacy/content/{record}/publish", post(privacy::content::publish))
        .route("/privacy/content/{record}/unpublish", post(privacy::content::unpublish))
        .route("/privacy/content/{record}/{size}", get(privacy::content::file))
        .route("/privacy/uses", get(privacy::uses::show))
        .route("/privacy/consents", get(privacy::consents::show))
        .route("/privacy/consents/{purpose}", post(privacy::consents::send))
        .route("/privacy/consents/abroad/{recipient}", post(privacy::consents::send_abroad))
        .route("/privacy/transfer", get(privacy::transfer::show))
        .route("/privacy/transfer/{transfer}", post(privacy::transfer::object))
        .route("/privacy/transfer/{transfer}/consents/{purpose}", post(privacy::transfer::answer))
        .route("/privacy/sharing", get(privacy::sharing::show))
        .route("/privacy/sharing/{recipient}", post(privacy::sharing::send))
        .route("/privacy/recommendation", get(privacy::recommendation::show))
        .route("/privacy/recommendation/{purpose}", post(privacy::recommendation::switch))
        .route("/privacy/recommendation/decisions/{decision}", post(privacy::recommendation::ask))
        .route("/privacy/signals", get(privacy::signals::show))
        .route("/privacy/signals/{purpose}/{item}/delete", post(privacy::signals::delete))
        .route("/privacy/waiting", get(privacy::waiting::show))
        .route("/privacy/waiting/{purpose}", post(privacy::waiting::send))
        .route("/privacy/updates", get(privacy::updates::show))
        .route("/privacy/updates/{version}/read", post(privacy::updates::read))
        .route("/privacy/updates/{version}/{target}", post(privacy::updates::send))
        .route("/privacy/export", get(privacy::export::show).post(privacy::export::send))
        .route("/privacy/security", get(privacy::security::show))
        .route("/privacy/security/verify/{item}", get(privacy::security::enter).post(privacy::security::verify))
        .route("/privacy/security/verified", post(privacy::security::verified))
        .route("/privacy/security/change", post(privacy::correct::finish))
        .route("/privacy/security/password", get(privacy::security::change).post(privacy::security::changed))
        .route("/privacy/security/factor", get(privacy::security::factor).post(privacy::security::turn_on))
        .route("/privacy/security/factor/off", get(privacy::security::off))
        .route("/privacy/security/recovery", get(privacy::security::recovery))
        .route("/privacy/security/factor/change", post(privacy::security::change_factor))
        .route("/privacy/joint", get(privacy::joint::show))
        .route("/privacy/joint/prove", get(privacy::joint::proving).post(privacy::joint::prove))
        .route("/privacy/joint/{partner}/link", get(privacy::joint::before).post(privacy::joint::link))
        .route("/privacy/joint/{partner}/unlink", post(privacy::joint::unlink))
        .route("/privacy/security/passkey", get(privacy::passkeys::show).post(privacy::passkeys::add))
        .route("/privacy/security/passkey/start", post(privacy::passkeys::start))
        .route("/privacy/security/passkey/show", post(site::passkey::start_proof))
        .route("/privacy/security/passkey/proof", post(privacy::passkeys::prove))
        .route("/privacy/security/passkey/remove", get(privacy::passkeys::removing).post(privacy::passkeys::remove))
        .route("/privacy/real-name", get(privacy::real_name::show).post(privacy::real_name::send))
        .route("/privacy/real-name/consent", post(privacy::real_name::consent))
        .route("/privacy/guardian", get(privacy::guardian::show).post(privacy::guardian::ask))
        .route("/privacy/guardian/invite", post(privacy::guardian::invite))
        .route("/privacy/guardian/{link}/confirm", post(privacy::guardian::confirm))
        .route("/privacy/guardian/{link}/end", post(privacy::guardian::end))
        .route("/privacy/sessions", get(privacy::sessions::show))
        .route("/privacy/sessions/end-others", post(privacy::sessions::end_others))
        .route("/privacy/sessions/{session}/end", post(privacy::sessions::end))
        .route("/privacy/cases", get(site::case::own))
        .route("/privacy/cases/{number}", get(site::case::own_one).post(site::case::own_send))
        .route("/privacy/cases/{number}/letter", get(site::case::own_letter))
        .route("/privacy/receipts", get(privacy::receipts::list))
        .route("/privacy/receipts/{log}/{index}", get(privacy::receipts::one))
        .route("/privacy/receipts/{log}/{index}/proof.json", get(privacy::receipts::proof))
        .route("/privacy/cancel", get(privacy::cancel::show).post(privacy::cancel::send))
        .route("/privacy/cancelling", get(privacy::cancel::cancelling))
        .route("/privacy/cancel/keep", post(privacy::cancel::keep))
        .route("/privacy/cancel/now", post(privacy::cancel::now))
        .with_state(web.clone());
    let mut base = foundation(&web.app);
    // Over TLS people come to the one address that is configured, and to no other.
    if let Some(origin) = web.app.origin().filter(|o| o.tls()) {
        base.transport.tls = true;
        base.origin = Some(origin.as_str().into());
    }
    let site = guard::stand(routes, Face::Site, &base);
    proxy::behind(site.layer(from_fn_with_state(web.clone(), know)), &web.app)
}

/// The console's routes over their foundation.
pub fn console_routes(app: App) -> Router {
    let web = Web { app };
    let routes = console::access::routes(&web);
    let staff = guard::stand(routes, Face::Console, &foundation(&web.app));
    proxy::behind(staff.layer(from_fn_with_state(web.clone(), console::know)), &web.app)
}

async fn serve(
    routes: Router,
    on: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(on, service).with_graceful_shutdown(stop).await
}

/// Serves the site until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve_site(
    app: App,
    on: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve(site_routes(app), on, stop).await
}

/// Serves the service API until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve_api(
    app: App,
    on: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve(api::routes(app), on, stop).await
}

/// Serves the console until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve_console(
    app: App,
    on: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve(console_routes(app), on, stop).await
}
