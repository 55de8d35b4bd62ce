//! The request to a token endpoint.

mod echo;
mod sending;

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serializer as _;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::grant::Prover;
use crate::response::{AnswerFormat, Reply};
use crate::secret::{Secret, header_value};
use crate::token::TokenResponse;
use crate::transport::Transport;

use echo::Echo;
use sending::Fresh;

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
#[derive(Debug)]
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
    prover: Option<Box<dyn Prover>>,
    problem: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Form,
    Json,
    Query,
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

    /// Adds a parameter that must be there: an empty one is a configuration error.
    pub fn param(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        let (name, value) = (name.into(), value.into());
        if value.is_empty() {
            self.fail(format!("`{name}` is empty; set it"));
        }
        self.parameters.push((name, value));
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
    pub fn fresh(
        mut self,
        name: impl Into<Cow<'static, str>>,
        make: impl Fn() -> Result<Secret> + Send + Sync + 'static,
    ) -> Self {
        self.fresh.push(Fresh::new(self.parameters.len(), make));
        self.parameters.push((name.into(), Secret::default()));
        self
    }

    /// Sends a proof along, and sends once more if the server refuses that proof and says what
    /// another one needs (RFC 9449 §8).
    ///
    /// It has done nothing else with the request then, so a refresh token counts as sent once.
    pub fn prover(mut self, prover: impl Prover + 'static) -> Self {
        self.prover = Some(Box::new(prover));
        self
    }

    /// Adds a header; its value must be visible ASCII, with spaces inside at most.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let sendable = !value.is_empty()
            && value.len() <= LONGEST_HEADER
            && value.trim() == value
            && value
                .bytes()
                .all(|byte| byte == b' ' || byte.is_ascii_graphic());
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) if sendable => self.headers.push((name, value)),
            _ => self.fail(format!(
                "the value for the header `{name}` is empty, too long or not visible ASCII"
            )),
        }
        self
    }

    /// Authenticates the client by HTTP Basic (RFC 6749 §2.3.1: both parts form-encoded first).
    pub fn basic(mut self, client_id: &str, client_secret: &Secret) -> Self {
        if client_id.is_empty() {
            self.fail("`client_id` is empty; set it".to_owned());
        }
        let mut pair = Zeroizing::new(String::with_capacity(
            3 * (client_id.len() + client_secret.expose().len()) + 1,
        ));
        pair.extend(utf8_percent_encode(client_id, FORM));
        pair.push(':');
        pair.extend(utf8_percent_encode(client_secret.expose(), FORM));
        let encoded = Secret::from(BASE64_STANDARD.encode(pair.as_bytes()));
        let value = [b"Basic ", encoded.expose().as_bytes()].concat();
        self.in_headers.extend([client_secret.clone(), encoded]);
        // Base64 is visible ASCII, so this is always a header value.
        if let Some(value) = header_value(Zeroizing::new(value)) {
            self.headers.push((AUTHORIZATION, value));
        }
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
        self.exchange(http, |request, answer| {
            request
                .format
                .read(answer, &|text| request.echo().leave_out(text))
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
            prover: None,
            problem: None,
        }
    }

    /// Keeps the first problem: the one at the top of the caller's code.
    fn fail(&mut self, problem: String) {
        self.problem.get_or_insert(Error::configuration(problem));
    }

    fn request(&self) -> Result<Request<Vec<u8>>> {
        let endpoint: Uri = self.endpoint.parse().map_err(|_| not_a_url())?;
        let authority = endpoint.authority().filter(|it| !it.host().is_empty());
        let (Some(_), Some(authority)) = (endpoint.scheme(), authority) else {
            return Err(not_a_url());
        };
        if authority.as_str().contains('@') {
            return Err(Error::configuration(
                "the token endpoint holds a user name; pass credentials as parameters",
            ));
        }
        // `http` reads over a port that is no number.
        if authority.as_str().len() > authority.host().len() && authority.port().is_none() {
            return Err(not_a_url());
        }
        let (method, uri, content_type, body) = match self.shape {
            Shape::Form => (
                Method::POST,
                endpoint,
                "application/x-www-form-urlencoded",
                self.encoded(),
            ),
            Shape::Json => (
                Method::POST,
                endpoint,
                "application/json",
                self.json_object()?,
            ),
            Shape::Query => (Method::GET, self.with_query(&endpoint)?, "", Vec::new()),
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.extend(self.headers.iter().cloned());
        Ok(request)
    }

    /// The parameters as a form, in a buffer that never grows: a grown one leaves a copy behind.
    fn encoded(&self) -> Vec<u8> {
        let most = self
            .parameters
            .iter()
            .map(|(name, value)| 3 * (name.len() + value.expose().len()) + 2);
        let mut form = Vec::with_capacity(most.sum());
        for (name, value) in &self.parameters {
            if !form.is_empty() {
                form.push(b'&');
            }
            let pieces = utf8_percent_encode(name, FORM).chain(["="]);
            pieces
                .chain(utf8_percent_encode(value.expose(), FORM))
                .for_each(|piece| form.extend(piece.bytes()));
        }
        form
    }

    fn json_object(&self) -> Result<Vec<u8>> {
        let most = self
            .parameters
            .iter()
            .map(|(name, value)| 6 * (name.len() + value.expose().len()) + 6);
        let mut json = Vec::with_capacity(most.sum::<usize>() + 2);
        let members = self
            .parameters
            .iter()
            .map(|(name, value)| (name, value.expose()));
        serde_json::Serializer::new(&mut json)
            .collect_map(members)
            .map_err(|_| Error::configuration("a parameter cannot be written as JSON"))?;
        Ok(json)
    }

    fn with_query(&self, endpoint: &Uri) -> Result<Uri> {
        if endpoint.query().is_some() {
            return Err(Error::configuration(
                "the token endpoint holds a query; pass parameters as parameters",
            ));
        }
        if self.parameters.is_empty() {
            return Ok(endpoint.clone());
        }
        let encoded = Zeroizing::new(self.encoded());
        let base = endpoint.to_string();
        let mut uri = Zeroizing::new(Vec::with_capacity(base.len() + 1 + encoded.len()));
        uri.extend_from_slice(base.as_bytes());
        uri.push(b'?');
        uri.extend_from_slice(&encoded);
        Uri::from_maybe_shared(Bytes::from_owner(uri))
            .map_err(|_| Error::configuration("the parameters are too long for a query"))
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

fn not_a_url() -> Error {
    Error::configuration("the token endpoint is not a URL; write it as https://host/path")
}

/// What a form value may hold unescaped (WHATWG URL, `application/x-www-form-urlencoded`); a space
/// becomes `%20`, which every reader of `+` also reads.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');
const LONGEST_HEADER: usize = 2048;
