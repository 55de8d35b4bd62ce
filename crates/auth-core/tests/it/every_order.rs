//! Every order of responses, up to a depth. In none of them is a refresh token that may be spent sent
//! again, or a valid token replaced by an error.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use auth_core::grant::{Identity, Policy, Replay, TokenRequest, TokenResponse};
use auth_core::testing::ManualClock;
use auth_core::{Error, Grant, Result, Secret, Session};

use crate::script::{come_back_in, lost_answer, not_sent, refused, response, seconds, status};

/// Outcome of one request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Rotated,
    WithoutRefreshToken,
    NotSent,
    ComeBack,
    Lost,
    BadGateway,
    Refused,
    Mistake,
}

const OUTCOMES: [Outcome; 8] = [
    Outcome::Rotated,
    Outcome::WithoutRefreshToken,
    Outcome::NotSent,
    Outcome::ComeBack,
    Outcome::Lost,
    Outcome::BadGateway,
    Outcome::Refused,
    Outcome::Mistake,
];

impl Outcome {
    /// Returns `true` if the server may have used up the refresh token.
    fn may_have_spent(self) -> bool {
        !matches!(self, Self::NotSent | Self::ComeBack | Self::Mistake)
    }
}

/// A server with a list of outcomes, which counts how often each refresh token may have arrived.
#[derive(Clone, Debug)]
struct Server {
    outcomes: Vec<Outcome>,
    state: Arc<Mutex<State>>,
    replay: Replay,
}

#[derive(Debug, Default)]
struct State {
    requests: usize,
    arrived: BTreeMap<String, u32>,
    newest: Option<String>,
}

impl Server {
    fn answer(&self, refresh_token: Option<&Secret>) -> Result<TokenResponse> {
        let mut state = self.state.lock().unwrap();
        let outcome = *self
            .outcomes
            .get(state.requests)
            .unwrap_or(&Outcome::Rotated);
        state.requests += 1;
        let number = state.requests;
        if let Some(sent) = refresh_token {
            let sent = sent.expose().to_owned();
            assert_eq!(
                state.newest.as_ref(),
                Some(&sent),
                "only the newest is ever sent"
            );
            if outcome.may_have_spent() {
                *state.arrived.entry(sent).or_default() += 1;
            }
        }
        match outcome {
            Outcome::Rotated => {
                state.newest = Some(format!("r{number}"));
                Ok(response("token", &format!("r{number}"), 3600))
            }
            Outcome::WithoutRefreshToken => {
                // After a refresh the old one stays valid; a new login has none.
                if refresh_token.is_none() {
                    state.newest = None;
                } else if let Some(sent) = refresh_token {
                    state.arrived.remove(sent.expose());
                }
                Ok(response("token", "", 3600))
            }
            Outcome::NotSent => Err(not_sent()),
            Outcome::ComeBack => Err(come_back_in(1, 503)),
            Outcome::Lost => Err(lost_answer()),
            Outcome::BadGateway => Err(status(502)),
            Outcome::Refused => Err(refused("invalid_grant")),
            Outcome::Mistake => Err(Error::configuration("a setting is wrong")),
        }
    }
}

impl Grant for Server {
    fn identity(&self) -> Identity {
        Identity::new("every order")
    }

    fn policy(&self) -> Policy {
        Policy::for_client().replay(self.replay)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let server = self.clone();
        Ok(TokenRequest::from_fn([], move |_| server.answer(None)))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> Result<TokenRequest> {
        let (server, sent) = (self.clone(), refresh_token.clone());
        let request = TokenRequest::from_fn([(&sent).into()], move |_| server.answer(Some(&sent)));
        Ok(request)
    }
}

/// Requests a token every hour until the outcomes are used up, and in between while it is still valid.
fn live_through(outcomes: &[Outcome], replay: Replay, retries: u32) {
    let state: Arc<Mutex<State>> = Arc::default();
    let server = Server {
        outcomes: outcomes.to_vec(),
        state: Arc::clone(&state),
        replay,
    };
    let clock = ManualClock::new();
    let session = Session::builder(server)
        .clock(clock.clone())
        .retries(retries)
        .build()
        .unwrap();
    for _ in 0..=outcomes.len() {
        if session.token().is_ok() {
            // The token is due now; whatever the outcome of the renewal, it is still served.
            clock.advance(seconds(3300));
            assert!(
                session.token().is_ok(),
                "{outcomes:?}: a valid token became an error"
            );
        }
        clock.advance(seconds(3600));
    }
    let most = if replay == Replay::Once { 2 } else { 1 };
    for (refresh_token, times) in &state.lock().unwrap().arrived {
        assert!(
            *times <= most,
            "{outcomes:?}: {refresh_token} was sent {times} times"
        );
    }
}

fn every_order(depth: u32, replay: Replay, retries: u32) -> usize {
    let all = OUTCOMES.len().pow(depth);
    for number in 0..all {
        let mut left = number;
        let outcomes: Vec<Outcome> = (0..depth)
            .map(|_| {
                let outcome = OUTCOMES[left % OUTCOMES.len()];
                left /= OUTCOMES.len();
                outcome
            })
            .collect();
        live_through(&outcomes, replay, retries);
    }
    all
}

#[test]
fn no_order_of_responses_spends_a_refresh_token_twice() {
    assert_eq!(every_order(4, Replay::Never, 0), 4096);
}

#[test]
fn retries_within_a_call_keep_both_promises() {
    assert_eq!(every_order(4, Replay::Never, 2), 4096);
}

#[test]
fn where_a_replay_is_allowed_it_happens_at_most_once() {
    assert_eq!(every_order(4, Replay::Once, 0), 4096);
}
