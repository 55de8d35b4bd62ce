//! One request of a caller, and the sendings that it takes.

use std::io::{self, Cursor, Read};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Method, Request, Response, StatusCode, request};
use ureq::middleware::MiddlewareNext;
use ureq::{Body, RequestExt as _, SendBody};

use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::token::Token;
use crate::transport::TlsSettings;

use super::failure::{no_other_token, unsent};
use super::{Answer, Signer, redirects};

/// One request of a caller.
pub(super) struct Call<'a> {
    signer: &'a Signer,
    way: Way<'a>,
    token: Token,
    /// `true` if this call has got another token.
    is_renewed: bool,
}

/// Where sendings go: the first to the rest of the chain, which takes one, the others to an agent that does not sign.
pub(super) struct Way<'a> {
    first: Option<MiddlewareNext<'a>>,
    signer: &'a Signer,
    /// TLS settings that are newer than the agents.
    tls: Option<TlsSettings>,
}

/// A response, and how to treat it.
pub(super) struct Came {
    pub(super) answer: Answer,
    /// `true` if the API refused the proof; it has not judged the token then.
    pub(super) wants_proof: bool,
    /// `true` if the caller gets an error status as an error.
    pub(super) as_error: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(signer: &'a Signer, token: Token, next: Option<MiddlewareNext<'a>>) -> Self {
        Self {
            signer,
            way: Way {
                first: next,
                signer,
                tls: signer.newer_tls(),
            },
            token,
            is_renewed: false,
        }
    }

    /// Sends a request whose body can be sent again.
    pub(super) fn send(mut self, parts: request::Parts, body: &Bytes) -> Answer {
        let kept = self.kept(&parts);
        let came = self.send_until_accepted(parts, &kept, body);
        self.follow(kept, came)
    }

    /// Returns what another sending needs of a request; of one without settings and headers nothing is copied.
    fn kept(&self, parts: &request::Parts) -> request::Parts {
        if !self.signer.plain.is(&parts.extensions) || self.signer.session.prover().is_some() {
            return parts.clone();
        }
        let (mut kept, ()) = Request::new(()).into_parts();
        kept.method = parts.method.clone();
        kept.uri = parts.uri.clone();
        kept.version = parts.version;
        if !parts.headers.is_empty() {
            kept.headers = parts.headers.clone();
        }
        kept
    }

    /// Sends a request whose body can be sent once. If the token is rejected, the next request uses another.
    pub(super) fn send_once(mut self, parts: request::Parts, body: &mut dyn Read) -> Answer {
        let Self { signer, .. } = self;
        let request = signer.signed(parts.clone(), &self.token, SendBody::from_reader(body));
        let came = match signer.proven(&self.token, &parts) {
            None => Came::of(self.way.send(request, false)),
            Some(proven) => proven.send(request, &mut self.way),
        };
        if signer.is_rejection(&came) {
            let _ = signer.session.reject(&self.token);
        }
        self.follow(parts, came)
    }

    /// Sends, and sends once more with another token if the API rejects this one.
    fn send_until_accepted(
        &mut self,
        parts: request::Parts,
        kept: &request::Parts,
        body: &Bytes,
    ) -> Came {
        let came = self.sign_and_send(parts, kept, body);
        if !self.signer.is_rejection(&came) {
            return came;
        }
        if !is_repeatable(&kept.method, &came) {
            // The next request uses another; this one needs none.
            let _ = self.signer.session.reject(&self.token);
            return came;
        }
        match self.has_another_token() {
            Ok(true) => self.sign_and_send(kept.clone(), kept, body),
            Ok(false) => came,
            Err(error) => Came::of(Err(no_other_token(error, came.status()))),
        }
    }

    fn sign_and_send(
        &mut self,
        parts: request::Parts,
        kept: &request::Parts,
        body: &Bytes,
    ) -> Came {
        let (signer, token) = (self.signer, &self.token);
        let request = |parts| repeatable(signer, parts, token, body.clone());
        match signer.proven(token, &parts) {
            None => Came::of(self.way.send(request(parts), false)),
            Some(proven) => proven.send_until_proven(|| request(kept.clone()), &mut self.way),
        }
    }

    /// Rejects the token; returns `true` if the request can be made with another. The error is that of the renewal.
    fn has_another_token(&mut self) -> Result<bool> {
        let session = &self.signer.session;
        if self.is_renewed || !session.reject(&self.token) {
            return Ok(false);
        }
        self.token = session.token()?;
        self.is_renewed = true;
        Ok(true)
    }

    /// Follows redirects as `ureq` does. The token stays in its origin, and does not come back to it.
    fn follow(mut self, mut parts: request::Parts, mut came: Came) -> Answer {
        let config = self.signer.again.config();
        let mut is_signed = true;
        let mut followed = 0;
        while let Some(status) = came.redirect() {
            if is_signed && self.signer.is_rejection(&came) {
                break;
            }
            if followed == config.max_redirects() {
                if followed > 0 && config.max_redirects_will_error() {
                    return Err(ureq::Error::TooManyRedirects);
                }
                break;
            }
            followed += 1;
            let answer = came.answer?;
            let origin = Origin::of(&parts.uri);
            parts = redirects::next(parts, status, answer.headers())
                .ok_or(ureq::Error::RedirectFailed)?;
            discard(answer);
            is_signed &= origin == Origin::of(&parts.uri);
            came = if is_signed {
                self.send_until_accepted(parts.clone(), &parts, &Bytes::new())
            } else {
                let request = Request::from_parts(parts.clone(), SendBody::none());
                Came::of(self.way.send(request, false))
            };
        }
        came.into_answer()
    }
}

impl Way<'_> {
    /// Sends once. A redirect comes back as an answer, and so does an error status if `shows_status`.
    pub(super) fn send(&mut self, request: Request<SendBody<'_>>, shows_status: bool) -> Answer {
        let Signer { again, .. } = self.signer;
        self.signer.check(request.uri())?;
        let first = self.first.take();
        let config = match first {
            Some(_) => request.middleware_config(),
            None => Some(again.configure_request(request)),
        };
        let mut config = config.ok_or_else(no_extensions)?;
        // A redirect is followed here: `ureq` would take a proof and a header of the API's own to other origins.
        config = config.max_redirects(0);
        if shows_status {
            config = config.http_status_as_error(false);
        }
        if let Some(tls) = &self.tls {
            config = tls.of_request(config);
        }
        let request = config.build();
        match first {
            Some(first) => first.handle(request),
            None => again.run(request),
        }
    }
}

impl Came {
    pub(super) fn of(answer: Answer) -> Self {
        Self {
            answer,
            wants_proof: false,
            as_error: false,
        }
    }

    pub(super) fn status(&self) -> Option<u16> {
        match &self.answer {
            Ok(answer) => Some(answer.status().as_u16()),
            Err(ureq::Error::StatusCode(status)) => Some(*status),
            Err(_) => None,
        }
    }

    fn redirect(&self) -> Option<StatusCode> {
        let answer = self.answer.as_ref().ok()?;
        Some(answer.status()).filter(|status| redirects::is_redirect(*status))
    }

    /// Result for the caller.
    fn into_answer(self) -> Answer {
        let answer = self.answer?;
        let status = answer.status();
        if self.as_error && (status.is_client_error() || status.is_server_error()) {
            return Err(ureq::Error::StatusCode(status.as_u16()));
        }
        Ok(answer)
    }
}

/// The error of a request that has lost its settings.
pub(super) fn no_extensions() -> ureq::Error {
    unsent(Error::configuration(
        "a middleware of this agent removes the request's extensions; keep them",
    ))
}

/// Returns `true` if a request that was rejected may be sent again. After a redirect an API may have acted on it.
fn is_repeatable(method: &Method, came: &Came) -> bool {
    came.redirect().is_none() || method.is_idempotent()
}

fn repeatable(
    signer: &Signer,
    mut parts: request::Parts,
    token: &Token,
    body: Bytes,
) -> Request<SendBody<'static>> {
    let wants_length = [Method::POST, Method::PUT, Method::PATCH].contains(&parts.method);
    if wants_length || !body.is_empty() {
        // A reader has no length, and without one ureq would send chunks.
        parts
            .headers
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| body.len().into());
    }
    let body = if body.is_empty() {
        SendBody::none()
    } else {
        SendBody::from_owned_reader(Cursor::new(body))
    };
    signer.signed(parts, token, body)
}

/// Reads the rest of a response, so that its connection is used again.
fn discard(answer: Response<Body>) {
    let mut rest = answer.into_body().into_reader().take(LARGEST_DISCARDED);
    // A connection that fails here is not used again.
    let _ = io::copy(&mut rest, &mut io::sink());
}

const LARGEST_DISCARDED: u64 = 64 * 1024;
