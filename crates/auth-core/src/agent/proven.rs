//! Requests that carry a proof, and the second sending that a new nonce costs (RFC 9449 §9).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Extensions, Request, StatusCode};
use ureq::middleware::MiddlewareNext;
use ureq::{Agent, SendBody};

use crate::clock::UnixTime;
use crate::grant::{ProofRequest, ProofResponse, Prover};
use crate::request::attach;
use crate::token::Token;

use super::call::{Came, Way};
use super::failure::unsent;

/// Number of extensions that ureq gives a request without settings of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain(usize);

/// One request with its proofs.
pub(super) struct Proven<'a> {
    pub(super) prover: &'a dyn Prover,
    pub(super) token: &'a Token,
    pub(super) now: UnixTime,
    /// `true` if the caller expects a status that is an error as an error; `None` if the request has settings of its own,
    /// which only ureq can read.
    ///
    /// An error of ureq has lost the headers, and with them the nonce. So the status is requested as a response, and made
    /// the error that the caller expects afterwards.
    pub(super) as_error: Option<bool>,
}

impl Plain {
    /// Asks ureq, without a network: what comes back is the middleware's.
    pub(super) fn new() -> Self {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let look = move |request: Request<SendBody<'_>>, _: MiddlewareNext<'_>| {
            count.store(request.extensions().len(), Ordering::Relaxed);
            Err(ureq::Error::ConnectionFailed)
        };
        let agent = Agent::config_builder().middleware(look).build().new_agent();
        let _never_sent = agent.get("http://127.0.0.1/").call();
        Self(seen.load(Ordering::Relaxed))
    }

    /// Returns `true` if a request with these extensions has no settings of its own.
    pub(super) fn is(self, extensions: &Extensions) -> bool {
        extensions.len() == self.0
    }
}

impl Proven<'_> {
    /// Sends the request once.
    pub(super) fn send(&self, request: Request<SendBody<'_>>, way: &mut Way<'_>) -> Came {
        let mut came = self.exchange(request, self.as_error.is_some(), way);
        came.as_error = self.as_error.unwrap_or_default();
        came
    }

    /// Sends a repeatable request, and repeats it if the API requires another proof.
    pub(super) fn send_until_proven<'b>(
        &self,
        request: impl Fn() -> Request<SendBody<'b>>,
        way: &mut Way<'_>,
    ) -> Came {
        let mut came = self.send(request(), way);
        if came.status() == Some(401) && came.answer.is_err() {
            // Its headers are lost, and with them the nonce.
            came = self.exchange(request(), true, way);
            came.as_error = true;
        }
        if came.wants_proof {
            let as_error = came.as_error;
            came = self.exchange(request(), true, way);
            came.as_error = as_error;
        }
        came
    }

    fn exchange(
        &self,
        mut request: Request<SendBody<'_>>,
        shows_status: bool,
        way: &mut Way<'_>,
    ) -> Came {
        let uri = request.uri().clone();
        let proof = self.prover.prove(&ProofRequest {
            method: request.method(),
            uri: &uri,
            token: Some(self.token),
            now: self.now,
        });
        if let Err(error) = proof.and_then(|proof| attach(&mut request, &proof)) {
            return Came::of(Err(unsent(error)));
        }
        let answer = way.send(request, shows_status);
        let wants_proof = answer.as_ref().is_ok_and(|answer| {
            let response = ProofResponse {
                uri: &uri,
                headers: answer.headers(),
                refusal: None,
            };
            self.prover.learn(&response) && answer.status() == StatusCode::UNAUTHORIZED
        });
        Came {
            wants_proof,
            ..Came::of(answer)
        }
    }
}
