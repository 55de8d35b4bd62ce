//! What all grants have in common: this client, at that server.

mod fields;
mod further;
mod left;

use std::sync::Arc;

#[cfg(feature = "dpop")]
use auth_core::TokenType;
use auth_core::{AnswerFormat, Error, Identity, Policy, Replay, Result, Secret, TokenRequest};

use crate::client_auth::ClientAuth;
use crate::metadata::{At, Metadata};

pub(crate) use fields::url_of;
pub(crate) use further::{Own, stands_twice};
pub(crate) use left::left_to_client;

/// This client at that server, and how the server wants to be asked.
///
/// The defaults are those of RFC 6749: a form, with the client in it. Everything that a server does
/// otherwise has a field; a field left empty is not sent.
///
/// ```
/// use oauth2_generic::{Client, ClientAuth};
///
/// let client = Client {
///     token_endpoint: "https://login.example.com/token".into(),
///     client_id: "batch".into(),
///     client_secret: "s3cret".into(),
///     client_auth: ClientAuth::Basic,
///     scope: "orders.read".into(),
///     ..Client::default()
/// };
/// # let _ = client;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Where tokens are given out (RFC 6749 §3.2). A query in it is sent along and is not secret: it is part
    /// of the identity, which logs show. A key goes into `extra_secrets`.
    pub token_endpoint: String,
    /// Where users are sent to log in (RFC 6749 §3.1); for the two grants that do so.
    pub authorization_endpoint: String,
    /// Where a login on another device begins (RFC 8628 §3.1); for [`DeviceCode`](crate::DeviceCode).
    pub device_authorization_endpoint: String,
    /// Where a login is announced before the user is sent to it (RFC 9126); for
    /// [`begin_pushed`](crate::AuthorizationCode::begin_pushed).
    pub pushed_authorization_request_endpoint: String,
    /// Where [`Session::log_out`](auth_core::Session::log_out) ends a login (RFC 7009). Empty: a
    /// login is only forgotten on this side.
    pub revocation_endpoint: String,
    /// Where the server says what it knows of a token (RFC 7662); for
    /// [`introspect`](Client::introspect).
    pub introspection_endpoint: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret. Empty: a public client, which has none.
    pub client_secret: Secret,
    /// How the client shows who it is. Default: by its secret, in the body.
    pub client_auth: ClientAuth,
    /// The key that tokens are bound to (RFC 9449). Default: none; whoever has a token may use it.
    #[cfg(feature = "dpop")]
    pub dpop: Option<crate::DpopKey>,
    /// How a request is written. Default: as a form.
    pub body: Encoding,
    /// Sends `client_id` in the body, too, where a header shows who the client is (`Basic` and its variants), as
    /// Fitbit and Cognito require. Default: false.
    pub client_id_in_body: bool,
    /// The scope that is asked for, separated by spaces. Empty: what the server gives unasked.
    pub scope: String,
    /// Sends `scope` in refreshes, too (RFC 6749 §6): Azure AD B2C answers without an access token otherwise. Default:
    /// false; the new token has the scope of the old.
    pub scope_in_refresh: bool,
    /// The API that the token is for, as Auth0 and others call it.
    pub audience: String,
    /// The API that the token is for, as RFC 8707 calls it.
    pub resource: String,
    /// Further APIs that the token is for besides `resource`. RFC 8707 repeats the parameter, which
    /// only a form can; in JSON it is an error.
    pub further_resources: Vec<String>,
    /// Further parameters of each request to the token endpoint, such as a tenant: any that the request does not
    /// set itself. They are part of the identity: another value gets another token.
    pub extra: Vec<(String, String)>,
    /// Further parameters that must not be seen, such as an API key. They are no part of the
    /// identity.
    pub extra_secrets: Vec<(String, Secret)>,
    /// Further parameters of refreshes alone; one replaces that of the same name in `extra`. They are no part of the
    /// identity.
    pub extra_in_refresh: Vec<(String, String)>,
    /// The server's name for itself, which a redirect must repeat as `iss` (RFC 9207). Empty: not
    /// checked. Set it if users log in at more than one server.
    pub issuer: String,
    /// What the server announces of itself; [`Metadata::client`] sets it. What it does not announce is
    /// refused here, before anything is sent. None: nothing is known, and all is tried.
    pub metadata: Option<Arc<Metadata>>,
    /// How the server's answer differs from RFC 6749. Default: not at all.
    pub answer: AnswerFormat,
    /// Whether the server documents that a refresh token may be sent again after a lost answer.
    /// Default: never.
    pub replay: Replay,
    /// The origins (`https://host[:port]`) that the token is meant for, and that
    /// [`Session::agent`](auth_core::Session::agent) signs requests to. Empty: the token endpoint's.
    pub origins: Vec<String>,
    /// Statuses by which the API rejects a token, in addition to 401. Empty: none. A redirect that
    /// is listed, to a login page say, is not followed; see [`Session::agent`](auth_core::Session::agent).
    pub rejections: Vec<u16>,
    /// The header in which the API wants the token, such as `X-Shopify-Access-Token`; it stands alone in it, unless
    /// `token_scheme` is set, too. Empty: `Authorization`. See [`Policy::token_header`].
    pub token_header: String,
    /// The word before the token, such as `Zoho-oauthtoken`. Empty: `Bearer`, or `DPoP` with a key. See
    /// [`Policy::token_scheme`].
    pub token_scheme: String,
    /// Lets users log in over plain http at a host that is not this machine, and come back so.
    /// Everybody on the way can then read their passwords and codes. Default: false.
    pub danger_allow_http_login: bool,
}

/// How a request to the token endpoint is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`, as RFC 6749 wants it.
    #[default]
    Form,
    /// A JSON object.
    Json,
}

impl Client {
    /// A request to the token endpoint with all that does not depend on the grant; `own` are the parameters that
    /// the grant adds.
    pub(crate) fn request(&self, grant_type: &str, own: &[&str]) -> Result<TokenRequest> {
        let request = self.authenticated(self.bare_request(grant_type)?)?;
        self.with_target(request, own)
    }

    /// The same without a word of who the client is, for a grant that shows it otherwise.
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
        self.check_grant(grant_type)?;
        let request = self.proven(self.to(&self.token_endpoint))?;
        Ok(request.param("grant_type", grant_type))
    }

    /// A request for a token with a proof, where tokens are bound to a key, and the reading of its answer.
    #[cfg(feature = "dpop")]
    fn proven(&self, request: TokenRequest) -> Result<TokenRequest> {
        let mut format = self.answer.clone();
        let Some(key) = &self.dpop else {
            return Ok(request.answer(format));
        };
        self.check_proof()?;
        // One that is not bound would work without the key.
        format.token_type = TokenType::Dpop;
        format.token_type_required = true;
        Ok(request.answer(format).prover(key.clone()))
    }

    #[cfg(not(feature = "dpop"))]
    #[expect(clippy::unnecessary_wraps, reason = "with the feature it can fail")]
    fn proven(&self, request: TokenRequest) -> Result<TokenRequest> {
        Ok(request.answer(self.answer.clone()))
    }

    /// The policy with what this client and its server say of tokens.
    pub(crate) fn policy(&self, policy: Policy) -> Policy {
        let policy = self.origins().into_iter().fold(policy, Policy::api);
        let rejections = self.rejections.iter();
        let policy = rejections.fold(policy, |policy, status| policy.api_rejection(*status));
        let mut policy = policy.replay(self.replay);
        if !self.token_header.is_empty() {
            policy = policy.token_header(&self.token_header);
        }
        if !self.token_scheme.is_empty() {
            policy = policy.token_scheme(&self.token_scheme);
        }
        #[cfg(feature = "dpop")]
        if let Some(key) = &self.dpop {
            return policy.prover(key.clone());
        }
        policy
    }

    /// Whether tokens are bound to a key.
    pub(crate) fn is_bound(&self) -> bool {
        #[cfg(feature = "dpop")]
        return self.dpop.is_some();
        #[cfg(not(feature = "dpop"))]
        return false;
    }

    /// What stands for the key that tokens are bound to; empty if there is none.
    pub(crate) fn thumbprint(&self) -> String {
        #[cfg(feature = "dpop")]
        return self
            .dpop
            .as_ref()
            .map_or_else(String::new, crate::DpopKey::thumbprint);
        #[cfg(not(feature = "dpop"))]
        return String::new();
    }

    /// Whether nothing but its id shows who the client is, and the id need not be sent.
    #[cfg(feature = "jwt")]
    pub(crate) fn is_shown_by_id_alone(&self) -> bool {
        let is_public = match self.client_auth {
            ClientAuth::None => true,
            ClientAuth::Body | ClientAuth::Basic => self.client_secret.is_empty(),
            _ => false,
        };
        is_public && !self.client_id_in_body
    }

    /// A request to one of the server's endpoints, as the server wants it written.
    pub(crate) fn to(&self, endpoint: &str) -> TokenRequest {
        match self.body {
            Encoding::Form => TokenRequest::form(endpoint),
            Encoding::Json => TokenRequest::json(endpoint),
        }
    }

    /// The request with the client in it, by the one method that was chosen.
    pub(crate) fn authenticated(&self, request: TokenRequest) -> Result<TokenRequest> {
        self.authenticated_at(At::Token, request)
    }

    /// The same for an endpoint that may announce methods of its own.
    pub(crate) fn authenticated_at(&self, at: At, request: TokenRequest) -> Result<TokenRequest> {
        self.check_authentication(at)?;
        Ok(self.client_auth.show(self, request))
    }

    /// Whether a body can hold every resource.
    pub(crate) fn check_repetition(&self) -> Result<()> {
        if self.body == Encoding::Json && self.resources().nth(1).is_some() {
            return Err(Error::configuration(
                "more than one resource needs a form; JSON has no parameter that stands twice",
            ));
        }
        Ok(())
    }

    /// Every API that the token is for.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &str> {
        [&self.resource]
            .into_iter()
            .chain(&self.further_resources)
            .map(String::as_str)
            .filter(|resource| !resource.is_empty())
    }

    /// The refresh token grant (RFC 6749 §6). Without a scope the new token has that of the old.
    pub(crate) fn refresh_request(&self, token: &Secret) -> Result<TokenRequest> {
        let scope = if self.scope_in_refresh {
            &self.scope
        } else {
            ""
        };
        let names = if scope.is_empty() {
            &["refresh_token"][..]
        } else {
            &["refresh_token", "scope"]
        };
        let request = self.authenticated(self.bare_request("refresh_token")?)?;
        let request = self.with_further(request, names.into(), &self.extra_in_refresh)?;
        let request = request.param("refresh_token", token);
        Ok(request.optional("scope", scope))
    }

    /// Whom a token is for, but for the resource owner.
    pub(crate) fn identity(&self) -> Identity {
        let identity = Identity::new("oauth2")
            .with_url("token_endpoint", &self.token_endpoint)
            .with("client_id", &self.client_id)
            .with("scope", &self.scope)
            .with("audience", &self.audience)
            .with("dpop_jkt", &self.thumbprint());
        let resources = self.resources().map(|resource| ("resource", resource));
        let extra = self.extra.iter();
        resources
            .chain(extra.map(|(name, value)| (name.as_str(), value.as_str())))
            .fold(identity, |identity, (name, value)| {
                identity.with(name, value)
            })
    }

    fn origins(&self) -> Vec<String> {
        match origin(&self.token_endpoint) {
            _ if !self.origins.is_empty() => self.origins.clone(),
            "" => Vec::new(),
            origin => vec![origin.to_owned()],
        }
    }
}

/// Scheme and authority of a URL, as written.
pub(crate) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']);
    &url[..end.map_or(url.len(), |end| host + end)]
}
