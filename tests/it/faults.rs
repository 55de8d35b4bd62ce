//! Failures of the network, against a server on plain sockets that violates every rule.

mod cut; // responses that end too early, at every byte
mod hostile; // the server
mod large; // responses that are too large
mod redirect; // responses that redirect the request
mod slow; // responses that arrive slowly

use std::net::TcpListener;
use std::time::Duration;

use auth_core::error::{Delivery, NetworkFailure};
use auth_core::grant::{TokenRequest, TokenResponse};
use auth_core::transport::HttpTransport;
use auth_core::{Error, Result};

use hostile::Hostile;

/// Sends a request with a body, whose delivery is observable.
fn post(transport: &HttpTransport, url: &str) -> Result<TokenResponse> {
    let request = TokenRequest::form(format!("{url}/token")).param("grant_type", "refresh_token");
    request.param("refresh_token", "r1").send(transport)
}

/// Sends a request without a body, as Aeris requires.
fn get(transport: &HttpTransport, url: &str) -> Result<TokenResponse> {
    TokenRequest::query(format!("{url}/token"))
        .param("cs", "secret")
        .send(transport)
}

const BOTH: [fn(&HttpTransport, &str) -> Result<TokenResponse>; 2] = [post, get];

fn patient(limit: Duration) -> HttpTransport {
    HttpTransport::builder().timeout(limit).build().unwrap()
}

#[track_caller]
fn assert_network(outcome: Result<TokenResponse>, failure: &NetworkFailure, delivery: Delivery) {
    match outcome.expect_err("an error") {
        Error::Network {
            failure: found,
            delivery: arrived,
            ..
        } => assert_eq!((&found, arrived), (failure, delivery)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_that_reads_and_is_silent_may_have_acted() {
    let server = Hostile::start(|client| {
        client.rest();
    });
    for send in BOTH {
        let outcome = send(&patient(Duration::from_millis(300)), &server.url());
        assert_network(outcome, &NetworkFailure::Timeout, Delivery::Unknown);
    }
    assert_eq!(server.requests(), 2, "once each");
}

#[test]
fn a_server_that_reads_and_closes_may_have_acted() {
    let server = Hostile::start(|_| {});
    for send in BOTH {
        let outcome = send(&HttpTransport::new(), &server.url());
        assert_network(outcome, &NetworkFailure::Closed, Delivery::Unknown);
    }
    assert_eq!(server.requests(), 2, "once each");
}

#[test]
fn a_server_that_closes_at_once_may_have_acted() {
    let server = Hostile::deaf();
    for send in BOTH {
        let outcome = send(&HttpTransport::new(), &server.url());
        assert_network(outcome, &NetworkFailure::Closed, Delivery::Unknown);
    }
    assert_eq!(server.connections(), 2, "once each");
}

#[test]
fn a_port_that_is_closed_was_sent_nothing() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for send in BOTH {
        let error = send(&HttpTransport::new(), &format!("http://127.0.0.1:{port}")).unwrap_err();
        let Error::Network {
            failure: NetworkFailure::Connect(_),
            delivery,
            ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(*delivery, Delivery::NotSent);
        assert!(error.to_string().ends_with("nothing was sent"), "{error}");
    }
}

#[test]
fn a_name_that_does_not_exist_was_sent_nothing() {
    for send in BOTH {
        // RFC 2606 §2 reserves `.invalid` for this.
        let outcome = send(&HttpTransport::new(), "https://token.invalid");
        assert_network(outcome, &NetworkFailure::NameLookup, Delivery::NotSent);
    }
}

#[test]
fn a_response_that_is_not_http_may_have_arrived() {
    for noise in [
        &b"SSH-2.0-OpenSSH_9.9\r\n"[..],
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\0\xff\xfe\x80\r\n\r\n",
    ] {
        let server = Hostile::start(move |client| client.write(noise));
        for send in BOTH {
            let outcome = send(&HttpTransport::new(), &server.url());
            assert_network(outcome, &NetworkFailure::Protocol, Delivery::Unknown);
        }
    }
}

#[test]
fn a_server_that_speaks_no_tls_was_sent_nothing() {
    let server = Hostile::deaf();
    let url = server.url().replace("http://", "https://");
    let error = post(&HttpTransport::new(), &url).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Network {
                delivery: Delivery::NotSent,
                ..
            }
        ),
        "{error:?}"
    );
}
