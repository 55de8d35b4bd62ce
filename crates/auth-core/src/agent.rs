//! A `ureq::Agent` that signs its requests and answers one 401.

mod proven;

use std::io::{Cursor, Read};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, Response, Uri, request};
use ureq::config::{ConfigBuilder, RedirectAuthHeaders};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body, SendBody};

use crate::error::Error;
use crate::origin::Origin;
use crate::session::Session;
use crate::token::{Token, TokenType};

use proven::{Proven, Statuses};

impl Session {
    /// A `ureq::Agent` that signs each request with a token that works.
    ///
    /// It signs for the origins of the grant and those added with
    /// [`Builder::origin`](crate::Builder::origin), and for no other; a request that already has an
    /// `Authorization` header is left alone. If the API answers 401, that very token is rejected,
    /// another one is got, and the request is sent again, once, if its body can be: a body of up to
    /// 1 MiB can, unless you set `Transfer-Encoding` yourself to stream it. ureq drops the header on every redirect.
    ///
    /// A token that wants proofs ([`Policy::prover`](crate::Policy::prover)) gets one with each sending. If the API wants
    /// another nonce in it, the request is sent again with the same token, which costs no renewal.
    ///
    /// If there is no token, the request fails with [`ureq::Error::Other`] around an [`Error`].
    ///
    /// ```no_run
    /// # fn run(session: auth_core::Session) -> Result<(), auth_core::ureq::Error> {
    /// let agent = session.agent();
    /// let assets = agent.get("https://api.ermeo.com/api/v1/assets").call()?.body_mut().read_to_string()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn agent(&self) -> Agent {
        self.agent_with(|config| config)
    }

    /// The same with settings of your own: time-outs, proxy, certificates.
    ///
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
            configure(defaults).redirect_auth_headers(RedirectAuthHeaders::Never)
        };
        let again = config().build().new_agent();
        let prover = self.policy().prover_of_tokens();
        config()
            .middleware(Signer {
                session: self.clone(),
                statuses: prover.map(|_| Statuses::of(&again)),
                again,
            })
            .build()
            .new_agent()
    }
}

struct Signer {
    session: Session,
    /// Sends for the second time: what comes after a middleware can be used only once.
    again: Agent,
    /// None if there are no proofs to be sent along.
    statuses: Option<Statuses>,
}

type Answer = Result<Response<Body>, ureq::Error>;

/// An answer, and what to make of it.
struct Came {
    answer: Answer,
    /// Whether it refuses the proof, and so says nothing of the token.
    wants_proof: bool,
    /// Whether the caller expects a status as an error.
    as_error: bool,
}

impl Middleware for Signer {
    fn handle(&self, request: Request<SendBody<'_>>, next: MiddlewareNext<'_>) -> Answer {
        if request.headers().contains_key(AUTHORIZATION) || !self.is_meant_for(request.uri())? {
            return next.handle(request);
        }
        let token = self.session.token().map_err(other)?;
        let (parts, body) = request.into_parts();
        let mut body = body.into_reader();
        if parts.headers.contains_key(TRANSFER_ENCODING) {
            return self.send_once(parts, &token, SendBody::from_reader(&mut body), next);
        }
        let mut start = Vec::new();
        body.by_ref()
            .take(LARGEST_REPEATABLE + 1)
            .read_to_end(&mut start)?;
        if start.len() as u64 > LARGEST_REPEATABLE {
            let mut whole = start.as_slice().chain(body);
            return self.send_once(parts, &token, SendBody::from_reader(&mut whole), next);
        }
        let body = Bytes::from(start);
        let came = self.send(&parts, &token, &body, |request| next.handle(request));
        if !self.is_rejection(&came) || !self.session.reject(&token) {
            return came.into_answer();
        }
        match self.session.token() {
            Ok(token) => self
                .send(&parts, &token, &body, |request| self.again.run(request))
                .into_answer(),
            // The session has told why; the caller gets what the API said.
            Err(_) => came.into_answer(),
        }
    }
}

impl Signer {
    fn is_meant_for(&self, uri: &Uri) -> Result<bool, ureq::Error> {
        let origins = self
            .session
            .origins()
            .as_ref()
            .map_err(|error| other(error.clone()))?;
        Ok(Origin::of(uri).is_some_and(|origin| origins.contains(&origin)))
    }

    fn send(
        &self,
        parts: &request::Parts,
        token: &Token,
        body: &Bytes,
        first: impl FnOnce(Request<SendBody<'_>>) -> Answer,
    ) -> Came {
        let request = || repeatable(parts.clone(), token, body.clone());
        match self.proven(token, parts) {
            None => Came::of(first(request())),
            Some(proven) => proven.send_until_proven(request, first),
        }
    }

    /// Sends what cannot be sent again: if the token is rejected, the next request uses another.
    fn send_once(
        &self,
        parts: request::Parts,
        token: &Token,
        body: SendBody<'_>,
        next: MiddlewareNext<'_>,
    ) -> Answer {
        let proven = self.proven(token, &parts);
        let request = signed(parts, token, body);
        let came = match proven {
            None => Came::of(next.handle(request)),
            Some(proven) => proven.send(request, |request| next.handle(request)),
        };
        if self.is_rejection(&came) {
            self.session.reject(token);
        }
        came.into_answer()
    }

    /// None where the bearer of the token needs no proof.
    fn proven<'a>(&'a self, token: &'a Token, parts: &request::Parts) -> Option<Proven<'a>> {
        let statuses = self.statuses?;
        if token.token_type() != TokenType::Dpop {
            return None;
        }
        let prover = self.session.policy().prover_of_tokens()?;
        Some(Proven {
            prover,
            token,
            again: &self.again,
            as_error: statuses.as_error(&parts.extensions),
        })
    }

    fn is_rejection(&self, came: &Came) -> bool {
        let is_rejection = |status| self.session.policy().is_rejection(status);
        !came.wants_proof && came.status().is_some_and(is_rejection)
    }
}

impl Came {
    fn of(answer: Answer) -> Self {
        Self {
            answer,
            wants_proof: false,
            as_error: false,
        }
    }

    fn status(&self) -> Option<u16> {
        match &self.answer {
            Ok(answer) => Some(answer.status().as_u16()),
            Err(ureq::Error::StatusCode(status)) => Some(*status),
            Err(_) => None,
        }
    }

    /// What the caller gets.
    fn into_answer(self) -> Answer {
        let answer = self.answer?;
        let status = answer.status();
        if self.as_error && (status.is_client_error() || status.is_server_error()) {
            return Err(ureq::Error::StatusCode(status.as_u16()));
        }
        Ok(answer)
    }
}

fn signed<'a>(
    mut parts: request::Parts,
    token: &Token,
    body: SendBody<'a>,
) -> Request<SendBody<'a>> {
    parts
        .headers
        .insert(AUTHORIZATION, token.authorization().clone());
    Request::from_parts(parts, body)
}

fn repeatable(mut parts: request::Parts, token: &Token, body: Bytes) -> Request<SendBody<'static>> {
    let wants_length = [Method::POST, Method::PUT, Method::PATCH].contains(&parts.method);
    if wants_length || !body.is_empty() {
        // A reader tells ureq no length, and without one it would send chunks.
        parts
            .headers
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| body.len().into());
    }
    if body.is_empty() {
        return signed(parts, token, SendBody::none());
    }
    signed(parts, token, SendBody::from_owned_reader(Cursor::new(body)))
}

fn other(error: Error) -> ureq::Error {
    ureq::Error::Other(Box::new(error))
}

const LARGEST_REPEATABLE: u64 = 1024 * 1024;
const TIMEOUT_CONNECT: Duration = Duration::from_secs(10);
const TIMEOUT_RESPONSE: Duration = Duration::from_secs(60);
