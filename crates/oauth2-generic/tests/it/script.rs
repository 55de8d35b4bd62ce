//! A server with scripted responses, which records its requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use auth_core::error::{Delivery, NetworkFailure};
use auth_core::http::{HeaderMap, Request, Response};
use auth_core::transport::Transport;
use oauth2_generic::{Error, Result};

/// Answers each request with the next response; a request without one fails the test.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    answers: VecDeque<Result<Response<Vec<u8>>>>,
    asked: Vec<(String, HeaderMap)>,
}

impl Script {
    /// Adds a response.
    pub(crate) fn then(self, status: u16, body: &str) -> Self {
        self.then_with(status, "", body)
    }

    /// Adds a response, with a `Retry-After` unless that is empty.
    pub(crate) fn then_with(self, status: u16, retry_after: &str, body: &str) -> Self {
        let mut answer = Response::builder().status(status);
        if !retry_after.is_empty() {
            answer = answer.header("Retry-After", retry_after);
        }
        let answer = answer.body(body.into()).unwrap();
        self.0.lock().unwrap().answers.push_back(Ok(answer));
        self
    }

    /// Loses the answer to the next request.
    pub(crate) fn then_lose(self) -> Self {
        self.then_fail(Delivery::Unknown)
    }

    /// Is not reached by the next request.
    pub(crate) fn then_not_send(self) -> Self {
        self.then_fail(Delivery::NotSent)
    }

    fn then_fail(self, delivery: Delivery) -> Self {
        let lost = Error::network(NetworkFailure::Timeout, delivery);
        self.0.lock().unwrap().answers.push_back(Err(lost));
        self
    }

    /// Method, URL and body of each request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        let inner = self.0.lock().unwrap();
        inner.asked.iter().map(|(line, _)| line.clone()).collect()
    }

    /// The headers of the last request.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.0.lock().unwrap().asked.last().unwrap().1.clone()
    }
}

impl Transport for Script {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let mut inner = self.0.lock().unwrap();
        let body = String::from_utf8(request.body().clone()).unwrap();
        let line = format!("{} {} {body}", request.method(), request.uri());
        let headers = request.headers().clone();
        inner.asked.push((line.trim_end().to_owned(), headers));
        inner.answers.pop_front().expect("one request too many")
    }
}
