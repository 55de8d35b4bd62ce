//! A token endpoint that refuses until it is mended, and keeps when it was asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_core::Result;
use auth_core::clock::{Clock, UnixTime};
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport::Transport;

/// An answer: its status, its headers as `name: value`, its body.
pub(super) type Answer = (u16, &'static [(&'static str, &'static str)], &'static [u8]);

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked {
    Login,
    Refresh,
}

/// The token endpoint of every vendor at once.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) clock: ManualClock,
    start: UnixTime,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    refusal: Answer,
    /// What is refused; none for all.
    refused: Option<Asked>,
    /// So many more are refused.
    left: usize,
    asked: Vec<(Duration, Asked)>,
    /// When, and with which status.
    refusals: Vec<(Duration, u16)>,
    life: u64,
    /// What a request must hold to be refused.
    only: &'static str,
}

impl Server {
    /// Answers like this, and for ever.
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

    /// Refuses so many more requests, and none after that.
    pub(super) fn mended_after(&self, requests: usize) {
        self.state().left = requests;
    }

    /// Refuses logins and refreshes alike.
    pub(super) fn refuses_all(&self) {
        self.state().refused = None;
    }

    /// Refuses like this from now on.
    pub(super) fn answers(&self, refusal: Answer) {
        self.state().refusal = refusal;
    }

    /// Refuses the requests alone that hold this.
    pub(super) fn refusing_only(self, text: &'static str) -> Self {
        self.state().only = text;
        self
    }

    /// Gives out tokens of this life, in seconds.
    pub(super) fn with_life(self, life: u64) -> Self {
        self.state().life = life;
        self
    }

    /// Seconds since it began.
    pub(super) fn seconds(&self) -> u64 {
        self.clock.now().wall.since(self.start).as_secs()
    }

    /// When it was asked for this, in seconds since it began.
    pub(super) fn asked(&self, what: Asked) -> Vec<u64> {
        let state = self.state();
        let asked = state.asked.iter().filter(|(_, asked)| *asked == what);
        asked.map(|(at, _)| at.as_secs()).collect()
    }

    /// When it refused with this status, in seconds since it began.
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
            // Aeris says when.
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
