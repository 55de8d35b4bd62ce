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
        let (https, host, port) = parts(uri)?;
        let host = host.to_ascii_lowercase();
        Some(Self { https, host, port })
    }

    /// Returns `true` if what is sent there cannot be read on the way: over TLS, or to a literal loopback address
    /// (RFC 6750 §5.3).
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.https || is_loopback(&self.host)
    }

    /// Returns `true` if this is the origin of the URL, without a copy of its host.
    pub(crate) fn is_of(&self, uri: &Uri) -> bool {
        let is_same = |(https, host, port): (bool, &str, u16)| {
            (https, port) == (self.https, self.port) && self.host.eq_ignore_ascii_case(host)
        };
        self.is_written_in(uri) || parts(uri).is_some_and(is_same)
    }

    /// Returns `true` if the URL begins with this origin as it is usually written, which takes a sixth of the time.
    fn is_written_in(&self, uri: &Uri) -> bool {
        let scheme = if self.https {
            &Scheme::HTTPS
        } else {
            &Scheme::HTTP
        };
        let Some(authority) = uri.authority().filter(|_| uri.scheme() == Some(scheme)) else {
            return false;
        };
        match authority.as_str().strip_prefix(self.host.as_str()) {
            Some("") => self.port == if self.https { 443 } else { 80 },
            Some(rest) => rest.strip_prefix(':').is_some_and(|port| {
                port.starts_with(|first| matches!(first, '1'..='9'))
                    && port.parse() == Ok(self.port)
            }),
            None => false,
        }
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

/// Scheme, host as written, and port of a URL that has an origin.
fn parts(uri: &Uri) -> Option<(bool, &str, u16)> {
    let https = match uri.scheme()? {
        scheme if *scheme == Scheme::HTTPS => true,
        scheme if *scheme == Scheme::HTTP => false,
        _ => return None,
    };
    let host = uri.host().filter(|host| !host.is_empty())?;
    let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
    Some((https, host, port))
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
    fn a_url_is_of_its_origin_alone() {
        for origin in [
            "https://api.example",
            "http://127.0.0.1:8080",
            "https://[::1]:8443",
        ] {
            let origin = Origin::parse(origin).unwrap();
            for url in [
                "https://api.example/v1",
                "https://API.example",
                "https://api.example:443/",
                "https://api.example:0443/",
                "https://api.example:44/",
                "https://api.example.evil/",
                "https://api.example:443@evil.example/",
                "https://api.example@evil.example/",
                "https://evil.example@api.example/",
                "http://api.example:443/",
                "http://api.example/",
                "http://127.0.0.1:8080/",
                "http://127.0.0.1/",
                "http://127.0.0.1:80801/",
                "https://127.0.0.1:8080/",
                "https://[::1]:8443/",
                "https://[::1]/",
                "ftp://api.example/",
                "/v1",
            ] {
                let uri = Uri::from_static(url);
                let expected = Origin::of(&uri).as_ref() == Some(&origin);
                assert_eq!(origin.is_of(&uri), expected, "{origin} {url}");
            }
        }
    }

    #[test]
    fn a_path_is_not_part_of_an_origin() {
        let origin = Origin::parse("https://api.example:8443/v1/").unwrap();
        assert_eq!(origin.to_string(), "https://api.example:8443");
    }
}
