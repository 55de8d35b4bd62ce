//! This program at a server: all that its grants have in common.

mod announced;
mod further;

use std::sync::Arc;

use auth_core::grant::{Identity, Policy, RevokedToken, TokenRequest};
use auth_core::secret::SecretSource;
use auth_core::{Error, Result, Secret};

use crate::client_auth::ClientAuth;
use crate::metadata::Endpoint;
use crate::place::is_url;
use crate::server::{Encoding, Server};

pub(crate) use announced::{At, DEVICE_CODE};
pub(crate) use further::{Own, repeated};

/// This program at a server: its id, how it authenticates, and what its tokens are for. Cheap to clone.
///
/// ```
/// use oauth2_generic::{Client, ClientCredentials, Server, Session, secret};
///
/// let server = Server::new("https://login.example.com/token");
/// let client = Client::new(server, "batch")
///     .secret(secret::env("CLIENT_SECRET"))
///     .scope("orders.read")
///     .api("https://api.example.com");
/// let session = Session::new(ClientCredentials::new(client));
/// # let _ = session;
/// ```
///
/// With the feature `dpop`, `Client::dpop` binds tokens to a key (RFC 9449).
#[derive(Clone, Debug)]
#[must_use]
pub struct Client(Arc<Settings>);

#[derive(Clone, Debug)]
struct Settings {
    server: Server,
    id: String,
    auth: ClientAuth,
    id_in_body: bool,
    scope: Option<String>,
    scope_in_refresh: bool,
    audience: Option<String>,
    resources: Vec<String>,
    params: Vec<(String, String)>,
    secret_params: Vec<(String, SecretSource)>,
    refresh_params: Vec<(String, String)>,
    login_params: Vec<(String, String)>,
    apis: Vec<String>,
    api_rejections: Vec<u16>,
    token_header: Option<String>,
    token_scheme: Option<String>,
    allow_http_login: bool,
    #[cfg(feature = "dpop")]
    dpop: Option<crate::DpopKey>,
}

impl Client {
    /// A public client; a confidential one adds [`secret`](Client::secret) or [`auth`](Client::auth).
    pub fn new(server: Server, client_id: impl Into<String>) -> Self {
        Self(Arc::new(Settings {
            server,
            id: client_id.into(),
            auth: ClientAuth::none(),
            id_in_body: false,
            scope: None,
            scope_in_refresh: false,
            audience: None,
            resources: Vec::new(),
            params: Vec::new(),
            secret_params: Vec::new(),
            refresh_params: Vec::new(),
            login_params: Vec::new(),
            apis: Vec::new(),
            api_rejections: Vec::new(),
            token_header: None,
            token_scheme: None,
            allow_http_login: false,
            #[cfg(feature = "dpop")]
            dpop: None,
        }))
    }

    /// Authenticates by a secret: in the body (`client_secret_post`), or in the way that a discovered server announces,
    /// which is HTTP Basic unless it announces the body alone (RFC 8414 §2). [`auth`](Client::auth) sets another way.
    pub fn secret(self, secret: impl Into<SecretSource>) -> Self {
        let auth = if self.0.server.takes_secret_in_body() {
            ClientAuth::post(secret)
        } else {
            ClientAuth::basic(secret)
        };
        self.auth(auth)
    }

    /// Sets how the client authenticates. Default: not at all.
    pub fn auth(self, auth: ClientAuth) -> Self {
        self.set(|settings| settings.auth = auth)
    }

    /// Sends `client_id` in the body, too, where a header authenticates the client or an assertion is the grant, as
    /// Fitbit and Cognito require.
    pub fn client_id_in_body(self) -> Self {
        self.set(|settings| settings.id_in_body = true)
    }

    /// Sets the requested scope, separated by spaces. Default: the server's own.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.set(|settings| settings.scope = Some(scope.into()))
    }

    /// Sends the scope in refreshes, too (RFC 6749 §6), without which Azure AD B2C returns no access token. Default:
    /// the new token has the scope of the old.
    pub fn scope_in_refresh(self) -> Self {
        self.set(|settings| settings.scope_in_refresh = true)
    }

    /// Sets `audience`, by which Auth0 and others name the API.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.set(|settings| settings.audience = Some(audience.into()))
    }

    /// Adds a `resource`, an API that the token is for (RFC 8707). More than one needs a form: JSON cannot repeat a
    /// parameter.
    pub fn resource(self, resource: impl Into<String>) -> Self {
        self.set(|settings| settings.resources.push(resource.into()))
    }

    /// Adds an API's origin, `https://host[:port]`, to which [`Session::agent`](auth_core::Session::agent) sends
    /// tokens. Default: the token endpoint's origin.
    pub fn api(self, origin: impl Into<String>) -> Self {
        self.set(|settings| settings.apis.push(origin.into()))
    }

    /// Adds a status by which the API rejects a token. Default: 401 alone. A redirect that is listed, to a login page
    /// for instance, is not followed.
    pub fn api_rejection(self, status: u16) -> Self {
        self.set(|settings| settings.api_rejections.push(status))
    }

    /// Sets the header in which the API expects the token, such as `X-Shopify-Access-Token`; see
    /// [`Policy::token_header`].
    pub fn token_header(self, name: impl Into<String>) -> Self {
        self.set(|settings| settings.token_header = Some(name.into()))
    }

    /// Sets the word before the token, such as `Zoho-oauthtoken`; see [`Policy::token_scheme`].
    pub fn token_scheme(self, word: impl Into<String>) -> Self {
        self.set(|settings| settings.token_scheme = Some(word.into()))
    }

    /// Adds a parameter to each token request, such as a tenant. It is part of the identity: another value gets
    /// another token. One that the request has already is a configuration error.
    pub fn param(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|settings| settings.params.push((name.into(), value.into())))
    }

    /// Adds a secret parameter to each token request, such as an API key. It is not part of the identity.
    pub fn secret_param(self, name: impl Into<String>, value: impl Into<SecretSource>) -> Self {
        self.set(|settings| settings.secret_params.push((name.into(), value.into())))
    }

    /// Adds a parameter to refreshes alone; it replaces a [`param`](Client::param) of the same name. It is not part of
    /// the identity.
    pub fn refresh_param(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|settings| settings.refresh_params.push((name.into(), value.into())))
    }

    /// Adds a parameter to each authorization URL, such as Google's `access_type`. A `param` of the login with the same
    /// name replaces it. It is not part of the identity.
    pub fn login_param(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|settings| settings.login_params.push((name.into(), value.into())))
    }

    /// Binds tokens to a key (RFC 9449): a stolen token is of no use without it. Default: bearer tokens.
    #[cfg(feature = "dpop")]
    pub fn dpop(self, key: crate::DpopKey) -> Self {
        self.set(|settings| settings.dpop = Some(key))
    }

    /// Allows users to log in, and to return, over plain http at any host. Everyone on the way can then read their
    /// passwords and codes. Default: https, except on this machine.
    pub fn danger_allow_http_login(self) -> Self {
        self.set(|settings| settings.allow_http_login = true)
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

/// The settings, as requests need them.
impl Client {
    pub(crate) fn server(&self) -> &Server {
        &self.0.server
    }

    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    pub(crate) fn authentication(&self) -> &ClientAuth {
        &self.0.auth
    }

    pub(crate) fn has_id_in_body(&self) -> bool {
        self.0.id_in_body
    }

    pub(crate) fn wanted_scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    pub(crate) fn wanted_audience(&self) -> Option<&str> {
        self.0.audience.as_deref()
    }

    pub(crate) fn resources(&self) -> &[String] {
        &self.0.resources
    }

    /// The parameters of an authorization URL: those of the login, and those of the client that it does not replace.
    #[cfg(any(feature = "authorization_code", feature = "implicit"))]
    pub(crate) fn login_params(&self, of_login: &[(String, String)]) -> Vec<(String, String)> {
        let is_replaced = |name: &str| of_login.iter().any(|(it, _)| it == name);
        let own = self.0.login_params.iter();
        let own = own.filter(|(name, _)| !is_replaced(name));
        own.chain(of_login).cloned().collect()
    }

    pub(crate) fn allows_http_login(&self) -> bool {
        self.0.allow_http_login || self.0.server.allows_http()
    }

    /// The URL of an endpoint, as far as it is known.
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Option<&str> {
        self.0.server.url(endpoint, self.0.auth.is_by_certificate())
    }

    /// The URL of an endpoint that a request needs.
    pub(crate) fn url(&self, endpoint: Endpoint) -> Result<&str> {
        let name = endpoint.name();
        match self.endpoint(endpoint) {
            None if endpoint == Endpoint::Token => Err(Error::configuration(
                "the server announces no `token_endpoint`; set it by `Server::with_token_endpoint`",
            )),
            None => Err(Error::configuration(format!(
                "the server has no `{name}`; set it by `Server::{name}`"
            ))),
            Some("") => Err(Error::configuration(format!("`{name}` is empty; set it"))),
            // The URL for a browser is checked as a browser reads it; a space or line break is named by the request.
            Some(url) if endpoint != Endpoint::Authorization && !is_url(url.trim()) => {
                Err(Error::configuration(format!(
                    "`{name}` is not a URL; write it as https://host/path"
                )))
            }
            Some(url) => Ok(url),
        }
    }

    /// Returns `true` if tokens are bound to a key.
    #[cfg(any(feature = "authorization_code", feature = "implicit"))]
    pub(crate) fn is_bound(&self) -> bool {
        self.thumbprint().is_some()
    }

    /// The thumbprint of the key that tokens are bound to.
    pub(crate) fn thumbprint(&self) -> Option<String> {
        #[cfg(feature = "dpop")]
        return self.0.dpop.as_ref().map(crate::DpopKey::thumbprint);
        #[cfg(not(feature = "dpop"))]
        return None;
    }

    /// Returns `true` if nothing but its id names the client, and the id need not be sent.
    #[cfg(feature = "jwt")]
    pub(crate) fn is_named_by_id_alone(&self) -> bool {
        self.0.auth.is_none() && !self.0.id_in_body
    }

    /// The identity of a login, without the user.
    pub(crate) fn identity(&self) -> Identity {
        let settings = &*self.0;
        let token_endpoint = self.endpoint(Endpoint::Token).unwrap_or_default();
        let identity = Identity::new("oauth2")
            .with_url("token_endpoint", token_endpoint)
            .with("client_id", &settings.id)
            .with_optional("scope", self.wanted_scope())
            .with_optional("audience", self.wanted_audience())
            .with_optional("dpop_jkt", self.thumbprint().as_deref());
        let resources = settings.resources.iter();
        let resources = resources.map(|resource| ("resource", resource.as_str()));
        let params = settings.params.iter();
        let params = params.map(|(name, value)| (name.as_str(), value.as_str()));
        let parts = resources.chain(params);
        parts.fold(identity, |identity, (name, value)| {
            identity.with(name, value)
        })
    }

    /// The policy with this client's and its server's settings for tokens.
    pub(crate) fn policy(&self, policy: Policy) -> Policy {
        let settings = &*self.0;
        let policy = self.apis().into_iter().fold(policy, Policy::api);
        let rejections = settings.api_rejections.iter();
        let policy = rejections.fold(policy, |policy, status| policy.api_rejection(*status));
        let mut policy = policy.replay(settings.server.replays());
        if let Some(name) = &settings.token_header {
            policy = policy.token_header(name);
        }
        if let Some(word) = &settings.token_scheme {
            policy = policy.token_scheme(word);
        }
        #[cfg(feature = "dpop")]
        if let Some(key) = &settings.dpop {
            return policy.prover(key.clone());
        }
        policy
    }

    fn apis(&self) -> Vec<String> {
        let apis = &self.0.apis;
        if !apis.is_empty() {
            return apis.clone();
        }
        let origin = self.endpoint(Endpoint::Token).map(origin);
        origin
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect()
    }
}

/// Requests.
impl Client {
    /// A request to the token endpoint with all that does not depend on the grant; `own` are the parameters that
    /// the grant adds.
    pub(crate) fn request(&self, grant_type: &str, own: &[&str]) -> Result<TokenRequest> {
        let request = self.authenticated(self.bare_request(grant_type)?)?;
        self.with_target(request, own)
    }

    /// A request to the token endpoint without the client, for a grant that names it otherwise.
    #[cfg(feature = "jwt")]
    pub(crate) fn anonymous_request(&self, grant_type: &str, own: &[&str]) -> Result<TokenRequest> {
        let names_client = false;
        let own = Own {
            names: own,
            names_client,
        };
        self.with_further(self.bare_request(grant_type)?, own, &[])
    }

    fn bare_request(&self, grant_type: &str) -> Result<TokenRequest> {
        self.0.server.check()?;
        self.check_grant(grant_type)?;
        let request = self.to(self.url(Endpoint::Token)?);
        let request = self.proven(request)?;
        let request = request.response(self.0.server.format().clone());
        Ok(request.param("grant_type", grant_type))
    }

    /// The request with a proof, where tokens are bound to a key.
    #[cfg(feature = "dpop")]
    fn proven(&self, request: TokenRequest) -> Result<TokenRequest> {
        let Some(key) = &self.0.dpop else {
            return Ok(request);
        };
        self.check_proof()?;
        Ok(request.prover(Arc::new(key.clone())))
    }

    #[cfg(not(feature = "dpop"))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "with the feature it can fail"
    )]
    fn proven(&self, request: TokenRequest) -> Result<TokenRequest> {
        Ok(request)
    }

    /// A request to one of the server's endpoints, in the server's encoding.
    pub(crate) fn to(&self, endpoint: &str) -> TokenRequest {
        match self.0.server.written_as() {
            Encoding::Form => TokenRequest::form(endpoint),
            Encoding::Json => TokenRequest::json(endpoint),
        }
    }

    /// The request with the client in it, by the one way that was chosen.
    pub(crate) fn authenticated(&self, request: TokenRequest) -> Result<TokenRequest> {
        self.authenticated_at(At::Token, request)
    }

    /// The request with the client in it, for an endpoint that may announce ways of its own.
    pub(crate) fn authenticated_at(&self, at: At, request: TokenRequest) -> Result<TokenRequest> {
        self.check_authentication(at)?;
        self.0.auth.show(self, request)
    }

    /// The request of the refresh token grant (RFC 6749 §6). Without a scope the new token has that of the old.
    pub(crate) fn refresh_request(&self, token: &Secret) -> Result<TokenRequest> {
        let scope = self.wanted_scope().filter(|_| self.0.scope_in_refresh);
        let names = match scope {
            Some(_) => &["refresh_token", "scope"][..],
            None => &["refresh_token"],
        };
        let request = self.authenticated(self.bare_request("refresh_token")?)?;
        let request = self.with_further(request, names.into(), &self.0.refresh_params)?;
        let request = request.secret("refresh_token", token);
        Ok(optional(request, "scope", scope))
    }

    /// The request that ends a login at the server (RFC 7009); `None` where it has no endpoint for that.
    pub(crate) fn revocation_request(
        &self,
        token: RevokedToken<'_>,
    ) -> Result<Option<TokenRequest>> {
        if self.endpoint(Endpoint::Revocation).is_none() {
            return Ok(None);
        }
        let endpoint = self.url(Endpoint::Revocation)?;
        let (hint, token) = match token {
            RevokedToken::Refresh(token) => ("refresh_token", token),
            RevokedToken::Access(token) => ("access_token", token),
            _ => return Ok(None),
        };
        let request = self.to(endpoint).secret("token", token);
        let request = request.param("token_type_hint", hint);
        self.authenticated_at(At::Revocation, request).map(Some)
    }
}

/// The request with a parameter, if it is set.
pub(crate) fn optional(
    request: TokenRequest,
    name: &'static str,
    value: Option<&str>,
) -> TokenRequest {
    match value {
        Some(value) => request.param(name, value),
        None => request,
    }
}

/// Scheme and authority of a URL, as written.
pub(crate) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']);
    &url[..end.map_or(url.len(), |end| host + end)]
}
