//! Headers of a request, and what `Debug` shows of it: names, and no value.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::secret::{Secret, header_value};

use super::TokenRequest;

impl TokenRequest {
    /// Adds a header with a public value: visible ASCII, with spaces inside at most, up to 2048 bytes.
    ///
    /// No `Debug` or error shows the value, but the request that a [`Transport`](crate::Transport) gets
    /// does; a key or a token belongs into [`secret_header`](TokenRequest::secret_header).
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let header = HeaderName::try_from(name).ok();
        match header.zip(HeaderValue::try_from(value).ok()) {
            Some((name, value)) if is_sendable(&value) => {
                if !PUBLIC.contains(&name.as_str()) {
                    self.hide(&Secret::from(value.to_str().unwrap_or_default()));
                }
                self.headers.push((name, value));
            }
            _ => self.refuse_header(name),
        }
        self
    }

    /// Adds a header with a secret value, such as the key of an API gateway before the token endpoint.
    ///
    /// The value is as in [`header`](TokenRequest::header). It is marked sensitive, wiped from memory
    /// after use, and no `Debug` or error shows it, also if the server repeats it.
    ///
    /// ```
    /// use auth_core::{Secret, TokenRequest};
    ///
    /// let key = Secret::from("Basic Y2xpZW50OnMzY3JldA==");
    /// let request = TokenRequest::form("https://login.example.com/token")
    ///     .param("grant_type", "client_credentials")
    ///     .secret_header("x-space-auth-key", &key);
    /// assert!(!format!("{request:?}").contains("Y2xp"));
    /// ```
    pub fn secret_header(mut self, name: &'static str, value: impl Into<Secret>) -> Self {
        let value = value.into();
        let bytes = Zeroizing::new(value.expose().as_bytes().to_vec());
        let header = HeaderName::try_from(name).ok();
        match header.zip(header_value(bytes)) {
            Some((name, sensitive)) if is_sendable(&sensitive) => {
                self.hide(&value);
                self.headers.push((name, sensitive));
            }
            _ => self.refuse_header(name),
        }
        self
    }

    /// Leaves a value out of errors, and what follows a scheme in it (`Basic …`), also if the server decodes it.
    fn hide(&mut self, value: &Secret) {
        if let Some((scheme, credentials)) = value.expose().split_once(' ') {
            self.in_headers.push(credentials.into());
            if scheme.eq_ignore_ascii_case("basic") {
                self.hide_pair(credentials);
            }
        }
        self.in_headers.push(value.clone());
    }

    /// Leaves out the pair that HTTP Basic has encoded, and the secret in it (RFC 7617 §2).
    fn hide_pair(&mut self, encoded: &str) {
        let mut bytes = Zeroizing::new(Vec::with_capacity(encoded.len()));
        if BASE64_STANDARD.decode_vec(encoded, &mut bytes).is_err() {
            return;
        }
        let pair = std::str::from_utf8(&bytes).unwrap_or_default();
        let (_, secret) = pair.split_once(':').unwrap_or_default();
        self.in_headers.extend([pair.into(), secret.into()]);
    }

    fn refuse_header(&mut self, name: &str) {
        self.fail(format!(
            "the value for the header `{name}` is empty, too long or not visible ASCII"
        ));
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(|(name, _)| name);
        let headers = self.headers.iter().map(|(name, _)| name);
        // A query may hold a key, and so may what stands before an `@`.
        let endpoint = self.endpoint.split(['?', '#']).next();
        f.debug_struct("TokenRequest")
            .field("shape", &self.shape)
            .field("endpoint", &endpoint.filter(|it| !it.contains('@')))
            .field("parameters", &parameters.collect::<Vec<_>>())
            .field("headers", &headers.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

fn is_sendable(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= LONGEST_HEADER
        && bytes.trim_ascii() == bytes
        && bytes
            .iter()
            .all(|byte| *byte == b' ' || byte.is_ascii_graphic())
}

const LONGEST_HEADER: usize = 2048;
/// Headers whose values are words that people need to read.
const PUBLIC: [&str; 5] = [
    "accept",
    "accept-charset",
    "accept-language",
    "content-type",
    "user-agent",
];
