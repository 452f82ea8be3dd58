//! `avouch calendar`: when a deadline in working days ends, and years announced since this build.

use std::path::PathBuf;

use avouch_calendar::Calendar as Days;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Count working days.
#[derive(Debug, Subcommand)]
pub(crate) enum Calendar {
    /// When so many working days after a day are over.
    Due(Due),
    /// Take a year that was announced late; running deadlines are counted anew.
    Announce(Announce),
}

/// When so many working days after a day are over; the day itself is not counted.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch calendar due --calendar cn --from 2026-02-06 --working-days 15")]
pub(crate) struct Due {
    /// Whose working days: cn, eu, us-ca.
    #[arg(long)]
    calendar: String,
    /// The day of receipt, e.g. 2026-02-06.
    #[arg(long)]
    from: Date,
    /// How many working days.
    #[arg(long)]
    working_days: u32,
}

/// Take a year that was announced for mainland China; running deadlines are counted anew, and say so.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch calendar announce 2027.json --config avouch.toml\n\nThe file has the layout \
                  of the holiday-cn data set: year, papers, days with date and isOffDay. A file without days is \
                  refused: such a year is not announced."
)]
pub(crate) struct Announce {
    /// The year's file.
    file: PathBuf,
    #[command(flatten)]
    place: Where,
}

impl Announce {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let text = std::fs::read_to_string(&self.file)
            .map_err(|e| Failure::new("calendar", format!("cannot read {}: {e}", self.file.display())))?;
        let opened = self.place.open().await?;
        let announced = opened.app.announce_year(&text).await?;
        output::answer(json, &announced, || {
            format!("{} is announced ({}); {} deadlines moved", announced.year, announced.version, announced.moved)
        });
        Ok(Found::Nothing)
    }
}

impl Calendar {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let ask = match self {
            Self::Due(ask) => ask,
            Self::Announce(announce) => return announce.run(json).await,
        };
        let days = Days::named(&ask.calendar).ok_or_else(|| {
            Failure::new("calendar", format!("there is no calendar '{}'; there are cn, eu and us-ca", ask.calendar))
        })?;
        let due = days.due(ask.from, ask.working_days);
        let data = json!({
            "calendar": ask.calendar,
            "version": due.calendar_version,
            "from": ask.from.to_string(),
            "working_days": ask.working_days,
            "due": due.date.to_string(),
            "provisional": due.provisional,
        });
        output::answer(json, &data, || {
            if due.provisional {
                format!(
                    "{} (provisional: the year's holidays are not announced; a safety margin is taken off)",
                    due.date
                )
            } else {
                due.date.to_string()
            }
        });
        Ok(Found::Nothing)
    }
}
