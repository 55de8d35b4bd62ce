//! Your own vendor: implement [`Grant`], and [`Session`](crate::Session) does the rest.
//!
//! A grant builds requests and sends none. The session decides when to send, how often, and what a failure means.

use std::fmt::Debug;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri};

use crate::clock::UnixTime;
use crate::error::{Refusal, Result};
use crate::presentation::Presentation;
use crate::secret::Secret;
use crate::token::Token;

pub use crate::identity::Identity;
pub use crate::request::TokenRequest;
pub use crate::response::{ExpiryFormat, JsonResponse, ResponseFormat};
pub use crate::token::{Lifetime, TokenResponse, TokenType};

/// How tokens are obtained from one vendor.
///
/// A grant builds requests and sends none. When to send, how often, and what a failure means is
/// decided by the [`Session`](crate::Session), which sees all that would be sent before it is. So a
/// grant needs no clock, no lock and no memory, and the session can tell whether the credentials
/// have changed since the server refused them.
///
/// ```
/// use auth_core::{Grant, Result, Secret};
/// use auth_core::grant::{Identity, Policy, TokenRequest};
///
/// #[derive(Debug)]
/// struct Acme {
///     client_id: String,
///     client_secret: Secret,
/// }
///
/// impl Grant for Acme {
///     fn identity(&self) -> Identity {
///         Identity::new("acme").with("client_id", &self.client_id)
///     }
///
///     fn policy(&self) -> Policy {
///         Policy::for_client().api("https://api.acme.example")
///     }
///
///     fn login_request(&self) -> Result<TokenRequest> {
///         Ok(TokenRequest::form("https://api.acme.example/token")
///             .param("grant_type", "client_credentials")
///             .param("client_id", &self.client_id)
///             .secret("client_secret", &self.client_secret))
///     }
/// }
/// # let _ = auth_core::Session::new(Acme { client_id: "a".into(), client_secret: Secret::new("b") });
/// ```
///
/// A vendor whose users log in elsewhere, and whose tokens can be refreshed and revoked:
///
/// ```
/// use auth_core::grant::{Identity, Policy, RevokedToken, TokenRequest};
/// use auth_core::testing::CannedTransport;
/// use auth_core::{Error, Grant, Result, Secret, Session};
///
/// #[derive(Debug)]
/// struct Acme {
///     user: String,
/// }
///
/// impl Grant for Acme {
///     fn identity(&self) -> Identity {
///         Identity::new("acme").user(Some(&self.user))
///     }
///
///     fn policy(&self) -> Policy {
///         Policy::for_interactive().api("https://api.acme.example")
///     }
///
///     fn login_request(&self) -> Result<TokenRequest> {
///         Err(Error::no_credentials())
///     }
///
///     fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
///         Ok(TokenRequest::form("https://api.acme.example/token")
///             .param("grant_type", "refresh_token")
///             .secret("refresh_token", refresh_token))
///     }
///
///     fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
///         let (hint, token) = match token {
///             RevokedToken::Refresh(token) => ("refresh_token", token),
///             RevokedToken::Access(token) => ("access_token", token),
///             _ => return Ok(None),
///         };
///         Ok(Some(TokenRequest::form("https://api.acme.example/revoke")
///             .param("token_type_hint", hint)
///             .secret("token", token)))
///     }
/// }
///
/// let http = CannedTransport::new()
///     .json(200, r#"{"access_token": "a1", "token_type": "Bearer", "refresh_token": "r2"}"#)
///     .json(200, "");
/// let acme = Acme { user: "jsmith".into() };
/// let session = Session::builder(acme).refresh_token(Secret::new("r1")).transport(http.clone()).build()?;
/// session.token()?;
/// session.log_out()?;
/// assert_eq!(http.requests()[0].body(), b"grant_type=refresh_token&refresh_token=r1");
/// assert_eq!(http.requests()[1].body(), b"token_type_hint=refresh_token&token=r2");
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a grant",
    label = "not a `Grant`",
    note = "log in first: an `AuthorizationCode`, `BrowserLogin` or `DeviceLogin` is exchanged for tokens, and its \
            `grant()` makes the session",
    note = "a `Client` becomes a grant by `ClientCredentials::new(client)`, `RefreshToken::new(client)` or the like"
)]
pub trait Grant: Debug + Send + Sync {
    /// Returns the key under which a store keeps the login. It holds no secret.
    fn identity(&self) -> Identity;

    /// Returns what the vendor documents: who logs in, where its APIs are, and the like.
    fn policy(&self) -> Policy;

    /// Builds the request that logs in. A session builds it more often than it sends it, so this
    /// must be cheap: no network, no program, no prompt.
    ///
    /// # Errors
    /// [`Error::LoginRequired`](crate::Error::LoginRequired) with
    /// [`LoginReason::NoCredentials`](crate::error::LoginReason::NoCredentials) if there is nothing to log in with;
    /// [`Error::Configuration`](crate::Error::Configuration) if a setting is wrong.
    fn login_request(&self) -> Result<TokenRequest>;

    /// Builds the request that trades a refresh token for new tokens (RFC 6749 §6). Default: the
    /// request that logs in.
    ///
    /// # Errors
    /// As [`login_request`](Grant::login_request).
    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        let _ = refresh_token;
        self.login_request()
    }

    /// Builds the request that ends a login at the server (RFC 7009). Default: none; the login is
    /// only forgotten locally.
    ///
    /// # Errors
    /// As [`login_request`](Grant::login_request).
    fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
        let _ = token;
        Ok(None)
    }
}

/// Facts that a vendor documents, as a value.
///
/// There is no default for who logs in: what a refusal means depends on it
/// ([`for_client`](Policy::for_client), [`for_password`](Policy::for_password),
/// [`for_interactive`](Policy::for_interactive)), and a wrong default would lock accounts.
///
/// ```
/// use auth_core::grant::{Policy, Replay};
///
/// let policy = Policy::for_password()
///     .api("https://api.acme.example")
///     .api_rejection(403)
///     .replay(Replay::Once);
/// # let _ = policy;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Policy {
    login: LoginKind,
    apis: Vec<String>,
    /// Other statuses than 401.
    rejections: Vec<u16>,
    replay: Replay,
    prover: Option<Arc<dyn Prover>>,
    /// Boxed, as nearly all APIs take a token as RFC 6750 defines.
    token: Option<Box<TokenSettings>>,
}

/// Header and scheme of a token that differ from RFC 6750.
#[derive(Clone, Debug, Default)]
struct TokenSettings {
    header: Option<String>,
    scheme: Option<String>,
}

/// Owner of the credentials that a login sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginKind {
    Client,
    Password,
    Interactive,
}

impl Policy {
    /// A login sends the client's own credentials: a refused one is tried again, after a back-off
    /// that grows from 30 seconds to an hour.
    pub fn for_client() -> Self {
        Self::new(LoginKind::Client)
    }

    /// A login sends a person's password: too many tries lock the account, so a refused one is
    /// remembered, and tried at most 3 times in 30 minutes and 10 times a day.
    pub fn for_password() -> Self {
        Self::new(LoginKind::Password)
    }

    /// A person logs in elsewhere, in a browser for instance; the session lives on refresh tokens.
    pub fn for_interactive() -> Self {
        Self::new(LoginKind::Interactive)
    }

    fn new(login: LoginKind) -> Self {
        Self {
            login,
            apis: Vec::new(),
            rejections: Vec::new(),
            replay: Replay::Never,
            prover: None,
            token: None,
        }
    }

    /// Adds the origin of an API (`https://host[:port]`) to those that
    /// [`Session::agent`](crate::Session::agent) signs requests for. Default: none.
    pub fn api(mut self, origin: impl Into<String>) -> Self {
        self.apis.push(origin.into());
        self
    }

    /// Adds a status by which the API rejects a token. Default: 401 alone (RFC 6750 §3.1).
    pub fn api_rejection(mut self, status: u16) -> Self {
        self.rejections.push(status);
        self
    }

    /// Sets whether a refresh token may be sent again after its response was lost. Default: never.
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }

    /// Sets the prover that proves possession of a key with each request (RFC 9449). Default: none;
    /// tokens are bearer tokens.
    pub fn prover(mut self, prover: impl Prover + 'static) -> Self {
        self.prover = Some(Arc::new(prover));
        self
    }

    /// Sets the header in which the APIs expect the token, such as `X-Shopify-Access-Token`. Default: `Authorization`.
    ///
    /// The header holds the token alone, unless [`token_scheme`](Policy::token_scheme) is set, too. So
    /// `token_header("Authorization")` is for an API that expects the token without a scheme.
    /// A name that no header can have is [`Error::Configuration`](crate::Error::Configuration) when a token is
    /// requested; so is a header or a scheme together with a [`prover`](Policy::prover).
    ///
    /// ```
    /// use auth_core::grant::Policy;
    ///
    /// let policy = Policy::for_interactive()
    ///     .api("https://acme.myshopify.com")
    ///     .token_header("X-Shopify-Access-Token");
    /// # let _ = policy;
    /// ```
    pub fn token_header(mut self, name: impl Into<String>) -> Self {
        self.token.get_or_insert_default().header = Some(name.into());
        self
    }

    /// Sets the word before the token (RFC 9110 §11.1), such as `Zoho-oauthtoken` or `Token`. Default: `Bearer`, or
    /// `DPoP` for a token that is bound to a key.
    ///
    /// ```
    /// use auth_core::grant::Policy;
    ///
    /// let policy = Policy::for_interactive()
    ///     .api("https://www.zohoapis.com")
    ///     .token_scheme("Zoho-oauthtoken");
    /// # let _ = policy;
    /// ```
    pub fn token_scheme(mut self, word: impl Into<String>) -> Self {
        self.token.get_or_insert_default().scheme = Some(word.into());
        self
    }

    /// The origins of the APIs.
    #[must_use]
    pub fn apis(&self) -> &[String] {
        &self.apis
    }

    /// Returns `true` if an API rejects a token by this status.
    #[must_use]
    pub fn is_rejection(&self, status: u16) -> bool {
        status == 401 || self.rejections.contains(&status)
    }

    /// Returns `true` if tokens are bound to a key.
    #[must_use]
    pub fn binds_tokens(&self) -> bool {
        self.prover.is_some()
    }

    pub(crate) fn login(&self) -> LoginKind {
        self.login
    }

    pub(crate) fn replays(&self) -> Replay {
        self.replay
    }

    /// Presentation of the token to the APIs; `None` for that of RFC 6750.
    pub(crate) fn presentation(&self) -> Option<Result<Presentation>> {
        let TokenSettings { header, scheme } = self.token.as_deref()?;
        let (header, scheme) = (header.as_deref(), scheme.as_deref());
        Some(Presentation::new(header, scheme, self.binds_tokens()))
    }

    /// The origins of the APIs, which the policy then lacks.
    pub(crate) fn take_apis(&mut self) -> Vec<String> {
        std::mem::take(&mut self.apis)
    }

    /// Returns the parts that a session keeps: the statuses other than 401, and the prover.
    pub(crate) fn into_parts(self) -> (Box<[u16]>, Option<Arc<dyn Prover>>) {
        (self.rejections.into(), self.prover)
    }
}

/// The token to be revoked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RevokedToken<'a> {
    /// The refresh token: the server ends the login, and often its access tokens with it.
    Refresh(&'a Secret),
    /// The access token, where there is no refresh token, or one that may be spent.
    Access(&'a Secret),
}

/// Proves possession of a key with each request (RFC 9449).
///
/// [`Session::agent`](crate::Session::agent) requests the `DPoP` header of each request that it signs, and a
/// [`TokenRequest`] that of each sending.
///
/// `oauth2_generic::DpopKey` is a prover with a key in memory. This one leaves the key in a security module:
///
/// ```
/// use std::sync::Mutex;
/// use auth_core::error::ErrorCode;
/// use auth_core::grant::{Policy, ProofRequest, ProofResponse, Prover, TokenType};
/// use auth_core::{Result, Secret, Token};
///
/// #[derive(Debug)]
/// struct Module {
///     key: u32,
///     nonce: Mutex<Option<String>>, // one API and one server; with more, one for each origin
/// }
///
/// impl Prover for Module {
///     fn prove(&self, request: &ProofRequest<'_>) -> Result<Secret> {
///         let nonce = self.nonce.lock().unwrap().clone();
///         let token = request.token.map(Token::expose); // its hash is a claim, `ath`
///         sign_in_module(self.key, request.method.as_str(), request.uri, request.now.seconds(), token, nonce)
///     }
///
///     fn learn(&self, response: &ProofResponse<'_>) -> bool {
///         let Some(nonce) = response.headers.get("DPoP-Nonce") else { return false };
///         *self.nonce.lock().unwrap() = nonce.to_str().ok().map(str::to_owned);
///         match response.refusal {
///             Some(refusal) => refusal.code == ErrorCode::UseDpopNonce,
///             None => response.headers.get("WWW-Authenticate").is_some_and(|it| {
///                 it.to_str().is_ok_and(|it| it.contains("use_dpop_nonce"))
///             }),
///         }
///     }
/// }
/// # fn sign_in_module(
/// #     _: u32, _: &str, _: &auth_core::http::Uri, _: u64, _: Option<&str>, nonce: Option<String>,
/// # ) -> Result<Secret> {
/// #     Ok(Secret::new(format!("proof.{}", nonce.unwrap_or_default())))
/// # }
/// # #[derive(Debug)] struct Acme;
/// # impl auth_core::Grant for Acme {
/// #     fn identity(&self) -> auth_core::grant::Identity { auth_core::grant::Identity::new("acme") }
/// #     fn policy(&self) -> Policy { Policy::for_client().prover(Module { key: 7, nonce: Mutex::default() }) }
/// #     fn login_request(&self) -> Result<auth_core::grant::TokenRequest> {
/// #         Ok(auth_core::grant::TokenRequest::form("https://api.acme.example/token"))
/// #     }
/// # }
/// # use auth_core::http::Response;
/// # let refused = Response::builder().status(400).header("DPoP-Nonce", "n1");
/// # let refused = refused.body(br#"{"error": "use_dpop_nonce"}"#.to_vec());
/// # let http = auth_core::testing::CannedTransport::new()
/// #     .response(refused.unwrap())
/// #     .json(200, r#"{"access_token": "abc", "token_type": "DPoP", "expires_in": 300}"#);
/// # let session = auth_core::Session::builder(Acme).transport(http.clone()).build()?;
///
/// // In the grant: `Policy::for_client().prover(Module { key: 7, nonce: Mutex::default() })`.
/// let token = session.token()?;
/// assert_eq!(token.token_type(), TokenType::Dpop);
/// assert_eq!(token.authorization(), "DPoP abc");
/// # assert_eq!(http.requests()[1].headers()["DPoP"], "proof.n1");
/// # Ok::<(), auth_core::Error>(())
/// ```
pub trait Prover: Debug + Send + Sync {
    /// Returns the `DPoP` header of one request.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the proof cannot be made.
    fn prove(&self, request: &ProofRequest<'_>) -> Result<Secret>;

    /// Learns from a response, such as a nonce for the next proof. Returns `true` if the server refused the proof and
    /// may accept the next one, so that the request is worth sending once more.
    fn learn(&self, response: &ProofResponse<'_>) -> bool;
}

/// Request that needs a proof.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProofRequest<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's target.
    pub uri: &'a Uri,
    /// The token that the request carries; `None` at a token endpoint.
    pub token: Option<&'a Token>,
    /// The session's time.
    pub now: UnixTime,
}

/// Response that may hold a nonce for the next proof.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProofResponse<'a> {
    /// The request's target.
    pub uri: &'a Uri,
    /// The response's headers; an API refuses a proof in `WWW-Authenticate`.
    pub headers: &'a HeaderMap,
    /// The refusal of a token endpoint.
    pub refusal: Option<&'a Refusal>,
}

/// Replay of a refresh token whose response was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replay {
    /// Never: a second use may be refused, or may end the login.
    #[default]
    Never,
    /// Once: the vendor documents that a second use soon after the first returns the same.
    Once,
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<G: Grant + ?Sized> Grant for $pointer {
            fn identity(&self) -> Identity {
                (**self).identity()
            }

            fn policy(&self) -> Policy {
                (**self).policy()
            }

            fn login_request(&self) -> Result<TokenRequest> {
                (**self).login_request()
            }

            fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
                (**self).refresh_request(refresh_token)
            }

            fn revocation_request(&self, token: RevokedToken<'_>) -> Result<Option<TokenRequest>> {
                (**self).revocation_request(token)
            }
        }
    )*};
}

forward!(&G, Box<G>, Arc<G>);
