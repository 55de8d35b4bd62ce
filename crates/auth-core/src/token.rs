//! A token as a server answers it, and a token as it is held.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::login::{Access, Stamp};
use crate::presentation::Presentation;
use crate::secret::{Secret, header_value};

/// What a token endpoint answered (RFC 6749 §5.1), with times relative to the answer.
///
/// A [`Session`](crate::Session) turns it into a [`Token`], with times of its own clock.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The access token.
    pub access_token: Secret,
    /// How it is shown to an API.
    pub token_type: TokenType,
    /// When it expires.
    pub expires: Expires,
    /// The refresh token, if one came with it.
    pub refresh_token: Option<Secret>,
    /// How long the refresh token lives, where the answer tells it or the vendor documents it.
    pub refresh_token_life: Option<Duration>,
    /// The scope that was granted, if the server names it; after a refresh without one it is unchanged.
    pub scope: Option<String>,
    /// Every other member of the answer that is a text, a number or a truth value.
    pub extra: BTreeMap<String, Secret>,
}

/// How an access token is shown to an API (RFC 6749 §7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenType {
    /// Whoever has it may use it (RFC 6750).
    #[default]
    Bearer,
    /// Whoever has it must prove with each request that a key is theirs (RFC 9449).
    Dpop,
}

/// When an access token expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expires {
    /// After this long; zero means "good for this one use".
    After(Duration),
    /// At this moment of the server's clock.
    At(OffsetDateTime),
    /// The server does not say. That is not "never": a session asks again after five minutes.
    Unknown,
}

/// An access token that is held: cheap to clone, ready to be sent.
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
    expires_at: Option<OffsetDateTime>,
    /// None if there is nothing more to say, as with most servers.
    about: Option<Arc<About>>,
}

/// What is the same in every copy of a token.
struct About {
    scope: Option<String>,
    extra: BTreeMap<String, Secret>,
}

impl TokenResponse {
    /// An answer that holds an access token and nothing else.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: TokenType::Bearer,
            expires: Expires::Unknown,
            refresh_token: None,
            refresh_token_life: None,
            scope: None,
            extra: BTreeMap::new(),
        }
    }
}

impl Token {
    /// The token of a record; none if no header may hold it.
    pub(crate) fn new(access: &Access, stamp: Stamp, presented: &Presentation) -> Option<Self> {
        let (authorization, start) = presented.value(access.token_type, access.token.expose())?;
        let expires_at = access.expires_at().map(date);
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

    /// The access token itself, for the rare API that does not take it in a header.
    pub fn expose(&self) -> &str {
        // The value was made from a `str`, so it is one.
        let text = std::str::from_utf8(self.0.authorization.as_bytes()).unwrap_or_default();
        text.get(self.0.start..).unwrap_or_default()
    }

    /// Returns the value of the header in which the API wants the token: `Bearer` or `DPoP`, a space, and the
    /// access token, for an `Authorization` header.
    ///
    /// With [`Policy::token_header`](crate::Policy::token_header) or
    /// [`Policy::token_scheme`](crate::Policy::token_scheme) it is the value that they describe.
    pub fn authorization(&self) -> &HeaderValue {
        &self.0.authorization
    }

    /// How it is shown to an API.
    pub fn token_type(&self) -> TokenType {
        self.0.token_type
    }

    /// When it expires by this machine's clock; none if the server did not say.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.0.expires_at
    }

    /// The scope that was granted, if the server named it.
    pub fn scope(&self) -> Option<&str> {
        self.about()?.scope.as_deref()
    }

    /// Another member of the server's answer, such as `id_token` or `userName`.
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

    /// The same token with a reference count and a header value of its own.
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

fn date(time: UnixTime) -> OffsetDateTime {
    SystemTime::from(time).into()
}

/// Whether a header may hold this access token.
pub(crate) fn is_sendable(access_token: &Secret) -> bool {
    let presented = Presentation::default();
    presented
        .value(TokenType::Bearer, access_token.expose())
        .is_some()
}
