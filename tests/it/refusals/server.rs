//! A token endpoint that refuses until it recovers, and keeps the times of all requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_core::Result;
use auth_core::clock::{Clock, UnixTime};
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport::Transport;

/// A response: its status, its headers as `name: value`, its body.
pub(super) type Answer = (u16, &'static [(&'static str, &'static str)], &'static [u8]);

/// Kind of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked {
    Login,
    Refresh,
}

/// Token endpoint for the requests of every vendor.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) clock: ManualClock,
    start: UnixTime,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    refusal: Answer,
    /// The kind of request that is refused; `None` for all.
    refused: Option<Asked>,
    /// Number of requests still to refuse.
    left: usize,
    asked: Vec<(Duration, Asked)>,
    /// Time and status of each refusal.
    refusals: Vec<(Duration, u16)>,
    life: u64,
    /// Only requests that contain this text are refused.
    only: &'static str,
}

impl Server {
    /// Refuses all requests of one kind with this response.
    pub(super) fn refusing(refused: Asked, refusal: Answer) -> Self {
        let clock = ManualClock::new();
        Self {
            start: clock.now().wall,
            clock,
            state: Arc::new(Mutex::new(State {
                refusal,
                refused: Some(refused),
                left: usize::MAX,
                asked: Vec::new(),
                refusals: Vec::new(),
                life: 3600,
                only: "",
            })),
        }
    }

    /// Refuses this many more requests, and none after that.
    pub(super) fn recovers_after(&self, requests: usize) {
        self.state().left = requests;
    }

    /// Refuses logins and refreshes alike.
    pub(super) fn refuses_all(&self) {
        self.state().refused = None;
    }

    /// Changes the response to refused requests.
    pub(super) fn answers(&self, refusal: Answer) {
        self.state().refusal = refusal;
    }

    /// Refuses only requests that contain `text`.
    pub(super) fn refusing_only(self, text: &'static str) -> Self {
        self.state().only = text;
        self
    }

    /// Issues tokens with this lifetime, in seconds.
    pub(super) fn with_life(self, life: u64) -> Self {
        self.state().life = life;
        self
    }

    /// Seconds since the server started.
    pub(super) fn seconds(&self) -> u64 {
        self.clock.now().wall.since(self.start).as_secs()
    }

    /// Times of the requests of one kind, in seconds since the server started.
    pub(super) fn asked(&self, what: Asked) -> Vec<u64> {
        let state = self.state();
        let asked = state.asked.iter().filter(|(_, asked)| *asked == what);
        asked.map(|(at, _)| at.as_secs()).collect()
    }

    /// Times of the refusals with this status, in seconds since the server started.
    pub(super) fn refusals(&self, status: u16) -> Vec<u64> {
        let state = self.state();
        let refusals = state.refusals.iter().filter(|(_, with)| *with == status);
        refusals.map(|(at, _)| at.as_secs()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Server {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let now = self.clock.now().wall;
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let text = format!("{} {body}", request.uri());
        let is = |grant_type: &str| {
            let forms = ["grant_type=", r#""grant_type":""#];
            forms
                .iter()
                .any(|form| text.contains(&format!("{form}{grant_type}")))
        };
        let asked = match is("refresh_token") {
            true => Asked::Refresh,
            false => Asked::Login,
        };
        let mut state = self.state();
        state.asked.push((now.since(self.start), asked));
        if state.refused.is_none_or(|refused| refused == asked)
            && state.left > 0
            && text.contains(state.only)
        {
            state.left -= 1;
            let (status, headers, body) = state.refusal;
            state.refusals.push((now.since(self.start), status));
            let answer = Response::builder().status(status);
            let answer = headers
                .iter()
                .fold(answer, |answer, (name, value)| answer.header(*name, *value));
            return Ok(answer.body(body.to_vec()).expect("a header"));
        }
        let number = state.asked.len();
        let life = match text.contains("/api/token?") {
            // Aeris returns the time of expiry.
            true => now.seconds() + state.life,
            false => state.life,
        };
        let more = match is("client_credentials") {
            true => String::new(),
            false => format!(r#","refresh_token":"r{number}""#),
        };
        let answer = format!(
            r#"{{"access_token":"a{number}","token":"a{number}","token_type":"bearer","expires_in":{life}{more}}}"#
        );
        Ok(Response::new(answer.into_bytes()))
    }
}
