//! A token request never follows a redirect.

use std::io::ErrorKind;
use std::net::TcpListener;

use aerion_auth::Aerion;
use aeris_auth::Aeris;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Grant, Secret, agent};
use ermeo_auth::Ermeo;

use super::hostile::Hostile;
use crate::support::asking::Asking as _;

fn grants(base: &str) -> [Box<dyn Grant>; 3] {
    [
        Box::new(
            Aerion::new("acme")
                .password("ada", Secret::new("secret"))
                .base(base),
        ),
        Box::new(
            Aeris::new("c", Secret::new("secret"))
                .account("1", Secret::new("secret"))
                .requester("a@b.example")
                .base(base),
        ),
        Box::new(
            Ermeo::new("c", Secret::new("secret"))
                .password("camille", Secret::new("secret"))
                .base(base),
        ),
    ]
}

/// A port to which no client may connect: a connection stays in its queue.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket option");
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    #[track_caller]
    fn was_left_alone(&self) {
        let error = self.0.accept().expect_err("a connection");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}

/// Answers every grant with this status and `Location`, and asserts that the client reports an error and sends
/// nothing else.
fn assert_not_followed(status: u16, location: &str) {
    let token =
        r#"{"access_token":"a1","token":"a1","token_type":"bearer","expires_in":1798761600}"#;
    let answer = format!(
        "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: {}\r\n\r\n{token}",
        token.len()
    );
    let server = Hostile::start(move |client| client.write(answer.as_bytes()));
    // For a host name instead of a literal address, the agent's own settings apply.
    let by_name = server.url().replace("127.0.0.1", "localhost");
    let by_any_name = HttpTransport::builder().danger_allow_http();
    let ways = [
        (HttpTransport::new(), server.url()),
        (by_any_name.build().unwrap(), by_name),
        (agent::transport(ureq::agent()), server.url()),
    ];
    let mut sent = 0;
    for (transport, base) in &ways {
        for grant in grants(base) {
            let error = grant
                .obtain(transport)
                .expect_err("a redirect is not a token");
            let expected = matches!(error, Error::Status { status: s, .. } if s == status);
            assert!(expected, "{status} {location}: {error:?}");
            sent += 1;
            assert_eq!(server.connections(), sent, "{status} {location}");
        }
    }
}

#[test]
fn a_redirect_to_another_origin_is_not_followed() {
    let elsewhere = Elsewhere::new();
    let port = elsewhere.port();
    for status in [300, 301, 302, 303, 304, 307, 308] {
        for location in [
            format!("http://127.0.0.1:{port}/token"),
            format!("http://localhost:{port}/token"),
            format!("https://127.0.0.1:{port}/token"),
            format!("//127.0.0.1:{port}/token"),
        ] {
            assert_not_followed(status, &location);
        }
    }
    elsewhere.was_left_alone();
}

#[test]
fn a_redirect_within_the_server_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for location in ["/elsewhere", "", "http://", "::::", "\u{202e}"] {
            assert_not_followed(status, location);
        }
    }
}
