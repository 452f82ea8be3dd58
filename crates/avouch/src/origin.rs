//! Where people come: the public address of the site, as browsers write it.

use std::net::IpAddr;

use avouch_seal::passkey::RelyingParty;

/// An origin: scheme, host and port, nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: String,
}

impl Origin {
    /// As it is written, `https://privacy.plaza.example`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether pages are reached over TLS.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// The site as passkeys know it; nothing where they cannot be bound to it, as to an address without a name.
    #[must_use]
    pub fn relying_party(&self) -> Option<RelyingParty<'_>> {
        let number = self.host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        (!number).then_some(RelyingParty { origin: &self.text, id: &self.host })
    }
}

impl std::str::FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |why: &str| format!("'{text}' {why}; write where people come, such as https://privacy.plaza.example");
        let uri: http::Uri = text.parse().map_err(|_| wrong("is no address"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("has no scheme or no host"));
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong("says more than scheme, host and port"));
        }
        let host = authority.host().to_ascii_lowercase();
        let usual = match scheme {
            "https" => 443,
            // Browsers hold this machine's own name for safe.
            "http" if host == "localhost" || host == "127.0.0.1" || host == "[::1]" => 80,
            _ => return Err(wrong("is not https")),
        };
        let port = authority.port_u16().filter(|p| *p != usual).map(|p| format!(":{p}")).unwrap_or_default();
        Ok(Self { text: format!("{scheme}://{host}{port}"), host })
    }
}

impl<'de> serde::Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_write() {
        for (given, text) in [
            ("https://Privacy.Plaza.example/", "https://privacy.plaza.example"),
            ("https://plaza.example:443", "https://plaza.example"),
            ("https://plaza.example:8443", "https://plaza.example:8443"),
            ("http://localhost:8420", "http://localhost:8420"),
        ] {
            assert_eq!(given.parse::<Origin>().map(|o| o.text), Ok(text.to_owned()));
        }
        for wrong in
            ["plaza.example", "http://plaza.example", "https://plaza.example/privacy", "https://a@plaza.example", ""]
        {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn passkeys_are_bound_to_names_only() {
        let at = |text: &str| text.parse::<Origin>().ok().and_then(|o| o.relying_party().map(|rp| rp.id.to_owned()));
        assert_eq!(at("https://plaza.example:8443"), Some("plaza.example".into()));
        assert_eq!(at("http://localhost:8420"), Some("localhost".into()));
        assert_eq!(at("http://127.0.0.1:8420"), None);
        assert_eq!(at("http://[::1]:8420"), None);
    }
}
