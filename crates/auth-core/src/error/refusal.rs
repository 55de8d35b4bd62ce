//! Refusals of servers.

use std::fmt;
use std::time::Duration;

/// Error response of a server (RFC 6749 §5.2 and §4.1.2.1).
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
    /// The wait that `Retry-After` requests, at most a day.
    pub retry_after: Option<Duration>,
}

/// An error code that an RFC knows, or the server's own.
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
    /// `access_denied`: the resource owner declined.
    AccessDenied,
    /// `server_error`: the server failed; a later try may work.
    ServerError,
    /// `temporarily_unavailable`: the server is overloaded; a later try may work.
    TemporarilyUnavailable,
    /// `unsupported_response_type`: the server does not support this kind of response (RFC 6749 §4.1.2.1).
    UnsupportedResponseType,
    /// `authorization_pending`: the user has not finished yet (RFC 8628 §3.5).
    AuthorizationPending,
    /// `slow_down`: the client polls too often (RFC 8628 §3.5).
    SlowDown,
    /// `expired_token`: the device code is over (RFC 8628 §3.5).
    ExpiredToken,
    /// `invalid_target`: the resource or the audience is unknown (RFC 8707 §2).
    InvalidTarget,
    /// `invalid_dpop_proof`: the proof is wrong, often its time (RFC 9449 §5).
    InvalidDpopProof,
    /// `use_dpop_nonce`: the proof needs the server's nonce (RFC 9449 §8).
    UseDpopNonce,
    /// `invalid_client_metadata`: the client is registered wrongly (RFC 7591 §3.2.2).
    InvalidClientMetadata,
    /// `invalid_token`: the token is expired, revoked or malformed (RFC 6750 §3.1).
    InvalidToken,
    /// `insufficient_scope`: the token may not do this (RFC 6750 §3.1).
    InsufficientScope,
    /// `unsupported_token_type`: the server does not revoke such tokens (RFC 7009 §2.2.1).
    UnsupportedTokenType,
    /// Any other code, as the server spelled it: the words of a framework or of a vendor.
    Other(String),
}

impl Refusal {
    /// A refusal as it was read; the texts are cleaned here.
    #[must_use]
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

    /// A refusal in the server's own words: nothing is concluded from its code, even if it is spelled
    /// like one that an RFC knows.
    pub(crate) fn unclear(code: Option<&str>, description: Option<&str>) -> Self {
        let is_its_own = |code: &&str| !code.is_empty() && !ErrorCode::from(*code).is_standard();
        match code.filter(is_its_own) {
            Some(own) => Self::new(own, description),
            None => Self::new("error", description.or(code)),
        }
    }

    /// Adds a hint of this side to the server's words.
    pub(super) fn note(&mut self, hint: &str) {
        self.description = Some(match &self.description {
            Some(said) => format!("{said}; {hint}"),
            None => hint.to_owned(),
        });
    }

    pub(super) fn is_transient(&self) -> bool {
        let says_so = matches!(
            self.code,
            ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable | ErrorCode::SlowDown
        );
        says_so || self.retry_after.is_some() || self.status.is_some_and(super::is_transient)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.description) {
            // A sentence in `error`, of which the code is the beginning.
            (ErrorCode::Other(code), Some(whole)) if whole.starts_with(code) => f.write_str(whole),
            (code, Some(description)) => write!(f, "{code} ({description})"),
            (code, None) => write!(f, "{code}"),
        }
    }
}

impl ErrorCode {
    /// Returns `true` if an RFC defines the code: RFC 6749 §5.2 and §4.1.2.1, RFC 6750, RFC 7009,
    /// RFC 7591, RFC 8628, RFC 8707 or RFC 9449. From any other word nothing can be concluded.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Which setting is at fault, for people.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::InvalidClient => "; check the client id, and its secret or key",
            Self::InvalidScope => "; check the scope",
            Self::UnauthorizedClient => "; this client may not use this grant",
            Self::UnsupportedGrantType => "; check the token endpoint and the grant",
            Self::InvalidTarget => "; check `resource` and `audience`",
            Self::InvalidDpopProof => "; check this machine's clock and the DPoP key",
            Self::UseDpopNonce => "; the server requires its nonce in the DPoP proof, check `dpop`",
            Self::InvalidClientMetadata => "; check how the client is registered at the server",
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

const CODES: [(&str, ErrorCode); 20] = [
    ("invalid_request", ErrorCode::InvalidRequest),
    ("invalid_client", ErrorCode::InvalidClient),
    ("invalid_grant", ErrorCode::InvalidGrant),
    ("unauthorized_client", ErrorCode::UnauthorizedClient),
    ("unsupported_grant_type", ErrorCode::UnsupportedGrantType),
    ("invalid_scope", ErrorCode::InvalidScope),
    ("access_denied", ErrorCode::AccessDenied),
    ("server_error", ErrorCode::ServerError),
    ("temporarily_unavailable", ErrorCode::TemporarilyUnavailable),
    (
        "unsupported_response_type",
        ErrorCode::UnsupportedResponseType,
    ),
    ("authorization_pending", ErrorCode::AuthorizationPending),
    ("slow_down", ErrorCode::SlowDown),
    ("expired_token", ErrorCode::ExpiredToken),
    ("invalid_target", ErrorCode::InvalidTarget),
    ("invalid_dpop_proof", ErrorCode::InvalidDpopProof),
    ("use_dpop_nonce", ErrorCode::UseDpopNonce),
    ("invalid_client_metadata", ErrorCode::InvalidClientMetadata),
    ("invalid_token", ErrorCode::InvalidToken),
    ("insufficient_scope", ErrorCode::InsufficientScope),
    ("unsupported_token_type", ErrorCode::UnsupportedTokenType),
];
