//! A `ureq::Agent` that signs its requests and answers one 401.

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
use crate::token::Token;

impl Session {
    /// A `ureq::Agent` that signs each request with a token that works.
    ///
    /// It signs for the origins of the grant and those added with
    /// [`Builder::origin`](crate::Builder::origin), and for no other; a request that already has an
    /// `Authorization` header is left alone. If the API answers 401, that very token is rejected,
    /// another one is got, and the request is sent again, once, if its body can be: a body of up to
    /// 1 MiB can, unless you set `Transfer-Encoding` yourself to stream it. ureq drops the header on every redirect.
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
        config()
            .middleware(Signer {
                session: self.clone(),
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
}

impl Middleware for Signer {
    fn handle(
        &self,
        request: Request<SendBody<'_>>,
        next: MiddlewareNext<'_>,
    ) -> Result<Response<Body>, ureq::Error> {
        if request.headers().contains_key(AUTHORIZATION) || !self.is_meant_for(request.uri())? {
            return next.handle(request);
        }
        let token = self.session.token().map_err(other)?;
        let (parts, body) = request.into_parts();
        let mut body = body.into_reader();
        if parts.headers.contains_key(TRANSFER_ENCODING) {
            let answer = next.handle(signed(parts, &token, SendBody::from_reader(&mut body)));
            return self.note(&token, answer);
        }
        let mut start = Vec::new();
        body.by_ref()
            .take(LARGEST_REPEATABLE + 1)
            .read_to_end(&mut start)?;
        if start.len() as u64 > LARGEST_REPEATABLE {
            let mut whole = start.as_slice().chain(body);
            let answer = next.handle(signed(parts, &token, SendBody::from_reader(&mut whole)));
            return self.note(&token, answer);
        }
        let body = Bytes::from(start);
        let answer = next.handle(repeatable(parts.clone(), &token, body.clone()));
        if !self.is_rejection(&answer) || !self.session.reject(&token) {
            return answer;
        }
        match self.session.token() {
            Ok(token) => self.again.run(repeatable(parts, &token, body)),
            // The session has told why; the caller gets what the API said.
            Err(_) => answer,
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

    fn is_rejection(&self, answer: &Result<Response<Body>, ureq::Error>) -> bool {
        let status = match answer {
            Ok(answer) => answer.status().as_u16(),
            Err(ureq::Error::StatusCode(status)) => *status,
            Err(_) => return false,
        };
        self.session.grant().is_rejection(status)
    }

    /// For a request that cannot be sent again: the next one uses another token.
    fn note(
        &self,
        token: &Token,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, ureq::Error> {
        if self.is_rejection(&answer) {
            self.session.reject(token);
        }
        answer
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
