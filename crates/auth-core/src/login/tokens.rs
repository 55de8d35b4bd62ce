//! Tokens as a record holds them, with times of the wall clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::clock::{Moment, UnixTime};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::token::{Lifetime, TokenResponse, TokenType, is_sendable};

use super::record::SKEW;

/// Tokens of one response: an access token, a refresh token, or both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) access: Option<Arc<Access>>,
    pub(crate) refresh: Option<Arc<RefreshToken>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) token: Secret,
    pub(crate) token_type: TokenType,
    /// When the request for it was begun: its life counts from there.
    pub(crate) issued: UnixTime,
    /// How many seconds it lives.
    pub(crate) life: u64,
    /// The response had a lifetime; otherwise `life` is a guess.
    pub(crate) is_known: bool,
    pub(crate) scope: Option<String>,
    pub(crate) extra: BTreeMap<String, Secret>,
}

#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) secret: Secret,
    pub(crate) issued: UnixTime,
    pub(crate) life: Option<Duration>,
}

impl Tokens {
    /// The tokens of a response to a request that was begun at this moment; the access token beside them.
    pub(crate) fn new(response: TokenResponse, started: Moment) -> Result<(Arc<Access>, Self)> {
        let refresh_token = response.refresh_token.clone();
        let refresh = RefreshToken::new(
            refresh_token.clone(),
            response.refresh_token_lifetime,
            started.wall,
        );
        let access =
            Access::new(response, started).map_err(|error| error.with_successor(refresh_token))?;
        let access = Arc::new(access);
        let tokens = Self {
            access: Some(Arc::clone(&access)),
            refresh,
        };
        Ok((access, tokens))
    }

    /// A refresh token alone.
    pub(crate) fn seeded(refresh_token: Option<Secret>, now: Moment) -> Self {
        Self {
            access: None,
            refresh: RefreshToken::new(refresh_token, None, now.wall),
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

    /// When it was issued, by this machine's clocks; `None` if its clock cannot be right.
    pub(crate) fn issued(&self, now: Moment) -> Option<Moment> {
        if self.issued > now.wall.plus(SKEW) {
            return None;
        }
        // A clock a little ahead of ours does not make the token older than it is.
        let wall = self.issued.min(now.wall);
        let monotonic = now.monotonic.saturating_sub(now.wall.since(wall));
        Some(Moment::new(wall, monotonic))
    }

    /// How many seconds old it is.
    pub(crate) fn age(&self, now: Moment) -> Option<u64> {
        Some(now.since(self.issued(now)?).as_secs())
    }

    pub(crate) fn is_valid(&self, now: Moment) -> bool {
        self.age(now).is_some_and(|age| age < self.life)
    }

    /// Expiry in whole seconds, if the response had a lifetime and the result is a valid date.
    pub(crate) fn expires_at(&self) -> Option<UnixTime> {
        let end = self.issued.plus(Duration::from_secs(self.life)).seconds();
        let is_date = end <= UnixTime::LAST_DATE.seconds();
        (self.is_known && is_date).then(|| UnixTime::new(Duration::from_secs(end)))
    }

    /// How many seconds of its life pass before it is due.
    ///
    /// The last fifth is for renewing, at least one minute and at most fifteen, or as much as
    /// `renew_ahead` sets (`ahead`, 0 if it is not set); ±10 % so that a fleet does not renew at once, and
    /// never more than half: a buffer longer than the life would mean a request for every call.
    pub(crate) fn fresh_for(&self, ahead: u32) -> u64 {
        fresh_for(self.life, ahead)
    }
}

impl RefreshToken {
    fn new(secret: Option<Secret>, life: Option<Duration>, issued: UnixTime) -> Option<Arc<Self>> {
        let secret = secret.filter(|secret| !secret.is_empty())?;
        Some(Arc::new(Self {
            secret,
            issued,
            life,
        }))
    }

    pub(crate) fn is_alive(&self, now: Moment) -> bool {
        let age = now.wall.since(self.issued);
        self.life.is_none_or(|life| age < life)
    }
}

fn remaining(at: SystemTime, now: Moment) -> Result<Duration> {
    let left = UnixTime::from(at).since(now.wall);
    if left.is_zero() {
        return Err(Error::response(
            "its expiry has passed by this machine's clock and it has no date to compare; set the clock",
        ));
    }
    Ok(left)
}

fn fresh_for(life: u64, ahead: u32) -> u64 {
    let window = match ahead {
        0 => (life / 5).clamp(60, 900),
        told => told.into(),
    };
    let window = window.min(life / 2);
    let tenth = window / 10;
    life - (window - tenth + fastrand::u64(0..=2 * tenth))
}

/// Life of a token without an expiry in its response.
const ASSUMED_LIFE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_a_share_of_a_life_and_at_most_half() {
        for life in [
            0, 1, 2, 10, 59, 60, 61, 120, 300, 3600, 7200, 86_400, 31_536_000,
        ] {
            for _ in 0..100 {
                let fresh = fresh_for(life, 0);
                assert!(fresh <= life, "{life}: {fresh}");
                assert!(life - fresh <= 990, "{life}: {fresh}");
                assert!(10 * (life - fresh) <= 6 * life.max(1), "{life}: {fresh}");
            }
        }
        assert!((2808..=2952).contains(&fresh_for(3600, 0)));
    }

    #[test]
    fn renewing_ahead_spares_the_first_half() {
        let year = 365 * 24 * 3600;
        let ahead = year - fresh_for(year, 24 * 3600);
        assert!((77_760..=95_040).contains(&ahead), "{ahead}");
        assert!(fresh_for(3600, 24 * 3600) >= 1620);
        assert!(fresh_for(3600, 10) >= 3589);
    }
}
