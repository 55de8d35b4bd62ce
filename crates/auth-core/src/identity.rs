//! Whom a token is for.

use std::fmt;

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

fn escape(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// What would make two identities look alike, or a log line break.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'=').add(b'%');
