//! A grant with scripted responses, which records its requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::error::{Delivery, NetworkFailure, Refusal};
use auth_core::grant::{
    Identity, Lifetime, Policy, Replay, RevokedToken, TokenRequest, TokenResponse,
};
use auth_core::secret::SecretSource;
use auth_core::testing::ManualClock;
use auth_core::transport;
use auth_core::{Error, Grant, Result, Secret, Session, SessionBuilder, http};

/// One response, made when its request is sent.
type Answer = Box<dyn FnOnce() -> Result<TokenResponse> + Send>;

/// Shared by the test and the grant inside the session.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>, Option<Secret>);

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    asked: Vec<String>,
    /// Errors of the next revocations.
    unrevoked: VecDeque<Error>,
    replay: Replay,
    has_no_password: bool,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The next answer.
    pub(crate) fn then(
        self,
        answer: impl FnOnce() -> Result<TokenResponse> + Send + 'static,
    ) -> Self {
        self.0.lock().unwrap().answers.push_back(Box::new(answer));
        self
    }

    /// The next answer: a token that lives an hour, with a refresh token if it has a name.
    pub(crate) fn token(self, access_token: &'static str, refresh_token: &'static str) -> Self {
        self.then(move || Ok(response(access_token, refresh_token, 3600)))
    }

    /// The next answer: this error.
    pub(crate) fn error(self, error: Error) -> Self {
        self.then(move || Err(error))
    }

    /// Sets the password that a login sends. Default: none.
    pub(crate) fn password(self, password: &str) -> Self {
        Self(self.0, Some(Secret::new(password)))
    }

    /// Removes the credentials: from now on no login is possible.
    pub(crate) fn without_password(self) -> Self {
        self.0.lock().unwrap().has_no_password = true;
        self
    }

    /// Adds the error of a revocation.
    pub(crate) fn fails_to_revoke(self, error: Error) -> Self {
        self.0.lock().unwrap().unrevoked.push_back(error);
        self
    }

    pub(crate) fn replayable(self) -> Self {
        self.0.lock().unwrap().replay = Replay::Once;
        self
    }

    /// A session over this script, and its clock; it does not retry within a call.
    pub(crate) fn session(&self) -> (Session, ManualClock) {
        let clock = ManualClock::new();
        (self.builder(&clock).retries(0).build().unwrap(), clock)
    }

    pub(crate) fn builder(&self, clock: &ManualClock) -> SessionBuilder {
        Session::builder(self.clone())
            .transport(transport::from_fn(nowhere))
            .clock(clock.clone())
    }

    /// The requests so far: `log in`, or `refresh` and the refresh token, or `revoke` and the token.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    fn request(&self, secret: Option<&Secret>, asked: String) -> TokenRequest {
        let script = self.clone();
        TokenRequest::from_fn(secret.map(SecretSource::from), move |_| {
            script.answer(asked.clone())
        })
    }

    fn answer(&self, asked: String) -> Result<TokenResponse> {
        let answer = {
            let mut state = self.0.lock().unwrap();
            state.asked.push(asked);
            state.answers.pop_front()
        };
        answer.expect("the session sent more requests than the script has responses")()
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl Grant for Script {
    fn identity(&self) -> Identity {
        Identity::new("script")
    }

    fn policy(&self) -> Policy {
        Policy::for_password().replay(self.0.lock().unwrap().replay)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        if self.0.lock().unwrap().has_no_password {
            return Err(Error::no_credentials());
        }
        Ok(self.request(self.1.as_ref(), "log in".to_owned()))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        let asked = format!("refresh {}", refresh_token.expose());
        Ok(self.request(Some(refresh_token), asked))
    }

    fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
        let (RevokedToken::Refresh(token) | RevokedToken::Access(token)) = token else {
            panic!("a script revokes two kinds of tokens");
        };
        let (script, asked) = (self.clone(), format!("revoke {}", token.expose()));
        Ok(Some(TokenRequest::from_fn(
            [SecretSource::from(token)],
            move |_| {
                let mut state = script.0.lock().unwrap();
                state.asked.push(asked.clone());
                let failed = state.unrevoked.pop_front();
                failed.map_or_else(|| Ok(response("revoked", "", 0)), Err)
            },
        )))
    }
}

pub(crate) fn response(access_token: &str, refresh_token: &str, life: u64) -> TokenResponse {
    let mut response = TokenResponse::new(Secret::new(access_token));
    response.lifetime = Lifetime::For(Duration::from_secs(life));
    response.refresh_token = (!refresh_token.is_empty()).then(|| Secret::new(refresh_token));
    response
}

pub(crate) fn refused(code: &str) -> Error {
    let mut refusal = Refusal::new(code, None);
    refusal.status = Some(400);
    refusal.into()
}

pub(crate) fn status(status: u16) -> Error {
    Error::status(status, None)
}

pub(crate) fn come_back_in(seconds: u64, status: u16) -> Error {
    Error::status(status, Some(Duration::from_secs(seconds)))
}

pub(crate) fn lost_answer() -> Error {
    Error::network(NetworkFailure::Timeout, Delivery::Unknown)
}

pub(crate) fn not_sent() -> Error {
    Error::network(NetworkFailure::NameLookup, Delivery::NotSent)
}

/// The text of the token that a session serves now.
pub(crate) fn served(session: &Session) -> String {
    session.token().unwrap().expose().to_owned()
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn nowhere(_: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>> {
    panic!("a scripted grant sends nothing")
}
