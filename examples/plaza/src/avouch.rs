//! What is asked of Avouch: each call for a purpose, and what is refused comes back with its reasons.

use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The largest answer read.
const MOST: usize = 4 << 20;

/// Why a call brought nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Refused, with what to tell the person.
    Refused(String),
    /// There is no such thing.
    NotFound,
    /// Avouch cannot be asked: nothing personal is shown then.
    Away(String),
}

/// One thing published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Post {
    /// Its public name.
    pub(crate) id: String,
    /// Since when.
    pub(crate) at: String,
    /// The author's nickname.
    pub(crate) author: Option<String>,
    /// `text`, `comment`, `picture`, `video`.
    pub(crate) item: String,
    /// The text.
    pub(crate) value: String,
    /// What a comment answers.
    pub(crate) parent: Option<String>,
}

/// What an answer may be made from.
#[derive(Debug, Deserialize)]
pub(crate) struct Personal {
    /// Whether it may be personalised.
    pub(crate) personalised: bool,
    /// What it may be made from.
    pub(crate) tags: Vec<Tag>,
    /// How it is decided, for the person.
    pub(crate) logic: String,
}

/// One thing an answer may be made from.
#[derive(Debug, Deserialize)]
pub(crate) struct Tag {
    /// The value.
    pub(crate) value: String,
}

/// The service API.
#[derive(Debug)]
pub(crate) struct Avouch {
    base: String,
    credential: header::HeaderValue,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Avouch {
    /// At an address, with the service's credential.
    pub(crate) fn new(base: &str, credential: &str) -> Result<Self, String> {
        let mut bearer = header::HeaderValue::from_str(&format!("Bearer {credential}"))
            .map_err(|_| "the credential holds what no header can carry".to_owned())?;
        bearer.set_sensitive(true);
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { base: base.trim_end_matches('/').to_owned(), credential: bearer, client })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        language: &str,
        body: Option<Value>,
    ) -> Result<T, Fault> {
        let away = |e: &dyn std::fmt::Display| Fault::Away(e.to_string());
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, self.credential.clone())
            .header(header::ACCEPT_LANGUAGE, language)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.map(|b| b.to_string()).unwrap_or_default())))
            .map_err(|e| away(&e))?;
        let response = self.client.request(request).await.map_err(|e| away(&e))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST).collect().await.map_err(|e| away(&e))?.to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|e| away(&e));
        }
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        Err(match status {
            StatusCode::NOT_FOUND => Fault::NotFound,
            StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST | StatusCode::CONFLICT => Fault::Refused(told(&problem)),
            other => Fault::Away(format!("{other}: {}", told(&problem))),
        })
    }

    /// Whose session a cookie is; nothing where it is over.
    pub(crate) async fn whose(&self, cookie: &str) -> Result<Option<String>, Fault> {
        #[derive(Deserialize)]
        struct Introspected {
            subject: Option<String>,
        }
        let found: Introspected =
            self.call(Method::POST, "/v1/sessions/introspect", "en", Some(json!({ "session": cookie }))).await?;
        Ok(found.subject)
    }

    /// The newest posts.
    pub(crate) async fn feed(&self) -> Result<Vec<Post>, Fault> {
        self.posts("/v1/feed?limit=50").await
    }

    /// One post.
    pub(crate) async fn post(&self, post: &str) -> Result<Post, Fault> {
        self.call(Method::GET, &format!("/v1/posts/{}", word(post)?), "en", None).await
    }

    /// The comments of a post.
    pub(crate) async fn comments(&self, post: &str) -> Result<Vec<Post>, Fault> {
        self.posts(&format!("/v1/posts/{}/comments?limit=50", word(post)?)).await
    }

    async fn posts(&self, path: &str) -> Result<Vec<Post>, Fault> {
        #[derive(Deserialize)]
        struct Listing {
            posts: Vec<Post>,
        }
        Ok(self.call::<Listing>(Method::GET, path, "en", None).await?.posts)
    }

    /// What the feed of a person may be ordered by.
    pub(crate) async fn personal(&self, subject: &str, language: &str) -> Result<Personal, Fault> {
        let path = format!("/v1/subjects/{subject}/personalisation?purpose=recommendation");
        self.call(Method::GET, &path, language, None).await
    }

    /// Writes a text and publishes it.
    pub(crate) async fn write(&self, subject: &str, text: &str, language: &str) -> Result<(), Fault> {
        #[derive(Deserialize)]
        struct Kept {
            record: String,
        }
        let new = json!({ "purpose": "content", "item": "text", "value": text });
        let kept: Kept =
            self.call(Method::POST, &format!("/v1/subjects/{subject}/records"), language, Some(new)).await?;
        let publish = format!("/v1/subjects/{subject}/records/text/{}/publication", kept.record);
        self.call::<Value>(Method::POST, &publish, language, None).await.map(|_| ())
    }

    /// Comments on a post.
    pub(crate) async fn comment(&self, post: &str, subject: &str, text: &str, language: &str) -> Result<(), Fault> {
        let new = json!({ "subject": subject, "value": text });
        let path = format!("/v1/posts/{}/comments", word(post)?);
        self.call::<Value>(Method::POST, &path, language, Some(new)).await.map(|_| ())
    }
}

/// What stands in a path may only be a name of ours: letters and digits.
fn word(text: &str) -> Result<&str, Fault> {
    let fits = !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric());
    if fits { Ok(text) } else { Err(Fault::NotFound) }
}

/// What a problem document says to a person: each reason's remedy, else its detail, else its title.
fn told(problem: &Value) -> String {
    let reasons = problem.get("reasons").and_then(Value::as_array);
    let remedies: Vec<&str> = reasons.into_iter().flatten().filter_map(|r| r.get("remedy")?.as_str()).collect();
    if !remedies.is_empty() {
        return remedies.join(" ");
    }
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    text("detail").or_else(|| text("title")).unwrap_or_default()
}
