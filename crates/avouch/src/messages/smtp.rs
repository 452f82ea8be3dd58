//! Mail by SMTP: TLS from the start or by STARTTLS, checked against the machine's roots or one given; in the
//! clear only to this very machine.

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::port::{Letter, Mailer, Sending, Undelivered};

/// How long one mail may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the connection is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// STARTTLS, refused when the server does not offer it (port 587).
    Starttls,
    /// None; only to a loopback address.
    None,
}

/// Where mail goes.
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct Smtp {
    /// The server's name, which its certificate must bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub security: Security,
    /// User and password, where it asks for them.
    pub login: Option<(String, String)>,
    /// A root to trust besides the machine's, as PEM.
    pub root: Option<Vec<u8>>,
    /// Whom mail is from: `Plaza <no-reply@plaza.example>`.
    pub from: String,
}

macro_rules! header {
    ($type:ident, $name:literal) => {
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header!(Unsubscribe, "List-Unsubscribe");
header!(UnsubscribePost, "List-Unsubscribe-Post");

/// A mailer over one server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpMailer(…)")
    }
}

/// Whether a host is this very machine.
pub(crate) fn local(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl SmtpMailer {
    /// A mailer as configured.
    ///
    /// # Errors
    /// What is wrong with the configuration, for who wrote it.
    pub fn new(smtp: Smtp) -> Result<Self, String> {
        let from = smtp.from.parse().map_err(|e| format!("mail.smtp.from is no address: {e}"))?;
        let tls = || {
            let mut builder = TlsParameters::builder(smtp.host.clone());
            if let Some(root) = &smtp.root {
                let root = Certificate::from_pem(root).map_err(|e| format!("mail.smtp.root_file: {e}"))?;
                builder = builder.add_root_certificate(root);
            }
            builder.build().map_err(|e| format!("mail.smtp: TLS cannot be set up: {e}"))
        };
        let tls = match smtp.security {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::Starttls => Tls::Required(tls()?),
            Security::None if local(&smtp.host) => Tls::None,
            Security::None => {
                return Err("mail.smtp.security = \"none\" is for a server on this machine only; use \"starttls\" \
                            or \"tls\""
                    .into());
            }
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
            .port(smtp.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = smtp.login {
            transport = transport.credentials(Credentials::new(user, password));
        }
        Ok(Self { transport: transport.build(), from })
    }

    async fn send(&self, letter: &Letter) -> Result<(), Undelivered> {
        let address = letter
            .to
            .parse()
            .map_err(|_| Undelivered { why: "the address is none that mail can be sent to".into(), for_good: true })?;
        let mut head = Message::builder();
        if let Some(link) = &letter.unsubscribe {
            // RFC 2369 and 8058: a mail program offers the link, and one POST to it refuses.
            head = head
                .header(Unsubscribe(format!("<{link}>")))
                .header(UnsubscribePost("List-Unsubscribe=One-Click".to_owned()));
        }
        let mail = head
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.to_string())
            .map_err(|e| Undelivered { why: format!("the mail could not be written: {e}"), for_good: true })?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            // What servers say repeats addresses; the code says enough.
            Err(e) => Err(Undelivered {
                why: match e.status() {
                    Some(code) => format!("the mail server answered {code}"),
                    None if e.is_tls() => "the mail server's TLS could not be trusted".into(),
                    None if e.is_timeout() => "the mail server did not answer in time".into(),
                    None => "the mail server could not be reached, or did not speak as it should".into(),
                },
                for_good: e.is_permanent(),
            }),
        }
    }
}

impl Mailer for SmtpMailer {
    fn mail<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(self.send(letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(host: &str, security: Security) -> Smtp {
        Smtp {
            host: host.into(),
            port: 2525,
            security,
            login: None,
            root: None,
            from: "Plaza <no-reply@plaza.example>".into(),
        }
    }

    #[tokio::test]
    async fn promise_5_5_mail_in_the_clear_goes_no_further_than_this_machine() {
        assert!(SmtpMailer::new(smtp("127.0.0.1", Security::None)).is_ok());
        assert!(SmtpMailer::new(smtp("localhost", Security::None)).is_ok());
        for host in ["mail.plaza.example", "192.0.2.1", "localhost.example"] {
            assert!(SmtpMailer::new(smtp(host, Security::None)).is_err(), "{host}");
        }
        assert!(SmtpMailer::new(smtp("mail.plaza.example", Security::Starttls)).is_ok());
    }
}
