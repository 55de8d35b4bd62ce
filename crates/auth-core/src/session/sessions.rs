//! Many sessions that are alike, one per customer.

mod kept;
mod making;
mod sweep;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::agent::Pool;
use crate::error::Result;

use super::{BackgroundRefresh, Session};
use kept::Kept;
use making::Making;
use sweep::Sweep;

/// Sessions that are alike, one per customer, for a service that holds its customers' tokens.
///
/// A session is made when its customer is first named, and the least recently used one is dropped when there are too
/// many. Threads share a `Sessions` behind a reference or an `Arc`.
///
/// ```
/// use auth_core::{Sessions, testing};
///
/// let sessions = Sessions::new(|customer: &u64| Ok(testing::session(&format!("token-of-{customer}"))));
/// assert_eq!(sessions.get(&4711)?.token()?.expose(), "token-of-4711");
/// # Ok::<(), auth_core::Error>(())
/// ```
///
/// # What they share
/// The store that the closure passes to each of them, the [transport](crate::transport::HttpTransport) if it is the
/// default one or clones of one, and with the transport the connections of their [agents](Session::agent): the request
/// of one customer uses the connection that another one's has left. A session with a transport of its own has
/// connections of its own; so has each where a crate of the program switches on the feature `cookies` of `ureq`, because
/// an agent sends the cookies of its connections. [`shutdown`](crate::agent::ureq::Agent::shutdown) of an agent ends none
/// of the shared connections.
///
/// # Which sessions are dropped
/// - Of the sessions that no call has named for a while, one that has been there longest. The order is that of a clock
///   with second chances: a session that was named again since the last look is passed over once. Up to 127 sessions are
///   in one such order; more are in up to 64 orders, so that threads do not wait for each other.
/// - Never one that is being renewed, nor one whose newest tokens are not stored yet. If the next 32 in the order are
///   all so, the new session is kept beyond the capacity: a store that is down must not cost a login. The next new ones
///   drop two for one until the capacity is kept again. [`SessionCounts::over_capacity`] counts this, and the log warns.
///
/// A dropped session keeps its login in its store; one without a store logs in again. A caller that still holds a
/// dropped session continues with it.
pub struct Sessions<K> {
    make: Box<Make<K>>,
    kept: Kept<K>,
    making: Making<K>,
    made: AtomicU64,
    /// The connections of all agents.
    pool: Arc<Pool>,
    sweep: Arc<Sweep>,
    threads: usize,
}

type Make<K> = dyn Fn(&K) -> Result<Session> + Send + Sync;

/// Counts of a [`Sessions`] since it was made; see [`Sessions::counts`].
///
/// ```
/// use auth_core::{Sessions, testing};
///
/// let sessions = Sessions::new(|customer: &u64| Ok(testing::session(&customer.to_string())));
/// for customer in [4711, 4712, 4711] {
///     sessions.get(&customer)?;
/// }
/// let counts = sessions.counts();
/// assert_eq!((counts.size, counts.hits, counts.misses), (2, 1, 2));
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionCounts {
    /// Sessions that are kept now.
    pub size: usize,
    /// Calls of [`Sessions::get`] that found a session.
    pub hits: u64,
    /// Calls of [`Sessions::get`] that did not, and made one or waited for it.
    pub misses: u64,
    /// Sessions that the closure has made.
    pub made: u64,
    /// Sessions that were dropped to make room.
    pub evicted: u64,
    /// Sessions that were kept beyond the capacity, since none could be dropped for them.
    pub over_capacity: u64,
    /// Tokens that a thread of [`Sessions::refresh_in_background`] has renewed.
    pub renewed: u64,
    /// Renewals by such a thread that failed; the old token stays in service until it expires.
    pub failed: u64,
}

impl<K: Eq + Hash + Clone> Sessions<K> {
    /// Makes a session when a customer is first named.
    ///
    /// Threads that name the same new customer at once share one call of the closure and its result, also an error. It
    /// runs without a lock, so it may read files; it must not call [`get`](Sessions::get) itself.
    pub fn new(make: impl Fn(&K) -> Result<Session> + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            kept: Kept::new(10_000),
            making: Making::default(),
            made: AtomicU64::new(0),
            pool: Arc::default(),
            sweep: Arc::default(),
            threads: 1,
        }
    }

    /// Sets how many sessions are kept, at least one. Default: 10 000.
    #[must_use]
    pub fn with_capacity(mut self, most: usize) -> Self {
        self.kept = self.kept.with_capacity(most.max(1));
        self
    }

    /// Sets how many threads [`refresh_in_background`](Sessions::refresh_in_background) starts, 1 to 64. Default: 1.
    ///
    /// A thread makes one request at a time. With a token endpoint that answers within 50 ms, one thread renews some
    /// 50 000 tokens of an hour.
    #[must_use]
    pub fn with_refresh_threads(mut self, threads: usize) -> Self {
        self.threads = threads.clamp(1, 64);
        self
    }

    /// Returns the session of a customer.
    ///
    /// # Errors
    /// The error of the closure; it is called again next time.
    pub fn get(&self, customer: &K) -> Result<Session> {
        match self.kept.used(customer) {
            Some(session) => Ok(session),
            None => self.miss(customer),
        }
    }

    /// Drops the session of a customer and returns it.
    pub fn remove(&self, customer: &K) -> Option<Session> {
        self.kept.remove(customer)
    }

    /// Starts a thread that renews the tokens of all sessions before they are due, until the result is dropped.
    ///
    /// ```
    /// use auth_core::{Sessions, testing};
    ///
    /// let sessions = Sessions::new(|customer: &u64| Ok(testing::session(&customer.to_string())));
    /// let sessions = sessions.with_refresh_threads(4);
    /// let _renewals = sessions.refresh_in_background()?; // until the end of this scope
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// It obtains no first token, and renews none that has expired: the next caller does. The tokens of customers who do
    /// not come back are renewed too, as long as their sessions are kept.
    ///
    /// - **A crowd is spread.** Each login has a second of its own in each third of its tokens' lifetime. Its token is
    ///   renewed at the last such second before a caller would find it due. A million tokens of an hour that were
    ///   obtained in one minute are renewed over twenty, and stay apart from then on.
    /// - **A token endpoint that is slow or out of reach** is left alone for four times as long as it took, at least 30
    ///   seconds. So it takes at most a fifth of a thread's time from the others, and one request until it times out.
    /// - **A failure** is tried again as the login's back-off allows. A login that requires a user or an operator is not
    ///   tried again before it has another token.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the system starts no more threads.
    pub fn refresh_in_background(&self) -> Result<BackgroundRefresh> {
        let (running, is_first) = self.sweep.begin();
        if is_first {
            self.kept.each(|session| self.sweep.add(session));
        }
        let running = Arc::new(running);
        BackgroundRefresh::start_threads(self.threads, move |stop| running.run(stop))
    }

    /// Returns how many sessions there are, and how many calls found one.
    #[must_use]
    pub fn counts(&self) -> SessionCounts {
        let (renewed, failed) = self.sweep.counts();
        SessionCounts {
            renewed,
            failed,
            misses: self.making.misses(),
            made: self.made.load(Ordering::Relaxed),
            ..self.kept.counts()
        }
    }

    #[cold]
    fn miss(&self, customer: &K) -> Result<Session> {
        let kept = || self.kept.get(customer);
        self.making.one(customer, kept, || {
            let session = (self.make)(customer)?;
            self.made.fetch_add(1, Ordering::Relaxed);
            // One that is made for two collections keeps its first.
            let _ = session.0.pool.set(Arc::clone(&self.pool));
            // Dropped here, without a lock: the end of a session may take time.
            drop(self.kept.keep(customer, session.clone()));
            self.sweep.add(&session);
            Ok(session)
        })
    }
}

impl<K> fmt::Debug for Sessions<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("kept", &self.kept.size())
            .field("most", &self.kept.most())
            .finish_non_exhaustive()
    }
}
