//! Writes a request: a form, a JSON object or a query.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serializer as _;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::origin::Origin;

use super::reading::Ready;
use super::{Shape, TokenRequest};

impl TokenRequest {
    pub(super) fn request(&self, ready: &Ready) -> Result<Request<Vec<u8>>> {
        if self.shape == Shape::Custom {
            return Err(Error::configuration(
                "a request made with `from_fn` yields tokens and nothing else; call `send`",
            ));
        }
        let endpoint = self.url()?;
        let (method, uri, content_type, body) = match self.shape {
            Shape::Form => (
                Method::POST,
                endpoint,
                "application/x-www-form-urlencoded",
                ready.encoded(),
            ),
            Shape::Json => (
                Method::POST,
                endpoint,
                "application/json",
                ready.json_object()?,
            ),
            Shape::Query | Shape::Custom => {
                (Method::GET, ready.with_query(&endpoint)?, "", Vec::new())
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Without it any compression would be acceptable (RFC 9110 §12.5.3), and we read none.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.extend(ready.headers.iter().cloned());
        Ok(request)
    }

    /// Fails for an endpoint to which no request can go.
    pub(crate) fn check_endpoint(&self) -> Result<()> {
        match self.shape {
            Shape::Custom => Ok(()),
            Shape::Form | Shape::Json | Shape::Query => self.url().map(drop),
        }
    }

    /// The origin that the request goes to; `None` for one that is made by a closure, or has a wrong URL.
    pub(crate) fn origin(&self) -> Option<Origin> {
        match self.shape {
            Shape::Custom => None,
            Shape::Form | Shape::Json | Shape::Query => Origin::of(&self.url().ok()?),
        }
    }

    fn url(&self) -> Result<Uri> {
        if !self.endpoint.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::configuration(
                "the endpoint's URL has a line break, a space or a character that is not ASCII in it; remove it",
            ));
        }
        // `http` reads over a fragment, and RFC 6749 §3.2 excludes one.
        if self.endpoint.contains('#') {
            return Err(Error::configuration(
                "the token endpoint has a fragment; remove it",
            ));
        }
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
        Ok(endpoint)
    }
}

impl Ready {
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
}

fn not_a_url() -> Error {
    Error::configuration("the token endpoint is not a URL; write it as https://host/path")
}

/// Characters that a form value escapes (WHATWG URL, `application/x-www-form-urlencoded`); a space
/// becomes `%20`, which every reader of `+` also reads.
pub(super) const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');
