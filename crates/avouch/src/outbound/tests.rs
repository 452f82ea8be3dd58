//! The guard against real servers on this machine, and names that lie.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderValue, Method, header};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Answer, Call, Guard, OutboundFault, Reach, Resolved, Resolver, host_of};

/// Names that lead to what each question's turn says; the last answer stays.
#[derive(Debug)]
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|ips| ips.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolved<'a> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[turn].clone();
        Box::pin(async move { Ok(answer) })
    }
}

fn hosts(host: &str) -> BTreeSet<String> {
    BTreeSet::from([host.to_owned()])
}

fn local(at: SocketAddr) -> Guard {
    Guard::new(Reach { loopback: vec![at], ..Reach::default() }, None).unwrap()
}

/// Reads one request's head, then writes `answer` and ends.
async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Vec<u8>) -> String {
    let (mut read, mut part) = (Vec::new(), [0; 4096]);
    while !read.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => break,
            Ok(n) => read.extend_from_slice(&part[..n]),
        }
    }
    let _gone = stream.write_all(&answer).await;
    let _gone = stream.shutdown().await;
    String::from_utf8_lossy(&read).into_owned()
}

/// A server that answers each connection with `answer`, and counts them.
async fn server(answer: impl Into<Vec<u8>>) -> (SocketAddr, Arc<AtomicUsize>) {
    let answer = answer.into();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(talk(stream, answer.clone()));
        }
    });
    (at, count)
}

async fn get(guard: &Guard, url: &str, host: &str) -> Result<Answer, OutboundFault> {
    guard.send(Call::new(Method::GET, url, &hosts(host))).await
}

fn fault(result: Result<Answer, OutboundFault>) -> OutboundFault {
    result.err().expect("a fault")
}

#[tokio::test]
async fn promise_4_1_an_undeclared_host_is_refused() {
    let (at, count) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let guard = local(at);
    let url = format!("http://{at}/");
    assert_eq!(get(&guard, &url, &at.to_string()).await.unwrap().body, "ok");
    let another_port = format!("127.0.0.1:{}", at.port() ^ 1);
    for declared in ["127.0.0.1", "localhost", "api.courier.example", another_port.as_str()] {
        assert_eq!(fault(get(&guard, &url, declared).await), OutboundFault::NotDeclared(at.to_string()));
    }
    for (url, host) in [
        ("https://api.courier.example.evil.example/", "api.courier.example.evil.example"),
        ("https://evil.example/api.courier.example", "evil.example"),
        ("https://api.courier.example./", "api.courier.example."),
        ("https://api.courier.example:8443/", "api.courier.example:8443"),
    ] {
        assert_eq!(fault(get(&guard, url, "api.courier.example").await), OutboundFault::NotDeclared(host.into()));
    }
    for url in [
        "",
        "api.courier.example/",
        "ftp://api.courier.example/",
        "https:///v1",
        "https://api.courier.example@evil.example/",
        "https://evil.example\\@api.courier.example/",
        "https://api.courier.example/ b",
        "https://api.courier.example/\r\nx: y",
        "file:///etc/passwd",
    ] {
        assert_eq!(fault(get(&guard, url, "api.courier.example").await), OutboundFault::NoUrl, "{url}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(host_of("HTTPS://API.Courier.example:443/v1").unwrap(), "api.courier.example");
}

#[tokio::test]
async fn promise_4_1_an_address_within_is_refused_however_it_is_written() {
    let (at, count) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let guard = Guard::strict();
    for host in [
        format!("127.0.0.1:{}", at.port()),
        format!("[::ffff:127.0.0.1]:{}", at.port()),
        "169.254.169.254".into(),
        "10.0.0.1".into(),
        "[fd00:ec2::254]".into(),
    ] {
        let url = format!("https://{host}/");
        assert_eq!(fault(get(&guard, &url, &host).await), OutboundFault::NotPublic(host.clone()));
        let url = format!("http://{host}/");
        assert_eq!(fault(get(&guard, &url, &host).await), OutboundFault::NotEncrypted(host));
    }
    // Forms that only a system's resolver understands: no certificate can name them, or they are names and judged.
    let names = Names::new(&[&["127.0.0.1"]]);
    let guard = Guard::with_resolver(Reach::default(), None, names).unwrap();
    for host in ["2130706433", "0x7f000001", "127.1", "localhost"] {
        let (url, host) = (format!("https://{host}:{}/", at.port()), format!("{host}:{}", at.port()));
        let fault = fault(get(&guard, &url, &host).await);
        assert!(matches!(fault, OutboundFault::NotPublic(_) | OutboundFault::Unreached(_)), "{fault}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
    let outside = Reach { via: [("a.example".into(), "192.0.2.1:80".parse().unwrap())].into(), ..Reach::default() };
    assert!(Guard::new(outside, None).is_err(), "what goes to a proxy elsewhere would go unencrypted");
}

#[tokio::test]
async fn promise_4_1_a_name_that_leads_inside_or_changes_its_mind_is_refused() {
    for answers in [&["127.0.0.1"][..], &["93.184.215.14", "10.0.0.7"], &["169.254.169.254"], &["::ffff:10.0.0.1"]] {
        let names = Names::new(&[answers]);
        let guard = Guard::with_resolver(Reach::default(), None, names).unwrap();
        let got = get(&guard, "https://api.courier.example/", "api.courier.example").await;
        assert_eq!(fault(got), OutboundFault::NotPublic("api.courier.example".into()));
    }
    let none = Guard::with_resolver(Reach::default(), None, Names::new(&[&[]])).unwrap();
    let got = get(&none, "https://api.courier.example/", "api.courier.example").await;
    assert_eq!(fault(got), OutboundFault::Unresolved("api.courier.example".into()));
    // The name is asked once: a second answer would lead inside, and is never heard.
    let networks = vec!["127.0.0.2/32".parse().unwrap()];
    let names = Names::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let reach = Reach { networks, ..Reach::default() };
    let guard = Guard::with_resolver(reach, None, Arc::clone(&names) as Arc<dyn Resolver>).unwrap();
    let (at, count) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let host = format!("api.courier.example:{}", at.port());
    let got = get(&guard, &format!("https://{host}/"), &host).await;
    assert_eq!(fault(got), OutboundFault::Unreached(host), "nobody is at the address that was judged");
    assert_eq!((names.asked.load(Ordering::SeqCst), count.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn promise_4_1_a_redirect_is_a_fault_and_nobody_is_followed() {
    let (inside, reached) = server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Go\r\nlocation: http://{inside}/\r\ncontent-length: 0\r\n\r\n");
        let (at, _) = server(answer).await;
        let reach = Reach { loopback: vec![at, inside], ..Reach::default() };
        let guard = Guard::new(reach, None).unwrap();
        let declared = BTreeSet::from([at.to_string(), inside.to_string()]);
        let got = guard.send(Call::new(Method::GET, &format!("http://{at}/"), &declared)).await;
        assert_eq!(fault(got), OutboundFault::Redirected { host: at.to_string(), status });
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn answers_have_a_size_and_a_time_and_are_read_whole_or_not_at_all() {
    let too_large = |fault| matches!(fault, OutboundFault::TooLarge { .. });
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{}", "x".repeat(11));
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n";
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1 << 20));
    let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(1 << 20));
    for answer in [long.as_str(), chunked, &endless, &head] {
        let (at, _) = server(answer).await;
        let (guard, url, hosts) = (local(at), format!("http://{at}/"), hosts(&at.to_string()));
        let call = Call { largest: 10, ..Call::new(Method::GET, &url, &hosts) };
        assert!(too_large(fault(guard.send(call).await)), "{}", answer.lines().nth(1).unwrap_or_default());
    }
    for broken in ["SSH-2.0\r\n\r\n", "", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok"] {
        let (at, _) = server(broken).await;
        let got = get(&local(at), &format!("http://{at}/"), &at.to_string()).await;
        assert_eq!(fault(got), OutboundFault::BrokeOff(at.to_string()), "{broken:?}");
    }
    let (at, _) = server("HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno").await;
    let answer = get(&local(at), &format!("http://{at}/"), &at.to_string()).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (500, &b"no"[..]));
}

#[tokio::test]
async fn who_never_answers_is_not_waited_for() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = silent.local_addr().unwrap();
    let (guard, url, hosts) = (local(at), format!("http://{at}/"), hosts(&at.to_string()));
    let call = Call { within: Duration::ZERO, ..Call::new(Method::GET, &url, &hosts) };
    assert_eq!(fault(guard.send(call).await), OutboundFault::TooSlow { host: at.to_string(), seconds: 0 });
}

#[tokio::test]
async fn a_proxy_of_this_machine_carries_on_what_is_for_a_host() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        talk(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await
    });
    let reach = Reach { via: [("api.names.example".to_owned(), at)].into(), ..Reach::default() };
    let guard = Guard::new(reach, None).unwrap();
    get(&guard, "https://api.names.example/v1?x=1", "api.names.example").await.unwrap();
    let read = served.await.unwrap();
    assert!(read.starts_with("GET /v1?x=1 HTTP/1.1\r\n") && read.contains("host: api.names.example\r\n"), "{read}");
    let plain = get(&guard, "http://api.names.example/", "api.names.example").await;
    assert_eq!(fault(plain), OutboundFault::NotEncrypted("api.names.example".into()));
}

#[tokio::test]
async fn only_who_shows_the_right_certificate_is_spoken_to() {
    let made = rcgen::generate_simple_self_signed(vec!["api.courier.example".into()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder().with_no_client_auth();
    let tls = tls.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                talk(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()).await;
            }
        }
    });
    let pem = made.cert.pem();
    let guard = |root| {
        let reach = Reach { networks: vec!["127.0.0.0/8".parse().unwrap()], ..Reach::default() };
        Guard::with_resolver(reach, root, Names::new(&[&["127.0.0.1"]])).unwrap()
    };
    let at = |name: &str| (format!("https://{name}:{port}/"), format!("{name}:{port}"));
    let (url, host) = at("api.courier.example");
    assert_eq!(get(&guard(Some(pem.as_bytes())), &url, &host).await.unwrap().body, "ok");
    assert_eq!(fault(get(&guard(None), &url, &host).await), OutboundFault::Tls(host));
    let (url, host) = at("other.example");
    assert_eq!(fault(get(&guard(Some(pem.as_bytes())), &url, &host).await), OutboundFault::Tls(host));
}

#[tokio::test]
async fn how_a_message_is_carried_is_not_the_caller_s_to_say() {
    let (at, count) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let (guard, url, hosts) = (local(at), format!("http://{at}/"), hosts(&at.to_string()));
    for name in [header::HOST, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::CONNECTION] {
        let call = Call::new(Method::GET, &url, &hosts).header(name.clone(), HeaderValue::from_static("x"));
        assert_eq!(fault(guard.send(call).await), OutboundFault::Header(name.to_string()));
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
