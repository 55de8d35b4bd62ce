//! Headers of a request, and what `Debug` shows of it: names, and no value.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::secret::{Secret, SecretSource};

use super::TokenRequest;

impl TokenRequest {
    /// Adds a header with a public value: visible ASCII and inner spaces, up to 2048 bytes.
    ///
    /// No `Debug` or error shows the value, but the request that a [`Transport`](crate::transport::Transport) receives
    /// does; a key or a token belongs into [`secret_header`](TokenRequest::secret_header).
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let header = HeaderName::try_from(name).ok();
        match header.zip(HeaderValue::try_from(value).ok()) {
            Some((name, value)) if is_sendable(&value) => self.headers.push((name, value)),
            _ => {
                self.problem.get_or_insert(refused(name));
            }
        }
        self
    }

    /// Adds a header with a secret value, such as the key of an API gateway before the token endpoint.
    ///
    /// The value is as in [`header`](TokenRequest::header). It is marked sensitive, wiped from memory after use, and no
    /// `Debug` or error shows it, also if the server repeats it.
    ///
    /// ```
    /// use auth_core::grant::TokenRequest;
    /// use auth_core::secret;
    ///
    /// let request = TokenRequest::form("https://login.example.com/token")
    ///     .param("grant_type", "client_credentials")
    ///     .secret_header("x-space-auth-key", secret::env("GATEWAY_KEY"));
    /// # let _ = request;
    /// ```
    pub fn secret_header(mut self, name: &'static str, value: impl Into<SecretSource>) -> Self {
        match HeaderName::try_from(name) {
            Ok(name) => self.secret_headers.push((name, value.into())),
            Err(_) => {
                self.problem.get_or_insert(refused(name));
            }
        }
        self
    }
}

/// The values of headers that errors must not show.
pub(super) fn hidden(headers: &[(HeaderName, HeaderValue)]) -> Vec<Secret> {
    let mut hidden = Vec::new();
    for (name, value) in headers {
        if !PUBLIC.contains(&name.as_str()) {
            hide(
                &Secret::new(value.to_str().unwrap_or_default()),
                &mut hidden,
            );
        }
    }
    hidden
}

/// Adds a value, and what follows a scheme in it (`Basic …`), also as a server may decode it.
pub(super) fn hide(value: &Secret, hidden: &mut Vec<Secret>) {
    if let Some((scheme, credentials)) = value.expose().split_once(' ') {
        hidden.push(Secret::new(credentials));
        if scheme.eq_ignore_ascii_case("basic") {
            hide_pair(credentials, hidden);
        }
    }
    hidden.push(value.clone());
}

/// Adds the pair that HTTP Basic has encoded, and the secret in it (RFC 7617 §2).
fn hide_pair(encoded: &str, hidden: &mut Vec<Secret>) {
    let mut bytes = Zeroizing::new(Vec::with_capacity(encoded.len()));
    if BASE64_STANDARD.decode_vec(encoded, &mut bytes).is_err() {
        return;
    }
    let pair = std::str::from_utf8(&bytes).unwrap_or_default();
    let (_, secret) = pair.split_once(':').unwrap_or_default();
    hidden.extend([Secret::new(pair), Secret::new(secret)]);
}

pub(super) fn refused(name: &str) -> Error {
    Error::configuration(format!(
        "the value for the header `{name}` is empty, too long or not visible ASCII"
    ))
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters.iter().map(|parameter| &parameter.name);
        let headers = self.headers.iter().map(|(name, _)| name);
        let secret_headers = self.secret_headers.iter().map(|(name, _)| name);
        // A query may hold a key, and so may the part before an `@`.
        let endpoint = self.endpoint.split(['?', '#']).next();
        f.debug_struct("TokenRequest")
            .field("shape", &self.shape)
            .field("endpoint", &endpoint.filter(|it| !it.contains('@')))
            .field("parameters", &parameters.collect::<Vec<_>>())
            .field(
                "headers",
                &headers.chain(secret_headers).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

pub(super) fn is_sendable(value: &HeaderValue) -> bool {
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
