//! An assertion is dated by this machine's clock, and read by the server's.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use auth_core::clock::Clock as _;
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport::Transport;
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Error, JwtBearer, RefreshToken, Result, Secret, Session,
    SigningKey,
};
use serde_json::Value;

use crate::asking::obtained_by;
use crate::jose::verified;
use crate::requests::{client, server};

use super::keys::{self, ES256};

/// 2027-01-15 08:00 UTC.
const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A clock that is ahead of the server's by these seconds.
fn ahead(seconds: i64) -> ManualClock {
    ManualClock::at(at(NOW.saturating_add_signed(seconds)))
}

fn key() -> SigningKey {
    keys::key(ES256)
}

/// A server without leeway that accepts an assertion for a minute, and sends a `Date` unless that is empty.
#[derive(Clone)]
struct Strict {
    clock: ManualClock,
    date: &'static str,
    claims: Arc<Mutex<Vec<Value>>>,
    refusal: (u16, &'static str),
}

impl Strict {
    fn new(date: &'static str) -> Self {
        Self {
            clock: ahead(0),
            date,
            claims: Arc::default(),
            refusal: (
                400,
                r#"{"error":"invalid_client","error_description":"issued in the future"}"#,
            ),
        }
    }

    fn asked(&self) -> usize {
        self.claims.lock().unwrap().len()
    }
}

impl Transport for Strict {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let body = String::from_utf8(request.into_body()).unwrap();
        let (_, rest) = body.split_once("assertion=").unwrap();
        let jwk = serde_json::from_str(&key().jwk()).unwrap();
        let claims = verified(rest.split('&').next().unwrap(), &jwk).claims;
        let now = self.clock.seconds();
        let (issued, expires) = (
            claims["iat"].as_u64().unwrap_or(now),
            claims["exp"].as_u64().unwrap(),
        );
        let is_good =
            issued <= now && expires > now && expires - issued <= 60 && expires <= now + 60;
        self.claims.lock().unwrap().push(claims);
        let (status, text) = if is_good { (200, TOKENS) } else { self.refusal };
        let mut answer = Response::builder().status(status);
        if !self.date.is_empty() {
            answer = answer.header("date", self.date);
        }
        Ok(answer.body(text.into()).unwrap())
    }
}

const DATE: &str = "Fri, 15 Jan 2027 08:00:00 GMT";
const TOKENS: &str =
    r#"{"access_token":"t","token_type":"bearer","expires_in":600,"refresh_token":"r"}"#;

fn signing(key: SigningKey) -> Client {
    client().auth(ClientAuth::private_key_jwt(key))
}

fn service(key: SigningKey) -> ClientCredentials {
    ClientCredentials::new(signing(key))
}

/// The text of the error of a login.
fn refused(clock: &ManualClock, grant: &ClientCredentials, server: &Strict) -> String {
    let error = obtained_by(clock, grant.clone(), server.clone());
    error.unwrap_err().to_string()
}

fn accepted(clock: &ManualClock, grant: &ClientCredentials, server: &Strict) {
    obtained_by(clock, grant.clone(), server.clone()).unwrap();
}

#[test]
fn a_clock_that_is_off_by_seconds_is_forgiven() {
    for off in [-29, -10, -1, 0, 1, 2, 10, 30] {
        let server = Strict::new("");
        accepted(&ahead(off), &service(key()), &server);
        accepted(&ahead(off), &service(key().without_iat()), &server);
    }
}

#[test]
fn a_clock_that_is_off_by_more_is_named_and_corrected() {
    for (off, said) in [
        (61, "61 s ahead of"),
        (-61, "61 s behind"),
        (7200, "7200 s ahead of"),
        (-7200, "7200 s behind"),
    ] {
        let (server, grant) = (Strict::new(DATE), service(key()));
        let shown = refused(&ahead(off), &grant, &server);
        assert!(
            shown.contains("this machine's clock is ") && shown.contains(said),
            "{shown}"
        );
        assert!(shown.contains("issued in the future"), "{shown}");
        assert_eq!(
            server.asked(),
            1,
            "an assertion is made again for the next request"
        );
        accepted(&ahead(off), &grant, &server);
    }
}

#[test]
fn clones_of_a_key_share_the_servers_clock() {
    let server = Strict::new(DATE);
    let (key, clock) = (key(), ahead(300));
    refused(&clock, &service(key.clone()), &server);
    accepted(&clock, &service(key.clone().key_id("2")), &server);
    let kept = Session::builder(RefreshToken::new(signing(key)))
        .refresh_token(Secret::new("r"))
        .transport(server.clone())
        .clock(clock);
    kept.build().unwrap().token().unwrap();
    assert_eq!(server.asked(), 3);
}

#[test]
fn a_corrected_clock_is_used_again() {
    let (server, grant, clock) = (Strict::new(DATE), service(key()), ahead(300));
    refused(&clock, &grant, &server);
    clock.set(at(NOW));
    let shown = refused(&clock, &grant, &server);
    assert!(shown.contains("clock was set"), "{shown}");
    accepted(&clock, &grant, &server);
}

#[test]
fn any_refusal_may_be_of_the_clock() {
    for (status, body) in [
        (401, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"invalid_grant"}"#),
        (200, r#"{"error":"invalid_client"}"#),
        (401, ""),
        (400, "<html>"),
        (403, ""),
    ] {
        let server = Strict {
            refusal: (status, body),
            ..Strict::new(DATE)
        };
        let grant = service(key());
        let shown = refused(&ahead(300), &grant, &server);
        assert!(shown.contains("300 s ahead"), "{shown}");
        accepted(&ahead(300), &grant, &server);
    }
}

#[test]
fn a_failure_or_a_refusal_without_a_date_changes_nothing() {
    for (date, refusal) in [
        (DATE, (503, "")),
        (DATE, (429, r#"{"error":"invalid_client"}"#)),
        ("", (400, r#"{"error":"invalid_client"}"#)),
        ("yesterday", (400, r#"{"error":"invalid_client"}"#)),
    ] {
        let server = Strict {
            refusal,
            ..Strict::new(date)
        };
        let grant = service(key());
        for _ in 0..2 {
            let shown = refused(&ahead(300), &grant, &server);
            assert!(!shown.contains("this machine's clock"), "{shown}");
        }
    }
}

#[test]
fn a_clock_that_is_right_is_not_blamed() {
    let long = key().assertion_lifetime(Duration::from_secs(3600));
    let shown = refused(&ahead(4), &service(long), &Strict::new(DATE));
    assert!(!shown.contains("this machine's clock"), "{shown}");
}

/// A caller who asks for no tolerance is corrected by the second.
#[test]
fn an_assertion_of_now_is_corrected_by_seconds_too() {
    let (server, grant) = (
        Strict::new(DATE),
        service(key().assertion_age(Duration::ZERO)),
    );
    let shown = refused(&ahead(3), &grant, &server);
    assert!(!shown.contains("this machine's clock"), "{shown}");
    accepted(&ahead(3), &grant, &server);
}

#[test]
fn the_life_of_an_assertion_can_be_set() {
    let server = Strict::new("");
    let key = key()
        .assertion_age(Duration::from_secs(5))
        .assertion_lifetime(Duration::from_secs(55));
    accepted(&ahead(0), &service(key), &server);
    let claims = server.claims.lock().unwrap().remove(0);
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&(NOW - 5).into(), &(NOW + 55).into())
    );
}

#[test]
fn a_grant_by_assertion_is_corrected_too() {
    let strict = Strict {
        refusal: (400, r#"{"error":"invalid_grant"}"#),
        ..Strict::new(DATE)
    };
    let grant = JwtBearer::new(Client::new(server(), "app"), key());
    let obtain = || obtained_by(&ahead(300), grant.clone(), strict.clone());
    let shown = obtain().unwrap_err().to_string();
    assert!(shown.contains("300 s ahead"), "{shown}");
    obtain().unwrap();
}

#[test]
fn a_session_continues_when_its_wait_is_over() {
    let (server, clock) = (Strict::new(DATE), ahead(300));
    let session = Session::builder(service(key()))
        .transport(server.clone())
        .clock(clock.clone());
    let session = session.retries(0).build().unwrap();
    assert!(matches!(
        session.token(),
        Err(Error::Refused(_) | Error::LoginRequired { .. })
    ));
    // A server's clock and ours advance alike.
    let date = server.clock.clone();
    date.advance(Duration::from_secs(60));
    clock.advance(Duration::from_secs(60));
    session.token().unwrap();
    assert_eq!(server.asked(), 2);
}
