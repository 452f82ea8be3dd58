//! The machine-readable lines of a passport: ICAO Doc 9303, part 4 (TD3), check digits by part 3, 4.9.

use jiff::civil::Date;

use super::DocumentFault as Fault;
use super::numbers::two_digit_year;

/// The length of each of the two lines.
const LINE: usize = 44;

/// The check digit of a field, as its ASCII digit: weights 7, 3, 1; letters count from 10, the filler 0.
/// Nothing where a character cannot stand in such a field.
#[must_use]
pub fn check_digit(field: &[u8]) -> Option<u8> {
    const WEIGHTS: [u32; 3] = [7, 3, 1];
    let mut sum = 0;
    for (byte, weight) in field.iter().zip(WEIGHTS.into_iter().cycle()) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            b'<' => 0,
            _ => return None,
        };
        sum += value * weight;
    }
    u8::try_from(sum % 10).ok().map(|d| b'0' + d)
}

fn number(field: &[u8]) -> Option<u32> {
    field.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// Checks both lines, or the second alone, against the number; gives the birth date.
///
/// # Errors
/// [`Fault::Lines`], [`Fault::LineCheck`] with the part, [`Fault::Disagree`], [`Fault::Expired`],
/// [`Fault::Birth`], [`Fault::Future`].
pub fn read(lines: &str, written: &str, today: Date) -> Result<Date, Fault> {
    let text: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(lines.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect());
    let bytes = text.as_bytes();
    let line = match bytes.len() {
        LINE => bytes,
        n if n == 2 * LINE && bytes.first() == Some(&b'P') => bytes.get(LINE..).ok_or(Fault::Lines)?,
        _ => return Err(Fault::Lines),
    };
    let field = |from: usize, to: usize| line.get(from..to).ok_or(Fault::Lines);
    let fits = |part: &'static str, from: usize, to: usize| {
        let check = line.get(to).ok_or(Fault::Lines)?;
        match check_digit(field(from, to)?) {
            Some(digit) if digit == *check => Ok(()),
            _ => Err(Fault::LineCheck(part)),
        }
    };
    fits("number", 0, 9)?;
    fits("birth date", 13, 19)?;
    fits("date of expiry", 21, 27)?;
    let optional = field(28, 42)?;
    // An empty field of the state's own may have a filler in place of its check digit.
    if !(optional.iter().all(|b| *b == b'<') && line.get(42) == Some(&b'<')) {
        fits("personal number", 28, 42)?;
    }
    let whole = [field(0, 10)?, field(13, 20)?, field(21, 43)?].concat();
    if check_digit(&whole) != line.get(43).copied() {
        return Err(Fault::LineCheck("whole"));
    }
    let own = field(0, 9)?;
    let length = own.iter().position(|b| *b == b'<').unwrap_or(own.len());
    if own.get(..length) != Some(written.as_bytes()) {
        return Err(Fault::Disagree);
    }
    let part = |from: usize| number(line.get(from..from + 2).unwrap_or_default()).ok_or(Fault::Lines);
    let birth = two_digit_year(part(13)?, part(15)?, part(17)?, today)?;
    let (year, month, day) = (part(21)?, part(23)?, part(25)?);
    let narrow = |n: u32| i8::try_from(n).unwrap_or(0);
    let expires = Date::new(i16::try_from(2000 + year).unwrap_or(0), narrow(month), narrow(day))
        .map_err(|_| Fault::LineCheck("date of expiry"))?;
    if expires < today { Err(Fault::Expired) } else { Ok(birth) }
}
