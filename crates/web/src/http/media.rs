//! Pictures and videos as answers: in ranges, never sniffed, never run (ASVS 5.4, 3.2.1).

use avouch::contact::attachment::extension;
use avouch::store::{Blob, Sink};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

/// What a file opened by itself may do: be looked at.
const CSP: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";
/// What a file that is only saved may do where a browser opens it all the same: nothing.
const SAVED_CSP: &str = "default-src 'none'; sandbox";
/// Bytes opened at once.
const READ: u64 = 256 * 1024;

/// The range a `Range` header asks for, of a file of `size` bytes: from, up to. Several ranges are answered with
/// the whole, as RFC 9110 14.2 allows.
///
/// # Errors
/// When no byte of it is in the file.
fn range(headers: &HeaderMap, size: u64) -> Result<Option<(u64, u64)>, ()> {
    let Some(asked) = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("bytes="))
    else {
        return Ok(None);
    };
    let Some((from, to)) = asked.split_once('-').filter(|(_, to)| !to.contains(',')) else {
        return Ok(None);
    };
    let digits = |text: &str| text.trim().parse::<u64>().ok();
    let (from, to) = match (digits(from), digits(to)) {
        (Some(from), Some(to)) if from <= to => (from, to.saturating_add(1).min(size)),
        (Some(from), None) if to.trim().is_empty() => (from, size),
        (None, Some(last)) if from.trim().is_empty() => (size.saturating_sub(last), size),
        _ => return Ok(None),
    };
    if from < to && from < size { Ok(Some((from, to))) } else { Err(()) }
}

/// A blob as an answer, or the part of it that is asked for. `name` is what it is saved as.
pub fn answer(blob: Blob, sink: Sink, headers: &HeaderMap, name: &str) -> Response {
    let size = blob.size();
    let media = HeaderValue::from_str(&blob.media).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let Ok(range) = range(headers, size) else {
        let told = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
        return (StatusCode::RANGE_NOT_SATISFIABLE, told).into_response();
    };
    let (from, to) = range.unwrap_or((0, size));
    let body = stream::try_unfold((blob, from), move |(blob, at): (Blob, u64)| async move {
        if at >= to {
            return Ok::<_, std::io::Error>(None);
        }
        let part = blob.read(at, to.min(at + READ)).await.map_err(std::io::Error::other)?;
        Ok(part.map(|part| {
            let bytes = part.expose(sink, |plain| Bytes::copy_from_slice(plain));
            let at = at + bytes.len() as u64;
            (bytes, (blob, at))
        }))
    });
    let mut response = Response::new(Body::from_stream(body));
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, media);
    set.insert(header::CONTENT_LENGTH, HeaderValue::from(to - from));
    set.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    if let Ok(name) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
        set.insert(header::CONTENT_DISPOSITION, name);
    }
    if range.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        if let Ok(told) = HeaderValue::from_str(&format!("bytes {from}-{}/{size}", to - 1)) {
            response.headers_mut().insert(header::CONTENT_RANGE, told);
        }
    }
    response
}

/// A blob as an answer that is only ever saved: whatever it is, no browser opens it in place.
pub fn saved(blob: Blob, sink: Sink, headers: &HeaderMap, name: &str) -> Response {
    let mut response = answer(blob, sink, headers, name);
    let set = response.headers_mut();
    set.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SAVED_CSP));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        set.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// What a file of this media type is saved as.
#[must_use]
pub fn file_name(item: &str, media: &str) -> String {
    format!("{item}.{}", extension(media))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &'static str) -> Result<Option<(u64, u64)>, ()> {
        range(&HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(text))]), 1000)
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_writes_them() {
        assert_eq!(range(&HeaderMap::new(), 1000), Ok(None));
        assert_eq!(asked("bytes=0-0"), Ok(Some((0, 1))));
        assert_eq!(asked("bytes=0-"), Ok(Some((0, 1000))));
        assert_eq!(asked("bytes=990-5000"), Ok(Some((990, 1000))));
        assert_eq!(asked("bytes=-10"), Ok(Some((990, 1000))));
        assert_eq!(asked("bytes=-5000"), Ok(Some((0, 1000))));
        assert_eq!(asked("bytes=1000-"), Err(()));
        assert_eq!(asked("bytes=-0"), Err(()));
        for ignored in ["bytes=5-4", "bytes=0-1,5-6", "lines=0-1", "bytes=x-", "bytes=1-x"] {
            assert_eq!(asked(ignored), Ok(None), "{ignored}");
        }
    }
}
