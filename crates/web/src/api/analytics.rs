//! `GET /v1/analytics/{purpose}`: how many people had a value on a day, and nothing about any of them.
//!
//! Keeps promise 2.3 towards services.
#![expect(unused_qualifications, reason = "the macro that describes an endpoint names its query in full")]

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::auth::Caller;
use crate::api::problem::{Detailed, Problem};
use crate::api::records::Evidence;
use crate::fault::Fault;
use crate::state::Web;

/// What is to be counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// An item of the purpose that devices send.
    #[param(example = "function_used")]
    pub item: String,
    /// One of its fields.
    #[param(example = "function")]
    pub field: String,
    /// The first day.
    #[param(example = "2026-12-01")]
    pub from: String,
    /// The last day.
    #[param(example = "2026-12-31")]
    pub to: String,
}

/// How many people had a value.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cell {
    /// The value.
    pub value: String,
    /// How many people.
    pub people: u64,
}

/// One day's counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Day {
    /// The day, as the law in force counts days.
    pub day: String,
    /// The counts, the largest first. Values that fewer people had than `smallest` are not told, and no sum is.
    pub cells: Vec<Cell>,
}

/// Counts by day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    /// The fewest people a count stands for.
    pub smallest: u32,
    /// What these counts are: `de-identified`, which is not the same as anonymous.
    pub kind: String,
    /// The days that are over and were counted.
    pub days: Vec<Day>,
    /// Where this look is recorded.
    pub receipt: Evidence,
}

/// Counts people by a field of what devices sent, for whole days that are over.
///
/// # Errors
/// Problem documents.
#[utoipa::path(get, path = "/v1/analytics/{purpose}", tag = "analytics",
    params(("purpose" = String, Path, example = "analytics"), Wanted),
    responses((status = 200, body = Counts), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
pub async fn counts(
    State(web): State<Web>,
    caller: Caller,
    Path(purpose): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Counts>, Response> {
    let date = |name: &str, text: &str| -> Result<Date, Detailed> {
        text.parse().map_err(|_| Detailed(Fault::Malformed, format!("`{name}`: write year-month-day")))
    };
    let from = date("from", &wanted.from).map_err(IntoResponse::into_response)?;
    let to = date("to", &wanted.to).map_err(IntoResponse::into_response)?;
    let counted = web.app.counts(&purpose, &wanted.item, &wanted.field, from, to, &caller.service).await;
    let counted = counted.map_err(caller.told())?;
    let day = |(day, cells): (Date, Vec<avouch::store::Cell>)| Day {
        day: day.to_string(),
        cells: cells.into_iter().map(|c| Cell { value: c.value, people: c.people }).collect(),
    };
    Ok(Json(Counts {
        smallest: counted.smallest,
        kind: "de-identified".to_owned(),
        days: counted.days.into_iter().map(day).collect(),
        receipt: counted.receipt.into(),
    }))
}
