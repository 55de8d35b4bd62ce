//! The agent of a session: a `ureq::Agent` that signs its requests and answers a rejection.
//!
//! [`Session::agent`] makes one. What it fails with is an error of `ureq`; [`error_of`] takes ours out of it.

mod call;
mod failure;
mod proven;
mod redirects;

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use http::header::TRANSFER_ENCODING;
use http::{Request, Response, request};
use ureq::config::ConfigBuilder;
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body, SendBody};

use crate::error::Error;
use crate::origin::Origin;
use crate::presentation::Presentation;
use crate::session::Session;
use crate::token::{Token, TokenType};

use call::{Call, Came};
use failure::unsent;
use proven::{Proven, Statuses};

pub use failure::error_of;

impl Session {
    /// Returns a `ureq::Agent` that signs each request with a valid token.
    ///
    /// It is built once per session and cloned, so all requests share its connections; so does
    /// [`shutdown`](ureq::Agent::shutdown), which ends the agent for the session.
    ///
    /// # Where the token goes
    /// - To the origins of the grant and those added with [`Builder::origin`](crate::Builder::origin). A request to
    ///   another origin is an error, unless [`Builder::allow_unsigned`](crate::Builder::allow_unsigned) is set.
    ///   A request that already has an `Authorization` header is left alone, or, with
    ///   [`Policy::token_header`](crate::grant::Policy::token_header), one that has that header.
    /// - Along a redirect within the origin. A redirect to another origin (RFC 6454: scheme, host or port) is followed
    ///   without the token, and without every header whose value is marked as sensitive.
    ///
    /// Redirects are followed as `ureq` follows them, up to the agent's `max_redirects`: a body is never sent twice,
    /// so a POST, PUT, PATCH or DELETE that is answered with 307 or 308 fails with [`ureq::Error::RedirectFailed`].
    /// `max_redirects` of a single request cannot be read here; set it with [`agent_with`](Session::agent_with).
    /// Time-outs count for each sending, and `get_redirect_history` has the last URI only.
    ///
    /// # If the API rejects the token
    /// After a 401, or another status that the grant names, to a request with the token, that very token is rejected,
    /// another one is got, and the request is sent again, once, if its body can be: a body of up to 1 MiB can, unless
    /// you set `Transfer-Encoding` yourself to stream it. A redirect that is named so is not followed; a POST or PATCH
    /// that is answered with it is not sent again, for the API may have done what it was asked to. If the second answer
    /// is a rejection too, the caller gets it.
    ///
    /// A token that wants proofs ([`Policy::prover`](crate::grant::Policy::prover)) gets one with each sending. If the API wants
    /// another nonce in it, the request is sent again with the same token, which costs no renewal.
    ///
    /// # Errors
    /// If there is no token, or the origin is not an API of the session, a request fails with
    /// [`ureq::Error::Other`]; [`error_of`] returns the [`Error`] in it.
    ///
    /// ```no_run
    /// # fn run(session: auth_core::Session) -> Result<(), auth_core::ureq::Error> {
    /// let agent = session.agent();
    /// let assets = agent.get("https://api.ermeo.com/api/v1/assets").call()?.body_mut().read_to_string()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn agent(&self) -> Agent {
        let agent = self.shared_agent();
        let agent = agent.get_or_init(|| Box::new(self.agent_with(|config| config)));
        Agent::clone(agent)
    }

    /// Builds an agent with settings of your own: time-outs, proxy, certificates.
    ///
    /// Each call builds one, with connections of its own; keep it, and clone it.
    /// Defaults: 10 s to connect, 60 s for the head of an answer. `configure` is called twice, since
    /// the second sending has an agent of its own.
    pub fn agent_with(
        &self,
        configure: impl Fn(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
    ) -> Agent {
        let config = || {
            let defaults = Agent::config_builder()
                .timeout_connect(Some(TIMEOUT_CONNECT))
                .timeout_recv_response(Some(TIMEOUT_RESPONSE));
            configure(defaults)
        };
        let again = config().build().new_agent();
        let prover = self.prover();
        config()
            .middleware(Signer {
                session: self.without_agent(),
                statuses: prover.map(|_| Statuses::of(&again)),
                again,
            })
            .build()
            .new_agent()
    }
}

struct Signer {
    /// Does not hold the agent that this is a part of, or neither would ever be dropped.
    session: Session,
    /// Sends for the second time: what comes after a middleware can be used only once.
    again: Agent,
    /// None if there are no proofs to be sent along.
    statuses: Option<Statuses>,
}

type Answer = Result<Response<Body>, ureq::Error>;

impl Middleware for Signer {
    fn handle(&self, request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Answer {
        if self.is_left_alone(&request)? {
            return next.handle(request);
        }
        let token = self.session.token().map_err(unsent)?;
        let call = Call::new(self, token, next);
        let (parts, body) = request.into_parts();
        let mut body = body.into_reader();
        if parts.headers.contains_key(TRANSFER_ENCODING) {
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
        let apis = apis.map_err(|error| unsent(error.clone()))?;
        // `ureq` says what is wrong with a URL without an origin.
        let Some(origin) = Origin::of(request.uri()) else {
            return Ok(true);
        };
        if apis.contains(&origin) {
            return Ok(false);
        }
        if self.session.allows_unsigned() {
            return Ok(true);
        }
        Err(unsent(not_an_api(&origin, apis)))
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
        let statuses = self.statuses?;
        if token.token_type() != TokenType::Dpop {
            return None;
        }
        let prover = self.session.prover()?;
        Some(Proven {
            prover,
            token,
            now: self.session.now(),
            as_error: statuses.as_error(&parts.extensions),
        })
    }

    fn is_rejection(&self, came: &Came) -> bool {
        let is_rejection = |status| self.session.is_rejection(status);
        !came.wants_proof && came.status().is_some_and(is_rejection)
    }
}

fn not_an_api(origin: &Origin, apis: &[Origin]) -> Error {
    let known = if apis.is_empty() {
        "it has none".to_owned()
    } else {
        let apis: Vec<String> = apis.iter().map(Origin::to_string).collect();
        format!("they are: {}", apis.join(", "))
    };
    Error::configuration(format!(
        "{origin} is not one of the session's APIs ({known}), so nothing was sent; add it with `Builder::origin`, \
         or allow requests without a token with `Builder::allow_unsigned`"
    ))
}

const LARGEST_REPEATABLE: u64 = 1024 * 1024;
const TIMEOUT_CONNECT: Duration = Duration::from_secs(10);
const TIMEOUT_RESPONSE: Duration = Duration::from_secs(60);
