//! `/v1/campaigns` and promotional places: offers to those who asked for them, and to nobody else.
//!
//! Keeps promise 2.5 towards services.

use std::collections::BTreeMap;

use avouch::usage::marketing::{NewCampaign, Slot, Words};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::{Detailed, Problem};
use crate::api::records::{Evidence, subject};
use crate::api::sent::Sent;
use crate::fault::Fault;
use crate::state::Web;

/// What is said in one language.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CampaignWords)]
pub struct Said {
    /// The subject line, or the heading at its place.
    #[schema(example = "The night market is back")]
    pub line: String,
    /// The text. The link that refuses is added to it.
    pub text: String,
}

/// A campaign to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCampaign)]
pub struct New {
    /// A purpose of the policy that has a channel.
    #[schema(example = "marketing")]
    pub purpose: String,
    /// What it says, in every language of the policy.
    pub words: BTreeMap<String, Said>,
    /// For the channel on pages: the place it is shown at.
    pub slot: Option<String>,
    /// For the channel on pages: when it is shown no more, RFC 3339.
    pub until: Option<String>,
}

/// A campaign that began.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignBegun)]
pub struct Begun {
    /// Its id.
    pub campaign: String,
}

/// What came of a campaign: how many, and never who.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignStanding)]
pub struct Came {
    /// Its id.
    pub campaign: String,
    /// Its purpose.
    pub purpose: String,
    /// When it began, RFC 3339.
    pub at: String,
    /// Whether everyone who opted in was looked at.
    pub done: bool,
    /// Messages queued.
    pub queued: u64,
    /// Messages sent.
    pub sent: u64,
    /// People who opted in and cannot be reached: the gate said no, or no verified contact.
    pub refused: u64,
    /// Addresses that refused before, in this account or an earlier one.
    pub suppressed: u64,
}

/// What a place shows a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Place {
    /// Whether it is an offer. If not, show something neutral of your own.
    pub offer: bool,
    /// The offer's words; null for the neutral.
    pub words: Option<Said>,
    /// Where the use is recorded; null for the neutral.
    pub receipt: Option<Evidence>,
}

/// Begins a campaign. Each message is asked of the gate as it goes, and carries a link that refuses at once.
///
/// # Errors
/// Problem documents.
#[utoipa::path(post, path = "/v1/campaigns", tag = "marketing", request_body = New,
    responses((status = 201, body = Begun), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn begin(
    State(web): State<Web>,
    caller: Caller,
    Sent(new): Sent<New>,
) -> Result<(StatusCode, Json<Begun>), Response> {
    let until = new.until.as_deref().map(str::parse).transpose();
    let until =
        until.map_err(|_| Detailed(Fault::Malformed, "`until`: write an RFC 3339 time".into()).into_response())?;
    let words = new.words.into_iter().map(|(lang, w)| (lang, Words { line: w.line, text: w.text })).collect();
    let new = NewCampaign { purpose: new.purpose, words, slot: new.slot, until };
    let id = web.app.start_campaign(new, &caller.service).await.map_err(caller.told())?;
    Ok((StatusCode::CREATED, Json(Begun { campaign: HEXLOWER.encode(&id) })))
}

/// What came of a campaign so far.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/campaigns/{campaign}", tag = "marketing", params(("campaign" = String, Path)),
    responses((status = 200, body = Came), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(State(web): State<Web>, caller: Caller, Path(id): Path<String>) -> Result<Json<Came>, Response> {
    let named = HEXLOWER.decode(id.as_bytes()).ok().and_then(|b| b.try_into().ok());
    let named = named.ok_or_else(|| Fault::NotFound.into_response())?;
    let campaign = web.app.campaign(named, &caller.service).await.map_err(caller.told())?;
    Ok(Json(Came {
        campaign: id,
        purpose: campaign.purpose,
        at: campaign.at.to_string(),
        done: campaign.done,
        queued: campaign.queued,
        sent: campaign.sent,
        refused: campaign.refused,
        suppressed: campaign.suppressed,
    }))
}

/// What a promotional place shows a person, asked of the gate at each display; neutral where it is not permitted.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/subjects/{subject}/slots/{slot}", tag = "marketing",
    params(("subject" = String, Path), ("slot" = String, Path, example = "home-top")),
    responses((status = 200, body = Place), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn slot(
    State(web): State<Web>,
    caller: Caller,
    Path((whose, slot)): Path<(String, String)>,
) -> Result<Json<Place>, Response> {
    let whose = subject(&whose).map_err(IntoResponse::into_response)?;
    let shown = web.app.slot(whose, &slot, caller.tag(), &caller.service).await.map_err(caller.told())?;
    Ok(Json(match shown {
        Slot::Offer { words, receipt } => Place {
            offer: true,
            words: Some(Said { line: words.line, text: words.text }),
            receipt: Some(receipt.into()),
        },
        Slot::Neutral => Place { offer: false, words: None, receipt: None },
    }))
}
