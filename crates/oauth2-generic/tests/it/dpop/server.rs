//! An authorization server that gives its answers in order and keeps every proof that it got.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use auth_core::http::{Request, Response};
use auth_core::transport::Transport;
use oauth2_generic::{Error, Result};

use crate::jose::{Jwt, proof};

#[derive(Clone, Default)]
pub(super) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: VecDeque<Result<Response<Vec<u8>>>>,
    asked: Vec<Request<Vec<u8>>>,
}

impl Server {
    pub(super) fn then(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        self.push(Ok(answer.body(body.into()).unwrap()))
    }

    pub(super) fn then_token(self, headers: &[(&str, &str)]) -> Self {
        self.then(200, headers, TOKEN)
    }

    /// Refuses a proof, with this error code.
    pub(super) fn then_refuse(self, code: &str, headers: &[(&str, &str)]) -> Self {
        self.then(400, headers, &format!(r#"{{"error":"{code}"}}"#))
    }

    pub(super) fn then_fail(self, error: Error) -> Self {
        self.push(Err(error))
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        let text = |request: &Request<Vec<u8>>| String::from_utf8(request.body().clone()).unwrap();
        self.0.lock().unwrap().asked.iter().map(text).collect()
    }

    /// The proofs of all requests; each must have one.
    pub(super) fn proofs(&self) -> Vec<Jwt> {
        let texts = self.proof_texts();
        texts.iter().map(|text| proof(text)).collect()
    }

    pub(super) fn proof_texts(&self) -> Vec<String> {
        let text = |request: &Request<Vec<u8>>| {
            let all: Vec<_> = request.headers().get_all("dpop").iter().collect();
            assert_eq!(all.len(), 1, "one proof");
            assert!(all[0].is_sensitive());
            all[0].to_str().unwrap().to_owned()
        };
        self.0.lock().unwrap().asked.iter().map(text).collect()
    }

    pub(super) fn sent(&self) -> usize {
        self.0.lock().unwrap().asked.len()
    }

    fn push(self, answer: Result<Response<Vec<u8>>>) -> Self {
        self.0.lock().unwrap().answers.push_back(answer);
        self
    }
}

impl Transport for Server {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let mut state = self.0.lock().unwrap();
        state.asked.push(request);
        state.answers.pop_front().expect("one request too many")
    }
}

pub(super) const TOKEN: &str =
    r#"{"access_token":"a1","token_type":"DPoP","expires_in":3600,"refresh_token":"r2"}"#;
