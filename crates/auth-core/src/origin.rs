//! Where a token may go.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::Scheme;

use crate::error::{Error, Result};

/// Scheme, host and port of a URL (RFC 6454): a token that is meant for one origin is not sent to another.
///
/// ```
/// use auth_core::http::Uri;
/// use auth_core::transport::Origin;
///
/// let of = |url: &'static str| Origin::of(&Uri::from_static(url));
/// assert_eq!(of("https://API.example.com/v1?x=1"), of("https://api.example.com:443"));
/// assert_eq!(of("http://[::1]:8080/v1").unwrap().to_string(), "http://[::1]:8080");
/// assert_eq!(of("ftp://api.example.com"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Returns the origin of an `https` or `http` URL; `None` for others.
    #[must_use]
    pub fn of(uri: &Uri) -> Option<Self> {
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

    /// Returns `true` if what is sent there cannot be read on the way: over TLS, or to a literal loopback address
    /// (RFC 6750 §5.3).
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.https || is_loopback(&self.host)
    }

    /// Reads a setting, `https://api.example.com` with a port and a path if it has them.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let uri: Option<Uri> = text.parse().ok();
        let origin = uri.as_ref().and_then(Self::of);
        // A password is before an `@`, and a key may be in a query or fragment.
        if text.contains(['@', '?', '#']) {
            return Err(Error::configuration(
                "the URL of an API (`base`, `api` or `token_endpoint`) must not have `@`, `?` or `#` in it; write \
                 https://host or https://host:port",
            ));
        }
        origin.ok_or_else(|| {
            Error::configuration(format!(
                "{text:?} is not the URL of an API (`base`, `api` or `token_endpoint`); write https://host or \
                 https://host:port"
            ))
        })
    }

    /// A hint for a person who wrote a name for an address; empty for other hosts.
    pub(crate) fn hint(&self) -> &'static str {
        if is_localhost(&self.host) {
            "; write 127.0.0.1 for localhost"
        } else {
            ""
        }
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

/// Returns `true` for a literal loopback address, such as `127.0.0.1` or `[::1]`, to which secrets may be sent without
/// TLS. A name is not one: a resolver can map `localhost` to any address.
///
/// ```
/// use auth_core::transport::is_loopback;
///
/// assert!(is_loopback("127.0.0.1") && is_loopback("::1") && is_loopback("[::1]"));
/// assert!(!is_loopback("localhost"));
/// ```
#[must_use]
pub fn is_loopback(host: &str) -> bool {
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

/// Returns `true` for the name that most machines have for themselves.
pub(crate) fn is_localhost(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Origin::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_setting_that_is_not_a_url_is_named() {
        for text in ["", "htps://x", "api.example.com", "https://api.example\n"] {
            let problem = problem(text);
            assert!(
                problem.starts_with(&format!("{text:?} is not")),
                "{problem}"
            );
            assert!(
                problem.contains("`base`, `api` or `token_endpoint`"),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_setting_has_no_query_fragment_or_password() {
        for text in [
            "https://api.example?key=s3cret",
            "https://api.example/v1#s3cret",
            "https://ada:s3cret@api.example",
            "wss:s3cret@x",
        ] {
            let problem = problem(text);
            assert!(!problem.contains("s3cret"), "{problem}");
            assert!(problem.contains("must not have"), "{problem}");
        }
    }

    #[test]
    fn a_path_is_not_part_of_an_origin() {
        let origin = Origin::parse("https://api.example:8443/v1/").unwrap();
        assert_eq!(origin.to_string(), "https://api.example:8443");
    }
}
