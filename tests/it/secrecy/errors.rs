//! Every variant of an error, from every vendor, in every output that contains it.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use auth_core::error::{Delivery, NetworkFailure};
use auth_core::grant::Identity;
use auth_core::observe::{self, Event};
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Transport};
use auth_core::{Error, Grant, Secret, Session, transport};

use crate::support::{CANARY, answer, assert_quiet, journal, quiet, shown};

use super::{grants, secret};

/// All output of three calls of a session: errors with their sources, events, the log.
fn everything(
    grant: Box<dyn Grant>,
    transport: impl Transport + 'static,
    seen: &mut BTreeSet<&'static str>,
) -> String {
    let events = Arc::new(Mutex::new(String::new()));
    let noted = Arc::clone(&events);
    let note = move |identity: &Identity, event: &Event<'_>| {
        noted
            .lock()
            .unwrap()
            .push_str(&format!("{identity} {event:?}\n"));
    };
    let clock = ManualClock::new();
    let session = Session::builder(grant)
        .transport(transport)
        .clock(clock)
        .observer(observe::from_fn(note));
    let session = session.refresh_token(secret("refresh")).build().unwrap();
    let (mut text, log) = journal::of(|| {
        let mut text = format!("{session:?}\n");
        for _ in 0..3 {
            match session.token() {
                // Ermeo documents a lifetime, which replaces one that cannot be read.
                Ok(token) => text += &format!("{token:?}\n"),
                Err(error) => {
                    seen.insert(variant(&error));
                    text += &shown(&error);
                }
            }
        }
        text
    });
    text += &events.lock().unwrap();
    text + &log
}

fn variant(error: &Error) -> &'static str {
    match error {
        Error::Configuration { .. } => "Configuration",
        Error::Refused(_) => "Refused",
        Error::Status { .. } => "Status",
        Error::Response(_) => "Response",
        Error::Network { .. } => "Network",
        Error::BackOff { .. } => "BackOff",
        Error::LoginRequired { .. } => "LoginRequired",
        _ => "another",
    }
}

/// Returns the same response each time.
fn always(status: u16, body: String) -> impl Transport {
    transport::from_fn(move |_| Ok(answer(status, &body)))
}

#[test]
fn no_error_event_or_log_line_of_any_vendor_shows_a_secret() {
    let mut seen = BTreeSet::new();
    let https = "https://as.example";
    for (status, body) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"no"}"#.to_owned(),
        ),
        (401, r#"{"error":"invalid_client"}"#.to_owned()),
        (429, r#"{"error":"slow_down"}"#.to_owned()),
        (500, CANARY.to_owned()),
        (
            302,
            format!(r#"{{"access_token":"{CANARY}","token_type":"bearer"}}"#),
        ),
        (200, format!("<html>{CANARY}</html>")),
        (
            200,
            format!(r#"{{"access_token":"{CANARY}","token":"{CANARY}","token_type":"{CANARY}"}}"#),
        ),
        (
            200,
            format!(
                r#"{{"access_token":"{CANARY}","token":"{CANARY}","token_type":"bearer","expires_in":"{CANARY}"}}"#
            ),
        ),
        (
            200,
            format!(
                r#"{{"access_token":"{CANARY}\n","token":"{CANARY}\n","token_type":"bearer","refresh_token":"{CANARY}new"}}"#
            ),
        ),
        (200, format!(r#"{{"{CANARY}":1,"{CANARY}":2}}"#)),
        (200, format!(r#"{{"access_token":"{CANARY}"#)),
    ] {
        for grant in grants(https) {
            assert_quiet(&everything(grant, always(status, body.clone()), &mut seen));
        }
    }
    for network in [
        NetworkFailure::NameLookup,
        NetworkFailure::Connect("reason".into()),
        NetworkFailure::Proxy,
        NetworkFailure::Timeout,
        NetworkFailure::Closed,
        NetworkFailure::Protocol,
    ] {
        for sent in [Delivery::NotSent, Delivery::Unknown] {
            let failure = Error::network(network.clone(), sent);
            for grant in grants(https) {
                let failure = failure.clone();
                let fails = transport::from_fn(move |_| Err(failure.clone()));
                assert_quiet(&everything(grant, fails, &mut seen));
            }
        }
    }
    for grant in grants("http://as.example") {
        // An API without TLS is refused before anything is sent.
        let error = quiet(Session::builder(grant).build());
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    }
    let every = [
        "BackOff",
        "LoginRequired",
        "Network",
        "Refused",
        "Response",
        "Status",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), every);
}

#[test]
fn a_real_connection_that_fails_shows_no_secret() {
    let mut seen = BTreeSet::new();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for base in [
        format!("http://127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
        "https://token.invalid".to_owned(),
    ] {
        for grant in grants(&base) {
            assert_quiet(&everything(grant, HttpTransport::new(), &mut seen));
        }
    }
    let proxy = format!("http://user:{CANARY}@127.0.0.1:{port}");
    let transport = HttpTransport::builder()
        .proxy(Secret::new(proxy))
        .build()
        .unwrap();
    for grant in grants("https://as.example") {
        assert_quiet(&everything(grant, transport.clone(), &mut seen));
    }
    assert!(seen.contains("Network"), "{seen:?}");
}

#[test]
fn what_is_logged_names_the_identity_and_the_event() {
    let session = Session::builder(super::ermeo("https://api.ermeo.com"));
    let token = format!(
        r#"{{"access_token":"{CANARY}","token_type":"bearer","refresh_token":"{CANARY}"}}"#
    );
    let session = session.transport(always(200, token)).build().unwrap();
    let (_, log) = journal::of(|| session.token().unwrap());
    assert!(log.starts_with("INFO auth_core::observe"), "{log}");
    assert!(log.contains("ermeo base=https://api.ermeo.com client_id=7_4hzk user=camille@acme.example: logged in, valid until "), "{log}");
    assert_quiet(&log);
}
