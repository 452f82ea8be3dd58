//! Identity documents: judged right, told what is wrong, never repeated.
//!
//! Keeps promise 1.2. The oracle here is written from the standards' words, another way than the code: the
//! check character by ISO 7064's recursion instead of weights, the calendar by counting days of months.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "tests, of numbers in ASCII and small"
)]

use avouch::collection::document::mrz::check_digit;
use avouch::collection::document::{Document, DocumentFault, DocumentType, age};
use jiff::civil::{Date, date};
use proptest::prelude::*;

const TODAY: Date = date(2026, 12, 1);

fn parse(kind: DocumentType, number: &str) -> Result<Document, DocumentFault> {
    Document::parse(kind, number, None, TODAY)
}

/// A small generator of its own, so that every run judges the same numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// ISO 7064, pure system, by its recursion: each step adds a character and doubles, all modulo 11.
fn check_character(body: &str) -> char {
    let mut p = 0;
    for c in body.chars() {
        p = (p + c.to_digit(10).unwrap()) * 2 % 11;
    }
    match (12 - p) % 11 {
        10 => 'X',
        n => char::from_digit(n, 10).unwrap(),
    }
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(400) || (year.is_multiple_of(4) && !year.is_multiple_of(100)) => 29,
        2 => 28,
        _ => 31,
    }
}

const PROVINCES: &str = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 \
                         71 81 82";

/// What the standard's words say of a number of a resident identity card.
fn oracle(number: &str) -> bool {
    let chars: Vec<char> = number.chars().collect();
    if chars.len() != 18 || !chars[..17].iter().all(char::is_ascii_digit) {
        return false;
    }
    if ["810000", "820000", "830000"].contains(&&number[..6]) || !PROVINCES.split(' ').any(|p| p == &number[..2]) {
        return false;
    }
    let part = |from: usize, to: usize| number[from..to].parse::<u32>().unwrap();
    let (year, month, day) = (part(6, 10), part(10, 12), part(12, 14));
    if !(1896..=2026).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > days_of(year, month) {
        return false;
    }
    if year * 10_000 + month * 100 + day > 20_261_201 {
        return false;
    }
    chars[17] == check_character(&number[..17])
}

fn valid(random: &mut Random) -> String {
    let provinces: Vec<&str> = PROVINCES.split(' ').collect();
    let province = provinces[random.below(provinces.len() as u64) as usize];
    let (year, month) = (1900 + random.below(126) as u32, 1 + random.below(12) as u32);
    let day = 1 + random.below(u64::from(days_of(year, month))) as u32;
    let body = format!("{province}{:04}{year:04}{month:02}{day:02}{:03}", 1 + random.below(9998), random.below(1000));
    format!("{body}{}", check_character(&body))
}

/// One thing changed: a character, two places, a character lost or doubled, a part, or nothing at all.
fn mutated(random: &mut Random, number: &str) -> String {
    let mut chars: Vec<char> = number.chars().collect();
    let at = random.below(18) as usize;
    let again = |body: String| format!("{body}{}", check_character(&body));
    match random.below(10) {
        0 => chars[at] = char::from_digit(random.below(10) as u32, 10).unwrap(),
        1 => chars.swap(at, (at + 1) % 18),
        2 => drop(chars.remove(at)),
        3 => chars.insert(at, '0'),
        4 => chars[at] = ['X', 'O', 'I', '/', '一'][random.below(5) as usize],
        // A month or a day that is none, with a check character that fits.
        5 => return again(format!("{}{:02}{}", &number[..10], random.below(20), &number[12..17])),
        6 => return again(format!("{}{:02}{}", &number[..12], random.below(40), &number[14..17])),
        7 => return again(format!("{:02}{}", random.below(100), &number[2..17])),
        8 => return again(format!("{}{:04}{}", &number[..6], 1800 + random.below(300), &number[10..17])),
        _ => {}
    }
    chars.into_iter().collect()
}

#[test]
fn promise_1_2_a_hundred_thousand_resident_numbers_are_judged_right() {
    let mut random = Random(20_261_201);
    let (mut right, mut wrong) = (0, 0);
    for n in 0..100_000 {
        let number = valid(&mut random);
        let number = if n % 2 == 0 { number } else { mutated(&mut random, &number) };
        let expected = oracle(&number);
        let judged = parse(DocumentType::ResidentId, &number);
        assert_eq!(judged.is_ok(), expected, "number {n}: {:?}", judged.err());
        if let Ok(document) = judged {
            assert_eq!(document.birth().unwrap().strftime("%Y%m%d").to_string(), &number[6..14]);
            right += 1;
        } else {
            wrong += 1;
        }
    }
    assert!(right > 50_000 && wrong > 30_000, "{right} right, {wrong} wrong: both kinds must be seen");
}

#[test]
fn promise_1_2_each_fault_says_where_and_what_to_write() {
    use DocumentFault as F;
    use DocumentType as T;
    // GB 11643 gives this number as its example; its check character is X.
    assert!(parse(T::ResidentId, "11010519491231002x").is_ok());
    assert!(parse(T::ResidentId, " 1101 0519 4912 3100 2X ").is_ok());
    assert!(
        parse(T::ResidentId, "１１０１０５１９４９１２３１００２Ｘ").is_ok(),
        "full-width, as some keyboards write"
    );
    for (kind, number, fault) in [
        (T::ResidentId, "", F::Empty),
        (T::ResidentId, "110105491231002", F::Old),
        (T::ResidentId, "11010519491231002", F::Length { given: 17, needed: "18" }),
        (T::ResidentId, "1101051949123100O2", F::Character { at: 17, allowed: "only digits can" }),
        (T::ResidentId, "110105194912310021", F::Check),
        (T::ResidentId, "110105194913310026", F::Birth),
        (T::ResidentId, "110105192902290010", F::Birth),
        (T::ResidentId, "110105202612020010", F::Future),
        (T::ResidentId, "170105194912310020", F::Region),
        (T::ResidentId, "810000199408230021", F::Other(T::ResidencePermit)),
        (T::ResidentId, "911840198507150012", F::Other(T::ForeignPermanent)),
        (T::ResidencePermit, "11010519491231002X", F::Other(T::ResidentId)),
        (T::HkMacaoPermit, "H1234567", F::Length { given: 8, needed: "9: H or M and 8 digits (11 on older cards)" }),
        (
            T::HkMacaoPermit,
            "K12345678",
            F::Character { at: 1, allowed: "it begins with H for Hong Kong or M for Macao" },
        ),
        (T::TaiwanPermit, "123456789", F::Length { given: 9, needed: "8 digits" }),
        (T::Passport, "E12", F::Length { given: 3, needed: "6 to 9" }),
        (T::ForeignPermanent, "911156198507150012", F::Nationality),
        (T::ForeignPermanent, "CHN310085071501", F::Nationality),
    ] {
        assert_eq!(parse(kind, number).err(), Some(fault), "{kind:?}");
    }
}

#[test]
fn promise_1_2_the_other_documents_are_known() {
    for (kind, number) in [
        (DocumentType::ResidencePermit, "810000199408230021"),
        (DocumentType::ResidencePermit, "830000199201300022"),
        (DocumentType::HkMacaoPermit, "H12345678"),
        (DocumentType::HkMacaoPermit, "m1234567801"),
        (DocumentType::TaiwanPermit, "12345678"),
        (DocumentType::Passport, "E12345678"),
        (DocumentType::Passport, "EA1234567"),
    ] {
        assert!(parse(kind, number).is_ok(), "{kind:?}: {:?}", parse(kind, number).err());
    }
    // The card of 2023: 9, region, numeric nationality, birth date, sequence, check character.
    let body = "93184019850715001";
    let number = format!("{body}{}", check_character(body));
    assert_eq!(parse(DocumentType::ForeignPermanent, &number).unwrap().birth(), Some(date(1985, 7, 15)));
    // The card of 2017: letters, region, short birth date, sequence, check digit by 7-3-1.
    let body = "USA31008507150";
    let number = format!("{body}{}", char::from(check_digit(body.as_bytes()).unwrap()));
    assert_eq!(parse(DocumentType::ForeignPermanent, &number).unwrap().birth(), Some(date(1985, 7, 15)));
    for at in 0..15 {
        let mut other: Vec<u8> = number.clone().into_bytes();
        other[at] = if other[at] == b'1' { b'2' } else { b'1' };
        assert!(parse(DocumentType::ForeignPermanent, std::str::from_utf8(&other).unwrap()).is_err(), "place {at}");
    }
}

/// The specimen of ICAO Doc 9303 part 4, appendix A, with dates of expiry that have not passed.
const SPECIMEN: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";

fn second_line(number: &str, birth: &str, expiry: &str, own: &str) -> String {
    let digit = |field: &str| char::from(check_digit(field.as_bytes()).unwrap());
    let number = format!("{number:<<9}");
    let own = format!("{own:<<14}");
    let (n, b, e, o) = (digit(&number), digit(birth), digit(expiry), digit(&own));
    let whole = digit(&format!("{number}{n}{birth}{b}{expiry}{e}{own}{o}"));
    format!("{number}{n}UTO{birth}{b}F{expiry}{e}{own}{o}{whole}")
}

#[test]
fn promise_1_2_a_passport_s_lines_are_checked_digit_by_digit() {
    // The standard's own second line, from which the check digits are known.
    assert_eq!(
        second_line("L898902C3", "740812", "120415", "ZE184226B"),
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
    );
    let read = |lines: &str| Document::parse(DocumentType::Passport, "L898902C3", Some(lines), TODAY);
    assert_eq!(
        read("L898902C36UTO7408122F1204159ZE184226B<<<<<10").err(),
        Some(DocumentFault::Expired),
        "the specimen itself has expired"
    );
    let line = second_line("L898902C3", "740812", "320415", "ZE184226B");
    assert_eq!(read(&line).unwrap().birth(), Some(date(1974, 8, 12)));
    assert_eq!(read(&format!("{SPECIMEN}\r\n{line}")).unwrap().birth(), Some(date(1974, 8, 12)));
    let other = Document::parse(DocumentType::Passport, "L898902C4", Some(&line), TODAY);
    assert_eq!(other.err(), Some(DocumentFault::Disagree));
    assert_eq!(read("L898902C3").err(), Some(DocumentFault::Lines));
    // Every digit of every checked field: changed alone, it is found.
    for at in (0..10).chain(13..20).chain(21..44) {
        let mut bytes = line.clone().into_bytes();
        // To a neighbour: the standard itself cannot tell B (11) from 1.
        bytes[at] = match bytes[at] {
            b'<' => b'1',
            b'9' => b'8',
            b'Z' => b'Y',
            other => other + 1,
        };
        assert!(read(std::str::from_utf8(&bytes).unwrap()).is_err(), "place {at}");
    }
}

#[test]
fn a_document_cannot_be_printed() {
    let document = parse(DocumentType::ResidentId, "11010519491231002X").unwrap();
    assert_eq!(format!("{document:?}"), "Document { kind: ResidentId, .. }");
}

#[test]
fn an_age_is_counted_in_whole_years() {
    assert_eq!(age(date(2012, 12, 1), TODAY), 14);
    assert_eq!(age(date(2012, 12, 2), TODAY), 13);
    assert_eq!(age(date(2012, 2, 29), date(2026, 2, 28)), 13);
    assert_eq!(age(date(2012, 2, 29), date(2026, 3, 1)), 14);
    assert_eq!(age(date(2026, 12, 2), TODAY), 0);
}

proptest! {
    /// Whatever is written: no panic, and no fault that repeats it.
    #[test]
    fn a_fault_never_repeats_what_was_written(kind in 0..6_usize, number in "\\PC{0,30}|[0-9X]{15,19}|[A-Z]{1,3}[0-9]{5,15}") {
        let kind = DocumentType::ALL[kind];
        if let Err(fault) = parse(kind, &number) {
            let told = format!("{fault} {fault:?}");
            for window in number.chars().collect::<Vec<_>>().windows(6) {
                let part: String = window.iter().collect();
                prop_assert!(!part.chars().all(|c| c.is_ascii_alphanumeric()) || !part.chars().any(|c| c.is_ascii_digit()) || !told.contains(&part));
            }
        }
    }

    #[test]
    fn any_lines_are_read_without_a_panic(number in "[A-Z0-9]{6,9}", lines in "\\PC{0,100}|[A-Z0-9<]{44}|[A-Z0-9<]{88}") {
        let _judged = Document::parse(DocumentType::Passport, &number, Some(&lines), TODAY);
    }

    /// A single wrong character, or two neighbours that changed places, never passes.
    #[test]
    fn one_slip_is_always_found(seed in any::<u64>(), at in 0..18_usize, with in 0..10_u32) {
        let number = valid(&mut Random(seed));
        let mut chars: Vec<char> = number.chars().collect();
        chars[at] = char::from_digit(with, 10).unwrap();
        let slipped: String = chars.iter().collect();
        prop_assert!(slipped == number || parse(DocumentType::ResidentId, &slipped).is_err());
        let mut chars: Vec<char> = number.chars().collect();
        chars.swap(at, (at + 1).min(17));
        let swapped: String = chars.iter().collect();
        prop_assert!(swapped == number || parse(DocumentType::ResidentId, &swapped).is_err());
    }
}
