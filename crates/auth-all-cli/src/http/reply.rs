//! The response to a request: a text of this program, or the body of another server as a stream.

use std::io::{self, Read, Write as _};

use auth_all::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING, VARY,
};
use auth_all::http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::listen::Connection;

use super::{Head, Refusal};

/// Sends one response.
pub(crate) struct Reply<'c> {
    connection: &'c Connection,
    is_head: bool,
    is_http10: bool,
    keeps_alive: bool,
    /// The web page's origin that may read the response.
    allowed: Option<HeaderValue>,
    is_begun: bool,
}

impl<'c> Reply<'c> {
    pub(super) fn to(connection: &'c Connection, head: &Head) -> Self {
        Self {
            connection,
            is_head: head.method == Method::HEAD,
            is_http10: head.is_http10,
            keeps_alive: head.keeps_alive,
            allowed: None,
            is_begun: false,
        }
    }

    /// A response to a request that cannot be read.
    pub(super) fn closing(connection: &'c Connection) -> Self {
        Self {
            connection,
            is_head: false,
            is_http10: false,
            keeps_alive: false,
            allowed: None,
            is_begun: false,
        }
    }

    /// Lets the web pages of this origin read the response.
    pub(super) fn allow(&mut self, origin: Option<HeaderValue>) {
        self.allowed = origin;
    }

    pub(super) fn keeps_alive(&self) -> bool {
        self.keeps_alive
    }

    /// Returns `true` if the head of the response is sent.
    pub(crate) fn is_begun(&self) -> bool {
        self.is_begun
    }

    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> io::Result<()> {
        let words = format!("auth-all: {}\n", refusal.words);
        self.text(refusal.status, &[], &words)
    }

    /// Sends a text, which no cache keeps.
    pub(crate) fn text(
        &mut self,
        status: StatusCode,
        fields: &[(HeaderName, HeaderValue)],
        text: &str,
    ) -> io::Result<()> {
        self.typed(status, fields, "text/plain; charset=utf-8", text)
    }

    pub(crate) fn typed(
        &mut self,
        status: StatusCode,
        fields: &[(HeaderName, HeaderValue)],
        media_type: &'static str,
        text: &str,
    ) -> io::Result<()> {
        let mut headers: HeaderMap = fields.iter().cloned().collect();
        for (name, value) in [
            ("content-type", media_type),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        self.send(
            status,
            headers,
            Some(text.len() as u64),
            &mut text.as_bytes(),
        )
    }

    /// Sends a response with a body of this length; without a length, in chunks.
    ///
    /// An error of the body after the head is an error of the connection: the client sees that the body is cut.
    pub(crate) fn send(
        &mut self,
        status: StatusCode,
        mut headers: HeaderMap,
        length: Option<u64>,
        body: &mut dyn Read,
    ) -> io::Result<()> {
        let has_body = !self.is_head
            && status != StatusCode::NO_CONTENT
            && status != StatusCode::NOT_MODIFIED
            && length != Some(0);
        match length {
            _ if status == StatusCode::NO_CONTENT => {
                headers.remove(CONTENT_LENGTH);
            }
            // The length of the body that a GET would have.
            _ if self.is_head || status == StatusCode::NOT_MODIFIED => {}
            Some(length) => {
                headers.insert(CONTENT_LENGTH, length.into());
            }
            None if self.is_http10 => {
                headers.remove(CONTENT_LENGTH);
                self.keeps_alive = false;
            }
            None => {
                headers.remove(CONTENT_LENGTH);
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
        }
        self.keeps_alive &= !self.connection.is_stopping();
        if !self.keeps_alive {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(origin) = &self.allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        let mut bytes = Vec::with_capacity(FIRST_WRITE);
        head(&mut bytes, status, &headers);
        match length {
            _ if !has_body => self.write(&bytes),
            // One write for a short response.
            Some(length) if length <= SHORT => {
                let read = body.take(length).read_to_end(&mut bytes)?;
                if (read as u64) < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                // The source is at its end, and its connection is free.
                let _ = body.read(&mut [0]);
                self.write(&bytes)
            }
            _ => {
                self.write(&bytes)?;
                drop(bytes);
                self.stream_out(length, body)
            }
        }
    }

    fn stream_out(&mut self, length: Option<u64>, body: &mut dyn Read) -> io::Result<()> {
        let is_chunked = length.is_none() && !self.is_http10;
        let mut buffer = vec![0; BEFORE + CHUNK + 2];
        let mut sent = 0;
        loop {
            let count = body.read(&mut buffer[BEFORE..BEFORE + CHUNK])?;
            sent += count as u64;
            if count == 0 {
                return match length {
                    Some(length) if sent != length => Err(io::ErrorKind::UnexpectedEof.into()),
                    _ if is_chunked => self.write(b"0\r\n\r\n"),
                    _ => Ok(()),
                };
            }
            if !is_chunked {
                self.write(&buffer[BEFORE..BEFORE + count])?;
                continue;
            }
            let size = format!("{count:x}\r\n");
            let from = BEFORE - size.len();
            buffer[from..BEFORE].copy_from_slice(size.as_bytes());
            buffer[BEFORE + count..BEFORE + count + 2].copy_from_slice(b"\r\n");
            self.write(&buffer[from..BEFORE + count + 2])?;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.is_begun = true;
        let mut stream = self.connection.stream();
        stream.write_all(bytes)
    }
}

fn head(bytes: &mut Vec<u8>, status: StatusCode, headers: &HeaderMap) {
    let reason = status.canonical_reason().unwrap_or_default();
    // Writing to a vector does not fail.
    let _ = write!(bytes, "HTTP/1.1 {} {reason}\r\n", status.as_str());
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
}

const FIRST_WRITE: usize = 1024;
/// A body that is sent together with its head.
const SHORT: u64 = 16 * 1024;
const CHUNK: usize = 64 * 1024;
/// Room for the size of a chunk.
const BEFORE: usize = 8;
