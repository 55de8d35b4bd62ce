//! The token that is held, which every thread reads without waiting for another.
//!
//! A session has it in one place. A thread that requests one session's token twice in a row keeps a reference of its
//! own, whose counts no other core touches, and compares one atomic number before it uses it. A token's text is in
//! memory once, however many threads use it.

use std::cell::{Cell, RefCell};
use std::mem;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::clock::Moment;
use crate::login::Stamp;
use crate::token::{Held, Times, Token};

/// The token of one session.
#[repr(C)] // what each call reads is last, beside the session's clock and mostly in one line of the processor's cache
pub(crate) struct Cache {
    /// Until this second of the wall clock a token that is due for renewal is served as it is:
    /// another thread is renewing it, or it is too early to try again.
    quiet: AtomicU64,
    /// The session's place in each thread's table.
    number: usize,
    /// Another number whenever `current` changes, and never one of another session.
    version: AtomicU64,
    current: RwLock<Option<Arc<Held>>>,
}

/// A token that can be served at once.
pub(crate) struct Served<'a> {
    pub(crate) held: &'a Arc<Held>,
    /// It is time to renew it, and another thread does.
    pub(crate) is_due: bool,
}

/// References of one thread to the tokens that it requests again and again.
struct Table {
    /// As many as there are sessions, at most [`MOST`].
    places: Vec<Place>,
    /// The number of tokens that were gone when this thread last looked.
    gone: u64,
}

/// One of them, and the session that would like to have its place.
#[derive(Default)]
struct Place {
    version: u64,
    held: Option<Arc<Held>>,
    /// The version that was requested here last, but for this one; its lower half.
    missed: u32,
    /// How often it was requested since this one was.
    misses: Cell<u32>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let version = next_version();
        SESSIONS.fetch_add(1, Ordering::Relaxed);
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            version: AtomicU64::new(version),
            current: RwLock::new(None),
            quiet: AtomicU64::new(0),
        }
    }

    /// Lends the token to the closure if it can be served at once, and returns the closure's result; otherwise, the
    /// closure.
    ///
    /// The fast path: this thread's reference, one atomic number, one comparison.
    #[inline]
    pub(crate) fn lend<R, F>(&self, now: u64, to: F) -> Result<R, F>
    where
        F: FnOnce(Served<'_>) -> R,
    {
        let version = self.version.load(Ordering::Acquire);
        let mut to = Some(to);
        let result = TABLE.try_with(|table| {
            // Only borrowed, so that the closure may request a token, too.
            let table = table.try_borrow().ok()?;
            let held = table.find(self.number, version)?;
            let served = self.serve(held, now)?;
            to.take().map(|to| to(served))
        });
        match (result.ok().flatten(), to) {
            (Some(result), _) => Ok(result),
            (None, Some(to)) => Err(to),
            (None, None) => unreachable!("the closure has a result"),
        }
    }

    /// Lends the token in its place, where this thread has no reference of its own.
    pub(crate) fn lend_shared<R, F>(&self, now: u64, to: F) -> Result<R, F>
    where
        F: FnOnce(Served<'_>) -> R,
    {
        let version = self.version.load(Ordering::Acquire);
        // Counted once more, so that the closure runs without the lock.
        let current = self.read().clone();
        // In a closure that was lent a token, or at the end of the thread, it is not kept.
        let _ = TABLE.try_with(|table| {
            let mut table = table.try_borrow_mut().ok()?;
            table.sweep();
            table.missed(self, version, current.as_ref()?);
            Some(())
        });
        match current.as_ref().and_then(|held| self.serve(held, now)) {
            Some(served) => Ok(to(served)),
            None => Err(to),
        }
    }

    /// The token as long as it is valid, fresh or not.
    pub(crate) fn valid(&self, now: Moment) -> Option<Token> {
        self.token_if(|held| held.is_valid(now))
    }

    /// The token if it is not yet time to renew it.
    pub(crate) fn fresh(&self, now: u64) -> Option<Token> {
        self.token_if(|held| held.is_fresh(now))
    }

    fn token_if(&self, condition: impl FnOnce(&Held) -> bool) -> Option<Token> {
        let current = self.read();
        let held = current.as_ref().filter(|held| condition(held));
        held.map(|held| Token(Arc::clone(held)))
    }

    /// Which token is held, whether or not it is valid.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.read().as_ref().map(|held| held.stamp())
    }

    /// The times of what is held.
    pub(crate) fn times(&self) -> Option<Times> {
        self.read().as_ref().map(|held| held.times())
    }

    pub(crate) fn set(&self, token: Option<Token>) {
        self.change(&mut self.write(), token);
    }

    /// Takes the token away if it is still this one.
    pub(crate) fn remove(&self, token: &Token) -> bool {
        let mut place = self.write();
        let same = place
            .as_ref()
            .is_some_and(|held| held.stamp() == token.stamp());
        if same {
            self.change(&mut place, None);
        }
        same
    }

    /// Replaces the token. Other threads drop their references to the old one with their next request, for
    /// whichever session, or when they exit.
    fn change(&self, place: &mut Option<Arc<Held>>, token: Option<Token>) {
        let old = mem::replace(place, token.map(|token| token.0));
        self.version.store(next_version(), Ordering::Release);
        let Some(old) = old else {
            return;
        };
        old.set_gone();
        // A thread that keeps it now sees the new version, or is seen here.
        fence(Ordering::SeqCst);
        if old.is_kept() {
            GONE.fetch_add(1, Ordering::Release);
            let _ = TABLE.try_with(|table| table.try_borrow_mut().map(|mut table| table.sweep()));
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Option<Arc<Held>>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Arc<Held>>> {
        self.current.write().unwrap_or_else(PoisonError::into_inner)
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
    fn serve<'a>(&self, held: &'a Arc<Held>, now: u64) -> Option<Served<'a>> {
        let age = held.age(now);
        let is_due = age >= held.fresh_for;
        if is_due && (age >= held.life || now >= self.quiet.load(Ordering::Relaxed)) {
            return None;
        }
        Some(Served { held, is_due })
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.set(None);
        SESSIONS.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Table {
    /// This thread's reference to the token of this version; `None` also if any token is gone since the last sweep.
    #[inline]
    fn find(&self, number: usize, version: u64) -> Option<&Arc<Held>> {
        if self.gone != GONE.load(Ordering::Relaxed) {
            return None;
        }
        // A power of two.
        let place = self
            .places
            .get(number & self.places.len().wrapping_sub(1))?;
        let held = place.held.as_ref().filter(|_| place.version == version)?;
        if place.misses.get() != 0 {
            place.misses.set(0);
        }
        Some(held)
    }

    /// Keeps a reference if the last requests for this place were for the same token: two for one that is empty.
    #[cold]
    fn missed(&mut self, cache: &Cache, version: u64, held: &Held) {
        let size = SESSIONS.load(Ordering::Relaxed).clamp(FEWEST, MOST);
        if self.places.len() < size {
            // The references move to other places.
            self.places.clear();
            self.places
                .resize_with(size.next_power_of_two(), Place::default);
        }
        let at = cache.number & (self.places.len() - 1);
        let place = &mut self.places[at];
        let missed = version as u32;
        let misses = place.misses.get() * u32::from(place.missed == missed) + 1;
        place.missed = missed;
        place.misses.set(misses);
        if misses < if place.held.is_none() { 2 } else { PATIENCE } {
            return;
        }
        held.set_kept();
        // This thread sees the new version, or is seen by the thread that makes one.
        fence(Ordering::SeqCst);
        if cache.version.load(Ordering::Acquire) == version {
            place.held = held.reference().map(Arc::new);
            place.version = version;
        }
    }

    /// Drops the references to tokens that are gone.
    fn sweep(&mut self) {
        let gone = GONE.load(Ordering::Acquire);
        if self.gone != gone {
            self.gone = gone;
            for place in &mut self.places {
                place.held.take_if(|held| held.is_gone());
            }
        }
    }
}

/// A number that no session had before.
fn next_version() -> u64 {
    static VERSIONS: AtomicU64 = AtomicU64::new(1);
    VERSIONS.fetch_add(1, Ordering::Relaxed)
}

/// Sessions there have been.
static NUMBERS: AtomicUsize = AtomicUsize::new(0);
/// Live sessions.
static SESSIONS: AtomicUsize = AtomicUsize::new(0);
/// Tokens that are gone and that a thread has kept.
static GONE: AtomicU64 = AtomicU64::new(0);

const FEWEST: usize = 64;
const MOST: usize = 1024;
/// After so many requests for one session, and none for another, that has the place of another, it gets it.
const PATIENCE: u32 = 8;
const BEING_RENEWED: u64 = u64::MAX;

thread_local! {
    static TABLE: RefCell<Table> = const {
        RefCell::new(Table {
            places: Vec::new(),
            gone: 0,
        })
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::clock::UnixTime;
    use crate::login::Tokens;
    use crate::presentation::Presentation;
    use crate::token::TokenResponse;

    fn kept() -> usize {
        TABLE.with(|table| {
            let table = table.borrow();
            table.places.iter().filter(|it| it.held.is_some()).count()
        })
    }

    fn token() -> Option<Token> {
        token_of(0)
    }

    fn token_of(second: u64) -> Option<Token> {
        let response = TokenResponse::new(crate::secret::Secret::new("abc"));
        let (access, _) = Tokens::new(response, Moment::default()).ok()?;
        let issued = UnixTime::new(Duration::from_secs(second));
        let times = Times {
            issued: Moment::new(issued, Duration::ZERO),
            life: 60,
            fresh_for: 30,
        };
        Token::new(&access, times, Stamp::default(), &Presentation::default())
    }

    fn cache() -> Cache {
        let cache = Cache::new();
        cache.set(token());
        cache
    }

    fn lend(cache: &Cache) {
        let lent = cache.lend(0, |_| ()).or_else(|to| cache.lend_shared(0, to));
        assert!(lent.is_ok());
    }

    /// Requests it as often as a thread must that is to keep it.
    fn keep(cache: &Cache) {
        lend(cache);
        lend(cache);
        assert!(is_kept(cache));
    }

    /// Returns `true` if this thread has a reference. Tests on other threads make it look for tokens that are gone.
    fn is_kept(cache: &Cache) -> bool {
        (0..100).any(|_| {
            TABLE.with_borrow_mut(Table::sweep);
            cache.lend(0, |_| ()).is_ok()
        })
    }

    fn watch(cache: &Cache) -> impl Fn() -> bool + Send + use<> {
        cache.read().as_ref().unwrap().watch()
    }

    #[test]
    fn no_thread_keeps_a_token_that_is_gone() {
        let (first, other) = (cache(), cache());
        keep(&first);
        keep(&other);
        assert_eq!(kept(), 2);
        first.set(None);
        assert_eq!(kept(), 1, "the other session's is left alone");
        first.set(token());
        keep(&first);
        assert_eq!(kept(), 2);
        drop(first);
        assert_eq!(kept(), 1);
        assert!(other.remove(&token().unwrap()));
        assert_eq!(kept(), 0);
    }

    #[test]
    fn a_text_is_in_memory_once_and_only_while_it_is_held() {
        let cache = cache();
        let is_there = watch(&cache);
        keep(&cache);
        let token = cache.valid(Moment::default()).unwrap();
        let place = |held: &Held| held.authorization().as_bytes().as_ptr();
        let own = TABLE.with_borrow(|table| {
            let held = table.places.iter().find_map(|it| it.held.as_ref());
            held.map(|held| (Arc::ptr_eq(held, &token.0), place(held)))
        });
        assert_eq!(own, Some((false, place(&token.0))));
        let header = token.authorization().clone();
        drop((cache, token));
        assert!(is_there());
        drop(header);
        assert!(!is_there());
    }

    /// Lets another thread keep two tokens, takes the first one away, and lets the thread do something. Returns `true`
    /// if that one is still in memory.
    fn is_there_after(cache: &Cache, other: &Cache, then: impl FnOnce() + Send) -> bool {
        let is_there = watch(cache);
        let next = &Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(move || {
                keep(other);
                keep(cache);
                next.wait();
                next.wait();
                then();
                next.wait();
                next.wait();
            });
            next.wait();
            cache.set(None);
            assert!(is_there(), "the other thread has made no request yet");
            next.wait();
            next.wait();
            let is_there = is_there();
            next.wait();
            is_there
        })
    }

    #[test]
    fn a_thread_drops_what_is_gone_with_any_request() {
        let (first, other, empty) = (cache(), cache(), Cache::new());
        assert!(!is_there_after(&first, &other, || lend(&other)));
        first.set(token());
        let ask_in_vain = || assert!(empty.lend_shared(0, |_| ()).is_err());
        assert!(!is_there_after(&first, &other, ask_in_vain));
        first.set(token());
        assert!(is_there_after(&first, &other, || ()));
    }

    /// Requests a token when its thread ends.
    struct Late(Arc<Cache>, Arc<AtomicU64>);

    impl Drop for Late {
        fn drop(&mut self) {
            let lent = self.0.lend(0, |_| ());
            let lent = lent.or_else(|to| self.0.lend_shared(0, to));
            self.1.fetch_add(lent.map_or(0, |()| 1), Ordering::Relaxed);
        }
    }

    #[test]
    fn a_thread_that_exits_is_served_and_keeps_nothing() {
        thread_local! {
            static LATE: Cell<Option<Late>> = const { Cell::new(None) };
        }
        let (cache, served) = (Arc::new(cache()), Arc::new(AtomicU64::new(0)));
        let is_there = watch(&cache);
        // Its table is dropped before or after the request.
        for keeps_first in [true, false] {
            let late = Late(Arc::clone(&cache), Arc::clone(&served));
            let exiting = thread::spawn(move || {
                let cache = Arc::clone(&late.0);
                if keeps_first {
                    keep(&cache);
                }
                LATE.set(Some(late));
                keep(&cache);
            });
            exiting.join().unwrap();
        }
        assert_eq!(served.load(Ordering::Relaxed), 2);
        drop(cache);
        assert!(!is_there());
    }

    #[test]
    fn another_threads_change_is_seen_by_the_next_request() {
        let cache = cache();
        keep(&cache);
        thread::scope(|scope| scope.spawn(|| cache.set(None)).join().unwrap());
        assert!(cache.lend(0, |_| ()).is_err());
        assert!(cache.lend_shared(0, |_| ()).is_err());
        thread::scope(|scope| scope.spawn(|| cache.set(token())).join().unwrap());
        keep(&cache);
    }

    #[test]
    fn a_closure_may_request_and_replace_tokens() {
        let (first, other) = (cache(), cache());
        keep(&first);
        let is_there = watch(&first);
        // As while a token is lent.
        TABLE.with_borrow(|_| {
            lend(&first);
            (0..3).for_each(|_| lend(&other));
            first.set(None);
            assert!(first.lend(0, |_| ()).is_err());
            assert!(first.lend_shared(0, |_| ()).is_err());
            assert!(is_there(), "a table that is borrowed is not swept");
        });
        lend(&other);
        assert!(!is_there());
    }

    #[test]
    fn sessions_that_share_a_place_leave_it_to_the_first() {
        let (first, mut other) = (cache(), cache());
        other.number = first.number;
        keep(&first);
        for _ in 0..20 {
            lend(&other);
            assert!(is_kept(&first));
        }
        (0..PATIENCE).for_each(|_| lend(&other));
        assert!(is_kept(&other) && !is_kept(&first));
        assert_eq!(kept(), 1);
    }

    #[test]
    fn a_clock_set_back_makes_a_token_old() {
        let cache = Cache::new();
        cache.set(token_of(100));
        for (now, is_served) in [(99, false), (100, true), (129, true), (130, false)] {
            assert_eq!(cache.lend_shared(now, |_| ()).is_ok(), is_served, "{now}");
        }
    }
}
