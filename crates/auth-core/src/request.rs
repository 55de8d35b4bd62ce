//! The request to a token endpoint.

mod basic;
mod echo;
mod headers;
mod sending;
mod syntax;
mod writing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, RequestKind, Result};
use crate::fingerprint::{Digest, Fingerprint};
use crate::grant::Prover;
use crate::response::{AnswerFormat, Reply};
use crate::secret::Secret;
use crate::token::TokenResponse;
use crate::transport::Transport;

use sending::{Custom, Fresh, Look};

pub(crate) use echo::Echo;
pub(crate) use sending::attach;

/// A request to a token endpoint, and the reading of its answer.
///
/// Three shapes are in use: a form, as RFC 6749 wants it; a JSON object; and a query. A parameter or
/// header that cannot be sent is kept as an error until [`send`](TokenRequest::send), which then sends nothing.
///
/// ```no_run
/// use auth_core::{HttpTransport, TokenRequest};
///
/// let answer = TokenRequest::json("https://api.example.com/token")
///     .param("grant_type", "client_credentials")
///     .param("client_id", "batch")
///     .param("client_secret", "s3cret")
///     .send(&HttpTransport::new())?;
/// # Ok::<(), auth_core::Error>(())
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct TokenRequest {
    shape: Shape,
    endpoint: String,
    parameters: Vec<(Cow<'static, str>, Secret)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What the headers hold that must not be seen.
    in_headers: Vec<Secret>,
    format: AnswerFormat,
    fresh: Vec<Fresh>,
    /// What may explain a failure.
    looks: Vec<Look>,
    prover: Option<Arc<dyn Prover>>,
    custom: Option<Custom>,
    at_most: Option<Duration>,
    problem: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Form,
    Json,
    Query,
    /// Whatever a function does.
    Custom,
}

impl TokenRequest {
    /// A `POST` with `application/x-www-form-urlencoded` parameters (RFC 6749 §4).
    pub fn form(endpoint: impl Into<String>) -> Self {
        Self::new(Shape::Form, endpoint.into())
    }

    /// A `POST` with a JSON object of parameters.
    pub fn json(endpoint: impl Into<String>) -> Self {
        Self::new(Shape::Json, endpoint.into())
    }

    /// A `GET` with the parameters in the query.
    pub fn query(endpoint: impl Into<String>) -> Self {
        Self::new(Shape::Query, endpoint.into())
    }

    /// Whatever else yields tokens: an SDK, two requests in a row, a socket.
    ///
    /// `credentials` are what `obtain` would send; a refusal is remembered for exactly these. Set
    /// [`at_most`](TokenRequest::at_most) if it may take longer than one request of the transport.
    ///
    /// ```
    /// use auth_core::{Secret, TokenRequest, TokenResponse};
    ///
    /// let password = Secret::from("s3cret");
    /// let request = TokenRequest::from_fn([password], |_http| Ok(TokenResponse::new("from an SDK")));
    /// # let _ = request;
    /// ```
    pub fn from_fn(
        credentials: impl IntoIterator<Item = Secret>,
        obtain: impl Fn(&dyn Transport) -> Result<TokenResponse> + Send + Sync + 'static,
    ) -> Self {
        let mut request = Self::new(Shape::Custom, String::new());
        let credentials = credentials.into_iter();
        request.parameters = credentials.map(|secret| ("".into(), secret)).collect();
        request.custom = Some(Custom::new(obtain));
        request
    }

    /// Sets the most time that [`from_fn`](TokenRequest::from_fn) takes, for other processes that
    /// wait for it. Default: the time-out of the transport.
    pub fn at_most(mut self, time: Duration) -> Self {
        self.at_most = Some(time);
        self
    }

    /// Adds a parameter that must be there: an empty one is a configuration error, and so is one with characters
    /// that it cannot have (RFC 6749 appendix A), such as the line break of the file that it was read from.
    pub fn param(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.check_value(&name, &value);
        self.parameters.push((name, value));
        self
    }

    /// Adds a parameter as [`param`](TokenRequest::param) does, whose setting has another name: an error names that.
    ///
    /// ```
    /// use auth_core::TokenRequest;
    ///
    /// // The caller knows it as `client_secret`, and the vendor as `cs`.
    /// let request = TokenRequest::query("https://api.example.com/token").setting("client_secret", "cs", "");
    /// let error = request.check().unwrap_err();
    /// assert_eq!(error.to_string(), "`client_secret` is empty; set it");
    /// ```
    pub fn setting(
        mut self,
        setting: &'static str,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Secret>,
    ) -> Self {
        let value = value.into();
        self.check_value(setting, &value);
        self.parameters.push((name.into(), value));
        self
    }

    /// Adds a parameter unless it is empty.
    pub fn optional(self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        let value = value.into();
        if value.is_empty() {
            self
        } else {
            self.param(name, value)
        }
    }

    /// Adds a parameter that is made anew for each sending: an assertion, which a server takes once.
    ///
    /// `stands_for` tells apart what makes it, a key for instance, and is not sent: with another one
    /// the request is another, and a refusal of the old one no longer holds.
    ///
    /// ```
    /// use auth_core::{Secret, TokenRequest};
    ///
    /// let request = TokenRequest::form("https://api.example.com/token")
    ///     .param("grant_type", "client_credentials")
    ///     .fresh("client_assertion", "the key's thumbprint", || Ok(Secret::from("signed just now")));
    /// # let _ = request;
    /// ```
    pub fn fresh(
        mut self,
        name: impl Into<Cow<'static, str>>,
        stands_for: impl Into<Secret>,
        make: impl Fn() -> Result<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.fresh.push(Fresh::new(self.parameters.len(), make));
        self.parameters.push((name.into(), stands_for.into()));
        self
    }

    /// Sends a proof along, and sends once more if the server refuses that proof and says what
    /// another one needs (RFC 9449 §8).
    ///
    /// It has done nothing else with the request then, so a refresh token counts as sent once.
    pub fn prover(mut self, prover: impl Prover + 'static) -> Self {
        self.prover = Some(Arc::new(prover));
        self
    }

    /// Calls a function with each refusal or other failure of the server and the headers of its answer. The text that
    /// it returns is added to the error: a possible cause, and what to do. It must hold no secret.
    ///
    /// ```
    /// use auth_core::TokenRequest;
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

    /// Reads the answer in another format than RFC 6749's.
    pub fn answer(mut self, format: AnswerFormat) -> Self {
        self.format = format;
        self
    }

    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// [`Error::Configuration`] before anything is sent; [`Error::Network`] if no answer came;
    /// [`Error::Refused`], [`Error::Status`] or [`Error::Answer`] if one came without a usable token.
    pub fn send(self, http: &dyn Transport) -> Result<TokenResponse> {
        if let (Some(custom), None) = (&self.custom, &self.problem) {
            return custom.obtain(http);
        }
        self.exchange(http, |request, answer| {
            let outcome = request
                .format
                .read(answer, &|text| request.echo().leave_out(text));
            outcome.map_err(|error| error.answering(request.kind()))
        })
    }

    /// Sends the request to an endpoint that answers a JSON object without a token in it.
    ///
    /// # Errors
    /// As [`send`](TokenRequest::send).
    pub fn ask(self, http: &dyn Transport) -> Result<Reply> {
        self.exchange(http, |request, answer| {
            Reply::read(answer, &|text| request.echo().leave_out(text))
        })
    }

    /// Sends the request to an endpoint of which only success or failure counts.
    ///
    /// # Errors
    /// As [`send`](TokenRequest::send).
    pub fn tell(self, http: &dyn Transport) -> Result<()> {
        if self.custom.is_some() {
            return self.send(http).map(drop);
        }
        self.exchange(http, |request, answer| {
            Reply::check(answer, &|text| request.echo().leave_out(text))
        })
    }

    fn new(shape: Shape, endpoint: String) -> Self {
        Self {
            shape,
            endpoint,
            parameters: Vec::new(),
            headers: Vec::new(),
            in_headers: Vec::new(),
            format: AnswerFormat::default(),
            fresh: Vec::new(),
            looks: Vec::new(),
            prover: None,
            custom: None,
            at_most: None,
            problem: None,
        }
    }

    /// The fingerprint of all that would be sent, but for what is made anew each time and for the
    /// refresh token `but`: another setting gives another one.
    pub(crate) fn fingerprint(&self, but: Option<&Secret>) -> Fingerprint {
        if self.shape == Shape::Custom && self.parameters.is_empty() {
            return Fingerprint(0);
        }
        let mut hash = Digest::new();
        hash.text(&format!("{:?} {}", self.shape, self.endpoint));
        for (name, value) in &self.parameters {
            if but.is_none_or(|but| but.expose() != value.expose()) {
                hash.text(name);
                hash.text(value.expose());
            }
        }
        for (name, value) in &self.headers {
            hash.text(name.as_str());
            hash.bytes(value.as_bytes());
        }
        hash.text(&format!("{:?}", self.format));
        hash.short()
    }

    /// Returns the error of a parameter or header that cannot be sent, which [`send`](TokenRequest::send) would
    /// return before anything is sent.
    ///
    /// # Errors
    /// [`Error::Configuration`]; the message names the setting.
    pub fn check(&self) -> Result<()> {
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// How long an exchange takes at the most, if the grant says so.
    pub(crate) fn longest(&self) -> Option<Duration> {
        self.at_most
    }

    /// Keeps the first problem: the one at the top of the caller's code.
    fn fail(&mut self, problem: String) {
        self.problem.get_or_insert(Error::configuration(problem));
    }

    /// What is asked for, by the grant that the request names; a vendor's own request without one is a
    /// login until its session says otherwise.
    fn kind(&self) -> RequestKind {
        let grant_type = self
            .parameters
            .iter()
            .find(|(name, _)| name == "grant_type");
        match grant_type.map(|(_, grant_type)| grant_type.expose()) {
            Some("refresh_token") => RequestKind::Refresh,
            Some("authorization_code" | "urn:ietf:params:oauth:grant-type:device_code") => {
                RequestKind::Code
            }
            _ => RequestKind::Login,
        }
    }

    /// Fails for a value that is missing or cannot be meant.
    fn check_value(&mut self, setting: &str, value: &Secret) {
        if value.is_empty() {
            self.fail(format!("`{setting}` is empty; set it"));
        } else if let Some(problem) = syntax::problem(setting, value.expose()) {
            self.fail(problem);
        }
    }

    /// What a server may repeat; the names of a grant and of a scope are no secrets.
    fn echo(&self) -> Echo {
        let parameters = self.parameters.iter();
        let secret = parameters.filter(|(name, _)| name != "grant_type" && name != "scope");
        Echo::of(
            secret
                .map(|(_, value)| value)
                .chain(&self.in_headers)
                .map(Secret::expose),
        )
    }
}
