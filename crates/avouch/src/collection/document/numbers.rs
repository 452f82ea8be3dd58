//! The forms of the numbers, document by document.

use jiff::civil::Date;

use super::mrz::check_digit;
use super::{DocumentFault as Fault, DocumentType};

/// Province-level regions of GB/T 2260, first two digits.
const REGIONS: [u8; 34] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82,
];

/// The codes that stand for the home of those who hold a residence permit.
const RESIDENCE: [&str; 3] = ["810000", "820000", "830000"];

/// Nobody alive was born before.
const OLDEST: i16 = 130;

/// The number of a digit at a place; nothing where there is none.
fn digit(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at).filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0'))
}

/// Digits `from..to` as a number; nothing where one is no digit.
fn digits(bytes: &[u8], from: usize, to: usize) -> Option<u32> {
    (from..to).try_fold(0, |n, at| Some(n * 10 + digit(bytes, at)?))
}

/// That a text is of the length given and has digits alone in its first `plain` places.
fn form(text: &str, length: usize, needed: &'static str, plain: usize) -> Result<(), Fault> {
    let given = text.chars().count();
    if given != length {
        return Err(Fault::Length { given, needed });
    }
    match text.chars().take(plain).position(|c| !c.is_ascii_digit()) {
        Some(at) => Err(Fault::Character { at: at + 1, allowed: "only digits can" }),
        None => Ok(()),
    }
}

/// A birth date, in a calendar and a life's range.
fn born(year: u32, month: u32, day: u32, today: Date) -> Result<Date, Fault> {
    let part = |n: u32| i8::try_from(n).unwrap_or(0);
    let year = i16::try_from(year).unwrap_or(0);
    let date = Date::new(year, part(month), part(day)).map_err(|_| Fault::Birth)?;
    if date > today {
        return Err(Fault::Future);
    }
    if date.year() < today.year() - OLDEST {
        return Err(Fault::Birth);
    }
    Ok(date)
}

/// ISO 7064 MOD 11-2 over 17 digits and a check character, as GB 11643 uses it.
fn mod_11_2(bytes: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let sum: Option<u32> = WEIGHTS.iter().enumerate().map(|(at, w)| digit(bytes, at).map(|d| d * w)).sum();
    sum.and_then(|sum| CHECK.get(usize::try_from(sum % 11).unwrap_or(11))) == bytes.get(17)
}

/// What all numbers of 18 share: form, birth date at 6..14, check character. The region is the caller's.
fn eighteen(number: &str, today: Date, region: impl FnOnce(&[u8]) -> Result<(), Fault>) -> Result<Date, Fault> {
    if number.len() == 15 && number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Old);
    }
    form(number, 18, "18", 17)?;
    let bytes = number.as_bytes();
    if !bytes.get(17).is_some_and(|b| b.is_ascii_digit() || *b == b'X') {
        return Err(Fault::Character { at: 18, allowed: "only a digit or X can" });
    }
    region(bytes)?;
    let part = |from, to| digits(bytes, from, to).ok_or(Fault::Birth);
    let birth = born(part(6, 10)?, part(10, 12)?, part(12, 14)?, today)?;
    if mod_11_2(bytes) { Ok(birth) } else { Err(Fault::Check) }
}

fn province(bytes: &[u8], at: usize) -> bool {
    digits(bytes, at, at + 2).and_then(|n| u8::try_from(n).ok()).is_some_and(|n| REGIONS.contains(&n))
}

/// The number of a resident identity card.
pub(super) fn resident(number: &str, today: Date) -> Result<Date, Fault> {
    eighteen(number, today, |bytes| {
        if RESIDENCE.iter().any(|code| number.starts_with(code)) {
            return Err(Fault::Other(DocumentType::ResidencePermit));
        }
        if bytes.first() == Some(&b'9') {
            return Err(Fault::Other(DocumentType::ForeignPermanent));
        }
        if province(bytes, 0) { Ok(()) } else { Err(Fault::Region) }
    })
}

/// The number of a residence permit.
pub(super) fn residence(number: &str, today: Date) -> Result<Date, Fault> {
    eighteen(number, today, |bytes| {
        if RESIDENCE.iter().any(|code| number.starts_with(code)) {
            return Ok(());
        }
        if province(bytes, 0) { Err(Fault::Other(DocumentType::ResidentId)) } else { Err(Fault::Region) }
    })
}

/// The number of a foreign permanent resident's card: 15 characters from 2017, 18 digits from 2023.
pub(super) fn foreign(number: &str, today: Date) -> Result<Date, Fault> {
    if number.len() != 15 {
        if !number.starts_with('9') && number.len() == 18 {
            return Err(Fault::Character { at: 1, allowed: "the number of 18 begins with 9" });
        }
        let needed = "15 (cards of 2017) or 18 (cards of 2023)";
        if number.chars().count() != 18 {
            return Err(Fault::Length { given: number.chars().count(), needed });
        }
        return eighteen(number, today, |bytes| {
            if !province(bytes, 1) {
                return Err(Fault::Region);
            }
            // The numeric code of ISO 3166-1; China's own cannot stand there.
            match digits(bytes, 3, 6) {
                Some(1..=894) if !matches!(digits(bytes, 3, 6), Some(156)) => Ok(()),
                _ => Err(Fault::Nationality),
            }
        });
    }
    let bytes = number.as_bytes();
    if let Some(at) = bytes.iter().take(3).position(|b| !b.is_ascii_uppercase()) {
        return Err(Fault::Character { at: at + 1, allowed: "the first three are the letters of the nationality" });
    }
    if number.starts_with("CHN") {
        return Err(Fault::Nationality);
    }
    if let Some(at) = bytes.iter().skip(3).position(|b| !b.is_ascii_digit()) {
        return Err(Fault::Character { at: at + 4, allowed: "only digits can" });
    }
    if !province(bytes, 3) {
        return Err(Fault::Region);
    }
    let part = |from, to| digits(bytes, from, to).ok_or(Fault::Birth);
    let birth = two_digit_year(part(7, 9)?, part(9, 11)?, part(11, 13)?, today)?;
    let (body, check) = bytes.split_at_checked(14).ok_or(Fault::Check)?;
    if check_digit(body).is_some_and(|c| check.first() == Some(&c)) { Ok(birth) } else { Err(Fault::Check) }
}

/// A birth date with two digits of its year: the latest that has come, so that a child is never taken for a
/// person of a hundred.
pub(super) fn two_digit_year(year: u32, month: u32, day: u32, today: Date) -> Result<Date, Fault> {
    match born(2000 + year, month, day, today) {
        Err(Fault::Future | Fault::Birth) => born(1900 + year, month, day, today),
        other => other,
    }
}

/// The number of a mainland travel permit for residents of Hong Kong (H) and Macao (M): eight digits for
/// life, on older cards two more for how often it was replaced.
pub(super) fn hk_macao(number: &str) -> Result<(), Fault> {
    let given = number.chars().count();
    if !matches!(given, 9 | 11) {
        return Err(Fault::Length { given, needed: "9: H or M and 8 digits (11 on older cards)" });
    }
    if !number.starts_with(['H', 'M']) {
        return Err(Fault::Character { at: 1, allowed: "it begins with H for Hong Kong or M for Macao" });
    }
    match number.chars().skip(1).position(|c| !c.is_ascii_digit()) {
        Some(at) => Err(Fault::Character { at: at + 2, allowed: "only digits can" }),
        None => Ok(()),
    }
}

/// The number of a mainland travel permit for residents of Taiwan: eight digits.
pub(super) fn taiwan(number: &str) -> Result<(), Fault> {
    form(number, 8, "8 digits", 8)
}

/// The number of a passport by form alone: what fits the nine places of its machine-readable line, with at
/// least four digits in it.
pub(super) fn passport(number: &str) -> Result<(), Fault> {
    let given = number.chars().count();
    if !(6..=9).contains(&given) {
        return Err(Fault::Length { given, needed: "6 to 9" });
    }
    if let Some(at) = number.chars().position(|c| !(c.is_ascii_uppercase() || c.is_ascii_digit())) {
        return Err(Fault::Character { at: at + 1, allowed: "only letters from A to Z and digits can" });
    }
    if number.bytes().filter(u8::is_ascii_digit).count() < 4 {
        return Err(Fault::Character { at: 1, allowed: "a passport's number has at least four digits" });
    }
    Ok(())
}
