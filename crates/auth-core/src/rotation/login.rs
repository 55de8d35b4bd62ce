//! What a successful answer leaves behind, with times of the wall clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::{Lifetime, TokenResponse, TokenType, is_sendable};

use super::SKEW;

/// An access token, a refresh token, or both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    pub(crate) access: Option<Access>,
    pub(crate) refresh_token: Option<RefreshToken>,
}

#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) token: Secret,
    pub(crate) token_type: TokenType,
    /// When the request for it was begun: its life counts from there.
    pub(crate) issued: Duration,
    /// How many seconds it lives.
    pub(crate) life: u64,
    /// Whether the server said how long it lives.
    pub(crate) is_known: bool,
    pub(crate) scope: Option<String>,
    pub(crate) extra: BTreeMap<String, Secret>,
}

#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) secret: Secret,
    pub(crate) issued: Duration,
    pub(crate) life: Option<Duration>,
}

impl Login {
    /// The answer with times of this machine's clock.
    pub(crate) fn new(response: TokenResponse, started: Moment) -> Result<Self> {
        let successor = response.refresh_token.clone();
        let refresh_token = RefreshToken::new(
            response.refresh_token.clone(),
            response.refresh_token_lifetime,
            started,
        );
        let access =
            Access::new(response, started).map_err(|error| error.with_successor(successor))?;
        Ok(Self {
            access: Some(access),
            refresh_token,
        })
    }

    /// A refresh token alone.
    pub(crate) fn seeded(refresh_token: Option<Secret>, now: Moment) -> Self {
        Self {
            access: None,
            refresh_token: RefreshToken::new(refresh_token, None, now),
        }
    }

    /// This login over an older one: what it lacks goes on.
    pub(crate) fn over(&self, older: Option<&Self>) -> Self {
        let older = older.cloned().unwrap_or_default();
        // An answer without a scope means that it is unchanged (RFC 6749 §5.1 and §6).
        let scope = older.access.as_ref().and_then(|it| it.scope.clone());
        let unchanged = |access: &Access| Access {
            scope: access.scope.clone().or(scope),
            ..access.clone()
        };
        Self {
            access: self.access.as_ref().map(unchanged).or(older.access),
            // An answer without a new one means that the old one goes on (RFC 6749 §6).
            refresh_token: self.refresh_token.clone().or(older.refresh_token),
        }
    }
}

impl Access {
    fn new(response: TokenResponse, started: Moment) -> Result<Self> {
        if !is_sendable(&response.access_token) {
            return Err(Error::response(
                "its access token has a character that no header may hold",
            ));
        }
        let life = match response.lifetime {
            Lifetime::For(life) => life,
            Lifetime::Unknown => ASSUMED_LIFE,
            Lifetime::Until(at) => remaining(at, started)?,
        };
        Ok(Self {
            token: response.access_token,
            token_type: response.token_type,
            issued: started.wall,
            life: life.as_secs(),
            is_known: response.lifetime != Lifetime::Unknown,
            scope: response.scope,
            extra: response.extra,
        })
    }

    /// When it was issued, by this machine's clocks; none if its clock cannot be right.
    pub(crate) fn issued(&self, now: Moment) -> Option<Moment> {
        if self.issued > now.wall.saturating_add(SKEW) {
            return None;
        }
        // A clock a little ahead of ours does not make the token older than it is.
        let wall = self.issued.min(now.wall);
        let monotonic = now.monotonic.saturating_sub(now.wall - wall);
        Some(Moment { wall, monotonic })
    }

    /// How many seconds old it is.
    pub(crate) fn age(&self, now: Moment) -> Option<u64> {
        Some(now.since(self.issued(now)?).as_secs())
    }

    pub(crate) fn is_valid(&self, now: Moment) -> bool {
        self.age(now).is_some_and(|age| age < self.life)
    }

    /// The expiry, if the server returned one, in whole seconds as the lifetime is.
    pub(crate) fn expires_at(&self) -> Option<SystemTime> {
        let seconds = self.issued.as_secs().checked_add(self.life)?;
        let expires_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        expires_at.filter(|_| self.is_known)
    }
}

impl RefreshToken {
    fn new(secret: Option<Secret>, life: Option<Duration>, now: Moment) -> Option<Self> {
        let secret = secret.filter(|secret| !secret.is_empty())?;
        Some(Self {
            secret,
            issued: now.wall,
            life,
        })
    }

    pub(crate) fn is_alive(&self, now: Moment) -> bool {
        let age = now.wall.saturating_sub(self.issued);
        self.life.is_none_or(|life| age < life)
    }
}

fn remaining(at: SystemTime, now: Moment) -> Result<Duration> {
    let left = at.duration_since(SystemTime::UNIX_EPOCH + now.wall);
    left.ok().filter(|left| !left.is_zero()).ok_or_else(|| {
        Error::response("its expiry has passed by this machine's clock and it has no date to compare; set the clock")
    })
}

/// A token whose life nobody knows is asked for again after this long; "for ever" is never assumed.
const ASSUMED_LIFE: Duration = Duration::from_secs(300);
