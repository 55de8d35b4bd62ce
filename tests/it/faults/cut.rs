//! A response that ends too early is never a token, and the server may have acted on the request.

use auth_all::Secret;
use std::time::Duration;

use auth_core::error::LoginReason;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session};
use ermeo_auth::Ermeo;

use super::hostile::Hostile;

/// Cuts the response to a refresh after every byte, and checks the refresh token each time.
fn cut_everywhere(whole: &str) {
    let (bytes, mut length) = (whole.as_bytes().to_vec(), 0);
    let server = Hostile::start(move |client| {
        client.write(&bytes[..length]);
        length += 1;
    });
    let transport = HttpTransport::new();
    let session = || {
        let grant = Ermeo::new("7_4hzk", Secret::new("2vhq")).base(server.url());
        let clock = ManualClock::new();
        let builder = Session::builder(grant).transport(transport.clone());
        (
            builder
                .clock(clock.clone())
                .refresh_token(Secret::new("r1"))
                .build()
                .unwrap(),
            clock,
        )
    };
    for length in 0..whole.len() {
        let (session, clock) = session();
        for _ in 0..2 {
            let error = session
                .token()
                .expect_err("part of a response is not a token");
            let first = matches!(error, Error::Response(_) | Error::BackOff { .. });
            let Error::LoginRequired { reason, .. } = error else {
                assert!(first, "cut after {length}: {error:?}");
                clock.advance(Duration::from_secs(3600));
                continue;
            };
            assert_eq!(
                reason,
                LoginReason::RefreshTokenUncertain,
                "cut after {length}"
            );
        }
        assert!(matches!(session.token(), Err(Error::LoginRequired { .. })));
        assert_eq!(
            server.requests(),
            length + 1,
            "sent once, cut after {length}"
        );
    }
    let (session, _) = session();
    assert_eq!(session.token().expect("the whole answer").expose(), "a1");
    assert_eq!(
        session.refresh_token().expect("the next one").expose(),
        "r2"
    );
}

#[test]
fn a_cut_response_of_known_length_is_no_token() {
    let length = BODY.len();
    cut_everywhere(&format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{BODY}"
    ));
}

#[test]
fn a_cut_response_in_chunks_is_no_token() {
    let (first, second) = BODY.split_at(40);
    let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
    let chunks = chunk(first) + &chunk(second);
    // The empty chunk is the end; ureq does not require the empty line after it.
    cut_everywhere(&format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n"
    ));
}

#[test]
fn a_cut_response_of_unknown_length_is_no_token() {
    cut_everywhere(&format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{BODY}"
    ));
}

const BODY: &str =
    r#"{"access_token":"a1","token_type":"bearer","expires_in":3600,"refresh_token":"r2"}"#;
