//! Where a token may go.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::Scheme;

use crate::error::{Error, Result};

/// Scheme, host and port (RFC 6454): a token meant for one origin goes to no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a URL, if it is one that a bearer token may be sent to at all.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let https = match uri.scheme()? {
            scheme if *scheme == Scheme::HTTPS => true,
            scheme if *scheme == Scheme::HTTP => false,
            _ => return None,
        };
        let host = uri
            .host()
            .filter(|host| !host.is_empty())?
            .to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Some(Self { https, host, port })
    }

    /// An origin as people write it: `https://api.example.com`, with a port if it has one.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let uri: Option<Uri> = text.parse().ok();
        uri.as_ref().and_then(Self::of).ok_or_else(|| {
            // What stands before an `@` may be a password, and a query or fragment a key.
            let which = match text.contains(['@', '?', '#']) {
                true => "an API's URL".to_owned(),
                false => format!("{text:?}"),
            };
            Error::configuration(format!(
                "{which} is not an origin for tokens; write https://host or https://host:port"
            ))
        })
    }

    /// Whether a token may be sent there: over TLS, or without leaving this machine (RFC 6750 §5.3).
    pub(crate) fn is_private(&self) -> bool {
        self.https || is_loopback(&self.host)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.https {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual {
            return Ok(());
        }
        write!(f, ":{}", self.port)
    }
}

/// A literal loopback address. A name is none: `localhost` is whatever the resolver says.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse::<Ipv4Addr>()
        .is_ok_and(|address| address.is_loopback())
        || bare
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
}
