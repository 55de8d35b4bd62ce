//! The user logs in at the server, and the server sends back the token itself.

use std::fmt;

use auth_core::error::LoginReason;
use auth_core::grant::{Identity, Policy, RevokedToken, TokenRequest, TokenResponse};
use auth_core::{Error, Grant, Result};

use crate::authorize::{self, Wanted};
use crate::client::Client;
use crate::redirect::{Expected, Parameters, Redirect};

/// The implicit grant (RFC 6749 §4.2): for servers that offer nothing better to a client in a page.
///
/// The token comes in the fragment of the redirect, which browsers keep from servers, and it comes
/// without a refresh token: when it expires, the user has to log in again, and a session says so.
/// Take [`AuthorizationCode`](crate::AuthorizationCode) where there is a choice. Nothing can bind this
/// token to a key, so a client with a key for that cannot ask for it.
///
/// ```
/// use oauth2_generic::{Client, Implicit, Session};
///
/// let login = Implicit {
///     client: Client {
///         authorization_endpoint: "https://login.example.com/authorize".into(),
///         client_id: "page".into(),
///         ..Client::default()
///     },
///     redirect_uri: "https://app.example.com/callback".into(),
///     ..Implicit::default()
/// };
/// let pending = login.begin()?;
/// # let answer = "access_token=2YotnF&token_type=Bearer";
/// # let url = format!("https://app.example.com/callback#{answer}&state={}", pending.state());
/// // Send the user to `pending.url()`; what the browser shows afterwards is `url`.
/// let answer = pending.redirected(&url)?;
/// let session = Session::builder(login).response(answer).build();
/// assert_eq!(session.authorization()?, "Bearer 2YotnF");
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Implicit {
    /// The client, and the server that knows it; it needs no token endpoint and no secret.
    pub client: Client,
    /// Where the server sends the user back to, exactly as it was registered.
    pub redirect_uri: String,
    /// Further parameters of the authorization URL, such as `login_hint` or `prompt`.
    pub parameters: Vec<(String, String)>,
    /// Whose login it is, in your words. It is not sent; it tells the tokens of your users apart.
    ///
    /// Empty is for a session without a store: a login of nobody in particular is not kept.
    pub resource_owner: String,
}

/// A login that waits for the user to come back with a token.
#[must_use = "the user has yet to be sent to `url`"]
pub struct PendingToken {
    login: Implicit,
    state: String,
    url: String,
}

impl Implicit {
    /// Begins a login, with a new state.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is no URL to be made of the fields.
    pub fn begin(&self) -> Result<PendingToken> {
        self.resume(authorize::new_state())
    }

    /// Takes up a login that began elsewhere, with the [`state`](PendingToken::state) it had.
    ///
    /// # Errors
    /// As [`begin`](Implicit::begin).
    pub fn resume(&self, state: impl Into<String>) -> Result<PendingToken> {
        let state = state.into();
        let (client, parameters) = (&self.client, &self.parameters);
        let url = authorize::url(
            client,
            &self.redirect_uri,
            parameters,
            &state,
            Wanted::Token,
        )?;
        Ok(PendingToken {
            login: self.clone(),
            state,
            url,
        })
    }
}

impl Grant for Implicit {
    fn identity(&self) -> Identity {
        let identity = self.client.identity().with("grant_type", "implicit");
        identity.with("resource_owner", &self.resource_owner)
    }

    fn is_nameless(&self) -> bool {
        self.resource_owner.is_empty()
    }

    fn policy(&self) -> Policy {
        self.client.policy(Policy::for_interactive())
    }

    fn login_request(&self) -> Result<TokenRequest> {
        Err(Error::login_required(LoginReason::NoCredentials))
    }

    fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
        self.client.revocation_request(token)
    }
}

impl PendingToken {
    /// Where to send the user.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What ties the redirect to this login.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Returns the `nonce` that ties an ID token to this login; `None` if `scope` does not ask for one (`openid`). The
    /// token's claim `nonce` must be the same. ID tokens are not verified here.
    pub fn nonce(&self) -> Option<String> {
        let Implicit {
            client, parameters, ..
        } = &self.login;
        authorize::nonce(client, parameters, &self.state, Wanted::Token)
    }

    /// Reads the whole URL that the user was sent back to, with its fragment.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server said no; [`Error::Configuration`] if the URL does
    /// not lead to the redirect URI; [`Error::Response`] if it has no token, or is not the answer to
    /// this login.
    pub fn redirected(self, url: &str) -> Result<TokenResponse> {
        let Self { login, state, .. } = self;
        let redirect = Redirect::new(url, &login.redirect_uri)?;
        let mut answer = Parameters::parse(redirect.fragment)?;
        // Servers differ on where they name themselves, and some refuse in the query.
        answer.fill_from(Parameters::parse(redirect.query)?)?;
        if redirect.fragment.is_empty() && !answer.has("error") {
            return Err(Error::response(
                "the redirect has no fragment, where the token is; pass the URL that the browser \
                 shows, servers do not see all of it",
            ));
        }
        answer.check(Expected {
            state: &state,
            issuer: &login.client.issuer,
            must_name_issuer: login.client.must_name_itself(),
        })?;
        let mut token = login.client.answer.read_parameters(answer.into_rest())?;
        // RFC 6749 §4.2.2: there must be none; one that went through a browser is not to be kept.
        token.refresh_token = None;
        Ok(token)
    }
}

impl fmt::Debug for PendingToken {
    /// Without state and URL: whoever knows them can answer this login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingToken")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}
