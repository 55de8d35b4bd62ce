//! The exact requests of the generic client, and what comes back.
//!
//! A request is compared as one text, with every header in which it differs from others of this crate.

mod cookies;
mod generic;
mod transport;

use std::time::{Duration, SystemTime};

use auth_core::error::ErrorCode;
use auth_core::testing::ManualClock;
use auth_core::{Error, Grant, Result, Session, Token};
use auth_sim::{Received, Simulator, Vendor};

use crate::support::shown;

/// A server that gives its answers in order, at 2026-01-01 00:00 UTC, and keeps what arrived.
struct Wire(Simulator);

impl Wire {
    fn answering<'a>(answers: impl IntoIterator<Item = (u16, &'a str)>) -> Self {
        let new_year = SystemTime::UNIX_EPOCH + Duration::from_secs(NEW_YEAR_2026);
        let server = Simulator::builder(Vendor::Generic).now(move || new_year);
        let server = server.start().unwrap();
        for (status, body) in answers {
            server.respond(status, body);
        }
        Self(server)
    }

    fn url(&self) -> String {
        self.0.url().to_owned()
    }

    fn seen(&self) -> Vec<String> {
        self.0.requests().iter().map(Received::exact).collect()
    }

    /// Asserts that these requests arrived, and no other.
    #[track_caller]
    fn saw<const N: usize>(&self, expected: &[String; N]) {
        assert_eq!(self.seen().join("\n\n\n"), expected.join("\n\n\n"));
    }
}

/// A request as [`Received::exact`] has it.
fn request(line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    lines.sort();
    format!("{line}\n{}\n{body}", lines.concat())
}

/// A session by a clock that stands still, at the time of the server.
fn session(grant: impl Grant + 'static) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let session = Session::builder(grant)
        .clock(clock.clone())
        .build()
        .unwrap();
    (session, clock)
}

/// Asserts what is known of a token: itself, and the seconds that it lives.
#[track_caller]
fn assert_token(token: &Result<Token>, access_token: &str, life: Option<u64>) {
    let token = token.as_ref().expect("a token");
    assert_eq!(token.expose(), access_token);
    assert_eq!(token.authorization(), &format!("Bearer {access_token}"));
    let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(NEW_YEAR_2026 + seconds);
    assert_eq!(token.expires_at(), life.map(after));
}

/// Asserts that an answer becomes a refusal with this code and this text.
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
    // What may follow is a hint at the setting.
    let shown = error.to_string();
    assert!(
        shown.starts_with(&format!("the server refused the request: {text}")),
        "{shown}"
    );
}

/// Asserts that an answer without an error code becomes an error of its status.
#[track_caller]
fn assert_status<T: std::fmt::Debug>(outcome: Result<T>, expected: u16) {
    match outcome.expect_err("an error") {
        Error::Status { status, .. } => assert_eq!(status, expected),
        other => panic!("{}", shown(&other)),
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const NEW_YEAR_2026: u64 = 1_767_225_600;
