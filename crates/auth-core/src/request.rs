//! The request to a token endpoint.

mod basic;
mod echo;
mod headers;
mod reading;
mod sending;
mod syntax;
mod writing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::clock::{Clock, SystemClock, UnixTime};
use crate::error::{Error, RequestKind, Result};
use crate::grant::Prover;
use crate::response::{JsonResponse, ResponseFormat};
use crate::secret::{Secret, SecretSource};
use crate::token::TokenResponse;
use crate::transport::Transport;

use basic::Basic;
use reading::Parameter;
use sending::{Custom, Look};

pub(crate) use echo::Echo;
pub(crate) use reading::Readings;
pub(crate) use sending::attach;

/// One request for tokens, and the format of its response. Nothing is sent before [`send`](TokenRequest::send).
///
/// Three shapes are in use: a form, as RFC 6749 specifies; a JSON object; and a query. A parameter or header that
/// cannot be sent is reported by [`check`](TokenRequest::check), and by [`send`](TokenRequest::send), which then sends
/// nothing.
///
/// ```no_run
/// use auth_core::transport::HttpTransport;
/// use auth_core::{grant::TokenRequest, secret};
///
/// let tokens = TokenRequest::json("https://api.example.com/token")
///     .param("grant_type", "client_credentials")
///     .param("client_id", "batch")
///     .secret("client_secret", secret::env("CLIENT_SECRET"))
///     .send(&HttpTransport::new())?;
/// # Ok::<(), auth_core::Error>(())
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct TokenRequest {
    shape: Shape,
    endpoint: String,
    parameters: Vec<Parameter>,
    /// Headers with public values.
    headers: Vec<(HeaderName, HeaderValue)>,
    secret_headers: Vec<(HeaderName, SecretSource)>,
    basic: Option<Basic>,
    /// Secrets that are compared with refused ones, and not sent.
    credentials: Vec<SecretSource>,
    format: ResponseFormat,
    /// Hints for failures.
    looks: Vec<Look>,
    prover: Option<Arc<dyn Prover>>,
    custom: Option<Custom>,
    at_most: Option<Duration>,
    clock: Option<Arc<dyn Clock>>,
    /// Secrets that a session has read already.
    readings: Option<Readings>,
    problem: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Form,
    Json,
    Query,
    /// A closure.
    Custom,
}

impl TokenRequest {
    /// A `POST` with a form (RFC 6749 §4).
    pub fn form(endpoint: impl Into<String>) -> Self {
        Self::new(Shape::Form, endpoint.into())
    }

    /// A `POST` with a JSON object.
    pub fn json(endpoint: impl Into<String>) -> Self {
        Self::new(Shape::Json, endpoint.into())
    }

    /// A `GET` with a query.
    pub fn query(endpoint: impl Into<String>) -> Self {
        Self::new(Shape::Query, endpoint.into())
    }

    /// Any other way to tokens: an SDK, two requests in a row, a socket.
    ///
    /// `credentials` are compared, hashed, with those that the server refused last. Set
    /// [`at_most`](TokenRequest::at_most) if `obtain` may take longer than one request of the transport.
    ///
    /// ```
    /// use auth_core::grant::{TokenRequest, TokenResponse};
    /// use auth_core::{Secret, secret};
    ///
    /// let password = secret::env("PASSWORD");
    /// let request = TokenRequest::from_fn([password], |_http| {
    ///     Ok(TokenResponse::new(Secret::new("from an SDK")))
    /// });
    /// # let _ = request;
    /// ```
    pub fn from_fn(
        credentials: impl IntoIterator<Item = SecretSource>,
        obtain: impl Fn(&dyn Transport) -> Result<TokenResponse> + Send + Sync + 'static,
    ) -> Self {
        let mut request = Self::new(Shape::Custom, String::new());
        request.credentials = credentials.into_iter().collect();
        request.custom = Some(Custom::new(obtain));
        request
    }

    /// Sets the most time that [`from_fn`](TokenRequest::from_fn) takes, for other processes that wait for it.
    /// Default: the transport's time-out.
    pub fn at_most(mut self, time: Duration) -> Self {
        self.at_most = Some(time);
        self
    }

    /// Adds a public parameter.
    ///
    /// An empty value is a configuration error, and so is one with characters that it cannot have (RFC 6749 appendix
    /// A), such as the line break of the file that it was read from.
    pub fn param(self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.secret(name, Secret::new(value))
    }

    /// Adds a secret parameter, read when the request is sent. Its value is checked as that of
    /// [`param`](TokenRequest::param).
    pub fn secret(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<SecretSource>,
    ) -> Self {
        self.parameters
            .push(Parameter::read(name.into(), value.into()));
        self
    }

    /// Adds a parameter that is made anew for each sending, from the session's time: an assertion, which a server
    /// accepts once.
    ///
    /// Add its key by [`credential`](TokenRequest::credential), so that another key is not held back by a refusal of
    /// the old one.
    ///
    /// ```
    /// use auth_core::Secret;
    /// use auth_core::grant::TokenRequest;
    ///
    /// let request = TokenRequest::form("https://api.example.com/token")
    ///     .param("grant_type", "client_credentials")
    ///     .fresh("client_assertion", |now| Ok(Secret::new(format!("signed at {}", now.seconds()))))
    ///     .credential(Secret::new("the key's thumbprint"));
    /// # let _ = request;
    /// ```
    pub fn fresh(
        mut self,
        name: impl Into<Cow<'static, str>>,
        make: impl Fn(UnixTime) -> Result<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.parameters.push(Parameter::fresh(name.into(), make));
        self
    }

    /// Adds a credential that is not sent itself, such as the key of an assertion: it is compared, hashed, with those
    /// that the server refused last.
    pub fn credential(mut self, credential: impl Into<SecretSource>) -> Self {
        self.credentials.push(credential.into());
        self
    }

    /// Names the setting of the last parameter for errors. Default: the parameter's own name.
    ///
    /// ```
    /// use auth_core::Secret;
    /// use auth_core::grant::TokenRequest;
    ///
    /// // The caller knows it as `client_secret`, and the vendor as `cs`.
    /// let request = TokenRequest::query("https://api.example.com/token")
    ///     .secret("cs", Secret::new(""))
    ///     .named("client_secret");
    /// let error = request.check().unwrap_err();
    /// assert_eq!(error.to_string(), "`client_secret` is empty; set it");
    /// ```
    pub fn named(mut self, setting: &'static str) -> Self {
        if let Some(last) = self.parameters.last_mut() {
            last.setting = Some(setting);
        }
        self
    }

    /// Proves possession of a key (RFC 9449). A session sets its policy's prover itself.
    ///
    /// The request is sent once more if the server refuses the proof and supplies a nonce for the next one (RFC 9449
    /// §8). The server has done nothing else with the request then, so a refresh token counts as sent once.
    pub fn prover(mut self, prover: Arc<dyn Prover>) -> Self {
        self.prover = Some(prover);
        self
    }

    /// Calls a function with each refusal or other failure of the server and the headers of its response. The text that
    /// it returns is added to the error: a possible cause, and how to remove it. It must hold no secret.
    ///
    /// ```
    /// use auth_core::grant::TokenRequest;
    ///
    /// let request = TokenRequest::form("https://api.example.com/token").on_failure(|_, headers| {
    ///     let from_proxy = headers.contains_key("via");
    ///     from_proxy.then(|| "it came from a proxy; check its settings".into())
    /// });
    /// # let _ = request;
    /// ```
    pub fn on_failure(
        mut self,
        look: impl Fn(&Error, &HeaderMap) -> Option<Cow<'static, str>> + Send + Sync + 'static,
    ) -> Self {
        self.looks.push(Look::new(look));
        self
    }

    /// Sets the format of the response. Default: RFC 6749 §5.1.
    pub fn response(mut self, format: ResponseFormat) -> Self {
        self.format = format;
        self
    }

    /// Sends the request once and reads tokens from its response. A [`Session`](crate::Session) does this for its grant.
    ///
    /// # Errors
    /// [`Error::Configuration`] before anything is sent; [`Error::Network`] if no response arrived;
    /// [`Error::Refused`], [`Error::Status`] or [`Error::Response`] for a response without a usable token.
    pub fn send(&self, http: &dyn Transport) -> Result<TokenResponse> {
        if let (Some(custom), None) = (&self.custom, &self.problem) {
            return custom.obtain(http);
        }
        self.exchange(http, |without_echo, response| {
            let binds = self.prover.is_some();
            let outcome = self.format.read(response, binds, without_echo);
            outcome.map_err(|error| error.answering(self.kind()))
        })
    }

    /// Sends the request once and returns the members of a response that is not a token response.
    ///
    /// # Errors
    /// As [`send`](TokenRequest::send).
    pub fn fetch(&self, http: &dyn Transport) -> Result<JsonResponse> {
        self.exchange(http, |without_echo, response| {
            JsonResponse::read(response, without_echo)
        })
    }

    /// Sends the request to an endpoint of which only success or failure counts.
    pub(crate) fn deliver(&self, http: &dyn Transport) -> Result<()> {
        if self.custom.is_some() {
            return self.send(http).map(drop);
        }
        self.exchange(http, |without_echo, response| {
            JsonResponse::check(response, without_echo)
        })
    }

    fn new(shape: Shape, endpoint: String) -> Self {
        Self {
            shape,
            endpoint,
            parameters: Vec::new(),
            headers: Vec::new(),
            secret_headers: Vec::new(),
            basic: None,
            credentials: Vec::new(),
            format: ResponseFormat::new(),
            looks: Vec::new(),
            prover: None,
            custom: None,
            at_most: None,
            clock: None,
            readings: None,
            problem: None,
        }
    }

    /// Sets the session's prover, its clock, and the secrets that it has read for this renewal.
    pub(crate) fn of_session(
        mut self,
        prover: Option<&Arc<dyn Prover>>,
        clock: Option<&Arc<dyn Clock>>,
        readings: &Readings,
    ) -> Self {
        self.prover = self.prover.or_else(|| prover.cloned());
        self.clock = clock.cloned();
        self.readings = Some(readings.clone());
        self
    }

    fn now(&self) -> UnixTime {
        let clock = self.clock.as_deref().unwrap_or(&SystemClock);
        clock.now().wall
    }

    /// The most time that an exchange takes, if the grant sets it.
    pub(crate) fn longest(&self) -> Option<Duration> {
        self.at_most
    }

    /// Keeps the first problem: the one at the top of the caller's code.
    fn fail(&mut self, problem: String) {
        self.problem.get_or_insert(Error::configuration(problem));
    }

    /// The kind of the request by its `grant_type`; a vendor's own request without one is a login unless its session
    /// sets another kind.
    fn kind(&self) -> RequestKind {
        let grant_type = self.parameters.iter().find(|it| it.name == "grant_type");
        match grant_type.and_then(Parameter::value).map(Secret::expose) {
            Some("refresh_token") => RequestKind::Refresh,
            Some("authorization_code" | "urn:ietf:params:oauth:grant-type:device_code") => {
                RequestKind::Code
            }
            _ => RequestKind::Login,
        }
    }
}
