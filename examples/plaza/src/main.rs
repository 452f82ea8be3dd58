//! A small community site that keeps no personal data of its own: it has no database.
//!
//! People join and log in at Avouch's site, on the same host; here their session's cookie is shown to Avouch, which
//! says whose it is. Posts, comments and interests are records there, read and written for a purpose each time, and
//! what a person refuses is refused on the very next request. Shows promises 1.3, 2.0, 2.2, 2.5 and 4.4 from the side of
//! a service.

mod avouch;
mod pages;
mod recommend;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use clap::Parser;

use crate::avouch::Avouch;

/// A community site over Avouch.
#[derive(Debug, Parser)]
struct Args {
    /// Where Avouch's service API is, on this machine or in a network that nobody else is in.
    #[arg(long, default_value = "http://127.0.0.1:8421")]
    api: String,
    /// Where people find Avouch's site.
    #[arg(long, default_value = "http://127.0.0.1:8420")]
    site: String,
    /// A file that holds the service's credential, bound to the purposes content, publication, recommendation and
    /// marketing.
    #[arg(long)]
    credential: PathBuf,
    /// Where people come.
    #[arg(long, default_value = "127.0.0.1:8430")]
    listen: SocketAddr,
}

/// What every page needs.
#[derive(Clone)]
struct Plaza {
    avouch: Arc<Avouch>,
    site: Arc<str>,
}

fn routes(plaza: Plaza) -> Router {
    Router::new()
        .route("/", get(pages::feed))
        .route("/posts", post(pages::write))
        .route("/posts/{post}", get(pages::one))
        .route("/posts/{post}/comments", post(pages::comment))
        .with_state(plaza)
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the line that says where it listens is what it prints")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let credential = std::fs::read_to_string(&args.credential)
        .map_err(|e| format!("the credential in {} cannot be read: {e}", args.credential.display()))?;
    let plaza = Plaza {
        avouch: Arc::new(Avouch::new(&args.api, credential.trim())?),
        site: args.site.trim_end_matches('/').into(),
    };
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes(plaza)).await?;
    Ok(())
}
