//! An API on this machine that checks every proof as RFC 9449 §4.3 and §7.1 require.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use auth_core::clock::{Clock, SystemClock};
use serde_json::Value;
use tiny_http::{Header, Request, Response};

use crate::jose::{hash, proof};

/// The API; it ends with the test.
pub(super) struct Api {
    server: Arc<tiny_http::Server>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// The access token that works now.
    pub(super) token: String,
    /// The nonce that a proof must have; empty: none.
    pub(super) nonce: String,
    /// Given with a success: the nonce from then on.
    pub(super) next_nonce: String,
    /// `true` if every nonce is old as soon as it is given.
    pub(super) is_never_content: bool,
    /// Where every request to another path is sent on to.
    pub(super) redirect: String,
    ids: BTreeSet<String>,
    pub(super) visits: Vec<Visit>,
}

#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) status: u16,
    pub(super) authorization: String,
    pub(super) has_proof: bool,
    pub(super) body: String,
}

impl Api {
    pub(super) fn start() -> Self {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let api = Self {
            server: Arc::clone(&server),
            state: Arc::clone(&state),
        };
        let url = api.url();
        thread::spawn(move || {
            for request in server.incoming_requests() {
                answer(&mut state.lock().unwrap(), &url, request);
            }
        });
        api
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.server.server_addr().to_ip().unwrap())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The status of each request so far.
    pub(super) fn statuses(&self) -> Vec<u16> {
        self.state()
            .visits
            .iter()
            .map(|visit| visit.status)
            .collect()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn answer(state: &mut State, url: &str, mut request: Request) {
    let mut body = String::new();
    request.as_reader().read_to_string(&mut body).unwrap();
    let (status, headers) = verdict(state, url, &request);
    let authorization = values(&request, "authorization");
    state.visits.push(Visit {
        status,
        authorization: authorization.join(" and "),
        has_proof: !values(&request, "dpop").is_empty(),
        body,
    });
    let mut answer = Response::from_string("an order").with_status_code(status);
    for (name, value) in headers {
        answer.add_header(Header::from_bytes(name, value).unwrap());
    }
    request.respond(answer).unwrap();
}

/// The status, and the headers beside it.
fn verdict(state: &mut State, url: &str, request: &Request) -> (u16, Vec<(&'static str, String)>) {
    if !state.redirect.is_empty() && state.redirect != request.url() {
        return (307, vec![("Location", state.redirect.clone())]);
    }
    let authorization = values(request, "authorization").concat();
    let Some(token) = authorization.strip_prefix("DPoP ") else {
        if state.nonce.is_empty() {
            return (401, challenge("invalid_token"));
        }
        return (401, wanting(&state.nonce));
    };
    let proofs = values(request, "dpop");
    assert_eq!(proofs.len(), 1);
    let claims = checked(&proofs[0], state);
    let (path, _) = request.url().split_once('?').unwrap_or((request.url(), ""));
    assert_eq!(claims["htm"], request.method().as_str());
    assert_eq!(claims["htu"], format!("{url}{path}"));
    assert_eq!(claims["ath"], hash(token));
    if !state.nonce.is_empty() && claims["nonce"] != state.nonce {
        let headers = wanting(&state.nonce);
        if state.is_never_content {
            state.nonce += "x";
        }
        return (401, headers);
    }
    if token != state.token {
        return (401, challenge("invalid_token"));
    }
    let mut headers = Vec::new();
    if !state.next_nonce.is_empty() {
        state.nonce = std::mem::take(&mut state.next_nonce);
        headers.push(("DPoP-Nonce", state.nonce.clone()));
    }
    let status = if path == "/missing" { 404 } else { 200 };
    (status, headers)
}

fn checked(jwt: &str, state: &mut State) -> Value {
    let proof = proof(jwt);
    assert_eq!(proof.header["typ"], "dpop+jwt");
    assert_eq!(proof.header["alg"], "ES256");
    let age = SystemClock::new()
        .seconds()
        .abs_diff(proof.claims["iat"].as_u64().unwrap());
    assert!(age < 60, "made {age} s ago");
    let id = proof.claims["jti"].to_string();
    assert!(state.ids.insert(id), "a proof was sent twice");
    proof.claims
}

fn wanting(nonce: &str) -> Vec<(&'static str, String)> {
    let mut headers = challenge("use_dpop_nonce");
    headers.push(("DPoP-Nonce", nonce.to_owned()));
    headers
}

fn challenge(error: &str) -> Vec<(&'static str, String)> {
    let challenge = format!(r#"DPoP realm="orders", error="{error}", algs="ES256""#);
    vec![("WWW-Authenticate", challenge)]
}

fn values(request: &Request, name: &'static str) -> Vec<String> {
    let headers = request.headers().iter();
    let named = headers.filter(|header| header.field.equiv(name));
    named.map(|header| header.value.to_string()).collect()
}
