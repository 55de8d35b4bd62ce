//! Tokens: as a server returns them, and as a session holds them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::clock::Moment;
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
/// Its text is in memory once, in a header value that is marked sensitive, and wiped with its last clone.
#[derive(Clone)]
pub struct Token(pub(crate) Arc<Held>);

/// One reference to a token, with reference counts that no other one shares.
///
/// Counting references on two cores in one place costs five to thirteen times as much as on one, so each thread that
/// uses a token again and again counts in a place of its own.
#[repr(C)] // in the order in which they are read, so that most are in one line of the processor's cache
pub(crate) struct Held {
    issued: u64,
    pub(crate) fresh_for: u64,
    pub(crate) life: u64,
    authorization: HeaderValue,
    text: Arc<Text>,
}

/// The times of a token, by this machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// When the request for it was begun: its life counts from there.
    pub(crate) issued: Moment,
    /// How many seconds it lives.
    pub(crate) life: u64,
    /// After how many of them it is time to renew.
    pub(crate) fresh_for: u64,
}

/// Parts that all references to a token share.
struct Text {
    /// The value of the header.
    value: Zeroizing<Vec<u8>>,
    /// Where the access token begins in that value.
    start: u32,
    token_type: TokenType,
    /// A thread has a reference of its own.
    is_kept: AtomicBool,
    /// No session holds it any more.
    is_gone: AtomicBool,
    stamp: Stamp,
    issued: Moment,
    expires_at: Option<SystemTime>,
    /// `None` if the response had no further members, as with most servers.
    about: Option<Box<About>>,
}

struct About {
    scope: Option<String>,
    extra: BTreeMap<String, Secret>,
}

/// The owner of a header value's buffer.
struct Shared(Arc<Text>);

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
    pub(crate) fn new(
        access: &Access,
        times: Times,
        stamp: Stamp,
        presented: &Presentation,
    ) -> Option<Self> {
        let (value, start) = presented.value(access.token_type, access.token.expose());
        let says_more = access.scope.is_some() || !access.extra.is_empty();
        let text = Text {
            value,
            start: u32::try_from(start).ok()?,
            token_type: access.token_type,
            is_kept: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            stamp,
            issued: times.issued,
            expires_at: access.expires_at().map(SystemTime::from),
            about: says_more.then(|| {
                Box::new(About {
                    scope: access.scope.clone(),
                    extra: access.extra.clone(),
                })
            }),
        };
        Held::new(Arc::new(text), times.life, times.fresh_for).map(|held| Self(Arc::new(held)))
    }

    /// Returns the access token, for an API that does not take it in a header.
    #[must_use]
    pub fn expose(&self) -> &str {
        // The value was made from a `str`, so it is one.
        let text = std::str::from_utf8(self.0.authorization.as_bytes()).unwrap_or_default();
        text.get(self.0.text.start as usize..).unwrap_or_default()
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
        self.0.text.token_type
    }

    /// Returns its expiry by this machine's clock; `None` if the server did not state one.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.text.expires_at
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
        self.0.text.about.as_deref()
    }

    /// Which token it is; a token is rejected by this, never by its text.
    pub(crate) fn stamp(&self) -> Stamp {
        self.0.text.stamp
    }
}

impl Held {
    fn new(text: Arc<Text>, life: u64, fresh_for: u64) -> Option<Self> {
        Some(Self {
            issued: text.issued.wall.seconds(),
            fresh_for,
            life,
            authorization: header_value(Shared(Arc::clone(&text)))?,
            text,
        })
    }

    pub(crate) fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    pub(crate) fn stamp(&self) -> Stamp {
        self.text.stamp
    }

    pub(crate) fn times(&self) -> Times {
        Times {
            issued: self.text.issued,
            life: self.life,
            fresh_for: self.fresh_for,
        }
    }

    /// A look at whether the text is still in memory.
    #[cfg(test)]
    pub(crate) fn watch(&self) -> impl Fn() -> bool + Send + use<> {
        let text = Arc::downgrade(&self.text);
        move || text.strong_count() > 0
    }

    /// Another reference to the same text, for one thread.
    pub(crate) fn reference(&self) -> Option<Self> {
        Self::new(Arc::clone(&self.text), self.life, self.fresh_for)
    }

    /// How old it is in seconds: one subtraction that also calls it old if the clock was set back before its issue.
    #[inline]
    pub(crate) fn age(&self, now: u64) -> u64 {
        now.wrapping_sub(self.issued)
    }

    pub(crate) fn is_fresh(&self, now: u64) -> bool {
        self.age(now) < self.fresh_for
    }

    pub(crate) fn is_valid(&self, now: Moment) -> bool {
        now.since(self.text.issued).as_secs() < self.life
    }

    /// Notes that a thread has a reference of its own.
    pub(crate) fn set_kept(&self) {
        self.text.is_kept.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.text.is_kept.load(Ordering::SeqCst)
    }

    /// Notes that no session holds it any more.
    pub(crate) fn set_gone(&self) {
        self.text.is_gone.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.text.is_gone.load(Ordering::SeqCst)
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0.value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("expires_at", &self.0.text.expires_at)
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
    let (value, _) = presented.value(TokenType::Bearer, access_token.expose());
    header_value(value).is_some()
}
