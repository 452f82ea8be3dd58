//! The pages. Every value is escaped by the templates; a form counts only when it comes from this site.

use askama::Template;
use axum::Form;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::Plaza;
use crate::avouch::{Fault, Personal, Post};
use crate::recommend::{Placed, place, topics};

/// The cookie of Avouch's site, which browsers send to every port of its host.
const SESSION: &str = "__Host-session";

/// Whoever asks: their subject id, if they are logged in, and their language.
pub(crate) struct Visitor {
    subject: Option<String>,
    chinese: bool,
}

impl Visitor {
    fn tag(&self) -> &'static str {
        if self.chinese { "zh-CN" } else { "en" }
    }

    fn say(&self, en: &'static str, zh: &'static str) -> &'static str {
        if self.chinese { zh } else { en }
    }
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

impl FromRequestParts<Plaza> for Visitor {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, plaza: &Plaza) -> Result<Self, Failed> {
        let languages = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        let chinese = languages.is_some_and(|l| l.trim_start().to_lowercase().starts_with("zh"));
        let subject = match cookie(&parts.headers, SESSION) {
            Some(session) => plaza.avouch.whose(session).await?,
            None => None,
        };
        Ok(Self { subject, chinese })
    }
}

/// Proof that a form comes from this very site: browsers say so themselves.
pub(crate) struct OfOurs;

impl<S: Send + Sync> FromRequestParts<S> for OfOurs {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let site = parts.headers.get(HeaderName::from_static("sec-fetch-site"));
        match site {
            Some(value) if value == "same-origin" => Ok(Self),
            _ => Err((StatusCode::FORBIDDEN, "this form did not come from a page of this site")),
        }
    }
}

/// What could not be shown.
pub(crate) struct Failed(Fault);

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for Failed {
    #[expect(clippy::print_stderr, reason = "an example's log")]
    fn into_response(self) -> Response {
        match self.0 {
            Fault::Refused(why) => (StatusCode::FORBIDDEN, why).into_response(),
            Fault::NotFound => (StatusCode::NOT_FOUND, "There is no such post. 没有这条内容。").into_response(),
            Fault::Away(why) => {
                eprintln!("avouch cannot be asked: {why}");
                let text = "Nothing can be shown right now: what people decided cannot be asked. 暂时无法显示。";
                (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
            }
        }
    }
}

fn page(template: &impl Template) -> Response {
    let Ok(html) = template.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let csp =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    ([(header::CONTENT_SECURITY_POLICY, csp), (header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

#[derive(Template)]
#[template(path = "feed.html")]
struct Feed {
    who: Visitor,
    site: std::sync::Arc<str>,
    posts: Vec<Placed>,
    /// How it is ordered, where it is by interests.
    logic: Option<String>,
    /// What was refused, and what would help.
    refused: String,
}

async fn shown(plaza: &Plaza, who: Visitor, refused: String) -> Result<Response, Failed> {
    let mut posts = plaza.avouch.feed().await?;
    posts.retain(|post| post.item == "text" || post.item == "comment" && post.parent.is_none());
    // The same call for who has it on and who has it off.
    let personal = match &who.subject {
        Some(subject) => Some(plaza.avouch.personal(subject, who.tag()).await?),
        None => None,
    };
    let (topics, logic) = match personal {
        Some(Personal { personalised: true, tags, logic }) => {
            (topics(tags.iter().map(|t| t.value.as_str())), Some(logic))
        }
        _ => (Vec::new(), None),
    };
    let status = if refused.is_empty() { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let feed = Feed { who, site: plaza.site.clone(), posts: place(posts, &topics), logic, refused };
    Ok((status, page(&feed)).into_response())
}

/// `GET /`
pub(crate) async fn feed(State(plaza): State<Plaza>, who: Visitor) -> Result<Response, Failed> {
    shown(&plaza, who, String::new()).await
}

/// What a person wrote.
#[derive(Deserialize)]
pub(crate) struct Written {
    text: String,
}

/// `POST /posts`
pub(crate) async fn write(
    State(plaza): State<Plaza>,
    who: Visitor,
    _: OfOurs,
    Form(written): Form<Written>,
) -> Result<Response, Failed> {
    let Some(subject) = &who.subject else { return Ok(Redirect::to(&format!("{}/login", plaza.site)).into_response()) };
    match plaza.avouch.write(subject, &written.text, who.tag()).await {
        Ok(()) => Ok(Redirect::to("/").into_response()),
        Err(Fault::Refused(why)) => shown(&plaza, who, why).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "post.html")]
struct One {
    who: Visitor,
    site: std::sync::Arc<str>,
    post: Post,
    comments: Vec<Post>,
    refused: String,
}

async fn thread(plaza: &Plaza, who: Visitor, id: &str, refused: String) -> Result<Response, Failed> {
    let post = plaza.avouch.post(id).await?;
    let comments = plaza.avouch.comments(id).await?;
    let status = if refused.is_empty() { StatusCode::OK } else { StatusCode::FORBIDDEN };
    Ok((status, page(&One { who, site: plaza.site.clone(), post, comments, refused })).into_response())
}

/// `GET /posts/{post}`
pub(crate) async fn one(State(plaza): State<Plaza>, who: Visitor, Path(id): Path<String>) -> Result<Response, Failed> {
    thread(&plaza, who, &id, String::new()).await
}

/// `POST /posts/{post}/comments`
pub(crate) async fn comment(
    State(plaza): State<Plaza>,
    who: Visitor,
    _: OfOurs,
    Path(id): Path<String>,
    Form(written): Form<Written>,
) -> Result<Response, Failed> {
    let Some(subject) = &who.subject else { return Ok(Redirect::to(&format!("{}/login", plaza.site)).into_response()) };
    match plaza.avouch.comment(&id, subject, &written.text, who.tag()).await {
        Ok(()) => Ok(Redirect::to(&format!("/posts/{id}")).into_response()),
        Err(Fault::Refused(why)) => thread(&plaza, who, &id, why).await,
        Err(other) => Err(other.into()),
    }
}
