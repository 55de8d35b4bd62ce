//! The settings of a session.

use std::fmt;
use std::sync::{Arc, Condvar, LazyLock, Mutex};

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::grant::Grant;
use crate::held::Held;
use crate::observer::Observer;
use crate::origin::Origin;
use crate::rotation::Record;
use crate::secret::Secret;
use crate::token::TokenResponse;
use crate::transport::{HttpTransport, Transport};

use super::renewal::current;
use super::{Inner, Session};

/// Collects the settings of a [`Session`]; every one has a default.
#[must_use = "`build` makes the session"]
pub struct Builder {
    grant: Box<dyn Grant>,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Box<dyn Observer>>,
    refresh_token: Option<Secret>,
    response: Option<TokenResponse>,
    origins: Vec<String>,
    allow_http: bool,
    retries: u32,
}

impl Builder {
    pub(super) fn new(grant: Box<dyn Grant>) -> Self {
        Self {
            origins: grant.origins(),
            grant,
            transport: None,
            clock: None,
            observer: None,
            refresh_token: None,
            response: None,
            allow_http: false,
            retries: 2,
        }
    }

    /// How requests are sent. Default: one [`HttpTransport`] for all sessions of the process.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// What time it is. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Who is told what happens. Default: nobody but the log.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Begins with a refresh token from elsewhere: kept from last time, or from a web login.
    pub fn refresh_token(mut self, refresh_token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// Begins with a token that is already there; its life counts from [`build`](Builder::build).
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

    /// Makes the session. Nothing is sent.
    pub fn build(self) -> Session {
        let now = self.clock.as_deref().unwrap_or(&SystemClock).now();
        let mut response = self.response;
        let refresh_token = response
            .as_mut()
            .and_then(|response| response.refresh_token.take());
        let held = Held::new();
        // A response that cannot be held is as good as none: the first call then gets a token.
        held.set(response.and_then(|response| current(response, 0, now).ok()));
        Session(Arc::new(Inner {
            identity: self.grant.identity(),
            grant: self.grant,
            transport: self.transport.unwrap_or_else(shared_transport),
            clock: self.clock,
            observer: self.observer,
            origins: origins(&self.origins, self.allow_http),
            retries: self.retries,
            held,
            record: Mutex::new(Record::seeded(refresh_token.or(self.refresh_token), now)),
            replaced: Mutex::new(None),
            flight: Mutex::new(None),
            landed: Condvar::new(),
        }))
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

fn origins(texts: &[String], allow_http: bool) -> Result<Vec<Origin>> {
    let origins: Vec<Origin> = texts
        .iter()
        .map(|text| Origin::parse(text))
        .collect::<Result<_>>()?;
    if !allow_http && !origins.iter().all(Origin::is_private) {
        return Err(Error::configuration(
            "a token is sent over https, or to 127.0.0.1 and [::1]; an origin is neither",
        ));
    }
    Ok(origins)
}
