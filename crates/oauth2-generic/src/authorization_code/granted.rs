//! A code that waits to be traded for a token.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_core::{
    Error, Grant, Identity, Reason, Result, Secret, Sent, TokenRequest, TokenResponse, Transport,
};

use super::AuthorizationCode;
use crate::client::left_to_client;

/// A login that the user has granted: a [`Grant`] that holds the code.
///
/// A code works once, and servers end the login of a code that they see again. So it is sent once:
/// a second try is [`Error::ReauthenticationRequired`], also when the answer to
/// the first was lost. A server that wants a nonce in the proof of a key refuses before it looks at the
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

    /// The code, for the only time.
    fn take(code: &Mutex<Self>) -> Result<Secret> {
        let mut code = Self::of(code);
        match mem::replace(&mut *code, Self::Sent(None)) {
            Self::Unsent(secret) => Ok(secret),
            Self::Sent(cause) => {
                *code = Self::Sent(cause.clone());
                Err(Error::ReauthenticationRequired {
                    reason: Reason::CodeSpent,
                    cause,
                })
            }
        }
    }

    /// Trades the code for a token, once.
    fn trade(
        code: &Mutex<Self>,
        request: impl FnOnce(&Secret) -> Result<TokenRequest>,
        http: &dyn Transport,
    ) -> Result<TokenResponse> {
        let secret = Self::take(code)?;
        let answer = request(&secret).and_then(|request| request.send(http));
        if let Err(error) = &answer {
            let unsent = matches!(
                error,
                Error::Configuration(_) | Error::Network { sent: Sent::No, .. }
            );
            *Self::of(code) = if unsent {
                Self::Unsent(secret)
            } else {
                Self::Sent(Some(Box::new(error.clone())))
            };
        }
        answer
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
        matches!(*Code::of(&self.code), Code::Unsent(_))
    }

    left_to_client!(login.client, for_interactive);
}

const OWN: &[&str] = &["code", "redirect_uri", "code_verifier"];

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("login", &self.login)
            .field("resource_owner", &self.resource_owner)
            .finish_non_exhaustive()
    }
}
