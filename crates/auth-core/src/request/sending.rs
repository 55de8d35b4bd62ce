//! One exchange with a token endpoint: a sending, and a second one where a proof needs it.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, Request, Response};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Refusal, Result};
use crate::grant::Prover;
use crate::secret::{Secret, header_value};
use crate::token::TokenResponse;
use crate::transport::Transport;

use super::TokenRequest;

/// Where the proof of a request is (RFC 9449 §4.1).
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// A parameter that is made anew for each sending.
pub(super) struct Fresh {
    /// Its place among the parameters.
    at: usize,
    make: Box<dyn Fn() -> Result<Secret> + Send + Sync>,
}

impl Fresh {
    pub(super) fn new(
        at: usize,
        make: impl Fn() -> Result<Secret> + Send + Sync + 'static,
    ) -> Self {
        let make = Box::new(make);
        Self { at, make }
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").finish_non_exhaustive()
    }
}

/// What gets tokens in another way than by one request.
pub(super) struct Custom(Box<Obtain>);

type Obtain = dyn Fn(&dyn Transport) -> Result<TokenResponse> + Send + Sync;

impl Custom {
    pub(super) fn new(
        obtain: impl Fn(&dyn Transport) -> Result<TokenResponse> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(obtain))
    }

    pub(super) fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse> {
        (self.0)(http)
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").finish_non_exhaustive()
    }
}

/// What may explain a failure.
pub(super) struct Look(Box<Explain>);

type Explain = dyn Fn(&Error, &HeaderMap) -> Option<Cow<'static, str>> + Send + Sync;

impl Look {
    pub(super) fn new(
        look: impl Fn(&Error, &HeaderMap) -> Option<Cow<'static, str>> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(look))
    }
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").finish_non_exhaustive()
    }
}

impl TokenRequest {
    pub(super) fn exchange<T>(
        mut self,
        http: &dyn Transport,
        read: impl Fn(&Self, &Response<Vec<u8>>) -> Result<T>,
    ) -> Result<T> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let (outcome, is_worth_another) = self.send_once(http, &read)?;
        if is_worth_another {
            return self.send_once(http, &read)?.0;
        }
        outcome
    }

    /// What one sending came to, and whether the server asked for another proof and nothing else.
    fn send_once<T>(
        &mut self,
        http: &dyn Transport,
        read: impl Fn(&Self, &Response<Vec<u8>>) -> Result<T>,
    ) -> Result<(Result<T>, bool)> {
        for fresh in &self.fresh {
            self.parameters[fresh.at].1 = (fresh.make)()?;
        }
        let mut request = self.request()?;
        let uri = request.uri().clone();
        if let Some(prover) = &self.prover {
            let proof = prover.prove(request.method(), &uri, None)?;
            attach(&mut request, &proof)?;
            self.in_headers.push(proof);
        }
        let mut answer = http.send(request)?;
        let outcome = read(self, &answer).map_err(|error| self.explained(error, answer.headers()));
        answer.body_mut().zeroize();
        let refusal = outcome.as_ref().err().and_then(Error::refusal);
        let answered = |prover: &dyn Prover| prover.answered(&uri, answer.headers(), refusal);
        let is_worth_another =
            self.prover.as_deref().is_some_and(answered) && refusal.is_some_and(did_not_look);
        Ok((outcome, is_worth_another))
    }

    fn explained(&self, error: Error, headers: &HeaderMap) -> Error {
        let hints: Vec<_> = self
            .looks
            .iter()
            .filter_map(|look| (look.0)(&error, headers))
            .collect();
        hints
            .iter()
            .fold(error, |error, hint| error.with_hint(hint))
    }
}

/// A request with its proof.
pub(crate) fn attach<B>(request: &mut Request<B>, proof: &Secret) -> Result<()> {
    let value = Zeroizing::new(proof.expose().as_bytes().to_vec());
    let value = header_value(value)
        .ok_or_else(|| Error::configuration("the proof has a character that no header may hold"))?;
    request.headers_mut().insert(DPOP, value);
    Ok(())
}

/// Whether a refusal is about the request: a server that failed may have acted on it.
fn did_not_look(refusal: &Refusal) -> bool {
    refusal.status.is_some_and(|status| status < 500)
}
