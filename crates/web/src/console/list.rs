//! What every list of the console shares: pages, the addresses of the next and the last, and CSV.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Rows on one page.
pub const ROWS: usize = 50;

/// The rows of one page of a list, and the parameters of the pages beside it, empty where there is none.
#[must_use]
pub fn page<T>(rows: Vec<T>, at: usize, asked: &[(&str, &str)]) -> (Vec<T>, String, String) {
    let to = |page: usize| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.append_pair("page", &page.to_string()).finish()
    };
    let from = at.saturating_mul(ROWS);
    let next = if from.saturating_add(ROWS) < rows.len() { to(at + 1) } else { String::new() };
    let previous = at.checked_sub(1).map(to).unwrap_or_default();
    (rows.into_iter().skip(from).take(ROWS).collect(), next, previous)
}

/// A list as CSV (RFC 4180), to be saved. A cell that a spreadsheet would compute is made a text.
pub fn csv(name: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Response {
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells.map(cell).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, out).into_response()
}

fn cell(text: &str) -> String {
    let computed = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = text.replace('"', "\"\"");
    format!("\"{}{text}\"", if computed { "'" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_neighbours_and_keeps_the_search() {
        let (rows, next, previous) = page((0..120).collect(), 1, &[("q", "a b"), ("state", "")]);
        assert_eq!((rows.first(), rows.len()), (Some(&50), ROWS));
        assert_eq!((next.as_str(), previous.as_str()), ("q=a+b&page=2", "q=a+b&page=0"));
        let (rows, next, previous) = page(vec![1], 0, &[]);
        assert_eq!((rows, next, previous), (vec![1], String::new(), String::new()));
    }

    #[test]
    fn a_cell_is_quoted_and_never_computed() {
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
    }
}
