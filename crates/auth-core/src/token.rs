//! Tokens: as a server returns them, and as a session holds them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::login::{Access, Stamp};
use crate::presentation::Presentation;
use crate::secret::{Secret, header_value};

/// Token response (RFC 6749 §5.1), with times relative to the response.
///
/// A [`Session`](crate::Session) makes a [`Token`] of it, with times of its own clock.
///
/// ```
/// use std::time::Duration;
/// use auth_core::Secret;
/// use auth_core::grant::{Lifetime, TokenResponse};
///
/// let mut tokens = TokenResponse::new(Secret::new("abc"));
/// tokens.lifetime = Lifetime::For(Duration::from_secs(3600));
/// tokens.refresh_token = Some(Secret::new("def"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The access token.
    pub access_token: Secret,
    /// Its presentation to an API.
    pub token_type: TokenType,
    /// Its expiry.
    pub lifetime: Lifetime,
    /// The refresh token, if the response has one.
    pub refresh_token: Option<Secret>,
    /// The refresh token's lifetime, if the response or the vendor states it.
    pub refresh_token_lifetime: Option<Duration>,
    /// The granted scope, if the response has one; a refresh without one leaves it unchanged.
    pub scope: Option<String>,
    /// Every other member of the response that is a text, a number or a boolean.
    pub extra: BTreeMap<String, Secret>,
}

/// Presentation of an access token to an API (RFC 6749 §7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenType {
    /// Bearer token: possession is enough (RFC 6750).
    #[default]
    Bearer,
    /// Bound to a key, whose possession each request proves (RFC 9449).
    Dpop,
}

/// Expiry of an access token in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifetime {
    /// This long after the response; zero means "valid for one use".
    For(Duration),
    /// At this time of the server's clock.
    Until(SystemTime),
    /// Not in the response. That is not "never": a session renews the token after five minutes.
    Unknown,
}

/// Access token of a session, ready to be sent; cheap to clone.
///
/// Its header value is made once, marked sensitive, and wiped from memory with its last clone.
#[derive(Clone)]
pub struct Token(Arc<Held>);

struct Held {
    authorization: HeaderValue,
    /// Where the access token begins in that value.
    start: usize,
    token_type: TokenType,
    stamp: Stamp,
    expires_at: Option<SystemTime>,
    /// `None` if the response had no further members, as with most servers.
    about: Option<Arc<About>>,
}

/// Parts that every copy of a token shares.
struct About {
    scope: Option<String>,
    extra: BTreeMap<String, Secret>,
}

impl TokenResponse {
    /// A response with an access token and nothing else.
    #[must_use]
    pub fn new(access_token: Secret) -> Self {
        Self {
            access_token,
            token_type: TokenType::Bearer,
            lifetime: Lifetime::Unknown,
            refresh_token: None,
            refresh_token_lifetime: None,
            scope: None,
            extra: BTreeMap::new(),
        }
    }
}

impl Token {
    /// The token of a record; none if no header may hold it.
    pub(crate) fn new(access: &Access, stamp: Stamp, presented: &Presentation) -> Option<Self> {
        let (authorization, start) = presented.value(access.token_type, access.token.expose())?;
        let expires_at = access.expires_at().map(SystemTime::from);
        let says_more = access.scope.is_some() || !access.extra.is_empty();
        Some(Self(Arc::new(Held {
            authorization,
            start,
            token_type: access.token_type,
            stamp,
            expires_at,
            about: says_more.then(|| {
                Arc::new(About {
                    scope: access.scope.clone(),
                    extra: access.extra.clone(),
                })
            }),
        })))
    }

    /// Returns the access token, for an API that does not take it in a header.
    #[must_use]
    pub fn expose(&self) -> &str {
        // The value was made from a `str`, so it is one.
        let text = std::str::from_utf8(self.0.authorization.as_bytes()).unwrap_or_default();
        text.get(self.0.start..).unwrap_or_default()
    }

    /// Returns the value of the header that carries the token to the API: `Bearer` or `DPoP`, a space, and the
    /// access token, for an `Authorization` header.
    ///
    /// With [`Policy::token_header`](crate::grant::Policy::token_header) or
    /// [`Policy::token_scheme`](crate::grant::Policy::token_scheme) it is the value that they describe.
    #[must_use]
    pub fn authorization(&self) -> &HeaderValue {
        &self.0.authorization
    }

    /// Its presentation to an API.
    #[must_use]
    pub fn token_type(&self) -> TokenType {
        self.0.token_type
    }

    /// Returns its expiry by this machine's clock; `None` if the server did not state one.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at
    }

    /// Returns the granted scope, if the server stated it.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.about()?.scope.as_deref()
    }

    /// Returns another member of the server's response, such as `id_token` or `userName`.
    #[must_use]
    pub fn extra(&self, name: &str) -> Option<&Secret> {
        self.about()?.extra.get(name)
    }

    fn about(&self) -> Option<&About> {
        self.0.about.as_deref()
    }

    /// Which token it is; a token is rejected by this, never by its text.
    pub(crate) fn stamp(&self) -> Stamp {
        self.0.stamp
    }

    /// Returns a copy with a reference count and a header value of its own.
    ///
    /// Counting references to one value from several cores costs five to thirteen times as much as
    /// counting them from one, so each thread keeps a copy.
    pub(crate) fn copy(&self) -> Self {
        let authorization = header_value(Zeroizing::new(self.0.authorization.as_bytes().to_vec()));
        Self(Arc::new(Held {
            authorization: authorization.unwrap_or_else(|| self.0.authorization.clone()),
            start: self.0.start,
            token_type: self.0.token_type,
            stamp: self.0.stamp,
            expires_at: self.0.expires_at,
            about: self.0.about.clone(),
        }))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("expires_at", &self.0.expires_at)
            .field("scope", &self.scope())
            .finish_non_exhaustive()
    }
}

impl TokenType {
    /// The word for it in an answer and in a header.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// Returns `true` if a header may hold this access token.
pub(crate) fn is_sendable(access_token: &Secret) -> bool {
    let presented = Presentation::default();
    presented
        .value(TokenType::Bearer, access_token.expose())
        .is_some()
}
