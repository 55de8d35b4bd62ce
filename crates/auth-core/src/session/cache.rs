//! The token that is held, which every thread reads without waiting for another.
//!
//! A thread keeps its own copy of the tokens it uses and compares one number to see whether the copy
//! is still right. A shared reference count, let alone a lock, would cost several times as much as
//! everything else on this path once two cores use it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::clock::Moment;
use crate::login::Stamp;
use crate::token::Token;

/// The token of one session.
#[derive(Debug)]
pub(crate) struct Cache {
    /// Where each thread keeps its copy; sessions of one slot only cost each other their copies.
    slot: usize,
    /// Another number whenever `current` changes, and never one of another session.
    version: AtomicU64,
    /// Until this second of the wall clock a token that is due for renewal is served as it is:
    /// another thread is renewing it, or it is too early to try again.
    quiet: AtomicU64,
    current: RwLock<Option<Current>>,
}

/// A token that can be served at once.
pub(crate) struct Served<'a> {
    pub(crate) token: &'a Token,
    /// It is time to renew it, and another thread does.
    pub(crate) is_due: bool,
}

/// A token and its times.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) token: Token,
    /// When the request for it was begun: its life counts from there.
    pub(crate) issued: Moment,
    /// How many seconds it lives.
    pub(crate) life: u64,
    /// After how many of them it is time to renew.
    pub(crate) fresh_for: u64,
}

/// The times of a token, without the token.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) issued: Moment,
    pub(crate) life: u64,
    pub(crate) fresh_for: u64,
}

/// One thread's copy.
struct Copy {
    version: u64,
    current: Current,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let version = next_version();
        Self {
            slot: usize::try_from(version).unwrap_or_default() % SLOTS,
            version: AtomicU64::new(version),
            quiet: AtomicU64::new(0),
            current: RwLock::new(None),
        }
    }

    /// Lends the token to the closure if it can be served at once, and returns the closure's result.
    ///
    /// The fast path: this thread's copy, one atomic number, one comparison. What is returned is
    /// moved as seldom as possible; each move of a header value costs as much as the clock.
    #[inline]
    pub(crate) fn lend<R>(&self, now: u64, to: impl FnOnce(Served<'_>) -> R) -> Option<R> {
        let version = self.version.load(Ordering::Acquire);
        COPIES
            .try_with(|copies| {
                // Only borrowed, so that the closure may request a token, too.
                let copies = copies.try_borrow().ok()?;
                let copy = copies[self.slot]
                    .as_ref()
                    .filter(|copy| copy.version == version)?;
                Some(to(self.serve(&copy.current, now)?))
            })
            .ok()?
    }

    /// Makes a new copy and lends that, where this thread has none or one of an older token.
    #[cold]
    pub(crate) fn lend_anew<R>(&self, now: u64, to: impl FnOnce(Served<'_>) -> R) -> Option<R> {
        let copy = self.copy()?;
        let current = copy.current.clone();
        // Without a place for it, in a closure or at the end of the thread, it serves once.
        let _ = COPIES.try_with(|copies| {
            let mut copies = copies.try_borrow_mut().ok()?;
            copies[self.slot].replace(copy)
        });
        self.serve(&current, now).map(to)
    }

    /// The token as long as it is valid, fresh or not.
    pub(crate) fn valid(&self, now: Moment) -> Option<Token> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|current| current.is_valid(now))
            .map(|current| current.token.clone())
    }

    /// Which token is held, whether or not it is valid.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|current| current.token.stamp())
    }

    /// The times of what is held.
    pub(crate) fn times(&self) -> Option<Times> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let current = current.as_ref()?;
        Some(Times {
            issued: current.issued,
            life: current.life,
            fresh_for: current.fresh_for,
        })
    }

    /// The token if it is not yet time to renew it.
    pub(crate) fn fresh(&self, now: u64) -> Option<Token> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|current| current.is_fresh(now))
            .map(|current| current.token.clone())
    }

    pub(crate) fn set(&self, current: Option<Current>) {
        let mut place = self.current.write().unwrap_or_else(PoisonError::into_inner);
        self.change(&mut place, current);
    }

    /// Takes the token away if it is still this one.
    pub(crate) fn remove(&self, token: &Token) -> bool {
        let mut place = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let same = place
            .as_ref()
            .is_some_and(|c| c.token.stamp() == token.stamp());
        if same {
            self.change(&mut place, None);
        }
        same
    }

    fn change(&self, place: &mut Option<Current>, current: Option<Current>) {
        self.drop_copy();
        *place = current;
        self.version.store(next_version(), Ordering::Release);
    }

    /// Wipes this thread's copy; other threads wipe theirs with their next request, or when they exit.
    fn drop_copy(&self) {
        let version = self.version.load(Ordering::Acquire);
        let _ = COPIES.try_with(|copies| {
            let mut copies = copies.try_borrow_mut().ok()?;
            copies[self.slot].take_if(|copy| copy.version == version)
        });
    }

    /// Lets a token that is due be served as it is, for as long as a thread renews it.
    pub(crate) fn set_being_renewed(&self) {
        self.quiet.store(BEING_RENEWED, Ordering::Relaxed);
    }

    pub(crate) fn is_being_renewed(&self) -> bool {
        self.quiet.load(Ordering::Relaxed) == BEING_RENEWED
    }

    /// Lets a token that is due be served as it is until this second of the wall clock.
    pub(crate) fn quiet_until(&self, second: u64) {
        self.quiet
            .store(second.min(BEING_RENEWED - 1), Ordering::Relaxed);
    }

    #[inline]
    fn serve<'a>(&self, current: &'a Current, now: u64) -> Option<Served<'a>> {
        let age = current.age(now);
        let is_due = age >= current.fresh_for;
        if is_due && (age >= current.life || now >= self.quiet.load(Ordering::Relaxed)) {
            return None;
        }
        Some(Served {
            token: &current.token,
            is_due,
        })
    }

    fn copy(&self) -> Option<Copy> {
        let place = self.current.read().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock that every change of the version holds.
        let version = self.version.load(Ordering::Acquire);
        let current = place.as_ref()?;
        let current = Current {
            token: current.token.copy(),
            ..*current
        };
        Some(Copy { version, current })
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.drop_copy();
    }
}

impl Current {
    /// One subtraction that also calls a token old if the clock was set back before its issue.
    fn age(&self, now: u64) -> u64 {
        now.wrapping_sub(self.issued.wall.seconds())
    }

    fn is_fresh(&self, now: u64) -> bool {
        self.age(now) < self.fresh_for
    }

    fn is_valid(&self, now: Moment) -> bool {
        now.since(self.issued).as_secs() < self.life
    }
}

/// A number that no session had before.
fn next_version() -> u64 {
    static VERSIONS: AtomicU64 = AtomicU64::new(0);
    VERSIONS.fetch_add(1, Ordering::Relaxed)
}

const SLOTS: usize = 16;
const BEING_RENEWED: u64 = u64::MAX;

thread_local! {
    static COPIES: RefCell<[Option<Copy>; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::Tokens;
    use crate::presentation::Presentation;
    use crate::token::TokenResponse;

    fn copies() -> usize {
        COPIES.with(|copies| copies.borrow().iter().flatten().count())
    }

    #[test]
    fn no_thread_keeps_a_copy_of_a_token_that_is_gone() {
        let current = || {
            let (access, _) = Tokens::new(
                TokenResponse::new(crate::secret::Secret::new("abc")),
                Moment::default(),
            )
            .ok()?;
            Some(Current {
                token: Token::new(&access, Stamp::default(), &Presentation::default())?,
                issued: Moment::default(),
                life: 60,
                fresh_for: 30,
            })
        };
        let (cache, other) = (Cache::new(), Cache::new());
        for cache in [&cache, &other] {
            cache.set(current());
            assert!(cache.lend_anew(0, |_| ()).is_some());
        }
        assert_eq!(copies(), 2);
        cache.set(None);
        assert_eq!(copies(), 1, "the other session's copy is left alone");
        cache.set(current());
        cache.lend_anew(0, |_| ());
        drop(cache);
        assert_eq!(copies(), 1);
        assert!(other.remove(&current().unwrap().token));
        assert_eq!(copies(), 0);
    }
}
