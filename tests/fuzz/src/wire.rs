//! Responses as text, and a transport that returns them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::error::{Delivery, NetworkFailure};
use auth_core::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use auth_core::transport::Transport;
use auth_core::{Error, Result};

/// Responses in order, the last one for every further request; and the requests.
pub(crate) struct Answers {
    responses: Vec<Response<Vec<u8>>>,
    next: AtomicUsize,
    sent: Mutex<Vec<Request<Vec<u8>>>>,
}

impl Answers {
    /// Reads an input: responses with a line `%%` between two.
    pub(crate) fn read(input: &[u8]) -> Self {
        Self::of(pieces(input).map(response).collect())
    }

    pub(crate) fn of(responses: Vec<Response<Vec<u8>>>) -> Self {
        Self {
            responses,
            next: AtomicUsize::new(0),
            sent: Mutex::default(),
        }
    }

    /// Adds a response after those of the input.
    pub(crate) fn then(mut self, text: &str) -> Self {
        self.responses.push(response(text.as_bytes()));
        self
    }

    /// The first response.
    pub(crate) fn first(&self) -> &Response<Vec<u8>> {
        &self.responses[0]
    }

    /// The requests that were sent.
    pub(crate) fn sent(&self) -> Vec<Request<Vec<u8>>> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    pub(crate) fn count(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }
}

impl Transport for Answers {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.sent.lock().unwrap().push(request);
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        let response = self.responses.get(at).or(self.responses.last());
        response.cloned().ok_or_else(down)
    }
}

/// The error of a server that is down.
pub(crate) fn down() -> Error {
    Error::network(NetworkFailure::Closed, Delivery::NotSent)
}

/// The pieces of an input, at most four.
pub(crate) fn pieces(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    let pieces = std::iter::from_fn(move || {
        let input = rest?;
        let at = input
            .windows(SEPARATOR.len())
            .position(|window| window == SEPARATOR);
        rest = at.map(|at| &input[at + SEPARATOR.len()..]);
        Some(at.map_or(input, |at| &input[..at]))
    });
    pieces.take(4)
}

/// A response that is written as in HTTP/1.1, or the body of one with status 200.
fn response(text: &[u8]) -> Response<Vec<u8>> {
    if !text.starts_with(b"HTTP/") {
        return Response::new(text.to_vec());
    }
    let (head, body) = split(text, b"\n\n")
        .or_else(|| split(text, b"\r\n\r\n"))
        .unwrap_or((text, b""));
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines.next().unwrap_or_default();
    let status = status.split(|byte| *byte == b' ').nth(1);
    let status = status.and_then(|word| StatusCode::from_bytes(word.trim_ascii()).ok());
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = status.unwrap_or_default();
    for line in lines.take(32) {
        let Some((name, value)) = split(line, b":") else {
            continue;
        };
        let name = HeaderName::from_bytes(name.trim_ascii());
        let value = HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = text.windows(at.len()).position(|window| window == at)?;
    Some((&text[..place], &text[place + at.len()..]))
}

const SEPARATOR: &[u8] = b"\n%%\n";
