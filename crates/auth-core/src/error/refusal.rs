//! What a server says when it refuses.

use std::fmt;
use std::time::Duration;

/// What a server said when it refused (RFC 6749 §5.2 and §4.1.2.1).
///
/// The texts come from outside: control characters are escaped, they are cut to 256 characters, and
/// a secret of the request that the server repeats in them is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The error code.
    pub code: ErrorCode,
    /// The text for developers, if the server gave one, and what this side noticed about the request.
    pub description: Option<String>,
    /// The HTTP status; none if the refusal came in a redirect.
    pub status: Option<u16>,
    /// What `Retry-After` asked for, at most an hour.
    pub retry_after: Option<Duration>,
}

/// An error code of RFC 6749, or the server's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `invalid_request`: a parameter is missing, repeated or malformed.
    InvalidRequest,
    /// `invalid_client`: the client is unknown or its secret is wrong.
    InvalidClient,
    /// `invalid_grant`: the password, code or refresh token is wrong, expired, spent or revoked.
    InvalidGrant,
    /// `unauthorized_client`: this client may not use this grant.
    UnauthorizedClient,
    /// `unsupported_grant_type`: the server does not know this grant.
    UnsupportedGrantType,
    /// `invalid_scope`: the scope is unknown, malformed or more than was granted.
    InvalidScope,
    /// `access_denied`: the resource owner said no.
    AccessDenied,
    /// `server_error`: the server failed; a later try may work.
    ServerError,
    /// `temporarily_unavailable`: the server is overloaded; a later try may work.
    TemporarilyUnavailable,
    /// Any other code, as the server spelled it.
    Other(String),
}

impl Refusal {
    /// A refusal as it was read; the texts are cleaned here.
    pub fn new(code: &str, description: Option<&str>) -> Self {
        let description = description
            .map(|text| clean(text, 256))
            .filter(|text| !text.is_empty());
        Self {
            code: ErrorCode::from(code),
            description,
            status: None,
            retry_after: None,
        }
    }

    /// Adds what this side noticed to what the server said.
    pub(super) fn note(&mut self, hint: &str) {
        self.description = Some(match &self.description {
            Some(said) => format!("{said}; {hint}"),
            None => hint.to_owned(),
        });
    }

    pub(super) fn is_transient(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable
        ) || matches!(self.status, Some(429 | 500..))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        match &self.description {
            Some(description) => write!(f, " ({description})"),
            None => Ok(()),
        }
    }
}

impl ErrorCode {
    /// Which setting is at fault, for people.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::InvalidClient => "; check the client id, and its secret or key",
            Self::InvalidScope => "; check the scope",
            Self::UnauthorizedClient => "; this client may not use this grant",
            Self::UnsupportedGrantType => "; check the token endpoint and the grant",
            _ => "",
        }
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        match CODES.iter().find(|(name, _)| *name == code) {
            Some((_, code)) => code.clone(),
            None => Self::Other(clean(code, 64)),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Other(code) = self {
            return f.write_str(code);
        }
        let name = CODES
            .iter()
            .find(|(_, code)| code == self)
            .map_or("unknown", |(name, _)| name);
        f.write_str(name)
    }
}

/// A text from outside, made fit for a log line: no control or direction characters, cut.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let mut clean = String::new();
    for character in text.trim().chars().take(most) {
        if character.is_control() || is_invisible(character) {
            clean.extend(character.escape_default());
        } else {
            clean.push(character);
        }
    }
    clean
}

/// Characters that reorder or hide what stands beside them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

const CODES: [(&str, ErrorCode); 9] = [
    ("invalid_request", ErrorCode::InvalidRequest),
    ("invalid_client", ErrorCode::InvalidClient),
    ("invalid_grant", ErrorCode::InvalidGrant),
    ("unauthorized_client", ErrorCode::UnauthorizedClient),
    ("unsupported_grant_type", ErrorCode::UnsupportedGrantType),
    ("invalid_scope", ErrorCode::InvalidScope),
    ("access_denied", ErrorCode::AccessDenied),
    ("server_error", ErrorCode::ServerError),
    ("temporarily_unavailable", ErrorCode::TemporarilyUnavailable),
];
