//! `ureq` agents that sign their requests: the only place where types of `ureq` are public.
//!
//! [`Session::agent`] makes one, and [`agent_with`] one with settings of your own. Their failures are errors of `ureq`;
//! [`error()`] turns them into an [`Error`], so that a function that returns this crate's
//! [`Result`](crate::Result) can send a request:
//!
//! ```no_run
//! use auth_core::{Result, Session, agent};
//!
//! fn assets(session: &Session) -> Result<String> {
//!     let url = "https://api.ermeo.com/api/v1/assets";
//!     let mut response = session.agent().get(url).call().map_err(agent::error)?;
//!     response.body_mut().read_to_string().map_err(agent::error)
//! }
//! ```

mod call;
mod failure;
mod pool;
mod proven;
mod redirects;

use std::io::Read as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::uri::Scheme;
use http::{HeaderMap, Request, Response, Uri, request};
use ureq::config::ConfigBuilder;
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body, RequestExt as _, SendBody};

use crate::error::Error;
use crate::origin::Origin;
use crate::presentation::Presentation;
use crate::session::Session;
use crate::token::{Token, TokenType};
use crate::transport::{HttpTransport, TIMEOUT_CONNECT, TlsSettings};

use call::{Call, Came};
use failure::unsent;
pub(crate) use pool::Pool;
use proven::{Plain, Proven};

pub use failure::{error, error_of};
pub use ureq;

impl Session {
    /// Returns a `ureq::Agent` that signs each request with a valid token.
    ///
    /// It is built once per session and cloned, so all requests share its connections; so does
    /// [`shutdown`](ureq::Agent::shutdown), which ends the agent for the session. Its settings are those of
    /// [`agent_with`]. After the files of a [client certificate](crate::transport::ClientCertificate) have changed, an
    /// agent that was kept opens a connection for each request; another call returns one that keeps them.
    ///
    /// # Where the token goes
    /// - To the APIs of the grant and those added with [`SessionBuilder::api`](crate::SessionBuilder::api). A request to
    ///   another origin is an error, unless [`SessionBuilder::allow_unsigned`](crate::SessionBuilder::allow_unsigned) is
    ///   set. A request that already has an `Authorization` header is left alone, or, with
    ///   [`Policy::token_header`](crate::grant::Policy::token_header), one that has that header.
    /// - Along a redirect within the origin. A redirect to another origin (RFC 6454: scheme, host or port) is followed
    ///   without the token, and without every header whose value is marked as sensitive.
    ///
    /// Redirects are followed as `ureq` follows them, up to the agent's `max_redirects`: a body is never sent twice,
    /// so a POST, PUT, PATCH or DELETE that gets 307 or 308 fails with [`ureq::Error::RedirectFailed`].
    /// `max_redirects` of a single request cannot be read here; set it with [`agent_with`]. A request that is left alone is
    /// redirected by `ureq` itself. Time-outs count for each sending, and `get_redirect_history` has the last URI only.
    ///
    /// # If the API rejects the token
    /// After a 401, or another status that the grant names, to a request with the token, that very token is rejected,
    /// another one is obtained, and the request is sent again, once, if its body can be: a body of up to 1 MiB can,
    /// unless you set `Transfer-Encoding` yourself to stream it. A body with a longer `Content-Length` is streamed, too. A
    /// redirect that is named so is not followed; a POST or PATCH that gets it is not sent again, for the API may have
    /// acted on it. If the second response is a rejection too, the caller gets it.
    ///
    /// If no other token can be obtained, the request fails with the error of the renewal (a store that fails, a server
    /// that is unreachable or refuses, [`Error::LoginRequired`]), which [`Session::token`] would return; the response is
    /// dropped, whether statuses are errors or not. The caller gets the API's response if no renewal was tried: the
    /// body is gone, or the token had itself replaced a rejected one less than a minute before.
    ///
    /// A token that requires proofs ([`Policy::prover`](crate::grant::Policy::prover)) gets one with each sending. If the
    /// API requests another nonce in it, the request is sent again with the same token, which costs no renewal.
    ///
    /// # Errors
    /// If there is no token, if none replaces a rejected one, or if the origin is not an API of the session, a request
    /// fails with [`ureq::Error::Other`]; [`error_of`] returns the [`Error`] in it.
    ///
    /// ```no_run
    /// # fn run(session: auth_core::Session) -> Result<(), auth_core::agent::ureq::Error> {
    /// let agent = session.agent();
    /// let assets = agent.get("https://api.ermeo.com/api/v1/assets").call()?.body_mut().read_to_string()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn agent(&self) -> Agent {
        self.shared_agent().get(self)
    }
}

/// An agent that signs its requests as [`Session::agent`] does, with settings of your own: time-outs, statuses, a user
/// agent.
///
/// Each call builds one, with connections of its own; keep it, and clone it. TLS and proxy are those of the session's
/// transport, 10 s are allowed to connect, and 60 s for the head of a response, unless `configure` sets others. It is
/// called twice, since the second sending of a request has an agent of its own.
///
/// ```no_run
/// use auth_core::agent;
///
/// # fn demo(session: &auth_core::Session) {
/// let agent = agent::agent_with(session, |config| config.http_status_as_error(false));
/// # }
/// ```
#[must_use]
pub fn agent_with(
    session: &Session,
    configure: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
) -> Agent {
    signing(session, configure, None)
}

/// An agent that signs, with connections of its own or those of another agent, which has the same settings.
fn signing(
    session: &Session,
    configure: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
    pooled: Option<Agent>,
) -> Agent {
    let session = session.without_agent();
    let http = session.transport().http().cloned().unwrap_or_default();
    let tls = http.tls_settings();
    let config = || configure(defaults(&http, &tls));
    let is_pooled = pooled.is_some();
    let again = pooled.unwrap_or_else(|| config().build().new_agent());
    let configured = TlsSettings::of(again.config());
    let signer = Signer {
        plain: Plain::new(),
        https: match http.tls().check_compiled() {
            Err(error) if configured.is_rustls() => Some(error),
            _ => configured.check_compiled().err(),
        },
        // Settings of the caller's own are left alone.
        tls: configured
            .has_certificate_of(&tls)
            .then_some((http.clone(), tls.clone())),
        session,
        again,
        is_pooled,
    };
    config().middleware(signer).build().new_agent()
}

fn defaults(http: &HttpTransport, tls: &TlsSettings) -> ConfigBuilder<AgentScope> {
    let config = Agent::config_builder()
        .timeout_connect(Some(TIMEOUT_CONNECT))
        .timeout_recv_response(Some(TIMEOUT_RESPONSE))
        .proxy(http.proxy().cloned());
    tls.of_agent(config)
}

/// A transport over an agent that you have, with its connector, resolver, proxy and TLS settings, which
/// [`Session::agent`] takes over.
///
/// An https request is [`Error::Configuration`] if the agent's `TlsConfig` names a library that is not compiled in.
///
/// The safety settings are added to each request; the agent itself is not changed, with one exception: if `ureq` is built
/// with its feature `cookies`, the agent's cookies are deleted before and after each request. Users who log in at the
/// same time still share them for as long as a request takes; an [`HttpTransport`] of its own has none to share.
///
/// ```
/// use auth_core::agent::{self, ureq};
///
/// let agent = ureq::Agent::config_builder().user_agent("acme/1.0").build().new_agent();
/// let transport = agent::transport(agent);
/// ```
#[must_use]
pub fn transport(agent: Agent) -> HttpTransport {
    HttpTransport::lent(agent)
}

/// The agent that the clones of a session share. Boxed: most sessions never have one.
#[derive(Default)]
pub(crate) struct Shared(Mutex<Option<Box<(Agent, TlsSettings)>>>);

impl Shared {
    fn get(&self, session: &Session) -> Agent {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let http = session.transport().http();
        // Another client certificate must not be presented on connections of the old one.
        if let Some((agent, tls)) = shared.as_deref()
            && http.is_none_or(|http| http.tls_settings_after(tls).is_none())
        {
            return agent.clone();
        }
        let tls = http.map(HttpTransport::tls_settings).unwrap_or_default();
        let pooled = session.pool().and_then(|pool| pool.agent(http));
        let agent = signing(session, |config| config, pooled);
        *shared = Some(Box::new((agent.clone(), tls)));
        agent
    }
}

struct Signer {
    /// Does not hold the agent that this is a part of, or neither would ever be dropped.
    session: Session,
    /// Sends for the second time: the rest of the chain can be used only once. It has the caller's settings.
    again: Agent,
    /// It sends for the first time too, since its connections are those of other sessions as well.
    is_pooled: bool,
    plain: Plain,
    /// Why there is no https, if that is so.
    https: Option<Error>,
    /// The transport whose TLS settings these agents have, and which they are; none if the caller set others.
    tls: Option<(HttpTransport, TlsSettings)>,
}

type Answer = Result<Response<Body>, ureq::Error>;

impl Middleware for Signer {
    fn handle(&self, request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Answer {
        let next = Some(next).filter(|_| !self.is_pooled);
        if self.is_left_alone(&request)? {
            return self.leave_alone(request, next);
        }
        let token = self.session.token().map_err(unsent)?;
        let call = Call::new(self, token, next);
        let (parts, body) = request.into_parts();
        let mut body = body.into_reader();
        if parts.headers.contains_key(TRANSFER_ENCODING) || is_long(&parts.headers) {
            return call.send_once(parts, &mut body);
        }
        let mut start = Vec::new();
        body.by_ref()
            .take(LARGEST_REPEATABLE + 1)
            .read_to_end(&mut start)?;
        if start.len() as u64 > LARGEST_REPEATABLE {
            return call.send_once(parts, &mut start.as_slice().chain(body));
        }
        call.send(parts, &Bytes::from(start))
    }
}

impl Signer {
    /// Returns `true` if the request is sent as the caller made it.
    fn is_left_alone(&self, request: &Request<SendBody<'_>>) -> Result<bool, ureq::Error> {
        if request
            .headers()
            .contains_key(self.presentation()?.header())
        {
            return Ok(true);
        }
        let apis = self.session.origins();
        if apis.iter().any(|api| api.is_of(request.uri())) {
            return Ok(false);
        }
        match Origin::of(request.uri()) {
            Some(origin) if !self.session.allows_unsigned() => {
                Err(unsent(not_an_api(&origin, apis)))
            }
            // `ureq` reports the problem of a URL without an origin.
            _ => Ok(true),
        }
    }

    fn leave_alone(
        &self,
        mut request: Request<SendBody<'_>>,
        next: Option<MiddlewareNext<'_>>,
    ) -> Answer {
        self.check(request.uri())?;
        if let Some(newer) = self.newer_tls() {
            let config = request
                .middleware_config()
                .ok_or_else(call::no_extensions)?;
            request = newer.of_request(config).build();
        }
        match next {
            Some(next) => next.handle(request),
            None => self.again.run(request),
        }
    }

    /// Fails for https if there is no library for it: ureq panics.
    fn check(&self, uri: &Uri) -> Result<(), ureq::Error> {
        match &self.https {
            Some(error) if uri.scheme() == Some(&Scheme::HTTPS) => Err(unsent(error.clone())),
            _ => Ok(()),
        }
    }

    /// The TLS settings of the session's transport, if its client certificate has changed since this agent was made.
    fn newer_tls(&self) -> Option<TlsSettings> {
        let (http, tls) = self.tls.as_ref()?;
        http.tls_settings_after(tls)
    }

    fn signed<'a>(
        &self,
        mut parts: request::Parts,
        token: &Token,
        body: SendBody<'a>,
    ) -> Request<SendBody<'a>> {
        if let Ok(presentation) = self.session.presentation() {
            let value = token.authorization().clone();
            parts.headers.insert(presentation.header(), value);
        }
        Request::from_parts(parts, body)
    }

    fn presentation(&self) -> Result<&Presentation, ureq::Error> {
        let presentation = self.session.presentation().as_ref();
        presentation.map_err(|error| unsent(error.clone()))
    }

    /// None where the bearer of the token needs no proof.
    fn proven<'a>(&'a self, token: &'a Token, parts: &request::Parts) -> Option<Proven<'a>> {
        if token.token_type() != TokenType::Dpop {
            return None;
        }
        let prover = self.session.prover()?;
        Some(Proven {
            prover,
            token,
            now: self.session.now(),
            as_error: self
                .plain
                .is(&parts.extensions)
                .then(|| self.again.config().http_status_as_error()),
        })
    }

    fn is_rejection(&self, came: &Came) -> bool {
        let is_rejection = |status| self.session.is_rejection(status);
        !came.wants_proof && came.status().is_some_and(is_rejection)
    }
}

/// Returns `true` if the body is announced as longer than one that is kept for a second sending.
fn is_long(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let length = length.and_then(|length| length.parse().ok());
    length.is_some_and(|length: u64| length > LARGEST_REPEATABLE)
}

fn not_an_api(origin: &Origin, apis: &[Origin]) -> Error {
    let known = if apis.is_empty() {
        "it has none".to_owned()
    } else {
        let apis: Vec<String> = apis.iter().map(Origin::to_string).collect();
        format!("they are: {}", apis.join(", "))
    };
    Error::configuration(format!(
        "{origin} is not one of the session's APIs ({known}), so nothing was sent; add it with `SessionBuilder::api`, \
         or allow requests without a token with `SessionBuilder::allow_unsigned`{}",
        origin.hint()
    ))
}

const LARGEST_REPEATABLE: u64 = 1024 * 1024;
const TIMEOUT_RESPONSE: Duration = Duration::from_secs(60);
