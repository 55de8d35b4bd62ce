//! Whom a token is for.

use std::fmt;

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Whom a token is for, and from whom: the key under which it is kept.
///
/// Two grants with the same identity may share a token; anything that makes a token another token
/// belongs into it: vendor, endpoint, tenant, client, resource owner, scope. Never a secret.
///
/// ```
/// use auth_core::Identity;
///
/// let identity = Identity::new("ermeo").with("client_id", "1_abc").with("username", "j smith");
/// assert_eq!(identity.to_string(), "ermeo client_id=1_abc username=j%20smith");
/// ```
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    /// An identity at a vendor.
    pub fn new(vendor: &str) -> Self {
        Self(escape(vendor))
    }

    /// The same with one more part; an empty value is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0 += &format!(" {}={}", escape(name), escape(value));
        }
        self
    }

    /// Adds a URL, in one spelling of all that mean the same place: scheme and host in lower case, without
    /// the default port (RFC 3986 §6.2) and without a slash at the end. An empty one is left out.
    ///
    /// ```
    /// use auth_core::Identity;
    ///
    /// let identity = |base| Identity::new("acme").with_url("base", base);
    /// assert_eq!(identity("https://API.acme.example:443/"), identity("https://api.acme.example"));
    /// ```
    #[must_use]
    pub fn with_url(self, name: &str, url: &str) -> Self {
        self.with(name, &one_spelling(url))
    }

    /// The identity as one line, equal for equal identities and for no others.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The one spelling of a URL, without a user name, which would bring a password along; a text that is not a URL
/// stays as it is.
fn one_spelling(url: &str) -> String {
    let trimmed = url.trim();
    let Ok(uri) = trimmed.parse::<Uri>() else {
        return url.to_owned();
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return url.to_owned();
    };
    let scheme = scheme.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    let host = authority.host().to_ascii_lowercase();
    let mut one = format!("{scheme}://");
    one += &host;
    match authority.port() {
        Some(port) if Some(port.as_u16()) != default => one += &format!(":{port}"),
        _ => {}
    }
    one += uri.path().trim_end_matches('/');
    if let Some(query) = uri.query() {
        one += &format!("?{query}");
    }
    one
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// What would make two identities look alike, or a log line break.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'=').add(b'%');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_place_are_one_identity() {
        for (url, one) in [
            ("https://api.example.com", "https://api.example.com"),
            ("https://api.example.com/", "https://api.example.com"),
            ("https://api.example.com//", "https://api.example.com"),
            ("HTTPS://API.Example.COM", "https://api.example.com"),
            ("https://api.example.com:443", "https://api.example.com"),
            ("https://api.example.com:443/", "https://api.example.com"),
            ("http://api.example.com:80/a/", "http://api.example.com/a"),
            ("https://api.example.com:/a", "https://api.example.com/a"),
            (" https://api.example.com/a\n", "https://api.example.com/a"),
            ("https://[::1]:443/A?b=C", "https://[::1]/A?b=C"),
        ] {
            assert_eq!(one_spelling(url), one, "{url}");
        }
    }

    #[test]
    fn other_places_are_other_identities() {
        for (one, other) in [
            ("https://api.example.com", "http://api.example.com"),
            ("https://api.example.com", "https://api.example.com:8443"),
            ("https://api.example.com:80", "https://api.example.com"),
            ("https://api.example.com/a", "https://api.example.com/A"),
            ("https://api.example.com/a", "https://api.example.com/a?b"),
        ] {
            assert_ne!(one_spelling(one), one_spelling(other));
        }
    }

    #[test]
    fn a_text_that_is_no_url_stays_as_it_is() {
        for text in ["", "api.example.com/", "/token", "not a URL", "https://"] {
            assert_eq!(one_spelling(text), text);
        }
    }
}
