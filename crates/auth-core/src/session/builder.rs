//! The settings of a session.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::grant::{Grant, Identity, LoginKind, Policy};
use crate::login::{Rules, Sends};
use crate::observe::Observer;
use crate::origin::Origin;
use crate::request::{Readings, TokenRequest};
use crate::secret::{Secret, SecretSource};
use crate::store::{Alone, Store};
use crate::token::TokenResponse;
use crate::transport::{HttpTransport, Tls, Transport};

use super::cache::Cache;
use super::{Inner, Session};

/// Settings of a [`Session`]; each has a default.
///
/// ```
/// use auth_core::store::MemoryStore;
/// # fn demo(grant: impl auth_core::Grant + 'static) -> auth_core::Result<()> {
/// let session = auth_core::Session::builder(grant)
///     .store(MemoryStore::new())
///     .retries(0)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "`build` makes the session"]
pub struct SessionBuilder {
    grant: Box<dyn Grant>,
    policy: Policy,
    transport: Option<Arc<dyn Transport>>,
    tls: Option<Tls>,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Box<dyn Observer>>,
    refresh_token: Option<SecretSource>,
    tokens: Option<TokenResponse>,
    store: Option<Arc<dyn Store>>,
    origins: Vec<String>,
    allow_http: bool,
    allow_unsigned: bool,
    retries: u32,
    renew_ahead: u32,
}

impl SessionBuilder {
    pub(super) fn new(grant: Box<dyn Grant>) -> Self {
        let mut policy = grant.policy();
        Self {
            origins: policy.take_apis(),
            policy,
            grant,
            transport: None,
            tls: None,
            clock: None,
            observer: None,
            refresh_token: None,
            tokens: None,
            store: None,
            allow_http: false,
            allow_unsigned: false,
            retries: 2,
            renew_ahead: 0,
        }
    }

    /// Sets the transport of token requests; [`Session::agent`] takes over its TLS and proxy. Default: one
    /// [`HttpTransport`] for all sessions of the process.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets TLS for token requests and for [`Session::agent`]: short for an [`HttpTransport`] with these settings.
    /// Default: [`Tls::default`]. With [`transport`](SessionBuilder::transport) it is an error at
    /// [`build`](SessionBuilder::build), because a transport has its own.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets the clock. Default: [`SystemClock`](crate::clock::SystemClock).
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets an observer for the session's events. Default: none; events are logged.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Sets the store that keeps the login and shares it between processes. Default: the memory of this session.
    ///
    /// Every session with the same [identity](Grant::identity) and the same store shares one login: one session renews
    /// it, the others use the result. A grant whose login belongs to a user who is not named is an error at
    /// [`build`](SessionBuilder::build): the next user would be handed this login.
    ///
    /// New tokens that could not be stored are stored with one of the next calls. If none comes, the last clone of the
    /// session that is dropped tries once more, which may take as long as the store's [time-out](Store::timeout).
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Starts from a refresh token: kept from last time, or from a web login. It is read once, by
    /// [`build`](SessionBuilder::build). A login in the store that is alive takes precedence: its refresh token is newer.
    pub fn refresh_token(mut self, refresh_token: impl Into<SecretSource>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// Starts from the tokens of a login that has just happened; they replace what the store holds. Their lifetimes
    /// count from [`build`](SessionBuilder::build).
    pub fn tokens(mut self, tokens: TokenResponse) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Adds an API's origin, `https://host[:port]`, to which [`Session::agent`] sends tokens. Default: those of the
    /// grant.
    pub fn api(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Lets [`Session::agent`] send requests to origins that are not APIs of the session, without a token. Default: such
    /// a request is an error.
    pub fn allow_unsigned(mut self) -> Self {
        self.allow_unsigned = true;
        self
    }

    /// Lets [`Session::agent`] send tokens over plain http to APIs with an `http://` origin. Everyone on the way can
    /// then read and use them.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Sets how often a call without a valid token repeats a harmless request before it fails. Default: 2. A refresh
    /// token that the server may have received is never sent again, whatever this is set to.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long before its expiry a token is renewed, so that the session can do without the token endpoint for
    /// that long. Default: a fifth of the token's lifetime, 1 to 15 minutes.
    ///
    /// It is at most half of the token's lifetime, and varies by a tenth, so that a fleet does not renew at once. A time
    /// below a second counts as a second.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn demo(grant: impl auth_core::Grant + 'static) -> auth_core::Result<()> {
    /// // Tokens of a year, from a server that may be down for a day.
    /// let day = Duration::from_secs(24 * 3600);
    /// let session = auth_core::Session::builder(grant).renew_ahead(day).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn renew_ahead(mut self, ahead: Duration) -> Self {
        self.renew_ahead = u32::try_from(ahead.as_secs()).unwrap_or(u32::MAX).max(1);
        self
    }

    /// Makes the session. Nothing is sent, and no program or closure is run for a secret but the refresh token's.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration): all that the first request needs is checked, and every
    /// file and variable read, those of [`tls`](SessionBuilder::tls) too; a store is set and the grant does not name the
    /// user.
    pub fn build(mut self) -> Result<Session> {
        origins(&self.origins, self.allow_http)?;
        if let Some(tls) = self.tls.take() {
            if self.transport.is_some() {
                return Err(Error::configuration(
                    "`tls` and `transport` are both set, and a transport has its own TLS; set it there, with \
                     `HttpTransportBuilder::tls`",
                ));
            }
            let transport = HttpTransport::builder().tls(tls).build()?;
            self.transport = Some(Arc::new(transport));
        }
        let requests = [
            self.grant.login_request(),
            self.grant.refresh_request(&any_token()),
        ];
        for request in requests {
            match request {
                Ok(request) => {
                    request.check_endpoint()?;
                    request.check()?;
                }
                Err(Error::LoginRequired { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.store.is_some() && self.grant.identity().lacks_user() {
            return Err(Error::configuration(
                "a store needs the user: the next user would be handed this login; name the user in the grant",
            ));
        }
        if let Some(presentation) = self.policy.presentation() {
            presentation?;
        }
        let refresh_token = self.refresh_token.as_ref().map(SecretSource::read);
        let refresh_token = refresh_token.transpose()?;
        if refresh_token.as_ref().is_some_and(Secret::is_empty) {
            return Err(Error::configuration("`refresh_token` is empty; set it"));
        }
        Ok(self.finish(refresh_token))
    }

    /// Makes the session without checks; the first call reports what is wrong.
    pub(super) fn finish(self, refresh_token: Option<Secret>) -> Session {
        let identity = self.grant.identity();
        let is_stored = self.store.is_some();
        let store = self.store.unwrap_or_else(|| Arc::new(Alone::default()));
        let transport = self.transport.unwrap_or_else(shared_transport);
        // A proof that needs another nonce costs a second sending.
        let sendings = if self.policy.binds_tokens() { 2 } else { 1 };
        let rules = Rules {
            replay: self.policy.replays(),
            flight: sendings * longest_exchange(&*self.grant, &*transport)
                + 2 * store.timeout()
                + MARGIN,
            retries: self.retries,
            renew_ahead: self.renew_ahead,
        };
        let origins = origins(&self.origins, self.allow_http);
        // A wrong API is an error of every call, as a wrong header for it is.
        let presentation = match &origins {
            Err(error) => Some(Box::new(Err(error.clone()))),
            Ok(_) => self.policy.presentation().map(Box::new),
        };
        let who = self.policy.login();
        let (rejections, prover) = self.policy.into_parts();
        let inner = Inner {
            seed: seed(&identity, &self.tokens, &refresh_token),
            identity,
            presentation,
            who,
            grant: self.grant,
            transport,
            store,
            is_stored,
            rules,
            clock: self.clock,
            observer: self.observer,
            origins: origins.unwrap_or_default().into(),
            allows_unsigned: self.allow_unsigned,
            pool: OnceLock::new(),
            cache: Cache::new(),
            memory: Mutex::default(),
            logouts: AtomicU64::new(0),
            rejection: Mutex::new(None),
            unrevoked: Mutex::default(),
            flight: Mutex::new(None),
            landed: Condvar::new(),
            rejections,
            prover,
        };
        inner.begin_with(self.tokens, refresh_token, inner.seed);
        Session(Arc::new(inner), Arc::default())
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("identity", &self.grant.identity())
            .finish_non_exhaustive()
    }
}

/// One agent and one TLS configuration for all sessions: each costs more than a session does.
fn shared_transport() -> Arc<dyn Transport> {
    static SHARED: LazyLock<Arc<HttpTransport>> = LazyLock::new(|| Arc::new(HttpTransport::new()));
    Arc::<HttpTransport>::clone(&SHARED)
}

/// How long one exchange with the token endpoint may take.
fn longest_exchange(grant: &dyn Grant, transport: &dyn Transport) -> Duration {
    let requests = [grant.login_request(), grant.refresh_request(&any_token())];
    let longest = requests.iter().flatten().filter_map(TokenRequest::longest);
    longest.fold(transport.timeout(), Duration::max)
}

/// The fingerprints of all that a session would send, whatever the refresh token.
pub(super) fn sends(grant: &dyn Grant, who: LoginKind, readings: &Readings) -> Sends {
    let token = any_token();
    let print = |request: Result<TokenRequest>, but| request?.fingerprint(readings, but);
    Sends {
        who,
        login: print(grant.login_request(), None),
        refresh: print(grant.refresh_request(&token), Some(&token)),
    }
}

/// Origin of the token endpoint; `None` if requests are made by a closure.
pub(super) fn token_endpoint(grant: &dyn Grant) -> Option<Origin> {
    let requests = [grant.refresh_request(&any_token()), grant.login_request()];
    requests.iter().flatten().find_map(TokenRequest::origin)
}

/// Stands for a refresh token where it makes no difference which one.
fn any_token() -> Secret {
    Secret::new("any refresh token")
}

/// The fingerprint of the tokens that a session starts from.
pub(super) fn seed(
    identity: &Identity,
    tokens: &Option<TokenResponse>,
    refresh_token: &Option<Secret>,
) -> Option<Fingerprint> {
    let tokens = tokens.iter().flat_map(|tokens| {
        [&tokens.access_token]
            .into_iter()
            .chain(&tokens.refresh_token)
    });
    fingerprint(identity, tokens.chain(refresh_token))
}

fn origins(texts: &[String], allow_http: bool) -> Result<Vec<Origin>> {
    let origins: Vec<Origin> = texts
        .iter()
        .map(|text| Origin::parse(text))
        .collect::<Result<_>>()?;
    match origins.iter().find(|origin| !origin.is_private()) {
        Some(origin) if !allow_http => Err(Error::configuration(format!(
            "a token is sent over https, or to 127.0.0.1 and [::1], and {origin} is neither; correct the URL of that API \
             (`base`, `api` or `token_endpoint`), or, in a test network, set `SessionBuilder::danger_allow_http`{}",
            origin.hint()
        ))),
        _ => Ok(origins),
    }
}

/// Time that a request may take beyond its time-outs, for a busy machine.
const MARGIN: Duration = Duration::from_secs(10);
