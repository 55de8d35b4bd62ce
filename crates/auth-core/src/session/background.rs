//! Background threads that renew tokens before they are due.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::token::{Times, Token};

use super::{Inner, Session, lock};

/// Thread that renews tokens before they are due; see [`Session::refresh_in_background`] and
/// [`Sessions::refresh_in_background`](super::Sessions::refresh_in_background).
///
/// Dropping it stops the thread, after a renewal that is under way: a process that exits in the middle of a renewal may
/// lose a single-use refresh token.
///
/// ```
/// # fn demo(session: &auth_core::Session) -> auth_core::Result<()> {
/// let _renewals = session.refresh_in_background()?; // until the end of this scope
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it stops the thread"]
pub struct BackgroundRefresh {
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
pub(super) struct Stop {
    is_asked: Mutex<bool>,
    asked: Condvar,
}

impl BackgroundRefresh {
    pub(super) fn start(session: Session) -> Result<Self> {
        let session = Arc::new(session);
        Self::start_threads(1, move |stop| keep(&session, stop))
    }

    /// Starts so many threads, each of which has to end when its `Stop` is asked for.
    pub(super) fn start_threads(
        threads: usize,
        run: impl Fn(&Stop) + Clone + Send + 'static,
    ) -> Result<Self> {
        // Dropped with an error, it ends those that have started.
        let mut started = Self {
            stop: Arc::default(),
            threads: Vec::with_capacity(threads),
        };
        for _ in 0..threads {
            let (run, stop) = (run.clone(), Arc::clone(&started.stop));
            let thread = std::thread::Builder::new()
                .name("auth refresh".to_owned())
                .spawn(move || run(&stop))
                .map_err(|_| {
                    Error::configuration(
                        "the system starts no more threads for `refresh_in_background`",
                    )
                })?;
            started.threads.push(thread);
        }
        Ok(started)
    }
}

impl Drop for BackgroundRefresh {
    fn drop(&mut self) {
        *lock(&self.stop.is_asked) = true;
        self.stop.asked.notify_all();
        for thread in self.threads.drain(..) {
            // It catches the panics of others and has none of its own.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for BackgroundRefresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackgroundRefresh").finish_non_exhaustive()
    }
}

impl Stop {
    /// Waits; returns `true` if the thread has to end.
    pub(super) fn wait(&self, wait: Duration) -> bool {
        let is_asked = lock(&self.is_asked);
        let waited = self
            .asked
            .wait_timeout_while(is_asked, wait, |is_asked| !*is_asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Result of [`Session::renew_if_due`].
///
/// ```
/// let session = auth_core::testing::session("abc");
/// let check = session.renew_if_due();
/// assert!(check.token.is_some_and(|token| token.expose() == "abc"));
/// assert!(check.error.is_none());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RenewalCheck {
    /// The valid token, new or old.
    pub token: Option<Token>,
    /// The failure of this call's renewal; there may be a valid token anyway.
    pub error: Option<Error>,
    /// The wait until the next call, 30 seconds at most.
    pub wait: Duration,
}

impl Inner {
    /// Renews the token if it is due, and returns the wait until the next look.
    pub(super) fn renew_if_due(&self) -> RenewalCheck {
        let due = self.due().unwrap_or_default();
        if due.left > 0 {
            return RenewalCheck {
                token: self.cache.valid(self.clock().now()),
                error: None,
                wait: Duration::from_secs(due.left).min(LONGEST),
            };
        }
        let mut failed = None;
        let renewed = self.renew_and_note(due.ahead, &mut failed);
        let wait = match &renewed {
            Err(error) => error.retry_after().unwrap_or(LONGEST),
            // Still due: another process is renewing, or the renewal failed and the old token is still valid.
            Ok(_) => {
                let left = self.due().map(|due| due.left).filter(|left| *left > 0);
                left.map_or(AGAIN, Duration::from_secs)
            }
        };
        let (token, error) = match renewed {
            Ok(token) => (Some(token), failed),
            Err(error) => (None, Some(error)),
        };
        RenewalCheck {
            token,
            error,
            wait: wait.min(LONGEST),
        }
    }

    fn due(&self) -> Option<Due> {
        let times = self.cache.times()?;
        let ahead = ahead_of_callers(&times);
        let age = self.clock().now().since(times.issued).as_secs();
        let left = times.fresh_for.saturating_sub(age.saturating_add(ahead));
        Some(Due { ahead, left })
    }
}

/// How many seconds before any caller finds the token due, but never for most of its life.
pub(super) fn ahead_of_callers(times: &Times) -> u64 {
    let window = times.life.saturating_sub(times.fresh_for);
    (window / 5).max(1).min(times.fresh_for / 2)
}

/// Time of the next renewal in the background, in seconds.
#[derive(Default)]
struct Due {
    /// Before a caller would.
    ahead: u64,
    /// From now.
    left: u64,
}

fn keep(session: &Session, stop: &Stop) {
    loop {
        // A grant or an observer that panics must not end the thread that every caller relies on.
        let wait = catch_unwind(AssertUnwindSafe(|| session.0.renew_if_due().wait));
        if stop.wait(wait.unwrap_or(LONGEST)) {
            return;
        }
    }
}

/// When to look again at a token that is still due.
const AGAIN: Duration = Duration::from_secs(2);
/// A machine that was suspended, or whose clock was set, is seen after this long.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::error::Delivery;
    use crate::grant::{Grant, Policy};
    use crate::identity::Identity;
    use crate::request::TokenRequest;
    use crate::testing::ManualClock;
    use crate::token::{Lifetime, TokenResponse};

    /// Gets this many tokens, each for an hour.
    #[derive(Debug)]
    struct Hourly(Arc<Mutex<u32>>);

    impl Grant for Hourly {
        fn identity(&self) -> Identity {
            Identity::new("hourly")
        }

        fn policy(&self) -> Policy {
            Policy::for_client()
        }

        fn login_request(&self) -> Result<TokenRequest> {
            let left = Arc::clone(&self.0);
            Ok(TokenRequest::from_fn([], move |_| {
                let mut left = lock(&left);
                if *left == 0 {
                    return Err(Error::network(
                        crate::error::NetworkFailure::Timeout,
                        Delivery::Unknown,
                    ));
                }
                *left -= 1;
                let mut response =
                    TokenResponse::new(crate::secret::Secret::new(format!("token, {left} left")));
                response.lifetime = Lifetime::For(Duration::from_secs(3600));
                Ok(response)
            }))
        }
    }

    fn session(tokens: u32) -> (Session, ManualClock) {
        let clock = ManualClock::new();
        let builder = Session::builder(Hourly(Arc::new(Mutex::new(tokens)))).retries(0);
        (builder.clock(clock.clone()).build().unwrap(), clock)
    }

    #[test]
    fn the_background_renews_before_callers_find_the_token_due() {
        let (session, clock) = session(2);
        assert_eq!(session.0.renew_if_due().wait, LONGEST);
        let due = session.0.due().unwrap();
        let fresh_for = session.0.cache.times().unwrap().fresh_for;
        assert!((2808..=2952).contains(&fresh_for), "{fresh_for}");
        assert!(due.ahead >= 120, "{}", due.ahead);
        clock.advance(Duration::from_secs(due.left - 1));
        assert_eq!(session.0.renew_if_due().wait, Duration::from_secs(1));
        clock.advance(Duration::from_secs(1));
        assert_eq!(session.0.renew_if_due().wait, LONGEST);
        assert_eq!(session.token().unwrap().expose(), "token, 0 left");
        assert_eq!(session.0.cache.times().unwrap().issued, clock.now());
    }

    #[test]
    fn a_failed_background_renewal_is_soon_tried_again() {
        let (session, clock) = session(1);
        session.0.renew_if_due();
        clock.advance(Duration::from_secs(3000));
        assert_eq!(session.0.renew_if_due().wait, AGAIN);
        clock.advance(Duration::from_secs(600));
        assert_eq!(session.0.renew_if_due().wait, LONGEST);
    }
}
