//! Limits of tries and of messages: by account, place, number and all together.
//!
//! Keeps promise 2.1 (ASVS 2.4.1, 6.1.1, 6.3.1, 6.6.2). No limit locks a victim out: what strangers do from
//! elsewhere is counted apart from what is done where the person logged in before, and who asks for too many
//! codes still has the password.

use std::net::IpAddr;

use avouch_policy::model::Kind;
use avouch_seal::SubjectId;
use avouch_store::{Hold, StoreError, Transact, Tx};
use jiff::SignedDuration;

/// How many messages may be asked for. Docs: `docs/configuration.md`.
#[derive(Debug, Clone)]
pub struct SendLimits {
    /// SMS to one number in a minute.
    pub number_minute: u64,
    /// Messages to one address or number in an hour; as many again, for getting in, from a place its person
    /// logged in from.
    pub contact_hour: u64,
    /// Messages to one address or number in a day; as many again from such a place.
    pub contact_day: u64,
    /// SMS in an hour to numbers that differ in their last four digits only.
    pub range_hour: u64,
    /// Messages asked for from one place in an hour.
    pub place_hour: u64,
    /// SMS of the whole installation in a day; reaching it is an alarm.
    pub sms_day: u64,
    /// Mails of the whole installation in a day; reaching it is an alarm.
    pub mail_day: u64,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self {
            number_minute: 1,
            contact_hour: 5,
            contact_day: 10,
            range_hour: 60,
            place_hour: 60,
            sms_day: 10_000,
            mail_day: 100_000,
        }
    }
}

/// The place an address is in: 256 neighbours of IPv4, one site (/48) of IPv6. Empty stays empty.
#[must_use]
pub fn place(address: &str) -> String {
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}")
        }
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}")
        }
        Err(_) => address.to_owned(),
    }
}

pub(crate) const ALL_SMS: &str = "send all sms";
pub(crate) const ALL_MAIL: &str = "send all mail";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Counts one message to be sent; gives for how many minutes to wait when one limit is reached. What is
/// stopped by a nearer limit does not count against a wider one, so one sender cannot use up what is for all.
pub(crate) async fn count_message(
    tx: &mut Tx<'_>,
    limits: &SendLimits,
    kind: Kind,
    address: &str,
    place: &str,
    known: bool,
) -> Result<Option<u64>, StoreError> {
    let sms = kind == Kind::Phone;
    let range: String =
        if sms { address.chars().take(address.chars().count().saturating_sub(4)).collect() } else { String::new() };
    let (hour, day) = if known { ("send hour known", "send day known") } else { ("send hour", "send day") };
    let (all, most) = if sms { (ALL_SMS, limits.sms_day) } else { (ALL_MAIL, limits.mail_day) };
    let rules: [(bool, &str, &str, u64, SignedDuration); 6] = [
        (!place.is_empty(), "send from", place, limits.place_hour, HOUR),
        (sms && !known, "send minute", address, limits.number_minute, MINUTE),
        (true, hour, address, limits.contact_hour, HOUR),
        (true, day, address, limits.contact_day, DAY),
        (sms && !known, "send range", &range, limits.range_hour, HOUR),
        (true, all, "", most, DAY),
    ];
    for (holds, what, who, most, window) in rules {
        if holds && tx.count_try(what, who, window).await? > most {
            return Ok(Some(window.as_mins().unsigned_abs()));
        }
    }
    Ok(None)
}

/// Who tries to get in, and from where.
#[derive(Debug, Clone)]
pub(crate) struct Trier {
    /// What is tried: `login`, `factor`.
    pub what: &'static str,
    /// At whose account: a name as typed, or a subject.
    pub who: String,
    /// From which place; empty where none is known.
    pub place: String,
    /// Whether that account was logged in to from there before.
    pub known: bool,
}

/// Counts one try; false when it is one too many. By account and place `tries`; by place ten times that, it
/// may serve many; by account from everywhere ten times that, but for places its person is known from.
pub(crate) async fn count_try(
    tx: &mut Tx<'_>,
    trier: &Trier,
    tries: u64,
    window: SignedDuration,
) -> Result<bool, StoreError> {
    let Trier { what, who, place, known } = trier;
    let pair = tx.count_try(&format!("{what} pair"), &format!("{who}\0{place}"), window).await?;
    if pair > tries {
        return Ok(false);
    }
    if !place.is_empty() && tx.count_try(&format!("{what} from"), place, window).await? > tries * 10 {
        return Ok(false);
    }
    Ok(*known || tx.count_try(&format!("{what} all"), who, window).await? <= tries * 10)
}

/// Forgets the tries of an account from a place, after a success there.
pub(crate) async fn clear_tries(tx: &mut Tx<'_>, trier: &Trier) -> Result<(), StoreError> {
    tx.clear_tries(&format!("{} pair", trier.what), &format!("{}\0{}", trier.who, trier.place)).await
}

struct Opening {
    what: &'static str,
    place: String,
}

impl Transact for Opening {
    const NAME: &'static str = "count an opening";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        tx.count_try(self.what, &self.place, HOUR).await
    }
}

impl crate::App {
    /// Counts something a stranger begins from an address, such as `join`; machines are stopped, people never get
    /// there.
    ///
    /// # Errors
    /// [`crate::Fault::TooMany`].
    pub async fn admit(&self, what: &'static str, address: &str) -> Result<(), crate::Fault> {
        let place = place(address);
        if !place.is_empty() && self.store.transact(Opening { what, place }).await? > self.settings.openings {
            return Err(crate::Fault::TooMany(HOUR.as_mins().unsigned_abs()));
        }
        Ok(())
    }

    /// Which ceilings of all messages are reached: `sms`, `mail`. An alarm, told by health.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn ceilings_reached(&self) -> Result<Vec<&'static str>, crate::Fault> {
        let mut reading = self.store.reading().await?;
        let mut look = reading.look()?;
        let limits = &self.settings.sends;
        let mut out = Vec::new();
        for (name, what, most) in [("sms", ALL_SMS, limits.sms_day), ("mail", ALL_MAIL, limits.mail_day)] {
            if look.tries(what, "").await? >= most {
                out.push(name);
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn neighbours_are_one_place() {
        assert_eq!(place("192.0.2.7"), place("192.0.2.200"));
        assert_ne!(place("192.0.2.7"), place("192.0.3.7"));
        assert_eq!(place("::ffff:192.0.2.7"), place("192.0.2.9"));
        assert_eq!(place("2001:db8:1:2::1"), place("2001:db8:1:ffff::9"));
        assert_ne!(place("2001:db8:1::1"), place("2001:db8:2::1"));
        assert_eq!(place(""), "");
    }
}
