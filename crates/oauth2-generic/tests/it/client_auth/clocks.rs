//! An assertion is dated by this machine's clock, and read by the server's.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::clock::Clock as _;
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::time::OffsetDateTime;
use auth_core::transport::Transport;
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Error, JwtBearer, PrivateKeyJwt, RefreshToken, Result,
    Secret, Session, SigningKey,
};
use serde_json::Value;

use crate::asking::Asking as _;
use crate::jose::verified;
use crate::requests::client;

use super::keys::ES256;

/// 2027-01-15 08:00 UTC.
const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_pem(Secret::new(ES256)).unwrap()
}

/// A server without leeway that lets an assertion live for a minute, and says what time it is unless that is empty.
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
            clock: ManualClock::at(at(NOW)),
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

fn signing(jwt: PrivateKeyJwt) -> Client {
    Client {
        client_auth: ClientAuth::PrivateKeyJwt(jwt),
        ..client()
    }
}

fn service(jwt: PrivateKeyJwt) -> ClientCredentials {
    ClientCredentials::new(signing(jwt))
}

#[test]
fn a_clock_that_is_off_by_seconds_is_forgiven() {
    for off in [-29, -10, -1, 0, 1, 2, 10, 30] {
        let server = Strict::new("");
        let jwt = PrivateKeyJwt::new(key()).clock(ManualClock::at(at(NOW + off)));
        service(jwt.clone()).obtain(&server).unwrap();
        service(jwt.without_iat()).obtain(&server).unwrap();
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
        let server = Strict::new(DATE);
        let jwt = PrivateKeyJwt::new(key()).clock(ManualClock::at(at(NOW + off)));
        let shown = service(jwt.clone())
            .obtain(&server)
            .unwrap_err()
            .to_string();
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
        service(jwt).obtain(&server).unwrap();
    }
}

#[test]
fn clones_of_a_key_share_the_servers_clock() {
    let server = Strict::new(DATE);
    let (key, clock) = (key(), ManualClock::at(at(NOW + 300)));
    let of = |key: &SigningKey| service(PrivateKeyJwt::new(key.clone()).clock(clock.clone()));
    of(&key).obtain(&server).unwrap_err();
    of(&key.clone().key_id("2")).obtain(&server).unwrap();
    let kept = RefreshToken::new(of(&key).client);
    kept.refresh(&Secret::new("r"), &server).unwrap();
    assert_eq!(server.asked(), 3);
}

#[test]
fn a_clock_that_is_set_right_is_believed_again() {
    let server = Strict::new(DATE);
    let clock = ManualClock::at(at(NOW + 300));
    let grant = service(PrivateKeyJwt::new(key()).clock(clock.clone()));
    grant.obtain(&server).unwrap_err();
    clock.set_wall(at(NOW));
    let shown = grant.obtain(&server).unwrap_err().to_string();
    assert!(shown.contains("clock was set"), "{shown}");
    grant.obtain(&server).unwrap();
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
        let grant = service(PrivateKeyJwt::new(key()).clock(ManualClock::at(at(NOW + 300))));
        let error = grant.obtain(&server).unwrap_err();
        assert!(error.to_string().contains("300 s ahead"), "{error}");
        grant.obtain(&server).unwrap();
    }
}

#[test]
fn a_server_that_failed_or_says_no_time_changes_nothing() {
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
        let grant = service(PrivateKeyJwt::new(key()).clock(ManualClock::at(at(NOW + 300))));
        for _ in 0..2 {
            let shown = grant.obtain(&server).unwrap_err().to_string();
            assert!(!shown.contains("this machine's clock"), "{shown}");
        }
    }
}

#[test]
fn a_clock_that_is_right_is_not_blamed() {
    let server = Strict::new(DATE);
    let long = PrivateKeyJwt::new(key()).clock(ManualClock::at(at(NOW + 4)));
    let grant = service(long.expires_in(Duration::from_secs(3600)));
    let shown = grant.obtain(&server).unwrap_err().to_string();
    assert!(!shown.contains("this machine's clock"), "{shown}");
}

/// A caller who asks for no tolerance is corrected by the second.
#[test]
fn an_assertion_of_now_is_corrected_by_seconds_too() {
    let server = Strict::new(DATE);
    let jwt = PrivateKeyJwt::new(key()).clock(ManualClock::at(at(NOW + 3)));
    let grant = service(jwt.issued_ago(Duration::ZERO));
    let shown = grant.obtain(&server).unwrap_err().to_string();
    assert!(!shown.contains("this machine's clock"), "{shown}");
    grant.obtain(&server).unwrap();
}

#[test]
fn how_long_an_assertion_lives_can_be_set() {
    let server = Strict::new("");
    let jwt = PrivateKeyJwt::new(key()).clock(ManualClock::at(at(NOW)));
    let jwt = jwt
        .issued_ago(Duration::from_secs(5))
        .expires_in(Duration::from_secs(55));
    service(jwt).obtain(&server).unwrap();
    let claims = server.claims.lock().unwrap().remove(0);
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&(NOW - 5).into(), &(NOW + 55).into())
    );
}

#[test]
fn a_grant_by_assertion_is_corrected_too() {
    let server = Strict {
        refusal: (400, r#"{"error":"invalid_grant"}"#),
        ..Strict::new(DATE)
    };
    let public = client();
    let grant = JwtBearer::new(public, key()).clock(ManualClock::at(at(NOW + 300)));
    let shown = grant.obtain(&server).unwrap_err().to_string();
    assert!(shown.contains("300 s ahead"), "{shown}");
    grant.obtain(&server).unwrap();
}

#[test]
fn a_session_goes_on_when_its_wait_is_over() {
    let server = Strict::new(DATE);
    let clock = ManualClock::at(at(NOW + 300));
    let jwt = PrivateKeyJwt::new(key()).clock(clock.clone());
    let session = Session::builder(service(jwt))
        .transport(server.clone())
        .clock(clock.clone());
    let session = session.retries(0).build();
    assert!(matches!(
        session.token(),
        Err(Error::Refused(_) | Error::LoginRequired { .. })
    ));
    // A server's clock and ours go on alike.
    let date = server.clock.clone();
    date.advance(Duration::from_secs(60));
    clock.advance(Duration::from_secs(60));
    session.token().unwrap();
    assert_eq!(server.asked(), 2);
}
