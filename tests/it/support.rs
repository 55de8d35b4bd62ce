//! Code that several modules use.

pub(crate) mod asking; // sends a grant's requests
pub(crate) mod journal; // log lines of our crates

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use auth_core::http::{Request, Response};
use auth_core::transport::Transport;
use auth_core::{Error, Result};

/// A transport that returns prepared responses in order, and keeps the requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Response<Vec<u8>>>,
    sent: Vec<Request<Vec<u8>>>,
}

impl Script {
    pub(crate) fn of(answers: impl IntoIterator<Item = Response<Vec<u8>>>) -> Self {
        let script = Self::default();
        script.state(|state| state.answers.extend(answers));
        script
    }

    /// Responses of status 200 with these bodies.
    pub(crate) fn bodies<B: Into<Vec<u8>>>(bodies: impl IntoIterator<Item = B>) -> Self {
        Self::of(bodies.into_iter().map(|body| Response::new(body.into())))
    }

    /// Number of requests.
    pub(crate) fn sent(&self) -> usize {
        self.state(|state| state.sent.len())
    }

    /// Bodies of the requests, as text.
    pub(crate) fn sent_bodies(&self) -> Vec<String> {
        let text = |request: &Request<Vec<u8>>| String::from_utf8_lossy(request.body()).into();
        self.state(|state| state.sent.iter().map(text).collect())
    }

    fn state<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Script {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        self.state(|state| {
            state.sent.push(request);
            let answer = state.answers.pop_front();
            Ok(answer.unwrap_or_else(|| panic!("request {} was not expected", state.sent.len())))
        })
    }
}

/// A response of this status.
pub(crate) fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
    let answer = Response::builder().status(status).body(body.into());
    answer.expect("a status")
}

/// All text of an error: `Display` and `Debug` of itself and of all its sources.
pub(crate) fn shown(error: &Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn StdError> = Some(error);
    while let Some(error) = next {
        text += &format!("{error}\n{error:?}\n{error:#?}\n");
        next = error.source();
    }
    text
}

/// Asserts that a text contains neither the canary nor its first letters.
#[track_caller]
pub(crate) fn assert_quiet(text: &str) {
    assert!(!text.contains(CANARY), "a secret is shown: {text}");
}

/// Returns the error, after asserting that its text does not contain the canary.
#[track_caller]
pub(crate) fn quiet<T: Debug>(outcome: Result<T>) -> Error {
    let error = outcome.expect_err("an error");
    assert_quiet(&shown(&error));
    error
}

/// Start of every secret in these tests. It has only letters and digits, so no encoding hides it.
pub(crate) const CANARY: &str = "canary7Qz";
