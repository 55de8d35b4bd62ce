//! The exact requests of the generic client, as read by a server of another project.
//!
//! A request is compared as one text: method, path with query, all headers in the order of their
//! names, an empty line, the body. An unexpected header fails a test, as a missing one does.

mod cookies;
mod generic;
mod transport;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use auth_core::error::ErrorCode;
use auth_core::http::HeaderMap;
use auth_core::testing::ManualClock;
use auth_core::{Error, Grant, Result, Session, Token};
use mockito::{Matcher, Request, ServerGuard};

use crate::support::shown;

/// A server that returns prepared responses in order, dated 2026-01-01 00:00 UTC, and keeps the requests.
struct Wire {
    server: ServerGuard,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    fn answering<'a>(method: &str, answers: impl IntoIterator<Item = (usize, &'a str)>) -> Self {
        let mut server = mockito::Server::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for (status, body) in answers {
            let (seen, body) = (Arc::clone(&seen), body.as_bytes().to_vec());
            let answer = move |request: &Request| {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(text(request));
                body.clone()
            };
            let mock = server.mock(method, Matcher::Any).with_status(status);
            let mock = mock.with_header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
            mock.with_body_from_request(answer).expect(1).create();
        }
        Self { server, seen }
    }

    fn url(&self) -> String {
        self.server.url()
    }

    /// Asserts that exactly these requests arrived.
    #[track_caller]
    fn saw<const N: usize>(&self, expected: &[String; N]) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let host = self.server.host_with_port();
        let name = host.replace("127.0.0.1", "localhost");
        let seen: Vec<String> = seen
            .iter()
            .map(|text| text.replace(&host, "HOST").replace(&name, "HOST"))
            .collect();
        assert_eq!(seen.join("\n\n\n"), expected.join("\n\n\n"));
    }
}

/// An expected request: the headers of every request of ours, and these headers.
fn request(line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.extend(COMMON.map(str::to_owned));
    if !body.is_empty() {
        lines.push(format!("content-length: {}", body.len()));
    }
    lines.sort();
    format!("{line}\n{}\n\n{body}", lines.join("\n"))
}

/// A request as it arrived.
fn text(request: &Request) -> String {
    let line = format!("{} {}", request.method(), request.path_and_query());
    let body = request.utf8_lossy_body().expect("mockito has read it");
    format!(
        "{line}\n{}\n\n{body}",
        headers(request.headers()).join("\n")
    )
}

fn headers(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            // Without this, each release would change the expected text of a hundred tests.
            let value = match value.strip_prefix("auth-core/") {
                Some(_) if name == "user-agent" => "auth-core/VERSION".into(),
                _ => value,
            };
            format!("{name}: {value}")
        })
        .collect();
    lines.sort();
    lines
}

/// A session whose clock stands still at the server's time.
fn session(grant: impl Grant + 'static) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let session = Session::builder(grant)
        .clock(clock.clone())
        .build()
        .unwrap();
    (session, clock)
}

/// Asserts a token's text and its lifetime in seconds.
#[track_caller]
fn assert_token(token: &Result<Token>, access_token: &str, life: Option<u64>) {
    let token = token.as_ref().expect("a token");
    assert_eq!(token.expose(), access_token);
    assert_eq!(token.authorization(), &format!("Bearer {access_token}"));
    let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(NEW_YEAR_2026 + seconds);
    assert_eq!(token.expires_at(), life.map(after));
}

/// Asserts that a response is reported as a refusal with this code and this text.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(
    outcome: Result<T>,
    status: u16,
    code: &ErrorCode,
    text: &str,
) {
    let error = outcome.expect_err("a refusal");
    let refusal = error
        .refusal()
        .unwrap_or_else(|| panic!("{}", shown(&error)));
    assert_eq!((refusal.status, &refusal.code), (Some(status), code));
    assert_eq!(refusal.to_string(), text);
    // A hint at the setting may follow.
    let shown = error.to_string();
    assert!(
        shown.starts_with(&format!("the server refused the request: {text}")),
        "{shown}"
    );
}

/// Asserts that a response without an error code is reported by its status.
#[track_caller]
fn assert_status<T: std::fmt::Debug>(outcome: Result<T>, expected: u16) {
    match outcome.expect_err("an error") {
        Error::Status { status, .. } => assert_eq!(status, expected),
        other => panic!("{}", shown(&other)),
    }
}

const COMMON: [&str; 5] = [
    "accept: application/json",
    "accept-encoding: identity",
    "connection: close",
    "host: HOST",
    "user-agent: auth-core/VERSION",
];
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const NEW_YEAR_2026: u64 = 1_767_225_600;
