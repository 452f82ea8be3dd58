//! `/v1/tokens`: random tokens in place of values, revealed only through the gate.
//!
//! Keeps promises 2.0 and 5.5.

use avouch::sharing::tokens::NewToken;
use avouch::store::{RecordId, TokenHead};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::{Detailed, Problem};
use crate::api::records::{Answer, Evidence, answer, subject};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::state::Web;

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub struct New {
    /// Whose value.
    pub subject: String,
    /// The purpose it may be revealed for, one the credential is bound to.
    #[schema(example = "orders")]
    pub purpose: String,
    /// Of which item.
    #[schema(example = "phone")]
    pub item: String,
    /// Which record of it; without it the only one.
    pub record: Option<String>,
    /// After how many seconds it ends; without it, with the value.
    pub expires_in: Option<u32>,
    /// How often it can be revealed; without it, as often as is permitted.
    pub uses: Option<u32>,
}

/// A token that was made. Its text is shown once.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "holds a token")]
pub struct Made {
    /// The token.
    #[schema(example = "tok_k1Zx…")]
    pub token: String,
    /// What is known of it.
    #[serde(flatten)]
    pub head: Head,
    /// Where its making is recorded.
    pub receipt: Evidence,
}

/// What is known of a token without being it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenHead)]
pub struct Head {
    /// Names it, to list and revoke it.
    pub handle: String,
    /// What it may be revealed for.
    pub purpose: String,
    /// Of which item.
    pub item: String,
    /// Which record of it.
    pub record: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// When it ends, RFC 3339; null: with the value.
    pub expires: Option<String>,
    /// How often it can still be revealed; null: as often as is permitted.
    pub uses: Option<u64>,
}

impl From<TokenHead> for Head {
    fn from(head: TokenHead) -> Self {
        Self {
            handle: head.handle,
            purpose: head.purpose,
            item: head.item,
            record: head.record.to_string(),
            created: head.created.to_string(),
            expires: head.expires.map(|at| at.to_string()),
            uses: head.uses,
        }
    }
}

/// A token to be revealed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "holds a token")]
#[schema(as = TokenText)]
pub struct Token {
    /// The token.
    pub token: String,
}

/// Tokens of a subject.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenListing)]
pub struct Listing {
    /// The tokens the service holds, newest first.
    pub tokens: Vec<Head>,
}

/// Makes a token for a value the service may use.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/tokens", tag = "sharing", request_body = New,
    responses((status = 201, body = Made), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 415, body = Problem)))]
pub async fn make(
    State(web): State<Web>,
    caller: Caller,
    Sent(new): Sent<New>,
) -> Result<(StatusCode, Json<Made>), Response> {
    let malformed = |text: String| Detailed(Fault::Malformed, text).into_response();
    let record: Option<RecordId> = match &new.record {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| malformed("`record`: this is not a record's id".to_owned()))?),
    };
    let new = NewToken {
        subject: subject(&new.subject).map_err(IntoResponse::into_response)?,
        purpose: new.purpose,
        item: new.item,
        record,
        expires_in: new.expires_in.map(|s| SignedDuration::from_secs(i64::from(s))),
        uses: new.uses.map(u64::from),
    };
    let (token, head, receipt) = web.app.make_token(&caller.service, new).await.map_err(caller.told())?;
    Ok((StatusCode::CREATED, Json(Made { token, head: head.into(), receipt: receipt.into() })))
}

/// Turns a token back into its value, for the purpose it was made for.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/tokens/reveal", tag = "sharing", request_body = Token,
    responses((status = 200, body = Answer), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 415, body = Problem)))]
pub async fn reveal(
    State(web): State<Web>,
    caller: Caller,
    Sent(token): Sent<Token>,
) -> Result<Json<Answer>, Response> {
    let used = web.app.reveal_token(&caller.service, &token.token).await.map_err(caller.told())?;
    Ok(Json(answer(&web.policy(), used)))
}

/// Lists the tokens the service holds of a subject.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/tokens", tag = "sharing", params(("subject" = String, Path)),
    responses((status = 200, body = Listing), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn list(
    State(web): State<Web>,
    caller: Caller,
    Path(whose): Path<String>,
) -> Result<Json<Listing>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let tokens = web.app.tokens(&caller.service, whose).await.map_err(caller.told())?;
    Ok(Json(Listing { tokens: tokens.into_iter().map(Head::from).collect() }))
}

/// Revokes a token by its handle.
///
/// # Errors
/// Problem documents.
#[utoipa::path(delete, path = "/v1/subjects/{subject}/tokens/{handle}", tag = "sharing",
    params(("subject" = String, Path), ("handle" = String, Path)),
    responses((status = 200, body = Evidence), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub async fn revoke(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, handle)): Path<(String, String)>,
) -> Result<Json<Evidence>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let receipt = web.app.revoke_token(&caller.service, whose, &handle).await.map_err(caller.told())?;
    Ok(Json(receipt.into()))
}
