//! A letter as PDF: A4 pages of text, in English and Chinese, tagged, to be searched and copied.
//!
//! No font is shipped. Latin text is in Helvetica, one of the fonts every reader has; everything else in the
//! character collection for simplified Chinese that PDF predefines (`STSong-Light` by `UniGB-UTF16-H`), which a
//! reader shows in the Chinese font it has. Characters outside both, such as emoji, may not be seen; they are copied
//! all the same. The same letter is the same bytes: nothing of the clock or of chance is in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::Date;
use pdf_writer::types::{CidFontType, FontFlags, StructRole, SystemInfo};
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use unicode_linebreak::{BreakOpportunity, linebreaks};

/// How a block of text stands on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The heading of the letter.
    Title,
    /// The heading of a part.
    Heading,
    /// Text.
    Text,
}

impl Style {
    /// Size of the letters, distance of the lines, and space below, in points.
    const fn measures(self) -> (f32, f32, f32) {
        match self {
            Self::Title => (17.0, 24.0, 12.0),
            Self::Heading => (13.0, 19.0, 6.0),
            Self::Text => (11.0, 17.0, 10.0),
        }
    }

    const fn role(self) -> StructRole {
        match self {
            Self::Title => StructRole::H1,
            Self::Heading => StructRole::H2,
            Self::Text => StructRole::P,
        }
    }

    /// The name of that role in a page's content.
    const fn tag(self) -> Name<'static> {
        match self {
            Self::Title => Name(b"H1"),
            Self::Heading => Name(b"H2"),
            Self::Text => Name(b"P"),
        }
    }
}

/// What a document says.
#[derive(Clone)]
pub struct Document {
    /// Its language, `en` or `zh-CN`.
    pub language: &'static str,
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// Its day.
    pub on: Date,
    /// Its blocks; a line's end in one begins a new line.
    pub blocks: Vec<(Style, String)>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("on", &self.on).finish_non_exhaustive()
    }
}

/// A4, in points.
const PAGE: (f32, f32) = (595.28, 841.89);
/// The margins, in points.
const MARGIN: f32 = 71.0;
/// Where the number of a page stands, in points from below.
const FOOT: f32 = 40.0;

const LATIN: Name<'static> = Name(b"L");
const CHINESE: Name<'static> = Name(b"C");
const CHINESE_FONT: &[u8] = b"STSong-Light";
const CHINESE_ENCODING: &[u8] = b"UniGB-UTF16-H";

/// Widths of Helvetica in thousandths of its size: from the space to the tilde.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
/// The same, from the no-break space to y with two dots.
const LATIN_1: [u16; 96] = [
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333, 400, 584, 333, 333, 333, 556, 537,
    278, 333, 333, 365, 556, 834, 834, 834, 611, 667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278,
    278, 278, 722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611, 556, 556, 556, 556, 556,
    556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278, 556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556,
    556, 500, 556, 500,
];
/// Marks of Latin text beyond those: the character, its code in `WinAnsiEncoding`, its width. Chinese text has its own
/// forms of them.
const MARKS: [(char, u8, u16); 9] = [
    ('€', 0x80, 556),
    ('…', 0x85, 1000),
    ('‘', 0x91, 222),
    ('’', 0x92, 222),
    ('“', 0x93, 333),
    ('”', 0x94, 333),
    ('•', 0x95, 350),
    ('–', 0x96, 556),
    ('—', 0x97, 1000),
];

/// A character as a font writes it: its code in Helvetica where that has it, and its width.
fn drawn(c: char, chinese: bool) -> (Option<u8>, u16) {
    let code = u32::from(c);
    let width = |from: u32, of: &[u16]| usize::try_from(code - from).ok().and_then(|at| of.get(at)).copied();
    let latin = match code {
        0x20..=0x7e => width(0x20, &ASCII),
        // In Chinese text these marks are as wide as a character: · § × ÷ ° ±
        0xa0..=0xff if !(chinese && matches!(c, '·' | '§' | '×' | '÷' | '°' | '±')) => width(0xa0, &LATIN_1),
        _ => None,
    };
    if let Some(width) = latin {
        return (u8::try_from(code).ok(), width);
    }
    match MARKS.iter().find(|(mark, ..)| *mark == c) {
        Some((_, code, width)) if !chinese => (Some(*code), *width),
        _ => (None, 1000),
    }
}

/// Characters that end in one font, as the content of a page writes them.
struct Run {
    latin: bool,
    bytes: Vec<u8>,
}

/// One line, ready to be set.
struct Line {
    runs: Vec<Run>,
}

/// Sets text: its lines, and what Chinese characters were used.
struct Setter<'a> {
    chinese: bool,
    used: &'a mut BTreeMap<Vec<u8>, char>,
}

impl Setter<'_> {
    fn width(&self, text: &str, size: f32) -> f32 {
        let units: u32 = text.chars().map(|c| u32::from(drawn(c, self.chinese).1)).sum();
        // A line has too few characters for this to be inexact.
        units as f32 * size / 1000.0
    }

    fn line(&mut self, text: &str) -> Line {
        let mut runs: Vec<Run> = Vec::new();
        for c in text.trim_end().chars().filter(|c| !c.is_control()) {
            let (code, _) = drawn(c, self.chinese);
            let mut units = [0; 2];
            let bytes = match code {
                Some(code) => vec![code],
                None => c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            };
            if code.is_none() {
                self.used.insert(bytes.clone(), c);
            }
            match runs.last_mut() {
                Some(run) if run.latin == code.is_some() => run.bytes.extend_from_slice(&bytes),
                _ => runs.push(Run { latin: code.is_some(), bytes }),
            }
        }
        Line { runs }
    }

    /// The lines of a block: broken where the language allows it, and anywhere in a word that is wider than a line.
    fn lines(&mut self, text: &str, size: f32, within: f32) -> Vec<Line> {
        let mut lines = Vec::new();
        let (mut line, mut from) = (String::new(), 0);
        for (at, kind) in linebreaks(text) {
            let part = text.get(from..at).unwrap_or_default();
            from = at;
            if !line.is_empty() && self.width(&line, size) + self.width(part.trim_end(), size) > within {
                lines.push(self.line(&line));
                line.clear();
            }
            for c in part.chars() {
                line.push(c);
                if self.width(line.trim_end(), size) > within && line.chars().count() > 1 {
                    line.pop();
                    lines.push(self.line(&line));
                    line.clear();
                    line.push(c);
                }
            }
            if kind == BreakOpportunity::Mandatory {
                lines.push(self.line(&line));
                line.clear();
            }
        }
        lines
    }
}

/// A page: what is drawn on it, and which block each marked part of it belongs to.
struct Sheet {
    content: Content,
    parts: Vec<usize>,
}

impl Sheet {
    fn new() -> Self {
        Self { content: Content::new(), parts: Vec::new() }
    }
}

fn show(content: &mut Content, line: &Line, size: f32, x: f32, y: f32) {
    content.begin_text().next_line(x, y);
    for run in &line.runs {
        content.set_font(if run.latin { LATIN } else { CHINESE }, size).show(Str(&run.bytes));
    }
    content.end_text();
}

/// The pages of a document, each block marked on each page it stands on.
fn sheets(document: &Document, set: &mut Setter<'_>) -> Vec<Sheet> {
    let mut sheets = vec![Sheet::new()];
    let mut y = PAGE.1 - MARGIN;
    for (block, (style, text)) in document.blocks.iter().enumerate() {
        let (size, leading, below) = style.measures();
        let lines = set.lines(text, size, PAGE.0 - 2.0 * MARGIN);
        // A heading stays with what follows it.
        let needed = if *style == Style::Text { leading } else { 3.0 * leading };
        let mut open = false;
        for (n, line) in lines.iter().enumerate() {
            if y - (if n == 0 { needed } else { leading }) < MARGIN {
                if open && let Some(sheet) = sheets.last_mut() {
                    sheet.content.end_marked_content();
                }
                sheets.push(Sheet::new());
                (y, open) = (PAGE.1 - MARGIN, false);
            }
            let Some(sheet) = sheets.last_mut() else { break };
            if !open {
                let mark = i32::try_from(sheet.parts.len()).unwrap_or(i32::MAX);
                sheet.parts.push(block);
                let mut marked = sheet.content.begin_marked_content_with_properties(style.tag());
                marked.properties().identify(mark);
                open = true;
            }
            y -= leading;
            show(&mut sheet.content, line, size, MARGIN, y);
        }
        if open && let Some(sheet) = sheets.last_mut() {
            sheet.content.end_marked_content();
        }
        y -= below;
    }
    let count = sheets.len();
    if count > 1 {
        for (n, sheet) in sheets.iter_mut().enumerate() {
            let line = set.line(&format!("{} / {count}", n + 1));
            sheet.content.begin_marked_content(Name(b"Artifact"));
            show(&mut sheet.content, &line, 9.0, MARGIN, FOOT);
            sheet.content.end_marked_content();
        }
    }
    sheets
}

/// What text the Chinese codes of a document stand for.
fn to_unicode(used: &BTreeMap<Vec<u8>, char>) -> String {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering \
         (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n3 begincodespacerange\n<0000> \
         <D7FF>\n<D800DC00> <DBFFDFFF>\n<E000> <FFFF>\nendcodespacerange\n",
    );
    // The codes are UTF-16 already; at most a hundred of them stand in one list.
    let codes: Vec<String> = used.keys().map(|code| data_encoding::HEXUPPER.encode(code)).collect();
    for some in codes.chunks(100) {
        // Writing into a String cannot fail.
        let _infallible = writeln!(map, "{} beginbfchar", some.len());
        for code in some {
            let _infallible = writeln!(map, "<{code}> <{code}>");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
}

fn fonts(pdf: &mut Pdf, [latin, chinese, descendant, descriptor, unicode]: [Ref; 5], map: &str) {
    pdf.type1_font(latin).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.type0_font(chinese)
        .base_font(Name(b"STSong-Light-UniGB-UTF16-H"))
        .encoding_predefined(Name(CHINESE_ENCODING))
        .descendant_font(descendant)
        .to_unicode(unicode);
    let collection = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"GB1"), supplement: 5 };
    pdf.cid_font(descendant)
        .subtype(CidFontType::Type0)
        .base_font(Name(CHINESE_FONT))
        .system_info(collection)
        .font_descriptor(descriptor)
        .default_width(1000.0);
    // Neither serifs nor weight are asked for: a reader without this very font takes a plain one of regular weight, as
    // Latin text has, and not a bold one.
    pdf.font_descriptor(descriptor)
        .name(Name(CHINESE_FONT))
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
        .italic_angle(0.0)
        .ascent(880.0)
        .descent(-120.0)
        .cap_height(880.0)
        .stem_v(80.0);
    pdf.stream(unicode, map.as_bytes());
}

/// The document as a file.
#[must_use]
pub fn write(document: &Document) -> Vec<u8> {
    let mut used = BTreeMap::new();
    let chinese = document.language.starts_with("zh");
    let sheets = sheets(document, &mut Setter { chinese, used: &mut used });
    let mut last = Ref::new(1);
    let mut next = || last.bump();
    let (catalog, pages, info, tree, parents, whole) = (next(), next(), next(), next(), next(), next());
    let ours = [next(), next(), next(), next(), next()];
    let of_blocks: Vec<Ref> = document.blocks.iter().map(|_| next()).collect();
    // Of each page: itself, its content, the list of what its marks belong to.
    let of_sheets: Vec<[Ref; 3]> = sheets.iter().map(|_| [next(), next(), next()]).collect();

    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    let mut root = pdf.catalog(catalog);
    root.pages(pages).lang(TextStr(document.language));
    root.mark_info().marked(true);
    root.viewer_preferences().display_doc_title(true);
    root.pair(Name(b"StructTreeRoot"), tree);
    root.finish();
    let date = |of: i16| u8::try_from(of).unwrap_or(1);
    let on = document.on;
    pdf.document_info(info)
        .title(TextStr(&document.title))
        .author(TextStr(&document.author))
        .producer(TextStr("Avouch"))
        .creation_date(
            pdf_writer::Date::new(on.year().unsigned_abs()).month(date(on.month().into())).day(date(on.day().into())),
        );
    let count = i32::try_from(sheets.len()).unwrap_or(i32::MAX);
    pdf.pages(pages).kids(of_sheets.iter().map(|[page, ..]| *page)).count(count);
    fonts(&mut pdf, ours, &to_unicode(&used));

    let [latin, song, ..] = ours;
    let mut marked: Vec<Vec<(Ref, i32)>> = vec![Vec::new(); document.blocks.len()];
    for (key, (sheet, [page, content, list])) in (0..).zip(sheets.into_iter().zip(&of_sheets)) {
        let mut written = pdf.page(*page);
        written.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(pages).contents(*content).struct_parents(key);
        written.resources().fonts().pair(LATIN, latin).pair(CHINESE, song);
        written.finish();
        pdf.stream(*content, &sheet.content.finish());
        let owners = sheet.parts.iter().filter_map(|block| of_blocks.get(*block)).copied();
        pdf.indirect(*list).array().items(owners);
        for (mark, block) in (0..).zip(&sheet.parts) {
            if let Some(places) = marked.get_mut(*block) {
                places.push((*page, mark));
            }
        }
    }

    pdf.indirect(tree)
        .dict()
        .pairs([(Name(b"K"), whole), (Name(b"ParentTree"), parents)])
        .pair(Name(b"Type"), Name(b"StructTreeRoot"));
    let mut of_pages = pdf.number_tree::<Ref>(parents);
    let mut numbers = of_pages.nums();
    for (key, [_, _, list]) in (0..).zip(&of_sheets) {
        numbers.insert(key, *list);
    }
    numbers.finish();
    of_pages.finish();
    let mut top = pdf.struct_element(whole);
    top.kind(StructRole::Document).parent(tree);
    let mut children = top.children();
    for block in &of_blocks {
        children.struct_element(*block);
    }
    children.finish();
    top.finish();
    for ((element, places), (style, _)) in of_blocks.iter().zip(&marked).zip(&document.blocks) {
        let mut written = pdf.struct_element(*element);
        written.kind(style.role()).parent(whole);
        let mut children = written.children();
        for (page, mark) in places {
            children.marked_content_ref().page(*page).marked_content_id(*mark);
        }
        children.finish();
        written.finish();
    }
    pdf.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(language: &'static str, blocks: &[(Style, &str)]) -> Document {
        Document {
            language,
            title: "Letter".into(),
            author: "Plaza".into(),
            on: Date::constant(2026, 12, 4),
            blocks: blocks.iter().map(|(style, text)| (*style, (*text).to_owned())).collect(),
        }
    }

    /// How many pages a file says it has.
    fn pages(file: &[u8]) -> usize {
        String::from_utf8_lossy(file).matches("/Type /Page\n").count()
    }

    #[test]
    fn the_same_letter_is_the_same_bytes_and_ends_where_a_file_ends() {
        let letter = document("zh-CN", &[(Style::Title, "答复"), (Style::Text, "您的照片已删除。\nDone.")]);
        let file = write(&letter);
        assert_eq!(file, write(&letter));
        assert!(file.starts_with(b"%PDF-1.7") && file.ends_with(b"%%EOF"));
        assert_eq!(pages(&file), 1);
    }

    #[test]
    fn a_long_letter_goes_on_over_pages_and_every_block_stays_one() {
        let text = "Words and words again, 文字与文字。".repeat(400);
        let file = write(&document("en", &[(Style::Title, "Letter"), (Style::Text, &text), (Style::Heading, "End")]));
        assert!(pages(&file) > 3, "{}", pages(&file));
        let told = String::from_utf8_lossy(&file).into_owned();
        assert_eq!(told.matches("/S /P\n").count(), 1);
        assert!(told.contains("/S /H1") && told.contains("/S /H2") && told.contains("1 / "));
    }

    #[test]
    fn no_line_is_wider_than_the_page_and_none_begins_with_a_mark_that_ends() {
        let mut used = BTreeMap::new();
        let mut set = Setter { chinese: true, used: &mut used };
        let text = format!("{}，《{}》。{}", "一".repeat(40), "二".repeat(38), "x".repeat(300));
        let lines = set.lines(&text, 11.0, 440.0);
        assert!(lines.len() > 5);
        for line in &lines {
            let first = line.runs.first().filter(|run| !run.latin).map(|run| run.bytes.as_slice());
            for mark in ['，', '》', '。'] {
                let bytes: Vec<u8> = mark.encode_utf16(&mut [0; 2]).iter().flat_map(|u| u.to_be_bytes()).collect();
                assert!(!first.is_some_and(|line| line.starts_with(&bytes)), "{mark}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_set_and_none_of_it_is_lost(text in "\\PC{0,300}") {
            let file = write(&document("zh-CN", &[(Style::Text, &text)]));
            proptest::prop_assert!(file.ends_with(b"%%EOF"));
            let mut used = BTreeMap::new();
            let mut set = Setter { chinese: true, used: &mut used };
            let lines = set.lines(&text, 11.0, 440.0);
            let mut told = String::new();
            for run in lines.iter().flat_map(|line| &line.runs) {
                if run.latin {
                    told.extend(run.bytes.iter().map(|b| char::from(*b)));
                } else {
                    let units = run.bytes.chunks(2).map(|u| u16::from_be_bytes([u[0], u[1]]));
                    told.extend(char::decode_utf16(units).map(Result::unwrap));
                }
            }
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>();
            proptest::prop_assert_eq!(bare(&told), bare(&text));
        }
    }
}
