//! The user logs in at the server, and returns with a code.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "browser")]
use auth_core::clock::Clock;
use auth_core::error::Delivery;
use auth_core::grant::TokenResponse;
use auth_core::transport::Transport;
use auth_core::{Error, Result, Secret};

use crate::authorize::{self, Wanted};
use crate::client::Client;
use crate::grants::RefreshToken;
use crate::metadata::Endpoint;
use crate::redirect::{Expected, Parameters, Redirect};

/// Users of a web application log in at the server and return with a code (RFC 6749 §4.1, with PKCE, RFC 7636).
///
/// ```no_run
/// use oauth2_generic::store::FileStore;
/// use oauth2_generic::transport::HttpTransport;
/// use oauth2_generic::{AuthorizationCode, Client, Result, Secret, Server, Session};
///
/// struct App { login: AuthorizationCode, http: HttpTransport, store: FileStore }
///
/// fn app() -> Result<App> {
///     let client = Client::new(Server::discover("https://login.example.com")?, "app");
///     let login = AuthorizationCode::new(client, "https://app.example.com/callback");
///     Ok(App { login, http: HttpTransport::new(), store: FileStore::open("/var/lib/app/logins")? })
/// }
///
/// /// `GET /login`: the text to keep in the user's session, and the URL to redirect to.
/// fn begin(app: &App) -> Result<(Secret, String)> {
///     let pending = app.login.begin(&app.http)?;
///     Ok((pending.save(), pending.url().to_owned()))
/// }
///
/// /// `GET /callback`: `kept` is taken out of the user's session, so that a reload does not send the code again.
/// fn callback(app: &App, kept: &Secret, url: &str, user: &str) -> Result<Session> {
///     let tokens = app.login.resume(kept)?.exchange(url, &app.http)?;
///     Session::builder(app.login.grant().user(user)).store(app.store.clone()).tokens(tokens).build()
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthorizationCode {
    client: Client,
    redirect_uri: String,
    params: Vec<(String, String)>,
}

/// A login that waits for the user to return.
///
/// ```
/// use oauth2_generic::transport::HttpTransport;
/// use oauth2_generic::{AuthorizationCode, Client, Server};
///
/// let server = Server::new("https://login.example.com/token")
///     .authorization_endpoint("https://login.example.com/authorize");
/// let login = AuthorizationCode::new(Client::new(server, "app"), "https://app.example.com/callback");
/// let pending = login.begin(&HttpTransport::new())?;
/// assert!(pending.url().starts_with("https://login.example.com/authorize?"));
/// // Another request of the user, or another process, continues with the same login.
/// let again = login.resume(&pending.save())?;
/// assert_eq!(again.state(), pending.state());
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[must_use = "the user has yet to be sent to `url`"]
pub struct PendingLogin {
    login: AuthorizationCode,
    state: String,
    code_verifier: Secret,
    /// The server's reference to the announced login (RFC 9126).
    request_uri: Option<String>,
    url: String,
    expires_in: Option<Duration>,
}

impl AuthorizationCode {
    /// Logins that return to this URL, exactly as it is registered at the server.
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

    /// Returns the grant that lives on such logins; add the user.
    pub fn grant(&self) -> RefreshToken {
        RefreshToken::new(self.client.clone())
    }

    /// Begins a login, with a new state and a new code verifier.
    ///
    /// Where the server has an endpoint for that, the login is announced to it first (RFC 9126): the URL then holds a
    /// reference and nothing else, and a client that the server refuses learns it before a user is bothered.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a setting is wrong; otherwise the error of the announcement.
    pub fn begin(&self, http: &dyn Transport) -> Result<PendingLogin> {
        let pending = self.pending(authorize::new_state(), authorize::new_code_verifier())?;
        match self.client.endpoint(Endpoint::PushedAuthorizationRequest) {
            Some(_) => pending.announced(http),
            None if self.client.must_push() => Err(Error::configuration(
                "the server requires that a login is announced before the user is sent to it; set \
                 `Server::pushed_authorization_request_endpoint`",
            )),
            None => Ok(pending),
        }
    }

    /// Continues a login in another request or process, from the text that [`PendingLogin::save`] returned. Remove the
    /// text from where you kept it: a user who reloads the page sends the same code again.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is not such a text, or one of another server, client or redirect URI.
    pub fn resume(&self, saved: &Secret) -> Result<PendingLogin> {
        let not_saved =
            || Error::configuration("the text is not one that `PendingLogin::save` returned");
        let mut parts = saved.expose().splitn(5, '.');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        if part() != Some(VERSION) {
            return Err(not_saved());
        }
        let (Some(print), Some(state), Some(code_verifier)) = (part(), part(), part()) else {
            return Err(not_saved());
        };
        if print != self.print() {
            return Err(Error::configuration(
                "the saved login began at another server, with another client or with another `redirect_uri`; resume it \
                 where it began",
            ));
        }
        let request_uri = part().map(str::to_owned);
        let mut pending = self.pending(state.to_owned(), Secret::new(code_verifier))?;
        if let Some(request_uri) = request_uri {
            pending.refer(request_uri)?;
        }
        Ok(pending)
    }

    fn pending(&self, state: String, code_verifier: Secret) -> Result<PendingLogin> {
        // Reported now, and not when the user returns.
        self.client.request(GRANT_TYPE, OWN)?.check()?;
        let wanted = Wanted::Code {
            code_verifier: &code_verifier,
        };
        let url = authorize::url(
            &self.client,
            &self.redirect_uri,
            &self.params,
            &state,
            wanted,
        )?;
        Ok(PendingLogin {
            login: self.clone(),
            state,
            code_verifier,
            request_uri: None,
            url,
            expires_in: None,
        })
    }

    /// A text that differs for other servers, clients and redirect URIs, so that no code reaches the wrong server.
    fn print(&self) -> String {
        let endpoint = |endpoint| self.client.endpoint(endpoint).unwrap_or_default();
        authorize::hash(&format!(
            "{} {} {} {}",
            endpoint(Endpoint::Token),
            endpoint(Endpoint::Authorization),
            self.client.id(),
            self.redirect_uri
        ))
    }
}

/// For the login with a browser, which knows the port late.
#[cfg(feature = "browser")]
impl AuthorizationCode {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    pub(crate) fn with_redirect_uri(mut self, redirect_uri: String) -> Self {
        self.redirect_uri = redirect_uri;
        self
    }
}

impl PendingLogin {
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

    /// Returns the `nonce` that ties the ID token to this login; `None` if `scope` does not ask for one (`openid`).
    ///
    /// ID tokens are not verified here; where you verify yours, compare its claim `nonce` with this one (OpenID Connect
    /// Core §3.1.3.7).
    #[must_use]
    pub fn nonce(&self) -> Option<String> {
        let AuthorizationCode { client, params, .. } = &self.login;
        let wanted = Wanted::Code {
            code_verifier: &self.code_verifier,
        };
        authorize::nonce(client, params, &self.state, wanted)
    }

    /// Returns how long the URL works, if the login was pushed and the response had an `expires_in`.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    /// Returns the text that another request or process needs to continue: keep it in the user's session, and take it
    /// out there for [`AuthorizationCode::resume`]. It is secret, and short enough for an encrypted cookie.
    #[must_use]
    pub fn save(&self) -> Secret {
        let parts = [
            VERSION,
            &self.login.print(),
            &self.state,
            self.code_verifier.expose(),
        ];
        let mut text = String::with_capacity(LONGEST_SAVED);
        for part in parts.into_iter().chain(self.request_uri.as_deref()) {
            if !text.is_empty() {
                text.push('.');
            }
            text += part;
        }
        Secret::new(text)
    }

    /// Checks the URL that the user returned to, and trades its code for tokens.
    ///
    /// The code is sent once: servers end the login of a code that they see again. Only a request that certainly never
    /// left this machine ([`Delivery::NotSent`]) is repeated, twice at most.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server refused; [`Error::Configuration`] if the URL does not lead to the
    /// redirect URI; [`Error::Response`] if it has no code, or belongs to another login; otherwise the error of the
    /// request. After any of them the user has to log in again.
    pub fn exchange(self, redirected_to: &str, http: &dyn Transport) -> Result<TokenResponse> {
        let code = self.code(redirected_to)?;
        self.trade(&code, http, never_left)
    }

    /// Trades the code while the user waits for the page: a server that puts the code off for a moment gets it again.
    #[cfg(feature = "browser")]
    pub(crate) fn trade_patiently(
        &self,
        code: &Secret,
        http: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<TokenResponse> {
        self.trade(code, http, |error| {
            let wait = error.retry_after().unwrap_or_default().max(SHORTEST_WAIT);
            let is_worth_it = wait <= LONGEST_WAIT && (never_left(error) || is_put_off(error));
            if is_worth_it {
                clock.sleep(wait);
            }
            is_worth_it
        })
    }

    /// Trades the code, and sends it again only while `may_repeat` returns `true` for the error.
    fn trade(
        &self,
        code: &Secret,
        http: &dyn Transport,
        may_repeat: impl Fn(&Error) -> bool,
    ) -> Result<TokenResponse> {
        let login = &self.login;
        let request = login
            .client
            .request(GRANT_TYPE, OWN)?
            .secret("code", code)
            .param("redirect_uri", &login.redirect_uri)
            .secret("code_verifier", &self.code_verifier);
        let mut repeats = 0;
        loop {
            match request.send(http) {
                Err(error) if repeats < MOST_REPEATS && may_repeat(&error) => repeats += 1,
                outcome => return outcome,
            }
        }
    }

    /// The code in the URL that the user returned to.
    pub(crate) fn code(&self, redirected_to: &str) -> Result<Secret> {
        let redirect = Redirect::new(redirected_to, &self.login.redirect_uri)?;
        let mut parameters = Parameters::parse(redirect.query)?;
        let client = &self.login.client;
        parameters.check(Expected {
            state: &self.state,
            issuer: client.server().name(),
            must_name_issuer: client.must_name_itself(),
        })?;
        let code = parameters.take("code")?;
        code.ok_or_else(|| Error::response("the redirect has neither `code` nor `error`"))
    }

    /// Announces the login to the server, which returns a reference to it (RFC 9126).
    fn announced(mut self, http: &dyn Transport) -> Result<Self> {
        let client = &self.login.client;
        let endpoint = client.url(Endpoint::PushedAuthorizationRequest)?;
        client.check_repetition()?;
        let mut request = client.authenticated(client.to(endpoint))?;
        let names_client = client
            .authentication()
            .parameters(client)
            .contains(&"client_id");
        for (name, value) in authorize::question(client, &self.url) {
            // RFC 9126 §2: the client is named, even if a header has authenticated it.
            if !value.is_empty() && (name != "client_id" || !names_client) {
                request = request.param(name, value);
            }
        }
        let response = request.fetch(http)?;
        let request_uri = response.text("request_uri").map(Secret::expose);
        let request_uri = request_uri.ok_or_else(|| Error::response("it has no `request_uri`"))?;
        self.refer(request_uri.to_owned())?;
        self.expires_in = response
            .number("expires_in")
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(self)
    }

    /// Sends the user with a reference to the announced login.
    fn refer(&mut self, request_uri: String) -> Result<()> {
        self.url = authorize::pushed_url(&self.login.client, &request_uri)?;
        self.request_uri = Some(request_uri);
        Ok(())
    }
}

impl fmt::Debug for PendingLogin {
    /// Without state and URL, with which others could complete this login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingLogin")
            .field("login", &self.login)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Returns `true` if the code has certainly not left this machine.
fn never_left(error: &Error) -> bool {
    matches!(
        error,
        Error::Network {
            delivery: Delivery::NotSent,
            ..
        }
    )
}

/// Returns `true` if the server has not looked at the code yet.
#[cfg(feature = "browser")]
fn is_put_off(error: &Error) -> bool {
    let status = match error {
        Error::Refused(refusal) => refusal.status,
        Error::Status { status, .. } => Some(*status),
        _ => None,
    };
    status == Some(429) || (status == Some(503) && error.retry_after().is_some())
}

const GRANT_TYPE: &str = "authorization_code";
const OWN: &[&str] = &["code", "redirect_uri", "code_verifier"];
/// The version of a saved login.
const VERSION: &str = "1";
/// With room for all of it, so that it does not grow and leave a copy behind.
const LONGEST_SAVED: usize = 1024;
/// The most repeats of a code that was not delivered, and how long the user waits for each.
const MOST_REPEATS: u32 = 2;
#[cfg(feature = "browser")]
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
#[cfg(feature = "browser")]
const LONGEST_WAIT: Duration = Duration::from_secs(5);
