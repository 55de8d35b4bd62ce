//! A failed handshake does not spend a refresh token, and so does not cost a login.

use std::time::Duration;

use auth_core::Error;
use auth_core::error::{Delivery, NetworkFailure, Remedy};

use super::authority::Authority;
use super::endpoint::{Turn, Visit, endpoint, https};
use super::{access_token, answer, no_connection, on_refresh_token, refresh_token, trusting, with};
use crate::support::{assert_quiet, quiet};

/// Asserts that only the last visit received a request, and that it was the refresh.
#[track_caller]
fn assert_sent_in_the_last(visits: &[Visit]) {
    let (last, failed) = visits.split_last().expect("a visit");
    for visit in failed {
        assert_quiet(&visit.heard());
        assert!(!visit.heard().contains("POST"), "{visit:?}");
    }
    let sent = format!(r#""refresh_token":"{}""#, refresh_token(1));
    assert!(last.heard().contains(&sent), "{}", last.heard());
}

#[test]
fn a_refresh_token_outlives_a_wrong_certificate() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let endpoint = endpoint([
        Turn::Tls(theirs.server(), answer(7)),
        Turn::Noise(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        Turn::Noise(b""),
        Turn::Tls(ours.server(), answer(2)),
    ]);
    let transport = trusting(&ours);
    let (session, _) = on_refresh_token(&https(&endpoint), transport, 3);

    assert_eq!(session.token().unwrap().expose(), access_token(2));
    assert_eq!(session.refresh_token().unwrap().expose(), refresh_token(2));
    let visits = endpoint.all();
    assert_eq!(visits.len(), 4);
    assert_sent_in_the_last(&visits);
}

#[test]
fn a_refresh_token_outlives_a_failed_call() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let endpoint = endpoint([theirs.server(), ours.server()].map(|it| Turn::Tls(it, answer(2))));
    let transport = trusting(&ours);
    let (session, clock) = on_refresh_token(&https(&endpoint), transport, 0);

    let error = quiet(session.token());
    assert_eq!(
        no_connection(&error),
        ("invalid peer certificate: UnknownIssuer", Delivery::NotSent)
    );
    assert!(
        error.remedy() == Remedy::Retry,
        "the server's certificate may be renewed"
    );
    assert_eq!(session.refresh_token().unwrap().expose(), refresh_token(1));
    assert!(matches!(session.token(), Err(Error::BackOff { .. })));
    clock.advance(Duration::from_secs(60));
    assert_eq!(session.token().unwrap().expose(), access_token(2));
    let visits = endpoint.all();
    assert_eq!(visits.len(), 2);
    assert_sent_in_the_last(&visits);
}

#[test]
fn a_refresh_token_outlives_a_slow_handshake() {
    let authority = Authority::new("ours");
    // It accepts connections and sends nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let transport = with(authority.trusted())
        .timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let (session, _) = on_refresh_token(&url, transport, 0);

    match quiet(session.token()) {
        Error::Network {
            failure, delivery, ..
        } => {
            assert_eq!(
                (failure, delivery),
                (NetworkFailure::Timeout, Delivery::NotSent)
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(session.refresh_token().unwrap().expose(), refresh_token(1));
}
