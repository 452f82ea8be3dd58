//! One file sent by a form (`multipart/form-data`): the fields before it are read, the file streams on.
//!
//! The form puts its token first and its file last, so that the token is checked before a byte of the file is
//! taken, and the file's size follows from the body's. Whatever name the sender gives the file is not looked at.

use std::time::Duration;

use avouch::contact::attachment::Sent;
use axum::Form;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::{Stream, StreamExt as _, stream};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::http::within::{Cut, alive};
use crate::state::Web;

/// The most that may stand before the file, in bytes.
const HEAD: usize = super::guard::FORM_LIMIT;

/// How long the file of a message may take: it waits in memory, where there is not room for everyone's.
const READ_WITHIN: Duration = Duration::from_secs(180);

/// What a form with a file sent before the file, and how long the file is. Put into the request by the guard.
#[derive(Clone)]
pub struct SentFile {
    /// The file's size in bytes; 0 when none was chosen.
    pub size: u64,
    /// The fields before the file.
    pub(crate) fields: Vec<(String, String)>,
}

impl std::fmt::Debug for SentFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SentFile").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Whether a form that is sent to this path may carry a file.
pub(crate) fn taken_at(path: &str) -> bool {
    path == crate::site::privacy::content::UPLOAD
        || (path.starts_with("/recipients/") && path.contains("/documents/"))
        || path == "/contact"
        || ["/contact/case/", "/privacy/cases/", "/cases/"].iter().any(|of| path.starts_with(of))
}

/// A body read up to its file.
pub(crate) struct Read {
    /// The file.
    pub(crate) file: SentFile,
    /// Its bytes.
    pub(crate) body: Body,
}

/// The boundary, where the body is such a form.
pub(crate) fn boundary(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, rest) = text.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = rest.trim().strip_prefix("boundary=")?.trim_matches('"');
    ((1..=70).contains(&value.len())).then(|| value.to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// What of the head could be read so far.
enum Step {
    /// A field, and how many bytes it took.
    Field(String, String, usize),
    /// The file begins after so many bytes.
    File(usize),
    /// More is needed.
    More,
    /// It is no such form.
    Wrong,
}

fn step(bytes: &[u8], delimiter: &[u8]) -> Step {
    let Some(rest) = bytes.strip_prefix(delimiter) else {
        return if bytes.len() < delimiter.len() { Step::More } else { Step::Wrong };
    };
    let Some(rest) = rest.strip_prefix(b"\r\n") else {
        return if rest.len() < 2 { Step::More } else { Step::Wrong };
    };
    let Some(end) = find(rest, b"\r\n\r\n") else { return Step::More };
    let Ok(head) = std::str::from_utf8(rest.get(..end).unwrap_or_default()) else { return Step::Wrong };
    let body = delimiter.len() + 2 + end + 4;
    let disposition =
        head.lines().find(|l| l.to_ascii_lowercase().starts_with("content-disposition:")).unwrap_or_default();
    if disposition.contains("filename") {
        return Step::File(body);
    }
    let Some(name) = disposition.split("name=\"").nth(1).and_then(|n| n.split('"').next()) else { return Step::Wrong };
    let value = bytes.get(body..).unwrap_or_default();
    let stop = [b"\r\n", delimiter].concat();
    let Some(end) = find(value, &stop) else { return Step::More };
    match std::str::from_utf8(value.get(..end).unwrap_or_default()) {
        Ok(text) => Step::Field(name.to_owned(), text.to_owned(), body + end + 2),
        Err(_) => Step::Wrong,
    }
}

/// Reads a body up to its file.
///
/// # Errors
/// [`Fault::Malformed`] for a body that is no such form or has no length; [`Fault::TooLarge`] when too much stands
/// before the file.
pub(crate) async fn read(headers: &HeaderMap, boundary: &str, body: Body) -> Result<Read, Fault> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let length = length.ok_or(Fault::Malformed)?;
    let delimiter = format!("--{boundary}").into_bytes();
    let mut parts = alive(body);
    let mut fields = Vec::new();
    let mut buffer: Vec<u8> = Vec::new();
    let mut before = 0_u64;
    loop {
        match step(&buffer, &delimiter) {
            Step::Wrong => return Err(Fault::Malformed),
            Step::Field(name, value, took) => {
                fields.push((name, value));
                before += took as u64;
                buffer.drain(..took);
            }
            Step::File(took) => {
                before += took as u64;
                buffer.drain(..took);
                break;
            }
            Step::More if buffer.len() > HEAD => return Err(Fault::TooLarge),
            Step::More => match parts.next().await {
                Some(Ok(bytes)) => buffer.extend_from_slice(&bytes),
                _ => return Err(Fault::Malformed),
            },
        }
    }
    // What follows the file: a line's end, the boundary between two hyphens, a line's end.
    let after = delimiter.len() as u64 + 6;
    let size = length.checked_sub(before + after).ok_or(Fault::Malformed)?;
    let first = stream::iter([Ok(Bytes::from(buffer))]);
    let body = Body::from_stream(take(first.chain(parts), size));
    Ok(Read { file: SentFile { size, fields }, body })
}

/// The first `size` bytes of a stream.
fn take(
    parts: impl Stream<Item = Result<Bytes, Cut>> + Send + Unpin + 'static,
    size: u64,
) -> impl Stream<Item = Result<Bytes, Cut>> + Send {
    stream::unfold((parts, size), async |(mut parts, left)| {
        if left == 0 {
            return None;
        }
        match parts.next().await? {
            Err(cut) => Some((Err(cut), (parts, 0))),
            Ok(mut bytes) => {
                bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len()));
                let left = left - bytes.len() as u64;
                Some((Ok(bytes), (parts, left)))
            }
        }
    })
}

/// A form that may bring one file: its fields, and the file in memory, for which there was room. It is sent as
/// `multipart/form-data`, or like any other form where it brings none.
pub struct Written<T> {
    /// The fields.
    pub form: T,
    /// The file; what was wrong with it is told with the form, so that nothing written is lost.
    pub file: Result<Option<Sent>, avouch::Fault>,
}

impl<T> std::fmt::Debug for Written<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Written(…)")
    }
}

impl<T: DeserializeOwned + Send> FromRequest<Web> for Written<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Fault> {
        let Some(sent) = request.extensions().get::<SentFile>().cloned() else {
            let Form(form) = Form::from_request(request, web).await.map_err(|_| Fault::Malformed)?;
            return Ok(Self { form, file: Ok(None) });
        };
        let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs(&sent.fields).finish();
        let as_form = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(fields))
            .map_err(|_| Fault::Malformed)?;
        let Form(form) = Form::from_request(as_form, web).await.map_err(|_| Fault::Malformed)?;
        if sent.size == 0 {
            return Ok(Self { form, file: Ok(None) });
        }
        let room = match web.app.room_for(sent.size) {
            Ok(room) => room,
            Err(fault) => return Ok(Self { form, file: Err(fault) }),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(sent.size).unwrap_or(0)));
        let read = async {
            let mut parts = request.into_body().into_data_stream();
            while let Some(part) = parts.next().await {
                bytes.extend_from_slice(&part.map_err(|_| Fault::Malformed)?);
            }
            Ok(())
        };
        tokio::time::timeout(READ_WITHIN, read).await.map_err(|_| Fault::Timeout)??;
        if bytes.len() as u64 != sent.size {
            return Err(Fault::Malformed);
        }
        Ok(Self { form, file: Ok(Some(room.holds(bytes))) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use axum::http::HeaderValue;

    async fn sent(body: &'static [u8], cut: usize) -> Result<(Vec<(String, String)>, u64, Vec<u8>), Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=XyZ"));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        let (a, b) = body.split_at(cut);
        let parts = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(a)), Ok(Bytes::from_static(b))]);
        let read = read(&headers, &boundary(&headers).unwrap(), Body::from_stream(parts)).await?;
        let bytes = to_bytes(read.body, 1 << 16).await.unwrap().to_vec();
        Ok((read.file.fields, read.file.size, bytes))
    }

    #[tokio::test]
    async fn the_token_comes_first_and_the_file_keeps_its_length_wherever_the_body_is_cut() {
        let body: &[u8] = b"--XyZ\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--XyZ\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\
            bytes\r\n--Xy in the file\r\n--XyZ--\r\n";
        for cut in 0..body.len() {
            let (fields, size, bytes) = sent(body, cut).await.unwrap();
            assert_eq!(fields, [("csrf".to_owned(), "token".to_owned())]);
            assert_eq!(bytes, b"bytes\r\n--Xy in the file");
            assert_eq!(size, bytes.len() as u64);
        }
        assert!(sent(b"--Other\r\n\r\n", 0).await.is_err());
        assert!(sent(b"--XyZ\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nnever ends", 3).await.is_err());
    }
}
