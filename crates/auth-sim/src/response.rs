//! HTTP responses of a simulator.

use std::time::SystemTime;

use serde_json::Value;

/// An HTTP response: the simulator's, or one that a test sends in its place.
///
/// `Date`, `Content-Length` and `Connection: close` are added when it is sent.
///
/// ```
/// use auth_sim::{Response, Fault, Simulator};
///
/// let ermeo = Simulator::ermeo();
/// ermeo.next(Fault::Response(Response::new(503).header("Retry-After", "2").body("text/plain", "busy")));
/// ```
#[derive(Clone, Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    pub(crate) is_refusal: bool,
}

impl Response {
    /// Creates a response with this status, no headers and no body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            is_refusal: false,
        }
    }

    /// Adds a header; it replaces none.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the content type and the body, which may be any bytes.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Creates a JSON response from a `serde_json::Value` or a text in JSON.
    pub fn json(status: u16, body: &(impl ToString + ?Sized)) -> Self {
        Self::new(status).body("application/json", body.to_string())
    }

    /// Returns the body parsed as JSON; `None` if it is not JSON.
    pub(crate) fn as_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::new(status).body("text/plain; charset=utf-8", body)
    }

    /// RFC 6749 §5.1: a response with a token must not be cached.
    pub(crate) fn no_store(self) -> Self {
        self.header("Cache-Control", "no-store")
            .header("Pragma", "no-cache")
    }

    /// Returns the bytes on the wire, with `Connection: close`.
    pub(crate) fn render(&self, now: SystemTime, with_body: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        head += &format!("Date: {}\r\n", httpdate::fmt_http_date(now));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.body.len()
        );
        let mut bytes = head.into_bytes();
        if with_body {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    tiny_http::StatusCode(status).default_reason_phrase()
}
