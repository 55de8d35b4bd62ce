//! A session: a token that is valid when asked for.
//!
//! A call goes through six files: this one, `session/cache.rs` (a token that can be served at once),
//! `session/driver.rs` (which thread renews, and the loop that does what a renewal says),
//! `login/step.rs` and `login/renewal.rs` (what to do next) with `login/decision.rs` (what the record
//! allows), and back to the cache.

mod builder;
mod cache;
mod driver;
mod explain;
mod keeper;
mod logout;
mod stored;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use ureq::Agent;

use crate::clock::{Clock, Moment, SystemClock};
use crate::error::{Error, Result};
use crate::fingerprint::Fingerprint;
use crate::grant::{Grant, LoginKind, Prover};
use crate::identity::Identity;
use crate::login::{Memory, Rules, Stamp};
use crate::observer::{Event, Observer};
use crate::origin::Origin;
use crate::presentation::{PLAIN, Presentation};
use crate::secret::Secret;
use crate::store::Store;
use crate::token::Token;
use crate::transport::Transport;

pub use builder::Builder;
use cache::{Cache, Served};
use driver::Flight;
pub use keeper::Keeper;
use logout::Ended;

/// A token that is always there: obtained when first asked for, renewed ahead of expiry.
///
/// Clones share the token; threads share a session. While a token is fresh it comes back without a
/// lock and without touching the network. When it is due, one caller renews it and the others go on
/// with the valid one; when there is none, all wait for that one caller and share what it got,
/// failure included. There is no background thread.
///
/// ```
/// # use auth_core::{Grant, Identity, Policy, Result, Session, TokenRequest, TokenResponse};
/// # #[derive(Debug)] struct Fixed;
/// # impl Grant for Fixed {
/// #     fn identity(&self) -> Identity { Identity::new("fixed") }
/// #     fn policy(&self) -> Policy { Policy::for_client() }
/// #     fn login_request(&self) -> Result<TokenRequest> {
/// #         Ok(TokenRequest::from_fn([], |_| Ok(TokenResponse::new("abc"))))
/// #     }
/// # }
/// let session = Session::new(Fixed);
/// assert_eq!(session.authorization()?, "Bearer abc");
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>, Arc<OnceLock<Box<Agent>>>);

struct Inner {
    grant: Box<dyn Grant>,
    who: LoginKind,
    /// The statuses by which an API rejects a token, besides 401.
    rejections: Box<[u16]>,
    prover: Option<Arc<dyn Prover>>,
    identity: Identity,
    transport: Arc<dyn Transport>,
    /// None for the machine's own, which is then asked without a detour.
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Box<dyn Observer>>,
    store: Arc<dyn Store>,
    /// The login is in a store that the caller has set.
    is_stored: bool,
    rules: Rules,
    /// A fingerprint of the token that it was begun with.
    seed: Option<Fingerprint>,
    origins: std::result::Result<Vec<Origin>, Box<Error>>,
    /// How the APIs want the token.
    /// None as RFC 6750 has it.
    presentation: Option<Box<Result<Presentation>>>,
    /// The agent sends requests to other origins, without a token.
    allows_unsigned: bool,
    cache: Cache,
    /// Knowledge of this process beyond the store.
    memory: Mutex<Memory>,
    /// Counts logouts, so that a renewal that began before one ends for its caller alone.
    logouts: AtomicU64,
    rejection: Mutex<Option<Box<Rejection>>>,
    /// Logins that were forgotten here, and that the server could not be told of.
    unrevoked: Mutex<Vec<Ended>>,
    flight: Mutex<Option<Arc<Flight>>>,
    landed: Condvar,
}

/// The token that an API rejected last.
struct Rejection {
    stamp: Stamp,
    at: Moment,
}

impl Session {
    /// A session with the defaults: the machine's clock, [`HttpTransport`](crate::HttpTransport), two retries.
    ///
    /// Nothing is sent before the first token is asked for.
    pub fn new(grant: impl Grant + 'static) -> Self {
        Self::builder(grant).build()
    }

    /// A session with settings of your own.
    pub fn builder(grant: impl Grant + 'static) -> Builder {
        Builder::new(Box::new(grant))
    }

    /// A token that works now.
    ///
    /// # Errors
    /// Only if there is no valid token and none could be got. A valid token is never replaced by an
    /// error: if a renewal fails, the old one is served until it expires.
    pub fn token(&self) -> Result<Token> {
        self.with(Token::clone)
    }

    /// Returns the value for an `Authorization` header, or for the header that the grant's
    /// [`Policy::token_header`](crate::Policy::token_header) names.
    ///
    /// # Errors
    /// As [`token`](Session::token).
    pub fn authorization(&self) -> Result<HeaderValue> {
        self.with(|token| token.authorization().clone())
    }

    /// Lends the value that [`authorization`](Session::authorization) returns: the cheapest way to it.
    ///
    /// # Errors
    /// As [`token`](Session::token).
    pub fn with_authorization<R>(&self, use_it: impl FnOnce(&HeaderValue) -> R) -> Result<R> {
        let mut use_it = Some(use_it);
        let result =
            self.with(|token| use_it.take().map(|use_it| use_it(token.authorization())))?;
        Ok(result.unwrap_or_else(|| unreachable!("a token is lent once, by the one that has it")))
    }

    /// Says that an API answered 401 to this token: it is not served again.
    ///
    /// Answers whether another token can be had. A token newer than the rejected one stays. A token
    /// that itself replaced a rejected one less than a minute ago stays too, and the answer is
    /// `false`: an API that rejects a brand-new token does so for another reason.
    pub fn reject(&self, token: &Token) -> bool {
        self.0.reject(token)
    }

    /// Forgets the token, the refresh token and every failure: logs out, on this side.
    ///
    /// All who share the login are logged out as soon as they next look at the store. The next call
    /// logs in anew, if the grant has something to log in with. A store that keeps the record before
    /// the newest, as [`FileStore`](crate::FileStore) does, has none of the login there either.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) if the store could not be told, or its answer was lost: this
    /// session then goes on as before, and it is worth another try. If it says that a copy may be left,
    /// all is forgotten but for the record before the newest, and another try takes that, too.
    pub fn forget(&self) -> Result<()> {
        self.0.forget()
    }

    /// Logs out here and at the server: forgets all, and revokes the refresh token (RFC 7009).
    ///
    /// It is the newest one that is revoked, whichever process got it. The access token is revoked
    /// where there is no refresh token, and where that may be spent, because somebody is sending it or
    /// its answer was lost.
    ///
    /// # What it cannot do
    /// - **A renewal that is under way**, here or elsewhere, goes on. What it brings serves the one call
    ///   that waits for it, is kept by nobody, and is not revoked; most servers end it with the refresh
    ///   token that it came from.
    /// - **Access tokens** of this login work until they expire, unless the server ends them with the
    ///   refresh token. Other processes serve theirs until they next look at the store.
    /// - **If this process ends** after it has forgotten and before it has revoked, the server is not told.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) as [`forget`](Session::forget); nothing is sent if nothing could be
    /// forgotten, for a token that is revoked would go on being served. Otherwise what the server said; all is
    /// forgotten then. If it could not be reached or had no time, the session keeps what it could not
    /// revoke, and another `log_out` tries that again.
    pub fn log_out(&self) -> Result<()> {
        self.0.log_out()
    }

    /// The refresh token that works next, to be kept instead of a password.
    ///
    /// With servers that rotate it, it changes with every renewal; a [store](Builder::store) keeps
    /// up with that. There is none while it is being sent, and after an answer to it was lost: it
    /// may be spent then.
    pub fn refresh_token(&self) -> Option<Secret> {
        self.0.refresh_token()
    }

    /// Why the token is or is not being renewed, in words for people: ages and reasons, no values.
    pub fn explain(&self) -> String {
        self.0.explain()
    }

    /// Renews ahead of expiry on a thread of its own, until the [`Keeper`] is dropped, so that no
    /// caller ever waits for a renewal.
    ///
    /// Without it one caller now and then renews, before the token expires, and the others go on.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the system starts no more threads.
    pub fn keep(&self) -> Result<Keeper> {
        Keeper::start(self.clone())
    }

    /// Whom the token is for.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    #[inline]
    fn with<R>(&self, mut use_it: impl FnMut(&Token) -> R) -> Result<R> {
        let inner = &*self.0;
        let now = inner.seconds();
        let mut serve = |served: Served<'_>| {
            if served.is_due && inner.is_watched() {
                inner.tell_of_renewal();
            }
            use_it(served.token)
        };
        if let Some(result) = inner.cache.lend(now, &mut serve) {
            return Ok(result);
        }
        match inner.cache.lend_anew(now, &mut serve) {
            Some(result) => Ok(result),
            None => inner.renew(0).map(|token| use_it(&token)),
        }
    }

    /// Returns `true` if an API rejects a token by this status.
    pub(crate) fn is_rejection(&self, status: u16) -> bool {
        status == 401 || self.0.rejections.contains(&status)
    }

    pub(crate) fn prover(&self) -> Option<&dyn Prover> {
        self.0.prover.as_deref()
    }

    pub(crate) fn origins(&self) -> std::result::Result<&[Origin], &Error> {
        match &self.0.origins {
            Ok(origins) => Ok(origins),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn presentation(&self) -> &Result<Presentation> {
        self.0.presentation()
    }

    pub(crate) fn allows_unsigned(&self) -> bool {
        self.0.allows_unsigned
    }

    /// The agent that the clones of this session share.
    pub(crate) fn shared_agent(&self) -> &OnceLock<Box<Agent>> {
        &self.1
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

    /// Returns `true` if an observer or the log wants to know what happens on the fast path.
    fn is_watched(&self) -> bool {
        self.observer.is_some() || log::log_enabled!(log::Level::Trace)
    }
}

impl Drop for Inner {
    /// A token that could not be stored gets a last chance, as [`Builder::store`] says; without a store
    /// nothing is done.
    fn drop(&mut self) {
        if self.is_stored {
            self.store_what_is_owed();
        }
    }
}

/// Locks a mutex. What it protects is whole at every moment, so a panic elsewhere does not make it unusable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A token that replaced a rejected one is not rejected again this soon.
const SHORTEST_TRUST: Duration = Duration::from_secs(60);
