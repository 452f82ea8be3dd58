//! `avouch calendar due`: when a deadline in working days ends.

use avouch_calendar::Calendar as Days;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::json;

use crate::output::{self, Failure, Found};

/// Count working days.
#[derive(Debug, Subcommand)]
pub(crate) enum Calendar {
    /// When so many working days after a day are over.
    Due(Due),
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

impl Calendar {
    pub(crate) fn run(self, json: bool) -> Result<Found, Failure> {
        let Self::Due(ask) = self;
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
