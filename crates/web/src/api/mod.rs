//! The service API, `/v1`: services put, read and list records through the gate.
//!
//! Every call names its purpose; what the policy does not allow is refused with every reason as a problem
//! document. Keeps promise 2.0 towards services.

pub mod analytics;
pub mod auth;
pub mod automated;
pub mod bulk;
pub mod campaigns;
pub mod egress;
pub mod ended;
pub mod health;
pub mod notices;
pub mod policy;
pub mod posts;
pub mod problem;
pub mod records;
pub mod sent;
pub mod sessions;
pub mod signals;
pub mod subjects;
pub mod tokens;
pub mod uploads;

use avouch::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::fault::Fault;
use crate::http::guard::panicked;
use crate::http::{Random, proxy, request_id, within};
use crate::state::Web;

/// The largest body taken, in bytes.
pub const BODY_LIMIT: usize = 1024 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Avouch service API",
        description = "Personal data through the gate: every call names its purpose, is checked against the policy in \
                       force, and leaves a leaf in the ledger, refusals included."
    ),
    modifiers(&Bearer),
    security(("credential" = []))
)]
struct Description;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("NAME.SECRET").build();
        let parts = description.components.get_or_insert_with(Default::default);
        parts.add_security_scheme("credential", SecurityScheme::Http(scheme));
    }
}

fn described() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(health::health))
        .routes(routes!(policy::current))
        .routes(routes!(policy::words))
        .routes(routes!(subjects::open))
        .routes(routes!(subjects::find))
        .routes(routes!(subjects::set_external))
        .routes(routes!(sessions::introspect))
        .routes(routes!(ended::end))
        .routes(routes!(records::list, records::put))
        .routes(routes!(records::of_item))
        .routes(routes!(records::one))
        .routes(routes!(uploads::content))
        .routes(routes!(uploads::begin))
        .routes(routes!(uploads::stand, uploads::send, uploads::give_up))
        .routes(routes!(posts::publish, posts::unpublish))
        .routes(routes!(posts::feed))
        .routes(routes!(posts::one))
        .routes(routes!(posts::comments, posts::comment))
        .routes(routes!(signals::sending, signals::take))
        .routes(routes!(signals::read))
        .routes(routes!(signals::permit))
        .routes(routes!(egress::call))
        .routes(routes!(egress::standing))
        .routes(routes!(tokens::make))
        .routes(routes!(tokens::reveal))
        .routes(routes!(tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(notices::open))
        .routes(routes!(notices::acknowledge))
        .routes(routes!(bulk::stream))
        .routes(routes!(automated::personalisation))
        .routes(routes!(automated::decide))
        .routes(routes!(automated::decision))
        .routes(routes!(analytics::counts))
        .routes(routes!(campaigns::begin))
        .routes(routes!(campaigns::one))
        .routes(routes!(campaigns::slot))
}

/// The description of the API, as JSON.
#[must_use]
pub fn openapi() -> String {
    let (_, description) = described().split_for_parts();
    description.to_pretty_json().unwrap_or_default()
}

/// The API's routes, with everything that guards them.
pub fn routes(app: App) -> Router {
    let web = Web { app };
    let store = web.app.store.clone();
    let random = Random::new(move |out| store.fill(out));
    let (routes, _) = described().split_for_parts();
    let app = web.app.clone();
    let routes = routes
        .with_state(web)
        .route("/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], openapi())))
        .route("/v1/signals.js", get(signals::sender))
        .fallback(async || Fault::NotFound)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(within::answer))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(SetResponseHeaderLayer::overriding(
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        ))
        .layer(from_fn(problem::render))
        .layer(from_fn_with_state(random, request_id::name));
    proxy::behind(routes, &app)
}
