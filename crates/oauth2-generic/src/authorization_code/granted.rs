//! A code that waits to be traded for a token.

use std::fmt;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use auth_core::{Error, Grant, Identity, Reason, Result, Secret, Sent, TokenResponse, Transport};

use super::AuthorizationCode;
use crate::client::left_to_client;

/// A login that the user has granted: a [`Grant`] that holds the code.
///
/// A code works once, and servers end the login of a code that they see again. So it is sent once:
/// a second [`obtain`](Grant::obtain) is [`Error::ReauthenticationRequired`], also when the answer to
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
    code: Mutex<Code>,
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
            code: Mutex::new(Code::Unsent(code)),
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

    fn code(&self) -> MutexGuard<'_, Code> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The code, for the only time.
    fn take_code(&self) -> Result<Secret> {
        let mut code = self.code();
        match mem::replace(&mut *code, Code::Sent(None)) {
            Code::Unsent(secret) => Ok(secret),
            Code::Sent(cause) => {
                *code = Code::Sent(cause.clone());
                Err(Error::ReauthenticationRequired {
                    reason: Reason::CodeSpent,
                    cause,
                })
            }
        }
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

    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse> {
        let request = self.login.client.request("authorization_code")?;
        let code = self.take_code()?;
        let answer = request
            .param("code", &code)
            .param("redirect_uri", &self.login.redirect_uri)
            .param("code_verifier", &self.code_verifier)
            .send(http);
        if let Err(error) = &answer {
            let unsent = matches!(
                error,
                Error::Configuration(_) | Error::Network { sent: Sent::No, .. }
            );
            *self.code() = if unsent {
                Code::Unsent(code)
            } else {
                Code::Sent(Some(Box::new(error.clone())))
            };
        }
        answer
    }

    /// The code is not among them: it changes with every login, and `is_new_login` says so.
    fn credentials(&self) -> Vec<&Secret> {
        self.login.client.credentials(None)
    }

    fn is_new_login(&self) -> bool {
        matches!(*self.code(), Code::Unsent(_))
    }

    left_to_client!(login.client);
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("login", &self.login)
            .field("resource_owner", &self.resource_owner)
            .finish_non_exhaustive()
    }
}
