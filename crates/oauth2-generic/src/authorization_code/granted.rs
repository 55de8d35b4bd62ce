//! A code that waits to be traded for a token.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "browser")]
use std::time::Duration;

#[cfg(feature = "browser")]
use auth_core::Clock;
use auth_core::{
    Error, Grant, Identity, Reason, Result, Secret, Sent, TokenRequest, TokenResponse, Transport,
};

use super::AuthorizationCode;
use crate::client::left_to_client;

/// A login that the user has granted: a [`Grant`] that holds the code.
///
/// A code works once, and servers end the login of a code that they see again. So it is sent once:
/// a second try is [`Error::ReauthenticationRequired`], also when the answer to the first was lost. A code
/// that the server refuses, in whatever words, is the same error at once: the user has to log in again, and
/// the source says why. Sent again is what did not leave this machine, and what the server put off (429, or
/// 503 with `Retry-After`). A server that wants a nonce in the proof of a key refuses before it looks at the
/// code, and gets it once more in the same call. The refresh token that comes with the first token
/// carries on from there.
///
/// Codes live a minute or so: make the session, and ask it for a token, at once. While a store rests after a
/// failure ([`Error::NotBefore`]) the code is not sent; the same session sends it later, if it is not too late.
pub struct Granted {
    login: AuthorizationCode,
    state: String,
    code_verifier: Secret,
    resource_owner: String,
    code: Arc<Mutex<Code>>,
}

enum Code {
    Unsent(Secret),
    /// With the reason why there was no token.
    Sent(Option<Box<Error>>),
}

impl Granted {
    pub(super) fn new(
        login: AuthorizationCode,
        state: String,
        code_verifier: Secret,
        code: Secret,
    ) -> Self {
        Self {
            login,
            state,
            code_verifier,
            resource_owner: String::new(),
            code: Arc::new(Mutex::new(Code::Unsent(code))),
        }
    }

    /// Says whose login this is, in your words: it tells the tokens of your users apart.
    ///
    /// Whoever keeps tokens in a store names the user here and in
    /// [`RefreshToken`](crate::RefreshToken) alike, and finds the login again. A login without a name
    /// is kept for itself.
    #[must_use]
    pub fn resource_owner(mut self, name: impl Into<String>) -> Self {
        self.resource_owner = name.into();
        self
    }

    /// Trades the code for tokens while the user waits: what certainly never left is sent again.
    #[cfg(feature = "browser")]
    pub(crate) fn exchange(
        &self,
        http: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<TokenResponse> {
        let mut tries = 0;
        loop {
            match self.login_request()?.send(http) {
                Err(error) if tries < TRIES && self.is_new_login() => {
                    let wait = error.retry_after().unwrap_or_default().max(SHORTEST_WAIT);
                    if wait > LONGEST_WAIT || matches!(error, Error::Configuration(_)) {
                        return Err(error);
                    }
                    tries += 1;
                    clock.sleep(wait);
                }
                outcome => return outcome,
            }
        }
    }

    /// Returns the `nonce` that ties the ID token to this login, see
    /// [`PendingCode::nonce`](super::PendingCode::nonce).
    pub fn nonce(&self) -> Option<String> {
        self.login.nonce(&self.state, &self.code_verifier)
    }
}

impl Code {
    fn of(code: &Mutex<Self>) -> MutexGuard<'_, Self> {
        code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the code, which is spent from then on.
    fn take(code: &Mutex<Self>) -> Self {
        let mut code = Self::of(code);
        let again = match &*code {
            Self::Sent(cause) => Self::Sent(cause.clone()),
            Self::Unsent(_) => Self::Sent(None),
        };
        mem::replace(&mut *code, again)
    }

    /// Trades the code for a token, once.
    fn trade(
        code: &Mutex<Self>,
        request: impl FnOnce(&Secret) -> Result<TokenRequest>,
        http: &dyn Transport,
    ) -> Result<TokenResponse> {
        let secret = match Self::take(code) {
            Self::Unsent(secret) => secret,
            Self::Sent(cause) => return Err(spent(cause)),
        };
        let error = match request(&secret).and_then(|request| request.send(http)) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if may_be_sent_again(&error) {
            *Self::of(code) = Self::Unsent(secret);
            return Err(error);
        }
        let cause = Some(Box::new(error.clone()));
        *Self::of(code) = Self::Sent(cause.clone());
        match is_refusal(&error) {
            true => Err(spent(cause)),
            false => Err(error),
        }
    }
}

/// The user has to log in again, and why.
fn spent(cause: Option<Box<Error>>) -> Error {
    let reason = Reason::CodeSpent;
    Error::ReauthenticationRequired { reason, cause }
}

/// Whether the server has not seen the code, or has put off looking at it.
fn may_be_sent_again(error: &Error) -> bool {
    let status = match error {
        Error::Configuration(_) | Error::Network { sent: Sent::No, .. } => return true,
        Error::Refused(refusal) => refusal.status,
        Error::Status { status, .. } => Some(*status),
        _ => None,
    };
    status == Some(429) || (status == Some(503) && error.retry_after().is_some())
}

/// Whether the server has answered no, in whatever words.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Refused(_) => !error.is_transient(),
        Error::Status { status, .. } => matches!(status, 400 | 401 | 403),
        _ => false,
    }
}

impl Grant for Granted {
    fn identity(&self) -> Identity {
        let identity = self.login.client.identity();
        match self.resource_owner.as_str() {
            "" => identity.with("login", &self.state),
            name => identity.with("resource_owner", name),
        }
    }

    fn login_request(&self) -> Result<TokenRequest> {
        drop(self.login.client.request("authorization_code", OWN)?);
        let (code, login) = (Arc::clone(&self.code), self.login.clone());
        let code_verifier = self.code_verifier.clone();
        let request = move |code: &Secret| {
            Ok(login
                .client
                .request("authorization_code", OWN)?
                .param("code", code)
                .param("redirect_uri", &login.redirect_uri)
                .param("code_verifier", &code_verifier))
        };
        Ok(TokenRequest::from_fn([], move |http| {
            Code::trade(&code, &request, http)
        }))
    }

    fn is_new_login(&self) -> bool {
        !matches!(*Code::of(&self.code), Code::Sent(_))
    }

    left_to_client!(login.client, for_interactive);
}

pub(super) const OWN: &[&str] = &["code", "redirect_uri", "code_verifier"];

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("login", &self.login)
            .field("resource_owner", &self.resource_owner)
            .finish_non_exhaustive()
    }
}

/// How often the code is sent again while the user waits for the page, and how long that takes.
#[cfg(feature = "browser")]
const TRIES: u32 = 3;
#[cfg(feature = "browser")]
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
#[cfg(feature = "browser")]
const LONGEST_WAIT: Duration = Duration::from_secs(5);
