//! The key of a login.

use std::fmt;

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Key of a login: vendor, client, user and whatever else makes one login different from another.
///
/// Two grants with the same identity share a login, so every setting that makes a token another token belongs into it:
/// endpoint, tenant, client, scope. It never holds a secret.
///
/// ```
/// use auth_core::grant::Identity;
///
/// let identity = Identity::new("ermeo").with("client_id", "1_abc").user(Some("j smith"));
/// assert_eq!(identity.to_string(), "ermeo client_id=1_abc user=j%20smith");
/// ```
#[derive(Clone, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    text: Box<str>,
    lacks_user: bool,
}

impl Identity {
    /// A login at this vendor.
    #[must_use]
    pub fn new(vendor: &str) -> Self {
        Self {
            text: escape(vendor).into(),
            lacks_user: false,
        }
    }

    /// Adds a part; an empty value is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.text = format!("{} {}={}", self.text, escape(name), escape(value)).into();
        }
        self
    }

    /// Adds a part if it is set.
    #[must_use]
    pub fn with_optional(self, name: &str, value: Option<&str>) -> Self {
        self.with(name, value.unwrap_or_default())
    }

    /// Adds a URL, in one spelling of all that mean the same place: scheme and host in lower case, without
    /// the default port (RFC 3986 §6.2) and without a slash at the end. An empty one is left out.
    ///
    /// ```
    /// use auth_core::grant::Identity;
    ///
    /// let identity = |base| Identity::new("acme").with_url("base", base);
    /// assert_eq!(identity("https://API.acme.example:443/"), identity("https://api.acme.example"));
    /// ```
    #[must_use]
    pub fn with_url(self, name: &str, url: &str) -> Self {
        self.with(name, &one_spelling(url))
    }

    /// Sets the login's user. A grant whose logins have a user passes `None` if none is named: a session with a
    /// store is then an error, because the next user would get this login.
    #[must_use]
    pub fn user(mut self, user: Option<&str>) -> Self {
        let user = user.filter(|user| !user.is_empty());
        self.lacks_user = user.is_none();
        self.with_optional("user", user)
    }

    /// The key that a record was stored under.
    pub(crate) fn from_text(text: &str) -> Self {
        Self {
            text: text.into(),
            lacks_user: false,
        }
    }

    pub(crate) fn lacks_user(&self) -> bool {
        self.lacks_user
    }

    /// Returns the key as one line, equal for equal logins and for no others.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.text).finish()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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

/// Characters that would make two identities look alike, or a log line break.
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
