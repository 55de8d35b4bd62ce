//! The user logs in at the server, and returns with the token itself.

use std::fmt;

use auth_core::grant::TokenResponse;
use auth_core::{Error, Result, Secret};

use crate::authorize::{self, Wanted};
use crate::client::Client;
use crate::grants::RefreshToken;
use crate::redirect::{Expected, Parameters, Redirect};

/// The token comes in the redirect (RFC 6749 §4.2): for servers that offer nothing better to a client in a page.
///
/// It comes in the fragment, which browsers do not send to servers, and without a refresh token: when it expires, the
/// session returns [`Error::LoginRequired`]. Use [`AuthorizationCode`](crate::AuthorizationCode) where the server
/// supports it (RFC 9700 §2.1.2). This token cannot be bound to a key, so a client with one cannot request it.
///
/// ```
/// use oauth2_generic::{Client, Implicit, Server, Session};
///
/// let server = Server::new("https://login.example.com/token")
///     .authorization_endpoint("https://login.example.com/authorize");
/// let login = Implicit::new(Client::new(server, "page"), "https://app.example.com/callback");
/// let pending = login.begin()?;
/// # let answer = "access_token=2YotnF&token_type=Bearer";
/// # let url = format!("https://app.example.com/callback#{answer}&state={}", pending.state());
/// // Send the user to `pending.url()`; `url` is what the browser shows afterwards.
/// let tokens = pending.read(&url)?;
/// let session = Session::builder(login.grant().user("jsmith")).tokens(tokens).build()?;
/// assert_eq!(session.authorization()?, "Bearer 2YotnF");
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Implicit {
    client: Client,
    redirect_uri: String,
    params: Vec<(String, String)>,
}

/// A login that waits for the user to return with a token; see [`Implicit`].
///
/// A web application keeps it in the user's web session, from one request to another:
///
/// ```
/// use oauth2_generic::{Implicit, PendingImplicit, Result, Secret, Session};
///
/// /// `GET /login`: the text to keep, and the URL to which the user is sent.
/// fn begin(login: &Implicit) -> Result<(Secret, String)> {
///     let pending: PendingImplicit = login.begin()?;
///     Ok((pending.save(), pending.url().to_owned()))
/// }
///
/// /// `POST /callback`: a script of the page posts its URL, because browsers do not send a fragment.
/// fn callback(login: &Implicit, kept: &Secret, url: &str) -> Result<Session> {
///     let tokens = login.resume(kept)?.read(url)?;
///     Session::builder(login.grant()).tokens(tokens).build()
/// }
/// # use oauth2_generic::{Client, Server};
/// # let server = Server::new("https://login.example.com/token")
/// #     .authorization_endpoint("https://login.example.com/authorize");
/// # let login = Implicit::new(Client::new(server, "page"), "https://app.example.com/callback");
/// # let (kept, _) = begin(&login)?;
/// # let state = login.resume(&kept)?.state().to_owned();
/// # let url = format!("https://app.example.com/callback#access_token=abc&token_type=Bearer&state={state}");
/// # assert_eq!(callback(&login, &kept, &url)?.authorization()?, "Bearer abc");
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[must_use = "the user has yet to be sent to `url`"]
pub struct PendingImplicit {
    login: Implicit,
    state: String,
    url: String,
}

impl Implicit {
    /// Logins that return to this URL, exactly as it is registered at the server. The client needs no secret.
    pub fn new(client: Client, redirect_uri: impl Into<String>) -> Self {
        Self {
            client,
            redirect_uri: redirect_uri.into(),
            params: Vec::new(),
        }
    }

    /// Adds a parameter to the authorization URL, such as `login_hint` or `prompt`.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Returns the grant of such logins, which only the user can renew; add the user.
    pub fn grant(&self) -> RefreshToken {
        RefreshToken::new(self.client.clone())
    }

    /// Begins a login, with a new state.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a setting is wrong.
    pub fn begin(&self) -> Result<PendingImplicit> {
        self.pending(authorize::new_state())
    }

    /// Continues a login in another request or process, from the text that [`PendingImplicit::save`] returned.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not such a text, or a setting is wrong.
    pub fn resume(&self, saved: &Secret) -> Result<PendingImplicit> {
        match saved.expose().split_once('.') {
            Some((VERSION, state)) if !state.is_empty() => self.pending(state.to_owned()),
            _ => Err(Error::configuration(
                "the text is not one that `PendingImplicit::save` returned",
            )),
        }
    }

    fn pending(&self, state: String) -> Result<PendingImplicit> {
        let Self {
            client,
            redirect_uri,
            params,
        } = self;
        let url = authorize::url(client, redirect_uri, params, &state, Wanted::Token)?;
        Ok(PendingImplicit {
            login: self.clone(),
            state,
            url,
        })
    }
}

impl PendingImplicit {
    /// Returns the URL to send the user to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the `state` of the redirect, for applications that look pending logins up by it.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Returns the `nonce` that ties an ID token to this login; `None` if `scope` does not ask for one (`openid`). The
    /// token's claim `nonce` must be the same. ID tokens are not verified here.
    #[must_use]
    pub fn nonce(&self) -> Option<String> {
        let Implicit { client, params, .. } = &self.login;
        authorize::nonce(client, params, &self.state, Wanted::Token)
    }

    /// Returns the text that another request or process needs to continue: keep it in the user's session.
    #[must_use]
    pub fn save(&self) -> Secret {
        Secret::new(format!("{VERSION}.{}", self.state))
    }

    /// Reads the tokens of the URL that the user returned to, with its fragment.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server refused; [`Error::Configuration`] if the URL does not lead to the
    /// redirect URI; [`Error::Response`] if it has no token, or belongs to another login.
    pub fn read(self, redirected_to: &str) -> Result<TokenResponse> {
        let Self { login, state, .. } = self;
        let redirect = Redirect::new(redirected_to, &login.redirect_uri)?;
        let mut parameters = Parameters::parse(redirect.fragment)?;
        // Servers differ on where they name themselves, and some refuse in the query.
        parameters.fill_from(Parameters::parse(redirect.query)?)?;
        if redirect.fragment.is_empty() && !parameters.has("error") {
            return Err(Error::response(
                "the redirect has no fragment, where the token is; pass the URL that the browser \
                 shows, servers do not see all of it",
            ));
        }
        let server = login.client.server();
        parameters.check(Expected {
            state: &state,
            issuer: server.name(),
            must_name_issuer: login.client.must_name_itself(),
        })?;
        let mut tokens = server.format().parse(parameters.into_rest())?;
        // RFC 6749 §4.2.2 forbids one; one that went through a browser is not kept.
        tokens.refresh_token = None;
        Ok(tokens)
    }
}

impl fmt::Debug for PendingImplicit {
    /// Without state and URL, with which others could complete this login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingImplicit")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// The version of a saved login.
const VERSION: &str = "1";
