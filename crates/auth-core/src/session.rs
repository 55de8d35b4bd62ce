//! A session: keeps a valid token available.
//!
//! A call goes through six files: this one, `session/cache.rs` (a token that can be served at once),
//! `session/driver.rs` (which thread renews, and the loop that performs the steps of a renewal),
//! `login/step.rs` and `login/renewal.rs` (what to do next) with `login/decision.rs` (what the record
//! allows), and back to the cache.

mod background;
mod builder;
mod cache;
mod driver;
mod logout;
mod sessions;
mod status;
mod stored;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use crate::agent::{Pool, Shared};
use crate::clock::{Clock, Moment, SystemClock, UnixTime};
use crate::error::{Error, Result};
use crate::fingerprint::Fingerprint;
use crate::grant::{Grant, LoginKind, Prover};
use crate::identity::Identity;
use crate::login::{Memory, Rules, Stamp};
use crate::observe::{Event, Observer};
use crate::origin::Origin;
use crate::presentation::{PLAIN, Presentation};
use crate::secret::Secret;
use crate::store::Store;
use crate::token::{Held, Token, TokenResponse};
use crate::transport::Transport;

pub use background::{BackgroundRefresh, RenewalCheck};
pub use builder::SessionBuilder;
use cache::{Cache, Served};
use driver::Flight;
use logout::Ended;
pub use sessions::{SessionCounts, Sessions};
pub use status::SessionStatus;

/// Session that keeps a valid access token available to every caller; clones share it.
///
/// Threads share a session. While the token is fresh, a caller gets it without a lock and without the network. When it
/// is due, one caller renews it and the others continue with the valid one; without a valid token every caller waits
/// for that one renewal and shares its result, also a failure. A session starts no thread unless
/// [`refresh_in_background`](Session::refresh_in_background) is called.
///
/// ```
/// # use auth_core::grant::{Identity, Policy, TokenRequest, TokenResponse};
/// # use auth_core::{Grant, Result, Secret, Session};
/// # #[derive(Debug)] struct Fixed;
/// # impl Grant for Fixed {
/// #     fn identity(&self) -> Identity { Identity::new("fixed") }
/// #     fn policy(&self) -> Policy { Policy::for_client() }
/// #     fn login_request(&self) -> Result<TokenRequest> {
/// #         Ok(TokenRequest::from_fn([], |_| Ok(TokenResponse::new(Secret::new("abc")))))
/// #     }
/// # }
/// let session = Session::new(Fixed);
/// assert_eq!(session.authorization()?, "Bearer abc");
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>, Arc<Shared>);

#[repr(C)] // these two, which each call reads, are side by side; and no byte is lost between the small ones
struct Inner {
    cache: Cache,
    /// `None` for the system clock, which is then called directly.
    clock: Option<Arc<dyn Clock>>,
    grant: Box<dyn Grant>,
    who: LoginKind,
    /// The login is in a store that the caller has set.
    is_stored: bool,
    /// The agent sends requests to other origins, without a token.
    allows_unsigned: bool,
    /// The statuses other than 401 by which an API rejects a token.
    rejections: Box<[u16]>,
    prover: Option<Arc<dyn Prover>>,
    identity: Identity,
    transport: Arc<dyn Transport>,
    observer: Option<Box<dyn Observer>>,
    store: Arc<dyn Store>,
    rules: Rules,
    /// A fingerprint of the token that it was begun with.
    seed: Option<Fingerprint>,
    /// Those of its APIs; none if they are wrong, which `presentation` reports.
    origins: Box<[Origin]>,
    /// Presentation of the token to the APIs; `None` for that of RFC 6750.
    presentation: Option<Box<Result<Presentation>>>,
    /// The connections of its agent, if it shares them with the other sessions of a [`Sessions`].
    pool: OnceLock<Arc<Pool>>,
    /// Knowledge of this process beyond the store; boxed, because an idle session has none.
    memory: Mutex<Option<Box<Memory>>>,
    /// Counts logouts, so that a renewal that began before one ends for its caller alone.
    logouts: AtomicU64,
    rejection: Mutex<Option<Box<Rejection>>>,
    /// Logins that were forgotten here and could not be revoked yet.
    unrevoked: Mutex<Vec<Ended>>,
    flight: Mutex<Option<Arc<Flight>>>,
    landed: Condvar,
}

/// Result of [`Session::log_in_if_needed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginOutcome {
    /// The login was alive.
    Kept,
    /// A user has logged in.
    LoggedIn,
}

/// The token that an API rejected last.
struct Rejection {
    stamp: Stamp,
    at: Moment,
}

impl Session {
    /// A session with the defaults. Nothing is sent; a wrong setting is reported by the first call.
    ///
    /// A store, a refresh token and all other settings need [`builder`](Session::builder).
    #[must_use]
    pub fn new(grant: impl Grant + 'static) -> Self {
        SessionBuilder::new(Box::new(grant)).finish(None)
    }

    /// A session with settings of your own, such as a [store](SessionBuilder::store):
    /// `Session::builder(grant).store(store).build()?`.
    #[doc(alias = "store")]
    pub fn builder(grant: impl Grant + 'static) -> SessionBuilder {
        SessionBuilder::new(Box::new(grant))
    }

    /// Returns a valid token.
    ///
    /// # Errors
    /// Only if there is no valid token and none could be obtained. If a renewal fails, the old token is returned until
    /// it expires.
    pub fn token(&self) -> Result<Token> {
        self.with(|held| Token(Arc::clone(held)))
    }

    /// Returns the token that the session or its store holds, if it is valid; sends nothing and renews nothing.
    ///
    /// It reads the store if this session holds no valid token. For a command that shows a login, a health check, or
    /// a start that must not wait for a server.
    ///
    /// ```
    /// let session = auth_core::testing::session("abc");
    /// assert!(session.held()?.is_none());
    /// session.token()?;
    /// assert!(session.held()?.is_some());
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`] if the store could not be read.
    pub fn held(&self) -> Result<Option<Token>> {
        self.0.held()
    }

    /// Returns the value for an `Authorization` header, or for the header that the grant's
    /// [`Policy::token_header`](crate::grant::Policy::token_header) names.
    ///
    /// # Errors
    /// As [`token`](Session::token).
    pub fn authorization(&self) -> Result<HeaderValue> {
        self.with(|held| held.authorization().clone())
    }

    /// Lends the value that [`authorization`](Session::authorization) returns, without a copy.
    ///
    /// ```
    /// let session = auth_core::testing::session("abc");
    /// let length = session.with_authorization(|value| value.len())?;
    /// assert_eq!(length, "Bearer abc".len());
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`token`](Session::token).
    pub fn with_authorization<R>(&self, use_it: impl FnOnce(&HeaderValue) -> R) -> Result<R> {
        self.with(|held| use_it(held.authorization()))
    }

    /// Reports that an API rejected this token; it is not served again. Returns `true` if another one can be had.
    ///
    /// A newer token stays. A token that itself replaced a rejected one less than a minute ago stays too, and the
    /// result is `false`: an API that rejects a brand-new token does so for another reason.
    ///
    /// ```
    /// let session = auth_core::testing::session("abc");
    /// let token = session.token()?;
    /// // The API returned 401.
    /// if session.reject(&token) {
    ///     let another = session.token()?;
    /// }
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    #[must_use = "`false` means that another try would be rejected too"]
    pub fn reject(&self, token: &Token) -> bool {
        self.0.reject(token)
    }

    /// Uses the login that the session or its store has, if it is alive; otherwise lets a user log in.
    ///
    /// Call it at the start, and again when a call returns [`Error::LoginRequired`]: clones of this session continue
    /// with the new login. It holds up no other call: `log_in` runs on this thread, without a lock.
    ///
    /// ```
    /// use auth_core::LoginOutcome;
    /// # use auth_core::grant::{Identity, Policy, TokenRequest, TokenResponse};
    /// # use auth_core::transport::Transport;
    /// # use auth_core::{Error, Grant, Result, Secret, Session};
    /// # #[derive(Debug)] struct Acme;
    /// # impl Grant for Acme {
    /// #     fn identity(&self) -> Identity { Identity::new("acme") }
    /// #     fn policy(&self) -> Policy { Policy::for_interactive() }
    /// #     fn login_request(&self) -> Result<TokenRequest> { Err(Error::no_credentials()) }
    /// # }
    /// # fn open_a_browser(_: &dyn Transport) -> Result<TokenResponse> { Ok(TokenResponse::new(Secret::new("abc"))) }
    /// # let session = Session::new(Acme);
    ///
    /// let outcome = session.log_in_if_needed(|http| open_a_browser(http))?;
    /// if outcome == LoginOutcome::LoggedIn {
    ///     println!("Thank you. The next start will not ask again.");
    /// }
    /// assert_eq!(session.log_in_if_needed(|http| open_a_browser(http))?, LoginOutcome::Kept);
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`token`](Session::token), except for [`Error::LoginRequired`]; otherwise as [`log_in`](Session::log_in).
    pub fn log_in_if_needed(
        &self,
        log_in: impl FnOnce(&dyn Transport) -> Result<TokenResponse>,
    ) -> Result<LoginOutcome> {
        match self.token() {
            Err(Error::LoginRequired { .. }) => {
                self.log_in(log_in).map(|()| LoginOutcome::LoggedIn)
            }
            Err(error) => Err(error),
            Ok(_) => Ok(LoginOutcome::Kept),
        }
    }

    /// Lets a user log in, and replaces the login that the session and its store have.
    ///
    /// ```
    /// # use auth_core::Result;
    /// # use auth_core::grant::TokenResponse;
    /// # use auth_core::transport::Transport;
    /// # fn open_a_browser(_: &dyn Transport) -> Result<TokenResponse> {
    /// #     Ok(TokenResponse::new(auth_core::Secret::new("def")))
    /// # }
    /// let session = auth_core::testing::session("abc");
    /// // `acme login`: also with a login that works, because the user may want another account.
    /// session.log_in(|http| open_a_browser(http))?;
    /// assert_eq!(session.authorization()?, "Bearer def");
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of `log_in`; [`Error::Response`] if its tokens cannot be used; [`Error::Store`] if the new login could
    /// not be stored: the session serves it anyway, and stores it as soon as possible.
    pub fn log_in(
        &self,
        log_in: impl FnOnce(&dyn Transport) -> Result<TokenResponse>,
    ) -> Result<()> {
        let tokens = log_in(&*self.0.transport)?;
        self.0.replace_login(tokens)
    }

    /// Forgets the token, the refresh token and every failure, here and in the store.
    ///
    /// Every session that shares the login loses it as soon as it next reads the store. The next call logs in anew, if
    /// the grant has credentials. A store that keeps the previous record, as
    /// [`FileStore`](crate::store::FileStore) does, has none of the login there either.
    ///
    /// ```
    /// # use auth_core::grant::{Identity, Policy, TokenRequest};
    /// # use auth_core::testing::CannedTransport;
    /// # use auth_core::{Error, Grant, Result, Secret, Session};
    /// # #[derive(Debug)] struct Acme;
    /// # impl Grant for Acme {
    /// #     fn identity(&self) -> Identity { Identity::new("acme") }
    /// #     fn policy(&self) -> Policy { Policy::for_password() }
    /// #     fn login_request(&self) -> Result<TokenRequest> {
    /// #         Ok(TokenRequest::form("https://acme.example/token").secret("password", Secret::new("right")))
    /// #     }
    /// # }
    /// # let http = CannedTransport::new()
    /// #     .json(400, r#"{"error": "invalid_grant", "error_description": "account locked"}"#)
    /// #     .json(200, r#"{"access_token": "abc", "token_type": "Bearer"}"#);
    /// # let session = Session::builder(Acme).transport(http).build()?;
    /// // The account is locked: the server refuses the password, which is then not sent again soon.
    /// assert!(session.token().is_err());
    /// assert!(session.token().is_err());
    /// // `acme unlocked`, for the operator who has unlocked the account.
    /// session.forget()?;
    /// assert_eq!(session.authorization()?, "Bearer abc");
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`] if the store failed, or its response was lost: this session then continues as before, and
    /// another try may work. If the message warns that a copy may be left, everything is forgotten except the previous
    /// record, and another try forgets that too.
    pub fn forget(&self) -> Result<()> {
        self.0.forget()
    }

    /// Forgets the login and ends it at the server (RFC 7009).
    ///
    /// It revokes the newest refresh token, whichever process obtained it. It revokes the access token if the login has
    /// no refresh token, or one that may be used up because a request with it is under way or its response was lost.
    ///
    /// # Limits
    /// - **A renewal that is under way**, here or elsewhere, continues. Its result serves the call that waits for it and
    ///   is neither kept nor revoked; most servers end it with the refresh token that it came from.
    /// - **Access tokens** of this login work until they expire, unless the server ends them with the refresh token.
    ///   Other processes serve theirs until they next read the store.
    /// - **If this process exits** after it has forgotten and before it has revoked, the server does not learn of it.
    ///
    /// ```
    /// use auth_core::{Error, Result, Session};
    ///
    /// /// `acme logout`
    /// fn log_out(session: &Session) -> Result<()> {
    ///     match session.log_out() {
    ///         Ok(()) => println!("Logged out."),
    ///         Err(error @ Error::Store { .. }) => return Err(error), // perhaps still logged in
    ///         Err(error) => eprintln!("Logged out here, but the server could not be told: {error}"),
    ///     }
    ///     Ok(())
    /// }
    /// # log_out(&auth_core::testing::session("abc"))?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`] as [`forget`](Session::forget); nothing is sent if nothing could be forgotten, because a revoked
    /// token would continue to be served. Otherwise the server's error; everything is forgotten then. If the server
    /// could not be reached or had no time, the session keeps what it could not revoke, and another `log_out` tries
    /// again.
    pub fn log_out(&self) -> Result<()> {
        self.0.log_out()
    }

    /// Returns the refresh token that works next, to be kept instead of a password.
    ///
    /// With servers that rotate it, it changes with every renewal; a [store](SessionBuilder::store) keeps up with that.
    /// It is `None` while a request with it is under way, and after its response was lost: it may be used up then.
    ///
    /// A program that keeps it itself, and may have none yet, begins with it like this:
    ///
    /// ```
    /// use auth_core::{Grant, Result, Secret, Session};
    ///
    /// fn session(grant: impl Grant + 'static, kept: Option<Secret>) -> Result<Session> {
    ///     let builder = Session::builder(grant);
    ///     match kept {
    ///         Some(kept) => builder.refresh_token(kept).build(),
    ///         None => builder.build(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn refresh_token(&self) -> Option<Secret> {
        self.0.refresh_token()
    }

    /// Returns the state of the login, for people (`Display`) and health checks. It reads the store and sends nothing.
    ///
    /// ```
    /// let session = auth_core::testing::session("abc");
    /// session.token()?;
    /// println!("{}", session.status()); // one line; `{:#}` has the details
    /// assert!(session.status().last_error.is_none());
    /// # Ok::<(), auth_core::Error>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        self.0.status()
    }

    /// Starts a thread that renews the token before it is due, until the result is dropped: no caller waits for a
    /// renewal.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the system starts no more threads.
    pub fn refresh_in_background(&self) -> Result<BackgroundRefresh> {
        BackgroundRefresh::start(self.clone())
    }

    /// Renews the token before callers find it due, and returns the wait until the next call: one turn of
    /// [`refresh_in_background`](Session::refresh_in_background), for a loop of your own.
    ///
    /// Each call reads the store, so it notices a login or a token that another process has replaced. Use it for a
    /// program whose purpose is a fresh token, such as one that writes it to a file.
    ///
    /// ```no_run
    /// # let session = auth_core::testing::session("abc");
    /// loop {
    ///     let check = session.renew_if_due();
    ///     if let Some(token) = &check.token {
    ///         // Write it where it is read.
    ///     }
    ///     std::thread::sleep(check.wait);
    /// }
    /// ```
    #[must_use = "the failure is in the result"]
    pub fn renew_if_due(&self) -> RenewalCheck {
        self.0.catch_up();
        self.0.renew_if_due()
    }

    /// Returns the key under which stores keep this login.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    #[inline]
    fn with<R>(&self, use_it: impl FnOnce(&Arc<Held>) -> R) -> Result<R> {
        let inner = &*self.0;
        let now = inner.seconds();
        let serve = |served: Served<'_>| {
            if served.is_due && inner.is_watched() {
                inner.tell_of_renewal();
            }
            use_it(served.held)
        };
        match inner.cache.lend(now, serve) {
            Ok(result) => Ok(result),
            Err(serve) => inner.with_shared(now, serve),
        }
    }

    /// Returns `true` if an API rejects a token by this status.
    pub(crate) fn is_rejection(&self, status: u16) -> bool {
        status == 401 || self.0.rejections.contains(&status)
    }

    /// The session's time.
    pub(crate) fn now(&self) -> UnixTime {
        self.0.clock().now().wall
    }

    pub(crate) fn prover(&self) -> Option<&dyn Prover> {
        self.0.prover.as_deref()
    }

    pub(crate) fn origins(&self) -> &[Origin] {
        &self.0.origins
    }

    pub(crate) fn presentation(&self) -> &Result<Presentation> {
        self.0.presentation()
    }

    pub(crate) fn allows_unsigned(&self) -> bool {
        self.0.allows_unsigned
    }

    /// The agent that the clones of this session share.
    pub(crate) fn shared_agent(&self) -> &Shared {
        &self.1
    }

    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.0.pool.get().map(|pool| &**pool)
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.0.transport
    }

    /// This session, without holding the agent that the others share.
    pub(crate) fn without_agent(&self) -> Self {
        Self(Arc::clone(&self.0), Arc::default())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("identity", &self.0.identity)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn reject(&self, token: &Token) -> bool {
        let now = self.clock().now();
        let mut rejection = lock(&self.rejection);
        let other = self.cache.valid(now).is_some() && self.cache.stamp() != Some(token.stamp());
        let again = rejection
            .as_ref()
            .is_some_and(|last| last.stamp == token.stamp());
        if other || again {
            return true;
        }
        if rejection
            .as_ref()
            .is_some_and(|last| now.since(last.at) < SHORTEST_TRUST)
        {
            return false;
        }
        if self.cache.remove(token) {
            *rejection = Some(Box::new(Rejection {
                stamp: token.stamp(),
                at: now,
            }));
            drop(rejection);
            self.tell(&Event::Rejected);
        }
        true
    }

    fn presentation(&self) -> &Result<Presentation> {
        self.presentation.as_deref().unwrap_or(&PLAIN)
    }

    fn clock(&self) -> &dyn Clock {
        self.clock.as_deref().unwrap_or(&SystemClock)
    }

    #[inline]
    fn seconds(&self) -> u64 {
        match &self.clock {
            None => SystemClock.seconds(),
            Some(clock) => clock.seconds(),
        }
    }

    /// Where this thread has no reference of its own; out of line, so that the fast path saves few registers.
    #[inline(never)]
    fn with_shared<R>(&self, now: u64, serve: impl FnOnce(Served<'_>) -> R) -> Result<R> {
        let serve = match self.cache.lend_shared(now, serve) {
            Ok(result) => return Ok(result),
            Err(serve) => serve,
        };
        let token = self.renew(0)?;
        Ok(serve(Served {
            held: &token.0,
            is_due: false,
        }))
    }

    /// Returns `true` if an observer or the log receives events of the fast path.
    #[inline]
    fn is_watched(&self) -> bool {
        self.observer.is_some() || log::log_enabled!(log::Level::Trace)
    }
}

impl Drop for Inner {
    /// Stores a token that could not be stored before, as [`SessionBuilder::store`] documents. Does nothing
    /// without a store.
    fn drop(&mut self) {
        if self.is_stored {
            let _ = self.store_what_is_owed();
        }
    }
}

/// Locks a mutex. What it protects is whole at every moment, so a panic elsewhere does not make it unusable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A token that replaced a rejected one is not rejected again this soon.
const SHORTEST_TRUST: Duration = Duration::from_secs(60);
