//! One exchange with a token endpoint: a sending, and a second one where a proof needs it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use http::{HeaderMap, HeaderName, Request, Response};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Refusal, Result};
use crate::grant::{ProofRequest, ProofResponse, Prover};
use crate::secret::{Secret, header_value};
use crate::token::TokenResponse;
use crate::transport::Transport;

use super::TokenRequest;
use super::reading::Readings;

/// Where the proof of a request is (RFC 9449 §4.1).
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Closure of [`TokenRequest::from_fn`].
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

/// Closure of [`TokenRequest::on_failure`].
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
        &self,
        http: &dyn Transport,
        read: impl Fn(&dyn Fn(&str) -> String, &Response<Vec<u8>>) -> Result<T>,
    ) -> Result<T> {
        let readings = self.readings.clone().unwrap_or_default();
        let (outcome, is_worth_another) = self.send_once(http, &readings, &read)?;
        if is_worth_another {
            return self.send_once(http, &readings, &read)?.0;
        }
        outcome
    }

    /// The outcome of one sending, and `true` if the server requested another proof and nothing else.
    fn send_once<T>(
        &self,
        http: &dyn Transport,
        readings: &Readings,
        read: impl Fn(&dyn Fn(&str) -> String, &Response<Vec<u8>>) -> Result<T>,
    ) -> Result<(Result<T>, bool)> {
        let mut ready = self.ready(readings, Some(self.now()))?;
        let mut request = self.request(&ready)?;
        let uri = request.uri().clone();
        if let Some(prover) = &self.prover {
            let proof = prover.prove(&ProofRequest {
                method: request.method(),
                uri: &uri,
                token: None,
                now: self.now(),
            })?;
            attach(&mut request, &proof)?;
            ready.hidden.push(proof);
        }
        let mut response = http.send(request)?;
        // Only an error needs it, and it holds every secret in four spellings.
        let echo = OnceCell::new();
        let without_echo = |text: &str| echo.get_or_init(|| ready.echo()).leave_out(text);
        let outcome = read(&without_echo, &response);
        let outcome = outcome.map_err(|error| self.explained(error, response.headers()));
        response.body_mut().zeroize();
        let refusal = outcome.as_ref().err().and_then(Error::refusal);
        let learned = |prover: &dyn Prover| {
            prover.learn(&ProofResponse {
                uri: &uri,
                headers: response.headers(),
                refusal,
            })
        };
        let is_worth_another =
            self.prover.as_deref().is_some_and(learned) && refusal.is_some_and(did_not_look);
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

/// Returns `true` if a refusal is about the request: a server that failed may have acted on it.
fn did_not_look(refusal: &Refusal) -> bool {
    refusal.status.is_some_and(|status| status < 500)
}
