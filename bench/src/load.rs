//! The generator: clients in a closed loop over kept-alive connections, each answer read whole and judged.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::figures::{now, percentile};

/// What one client has asked and what it must be answered.
#[derive(Debug, Clone)]
pub struct Call {
    /// The whole request, head and body.
    pub request: Vec<u8>,
    /// The status it must have.
    pub status: u16,
    /// What its body must hold.
    pub holds: String,
    /// What the caller wants to know it by, e.g. the number of a value.
    pub tag: u64,
}

/// Makes the calls of a client: the client's number and how many it has made.
pub type Script = Arc<dyn Fn(usize, u64) -> Call + Send + Sync>;

/// What was measured in one period.
#[derive(Debug, Clone, Default)]
pub struct Period {
    /// Answers a second.
    pub rate: f64,
    /// Latency in nanoseconds at the 50th and the 99th of a hundred.
    pub p50: f64,
    /// As `p50`.
    pub p99: f64,
    /// Every acknowledged call: its tag, and the body of its answer where the script asked to keep it.
    pub answered: Vec<(u64, String)>,
}

/// An HTTP/1.1 request over a kept-alive connection.
#[must_use]
pub fn request(method: &str, path: &str, credential: &str, body: &str) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {credential}\r\n");
    if !body.is_empty() {
        head.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    format!("{head}\r\n{body}").into_bytes()
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| format!("connect: {e}"))?;
        stream.set_nodelay(true).map_err(|e| format!("nodelay: {e}"))?;
        Ok(Self { stream, buffer: Vec::with_capacity(8 * 1024) })
    }

    /// Sends a request; gives the status and the body.
    async fn call(&mut self, request: &[u8]) -> Result<(u16, String), String> {
        self.stream.write_all(request).await.map_err(|e| format!("send: {e}"))?;
        self.buffer.clear();
        loop {
            if let Some(answer) = whole(&self.buffer)? {
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.buffer).await.map_err(|e| format!("receive: {e}"))? == 0 {
                return Err("the server closed the connection in the middle".to_owned());
            }
        }
    }
}

/// The status and body of an answer that is there whole; nothing while it is not.
fn whole(buffer: &[u8]) -> Result<Option<(u16, String)>, String> {
    let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
    let (head, rest) = buffer.split_at(end);
    let head = std::str::from_utf8(head).map_err(|_| "the head of an answer is not text".to_owned())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|l| l.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| format!("no status in {head:?}"))?;
    let length = lines
        .filter_map(|l| l.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, n)| n.trim().parse::<usize>().ok())
        .ok_or_else(|| format!("no length in {head:?}"))?;
    Ok(rest.get(4..4 + length).map(|body| (status, String::from_utf8_lossy(body).into_owned())))
}

/// Makes every one of `calls` once, over `clients` connections; gives how many there were.
///
/// # Errors
/// The first that was not answered as it must.
pub async fn each(port: u16, clients: usize, calls: Arc<Vec<Call>>) -> Result<u64, String> {
    let mut running = Vec::with_capacity(clients);
    for client in 0..clients {
        let calls = Arc::clone(&calls);
        let mut connection = Connection::open(port).await?;
        running.push(tokio::spawn(async move {
            let mut made = 0;
            for call in calls.iter().skip(client).step_by(clients) {
                judged(call, connection.call(&call.request).await?)?;
                made += 1;
            }
            Ok::<u64, String>(made)
        }));
    }
    let mut made = 0;
    for task in running {
        made += task.await.map_err(|e| format!("a client failed: {e}"))??;
    }
    Ok(made)
}

fn judged(call: &Call, (status, body): (u16, String)) -> Result<String, String> {
    if status != call.status || !body.contains(&call.holds) {
        let asked = String::from_utf8_lossy(&call.request);
        return Err(format!("wanted {} and {:?}, got {status} and {body} to {asked}", call.status, call.holds));
    }
    Ok(body)
}

/// Runs `clients` in a closed loop for `length`. Keeps the answers' bodies when `keep` is set.
///
/// # Errors
/// The first answer that was wrong; the run is void then.
pub async fn drive(port: u16, clients: usize, length: Duration, script: Script, keep: bool) -> Result<Period, String> {
    let start = now();
    let until = start + length;
    let mut running = Vec::with_capacity(clients);
    for client in 0..clients {
        let script = Arc::clone(&script);
        let mut connection = Connection::open(port).await?;
        running.push(tokio::spawn(async move {
            let (mut times, mut answered) = (Vec::new(), Vec::new());
            let mut made = 0;
            while now() < until {
                let call = script(client, made);
                made += 1;
                let sent = now();
                let answer = connection.call(&call.request).await?;
                times.push(u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
                let body = judged(&call, answer)?;
                answered.push((call.tag, if keep { body } else { String::new() }));
            }
            Ok::<_, String>((times, answered))
        }));
    }
    let (mut times, mut answered) = (Vec::new(), Vec::new());
    for task in running {
        let (more_times, more) = task.await.map_err(|e| format!("a client failed: {e}"))??;
        times.extend(more_times);
        answered.extend(more);
    }
    Ok(period(start.elapsed(), times, answered))
}

/// The figures of a period from its single latencies.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "figures")]
pub fn period(length: Duration, mut times: Vec<u64>, answered: Vec<(u64, String)>) -> Period {
    times.sort_unstable();
    Period {
        rate: times.len() as f64 / length.as_secs_f64(),
        p50: percentile(&times, 0.5) as f64,
        p99: percentile(&times, 0.99) as f64,
        answered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_only_when_it_is_whole() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";
        for cut in 0..text.len() {
            assert_eq!(whole(&text[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(whole(text).unwrap(), Some((201, "hello".to_owned())));
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "without a length nobody knows where it ends");
    }

    #[test]
    fn a_wrong_status_or_a_wrong_value_is_an_error() {
        let call = Call { request: Vec::new(), status: 200, holds: "right".to_owned(), tag: 0 };
        assert!(judged(&call, (200, "all right".to_owned())).is_ok());
        assert!(judged(&call, (200, "wrong".to_owned())).is_err());
        assert!(judged(&call, (503, "right".to_owned())).is_err());
    }
}
