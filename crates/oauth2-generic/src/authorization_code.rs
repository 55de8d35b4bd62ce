//! The user logs in at the server, and the server sends back a code.

mod granted;
mod pushed;

use std::fmt;
use std::time::Duration;

use auth_core::{Error, Result, Secret};

use crate::authorize::{self, Wanted};
use crate::client::{Client, url_of};
use crate::redirect::{Expected, Parameters, Redirect};

pub use granted::Granted;

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
        drop(self.client.request("authorization_code", granted::OWN)?);
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

impl AuthorizationCode {
    fn nonce(&self, state: &str, code_verifier: &Secret) -> Option<String> {
        let wanted = Wanted::Code { code_verifier };
        authorize::nonce(&self.client, &self.parameters, state, wanted)
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

    /// Returns the `nonce` that ties the ID token to this login; `None` if `scope` does not ask for one (`openid`). The
    /// token's claim `nonce` must be the same (OpenID Connect Core §3.1.3.7).
    ///
    /// ID tokens are not verified here; compare it where you verify yours.
    pub fn nonce(&self) -> Option<String> {
        let Self {
            login,
            state,
            code_verifier,
            ..
        } = self;
        login.nonce(state, code_verifier)
    }

    /// Reads the whole URL that the user was sent back to.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server said no; [`Error::Configuration`] if the URL does
    /// not lead to the redirect URI; [`Error::Response`] if it has no code, or is not the answer to
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
            return Err(Error::response(
                "the redirect has neither `code` nor `error`",
            ));
        };
        Ok(Granted::new(login, state, code_verifier, code))
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
