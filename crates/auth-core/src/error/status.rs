//! A status in words: the request, the server's words, the common cause.

use std::fmt;

/// Kind of a request.
///
/// A status has another meaning for each: a 401 after a login may be a wrong password, after a refresh an expired
/// refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestKind {
    /// A login: client credentials, a password, an assertion, an API key.
    Login,
    /// A refresh (RFC 6749 §6).
    Refresh,
    /// An authorization code or a device code that was to be traded for tokens (RFC 6749 §4.1.3,
    /// RFC 8628 §3.4).
    Code,
    /// Anything else: metadata, revocation, introspection. Default.
    #[default]
    Other,
}

/// A status as an error shows it.
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    pub(super) request: RequestKind,
    pub(super) message: Option<&'a str>,
}

impl fmt::Display for Answered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server answered {}{}",
            self.status,
            self.request.to()
        )?;
        if let Some(message) = self.message {
            write!(f, " ({message})")?;
        }
        f.write_str(hint(self.status, self.request))
    }
}

impl RequestKind {
    fn to(self) -> &'static str {
        match self {
            Self::Login => " to the login",
            Self::Refresh => " to the refresh",
            Self::Code => " to the code",
            Self::Other => "",
        }
    }
}

/// Returns the common cause of a status, and its remedy.
fn hint(status: u16, request: RequestKind) -> &'static str {
    match (status, request) {
        (300..=399, _) => "; redirects are not followed, check the endpoint's URL",
        (400, RequestKind::Login) => {
            "; commonly wrong credentials, or a parameter that the server does not take: check both"
        }
        (400, RequestKind::Refresh) => {
            "; commonly a refresh token that is spent, expired or revoked, or a parameter that the server does not take"
        }
        (401 | 403, RequestKind::Login) => {
            "; commonly wrong credentials, or a proxy or firewall before the server: check the client id and what it logs in with"
        }
        (401 | 403, RequestKind::Refresh) => {
            "; commonly a refresh token that is spent, expired or revoked, a client secret that the server does not know, or a proxy before the server"
        }
        (400 | 401 | 403, RequestKind::Code) => {
            "; commonly a code that is spent or expired, or a wrong client secret: the user has to log in again"
        }
        (401 | 403, RequestKind::Other) => "; check the client id and what it logs in with",
        (404 | 405 | 410 | 415 | 421 | 422, _) => {
            "; check the endpoint's URL and the encoding (form or JSON), or a deployment is under way"
        }
        (408 | 425 | 429, _) => "; the server requires fewer requests, a later try may work",
        (500.., _) => "; the server or a proxy before it failed, a later try may work",
        _ => "",
    }
}
