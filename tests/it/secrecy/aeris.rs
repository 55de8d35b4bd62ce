//! Aeris has its secrets in the URL, so no error shows the URL.

use crate::support::asking::Asking as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use auth_core::grant::TokenResponse;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Result, Session, agent};

use crate::support::{assert_quiet, journal, quiet, shown};

use super::aeris;

/// Sends the request with both kinds of transport, and asserts that no error or log line shows a secret.
fn ask(base: &str) -> Vec<Error> {
    let ask =
        |transport: HttpTransport| -> Result<TokenResponse> { aeris(base).obtain(&transport) };
    let (errors, log) = journal::of(|| {
        let transports = [HttpTransport::new(), agent::transport(ureq::agent())];
        transports.map(|transport| quiet(ask(transport)))
    });
    assert_quiet(&log);
    errors.into()
}

#[test]
fn a_base_without_https_is_refused_and_not_shown() {
    for base in [
        "http://connectivity.aerisapis.com",
        "HTTP://connectivity.aerisapis.com",
        "http://localhost:1",
        "http://127.0.0.1.example.com",
        "http://[::2]",
        "connectivity.aerisapis.com",
        "//connectivity.aerisapis.com",
        "ftp://connectivity.aerisapis.com",
        "https://",
        "https://:443",
        "https:// connectivity.aerisapis.com",
        "https://connectivity.aerisapis.com:port",
        "https://[::1",
        "https://ex\u{e4}mple.com",
        "https://connectivity.aerisapis.com\r\nX: y",
        "https://connectivity.aerisapis.com?x=y",
        "",
    ] {
        for error in ask(base) {
            assert!(
                matches!(error, Error::Configuration { .. }),
                "{base}: {error:?}"
            );
        }
    }
}

#[test]
fn a_user_name_in_the_base_is_refused_and_not_shown() {
    for error in ask("https://user:canary7Qz@connectivity.aerisapis.com") {
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    }
}

#[test]
fn a_host_that_does_not_exist_or_refuses_does_not_show_the_url() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for base in [
        "https://aeris.invalid".to_owned(),
        format!("http://127.0.0.1:{port}"),
    ] {
        for error in ask(&base) {
            assert!(matches!(error, Error::Network { .. }), "{base}: {error:?}");
        }
    }
}

#[test]
fn server_errors_and_bad_redirects_do_not_show_the_url() {
    for (head, status) in [
        ("500 Oops\r\nContent-Length: 0", 500),
        ("302 Found\r\nLocation: ::::\r\nContent-Length: 0", 302),
        ("302 Found\r\nLocation: http://\r\nContent-Length: 0", 302),
        ("302 Found\r\nContent-Length: 0", 302),
        ("302 Found\r\nLocation: \u{202e}\r\nContent-Length: 0", 302),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serving = thread::spawn(move || {
            for stream in listener.incoming().take(2).flatten() {
                let mut stream = stream;
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes());
            }
        });
        for error in ask(&base) {
            assert!(
                matches!(error, Error::Status { status: s, .. } if s == status),
                "{error:?}"
            );
        }
        serving.join().unwrap();
    }
}

#[test]
fn a_session_and_its_agent_do_not_show_the_url_either() {
    let session = Session::new(aeris("http://connectivity.aerisapis.com"));
    assert_quiet(&format!("{session:?}"));
    quiet(session.token());
    // The agent's error names the reason why it does not sign for that base.
    let error = session
        .agent()
        .get("http://connectivity.aerisapis.com/x")
        .call()
        .unwrap_err();
    assert_quiet(&format!("{error} {error:?}"));
    let source = agent::error_of(&error).expect("one of ours");
    assert!(
        matches!(source, Error::Configuration { .. }),
        "{}",
        shown(source)
    );
}
