//! Chapter 8: by when what is written to us is answered.
//!
//! Keeps promise 8.2 as far as the due date: working days by the calendar the policy names.

use avouch_calendar::{Calendar, Due};
use avouch_policy::{Period, Policy, Unit};
use jiff::Timestamp;
use jiff::civil::Date;

/// The last day for an answer to what is received on a day, by the policy's period and calendar.
#[must_use]
pub fn due(policy: &Policy, received: Date) -> Due {
    let contact = &policy.facts().contact;
    within(policy, contact.respond_within.unwrap_or(Period::Of(0, Unit::Day)), received)
}

/// The end of the last day for an answer to what is received now, as the first law in force counts days.
#[must_use]
pub fn due_at(policy: &Policy, now: Timestamp) -> Timestamp {
    let zone = policy.zone();
    let day = due(policy, now.to_zoned_datetime(zone.clone()).date()).date;
    let end = day.tomorrow().ok().and_then(|next| next.to_zoned_datetime(zone).ok());
    end.map_or(now, |end| end.timestamp())
}

/// The last day of a period that begins on a day; working days by the policy's calendar.
#[must_use]
pub fn within(policy: &Policy, period: Period, received: Date) -> Due {
    let name = policy.facts().contact.calendar.as_deref().unwrap_or("cn");
    let calendar = Calendar::named(name).unwrap_or_else(Calendar::cn);
    match period {
        Period::Of(n, Unit::WorkingDay) => calendar.due(received, n),
        other => {
            let noon = received.at(12, 0, 0, 0).to_zoned_datetime(jiff::tz::TimeZone::UTC).map(|z| z.timestamp());
            let end = noon.map(|t| other.after(t).to_zoned_datetime(jiff::tz::TimeZone::UTC).date());
            Due { date: end.unwrap_or(received), provisional: false, calendar_version: String::new() }
        }
    }
}
