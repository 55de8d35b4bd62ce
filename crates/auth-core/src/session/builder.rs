//! The settings of a session.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::fingerprint::fingerprint;
use crate::grant::{Grant, LoginKind, Policy};
use crate::login::{Rules, Sends};
use crate::observer::Observer;
use crate::origin::Origin;
use crate::request::TokenRequest;
use crate::secret::Secret;
use crate::store::{Alone, Nameless, Store};
use crate::token::TokenResponse;
use crate::transport::{HttpTransport, Transport};

use super::cache::Cache;
use super::{Inner, Session};

/// Collects the settings of a [`Session`]; every one has a default.
#[must_use = "`build` makes the session"]
pub struct Builder {
    grant: Box<dyn Grant>,
    policy: Policy,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Box<dyn Observer>>,
    refresh_token: Option<Secret>,
    response: Option<TokenResponse>,
    store: Option<Arc<dyn Store>>,
    origins: Vec<String>,
    allow_http: bool,
    allow_unsigned: bool,
    retries: u32,
    renew_ahead: u32,
}

impl Builder {
    pub(super) fn new(grant: Box<dyn Grant>) -> Self {
        let mut policy = grant.policy();
        Self {
            origins: policy.take_apis(),
            policy,
            grant,
            transport: None,
            clock: None,
            observer: None,
            refresh_token: None,
            response: None,
            store: None,
            allow_http: false,
            allow_unsigned: false,
            retries: 2,
            renew_ahead: 0,
        }
    }

    /// How requests are sent. Default: one [`HttpTransport`] for all sessions of the process.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// What time it is. Default: [`SystemClock`](crate::SystemClock).
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Who is told what happens. Default: nobody but the log.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Where the login is kept, so that it outlives this process and is shared with others.
    /// Default: nowhere but in the memory of this session alone.
    ///
    /// Every session with the same [identity](Grant::identity) and the same store shares one login:
    /// one of them renews it, the others take over what it got. A grant whose user is not named is
    /// [`StoreFailure::Unsafe`](crate::StoreFailure::Unsafe): the next user would get this one's login.
    ///
    /// A new token that could not be stored is stored with one of the next calls. If none comes, the
    /// last clone of the session that is dropped tries once more, which may take as long as the
    /// store's [time-out](Store::timeout).
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Begins with a refresh token from elsewhere: kept from last time, or from a web login.
    ///
    /// If the store holds a login that is alive, that one goes on: its refresh token is the newer one.
    pub fn refresh_token(mut self, refresh_token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// Begins with a token that is already there; its life counts from [`build`](Builder::build).
    ///
    /// It replaces what the store holds: somebody has just logged in.
    pub fn response(mut self, response: TokenResponse) -> Self {
        self.response = Some(response);
        self
    }

    /// One more origin, `https://host[:port]`, that [`Session::agent`] signs requests for.
    /// Default: those of the grant.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Lets [`Session::agent`] send requests to origins that are not APIs of the session, without a token.
    /// Default: such a request is an error.
    pub fn allow_unsigned(mut self) -> Self {
        self.allow_unsigned = true;
        self
    }

    /// Lets [`Session::agent`] send the token over plain http to the origins that are named so.
    /// Everybody on the way can then read and use it.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// How often a call that has no token tries again, where a repeat is harmless, before it fails.
    /// Default: 2. A refresh token that may have been sent is never sent again, whatever this says.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long before its end a token is renewed, so that the session can do without the token
    /// endpoint for that long. Default: a fifth of the token's life, from one minute to fifteen.
    ///
    /// It is at most half of the token's life, and varies by a tenth, so that a fleet does not renew
    /// at once. A time below a second counts as a second.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn demo(grant: impl auth_core::Grant + 'static) {
    /// // Tokens of a year, from a server that may be down for a day.
    /// let day = Duration::from_secs(24 * 3600);
    /// let session = auth_core::Session::builder(grant).renew_ahead(day).build();
    /// # }
    /// ```
    pub fn renew_ahead(mut self, time: Duration) -> Self {
        self.renew_ahead = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1);
        self
    }

    /// Makes the session. Nothing is sent.
    pub fn build(self) -> Session {
        let identity = self.grant.identity();
        let is_stored = self.store.is_some();
        let store: Arc<dyn Store> = match self.store {
            None => Arc::new(Alone::default()),
            Some(_) if self.grant.is_nameless() => Arc::new(Nameless),
            Some(store) => store,
        };
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
        let presentation = self.policy.presentation().map(Box::new);
        let who = self.policy.login();
        let (rejections, prover) = self.policy.into_parts();
        let inner = Inner {
            seed: fingerprint(&identity, seed(&self.response, &self.refresh_token)),
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
            origins: origins(&self.origins, self.allow_http).map_err(Box::new),
            allows_unsigned: self.allow_unsigned,
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
        inner.begin_with(self.response, self.refresh_token);
        Session(Arc::new(inner), Arc::default())
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
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

/// What a session would send, whatever the refresh token.
pub(super) fn sends(grant: &dyn Grant, who: LoginKind) -> Sends {
    let token = any_token();
    let print = |request: Result<TokenRequest>, but| {
        let request = request?;
        request.check()?;
        Ok(request.fingerprint(but))
    };
    Sends {
        who,
        login: print(grant.login_request(), None),
        refresh: print(grant.refresh_request(&token), Some(&token)),
    }
}

/// Stands for a refresh token where it makes no difference which one.
fn any_token() -> Secret {
    Secret::from("any refresh token")
}

/// What a session begins with, to tell it from what another one began with.
fn seed<'a>(
    response: &'a Option<TokenResponse>,
    refresh_token: &'a Option<Secret>,
) -> impl Iterator<Item = &'a Secret> {
    let response = response.iter().flat_map(|response| {
        [&response.access_token]
            .into_iter()
            .chain(&response.refresh_token)
    });
    response.chain(refresh_token)
}

fn origins(texts: &[String], allow_http: bool) -> Result<Vec<Origin>> {
    let origins: Vec<Origin> = texts
        .iter()
        .map(|text| Origin::parse(text))
        .collect::<Result<_>>()?;
    match origins.iter().find(|origin| !origin.is_private()) {
        Some(origin) if !allow_http => Err(Error::configuration(format!(
            "a token is sent over https, or to 127.0.0.1 and [::1], and {origin} is neither; correct that API's URL, \
             or, in a test network, use `Builder::danger_allow_http`"
        ))),
        _ => Ok(origins),
    }
}

/// What a request in flight may take beyond its time-outs, for a machine that is busy.
const MARGIN: Duration = Duration::from_secs(10);
