//! The user logs in at the server, and the server sends back a code.

mod pushed;

use std::fmt;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_core::{
    Error, Grant, Identity, Prover, Reason, Replay, Result, Revoked, Secret, Sent, TokenResponse,
    Transport,
};

use crate::authorize::{self, Wanted};
use crate::client::{Client, url_of};
use crate::redirect::{Expected, Parameters, Redirect};

/// The authorization code grant, with PKCE (RFC 6749 §4.1, RFC 7636).
///
/// Send the user to a URL; the server sends the user back to yours, with a code; the code is traded
/// for a token.
///
/// ```no_run
/// use oauth2_generic::{AuthorizationCode, Client, Session};
/// # fn open_in_browser(_: &str) {}
/// # fn wait_for_redirect() -> String { String::new() }
///
/// let login = AuthorizationCode {
///     client: Client {
///         token_endpoint: "https://login.example.com/token".into(),
///         authorization_endpoint: "https://login.example.com/authorize".into(),
///         client_id: "app".into(),
///         scope: "orders.read".into(),
///         ..Client::default()
///     },
///     redirect_uri: "http://127.0.0.1:8400/callback".into(),
///     ..AuthorizationCode::default()
/// };
/// let pending = login.begin()?;
/// open_in_browser(pending.url());
/// let granted = pending.redirected(&wait_for_redirect())?;
/// let session = Session::new(granted);
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AuthorizationCode {
    /// The client, and the server that knows it.
    pub client: Client,
    /// Where the server sends the user back to, exactly as it was registered.
    pub redirect_uri: String,
    /// Further parameters of the authorization URL, such as `login_hint` or `prompt`.
    pub parameters: Vec<(String, String)>,
}

/// A login that waits for the user to come back.
#[must_use = "the user has yet to be sent to `url`"]
pub struct PendingCode {
    login: AuthorizationCode,
    state: String,
    code_verifier: Secret,
    url: String,
    expires_in: Option<Duration>,
}

/// A login that the user has granted: a [`Grant`] that holds the code.
///
/// A code works once, and servers end the login of a code that they see again. So it is sent once:
/// a second [`obtain`](Grant::obtain) is [`Error::ReauthenticationRequired`], also when the answer to
/// the first was lost. A server that wants a nonce in the proof of a key refuses before it looks at the
/// code, and gets it once more in the same call. The refresh token that comes with the first token
/// carries on from there.
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

impl AuthorizationCode {
    /// Begins a login, with a new state and a new code verifier.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is no URL to be made of the fields, or the server announces
    /// that a login must be [pushed](AuthorizationCode::begin_pushed).
    pub fn begin(&self) -> Result<PendingCode> {
        if self.client.must_push() {
            return Err(Error::configuration(
                "the server wants to be told of a login before the user is sent to it; call \
                 `begin_pushed`",
            ));
        }
        self.resume(authorize::new_state(), authorize::new_code_verifier())
    }

    /// Takes up a login that began in another request or process.
    ///
    /// A web server keeps [`state`](PendingCode::state) and
    /// [`code_verifier`](PendingCode::code_verifier) in the user's session, takes them out of it when
    /// the user comes back, and goes on here. Take them out: whoever reloads the page sends the same
    /// code again.
    ///
    /// ```
    /// # use oauth2_generic::{AuthorizationCode, Client};
    /// # let login = AuthorizationCode {
    /// #     client: Client {
    /// #         token_endpoint: "https://login.example.com/token".into(),
    /// #         authorization_endpoint: "https://login.example.com/authorize".into(),
    /// #         client_id: "app".into(),
    /// #         ..Client::default()
    /// #     },
    /// #     redirect_uri: "https://app.example.com/callback".into(),
    /// #     ..AuthorizationCode::default()
    /// # };
    /// let pending = login.begin()?;
    /// let kept = (pending.state().to_owned(), pending.code_verifier().clone());
    ///
    /// let (state, code_verifier) = kept;
    /// let pending = login.resume(state, code_verifier)?;
    /// # let url = format!("https://app.example.com/callback?code=c&state={}", pending.state());
    /// let granted = pending.redirected(&url)?;
    /// # Ok::<(), oauth2_generic::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`begin`](AuthorizationCode::begin).
    pub fn resume(
        &self,
        state: impl Into<String>,
        code_verifier: impl Into<Secret>,
    ) -> Result<PendingCode> {
        // Said now, and not when the user comes back.
        url_of("token_endpoint", &self.client.token_endpoint)?;
        let (state, code_verifier) = (state.into(), code_verifier.into());
        let wanted = Wanted::Code {
            code_verifier: &code_verifier,
        };
        let url = authorize::url(
            &self.client,
            &self.redirect_uri,
            &self.parameters,
            &state,
            wanted,
        )?;
        Ok(PendingCode {
            login: self.clone(),
            state,
            code_verifier,
            url,
            expires_in: None,
        })
    }
}

impl PendingCode {
    /// Where to send the user.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What ties the redirect to this login.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What ties the code to this client.
    pub fn code_verifier(&self) -> &Secret {
        &self.code_verifier
    }

    /// Reads the whole URL that the user was sent back to.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server said no; [`Error::Configuration`] if the URL does
    /// not lead to the redirect URI; [`Error::Answer`] if it has no code, or is not the answer to
    /// this login.
    pub fn redirected(self, url: &str) -> Result<Granted> {
        let Self {
            login,
            state,
            code_verifier,
            ..
        } = self;
        let redirect = Redirect::new(url, &login.redirect_uri)?;
        let mut answer = Parameters::parse(redirect.query)?;
        answer.check(Expected {
            state: &state,
            issuer: &login.client.issuer,
            must_name_issuer: login.client.must_name_itself(),
        })?;
        let Some(code) = answer.take("code")? else {
            return Err(Error::answer("the redirect has neither `code` nor `error`"));
        };
        let code = Mutex::new(Code::Unsent(code));
        Ok(Granted {
            login,
            state,
            code_verifier,
            resource_owner: String::new(),
            code,
        })
    }
}

impl fmt::Debug for PendingCode {
    /// Without state and URL: whoever knows them can answer this login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCode")
            .field("login", &self.login)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Granted {
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

    fn refresh(&self, refresh_token: &Secret, http: &dyn Transport) -> Result<TokenResponse> {
        self.login.client.refresh(refresh_token, http)
    }

    /// The code is not among them: it changes with every login, and `is_new_login` says so.
    fn credentials(&self) -> Vec<&Secret> {
        self.login.client.credentials(None)
    }

    fn is_new_login(&self) -> bool {
        matches!(*self.code(), Code::Unsent(_))
    }

    fn revoke(&self, token: Revoked<'_>, http: &dyn Transport) -> Result<()> {
        self.login.client.revoke(token, http)
    }

    fn prover(&self) -> Option<&dyn Prover> {
        self.login.client.prover()
    }

    fn replay(&self) -> Replay {
        self.login.client.replay
    }

    fn origins(&self) -> Vec<String> {
        self.login.client.origins()
    }

    fn is_rejection(&self, status: u16) -> bool {
        self.login.client.is_rejection(status)
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("login", &self.login)
            .field("resource_owner", &self.resource_owner)
            .finish_non_exhaustive()
    }
}
