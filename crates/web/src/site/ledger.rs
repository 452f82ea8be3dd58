//! The ledger for strangers: checkpoint, tiles and entries, as tlog-tiles names them.

use avouch::store::tile::{Wanted, parse};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::fault::Fault;
use crate::state::{Web, told};

/// `GET /ledger/{log}/{path}`: public, and without personal data.
///
/// # Errors
/// [`Fault::NotFound`] for what is not in the log.
pub async fn tile(State(web): State<Web>, Path((log, path)): Path<(String, String)>) -> Result<Response, Fault> {
    let wanted = parse(&path).ok_or(Fault::NotFound)?;
    let bytes = web.app.tile(&log, wanted).await.map_err(|e| told(&e, "en"))?.ok_or(Fault::NotFound)?;
    let kind = if wanted == Wanted::Checkpoint { "text/plain; charset=utf-8" } else { "application/octet-stream" };
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}
