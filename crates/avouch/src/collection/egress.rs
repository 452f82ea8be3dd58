//! A way out through a proxy on this machine, which speaks TLS to the world and knows whom it may reach.
//!
//! Keeps promise 4.1 with [`super::verifier`]: the host must be among those the policy names for the recipient,
//! which is asked before every request. Only a loopback address is connected to.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::verifier::{Outbound, Pending, Post};

/// How long a request may take.
const WITHIN: Duration = Duration::from_secs(20);
/// The largest answer read, in bytes.
const LARGEST: u64 = 256 * 1024;

/// Why a proxy cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "{0} is not on this machine: what goes to it would go unencrypted. Write a loopback address such as 127.0.0.1:8700"
)]
pub struct NotLocal(SocketAddr);

/// A proxy on this machine.
#[derive(Debug, Clone)]
pub struct LocalProxy {
    at: SocketAddr,
}

impl LocalProxy {
    /// A proxy at a loopback address.
    ///
    /// # Errors
    /// [`NotLocal`] for any other address.
    pub fn new(at: SocketAddr) -> Result<Self, NotLocal> {
        if at.ip().is_loopback() { Ok(Self { at }) } else { Err(NotLocal(at)) }
    }

    async fn send(&self, post: &Post<'_>) -> Result<(u16, Vec<u8>), String> {
        let (host, path) = parts(post.url).ok_or("the address of the verifier is no URL")?;
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\naccept: application/json\r\ncontent-length: {}\r\n",
            post.body.len()
        );
        for (name, value) in post.headers {
            if value.contains(['\r', '\n']) {
                return Err(format!("the header {name} holds a line break"));
            }
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let wrong = |e: std::io::Error| format!("the proxy at {}: {e}", self.at);
        let mut stream = TcpStream::connect(self.at).await.map_err(wrong)?;
        stream.write_all(head.as_bytes()).await.map_err(wrong)?;
        stream.write_all(post.body).await.map_err(wrong)?;
        let mut answer = Vec::new();
        stream.take(LARGEST + 1).read_to_end(&mut answer).await.map_err(wrong)?;
        if answer.len() as u64 > LARGEST {
            return Err("the answer is larger than any verdict".into());
        }
        read(&answer).ok_or_else(|| "the answer is no HTTP, or broke off".to_owned())
    }
}

impl Outbound for LocalProxy {
    fn post<'a>(&'a self, post: Post<'a>) -> Pending<'a, Result<(u16, Vec<u8>), String>> {
        Box::pin(async move {
            tokio::time::timeout(WITHIN, self.send(&post)).await.unwrap_or_else(|_| Err("no answer in time".into()))
        })
    }
}

/// Host and path of a URL.
#[must_use]
pub fn parts(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let fine = matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(plain);
    let path = if path.is_empty() { "/" } else { path };
    (fine && path.chars().all(|c| c.is_ascii_graphic())).then_some((host, path))
}

/// Status and body of an answer that ends with its connection; a length or chunks are minded.
fn read(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let body = answer.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let header = |wanted: &str| {
        head.split("\r\n").skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_ascii_lowercase())
        })
    };
    if header("transfer-encoding").is_some_and(|v| v.contains("chunked")) {
        return Some((status, unchunk(body)?));
    }
    match header("content-length") {
        Some(length) => Some((status, body.get(..length.parse().ok()?)?.to_vec())),
        None => Some((status, body.to_vec())),
    }
}

fn unchunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let line = body.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(body.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        let from = line.checked_add(2)?;
        let to = from.checked_add(size)?;
        out.extend_from_slice(body.get(from..to)?);
        body = body.get(to.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let ok = |text: &str, body: &str| assert_eq!(read(text.as_bytes()), Some((200, body.as_bytes().to_vec())));
        ok("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}");
        ok("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n", "{}");
        ok("HTTP/1.0 200 OK\r\n\r\n{}", "{}");
        for broken in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
            "SSH-2.0\r\n\r\n",
        ] {
            assert_eq!(read(broken.as_bytes()), None, "{broken:?}");
        }
    }

    #[test]
    fn only_this_machine_is_a_proxy_and_only_a_plain_url_is_one() {
        assert!(LocalProxy::new("127.0.0.1:1".parse().unwrap()).is_ok());
        assert!(LocalProxy::new("192.0.2.1:1".parse().unwrap()).is_err());
        assert_eq!(parts("https://api.names.example/v1?x=1"), Some(("api.names.example", "/v1?x=1")));
        assert_eq!(parts("https://api.names.example"), Some(("api.names.example", "/")));
        for url in
            ["api.names.example", "ftp://x/", "https:///v1", "https://a@b/", "https://a/ b", "https://a/\r\nx: y"]
        {
            assert_eq!(parts(url), None, "{url}");
        }
    }
}
