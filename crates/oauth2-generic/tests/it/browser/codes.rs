//! The code is traded before the page says that the user is logged in.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use auth_core::http::Request;
use auth_core::testing::ManualClock;
use auth_core::transport::{self, HttpTransport, Transport};
use auth_core::{Error, secret};
use oauth2_generic::{BrowserLogin, Client, Server};

use super::{FAILED, LOGGED_IN, Patient, Waiting, begin_with, gist, rest_of};
use crate::script::Script;

fn client() -> Client {
    let server = Server::new("https://login.example/token")
        .authorization_endpoint("https://login.example/authorize");
    Client::new(server, "app")
}

/// A login whose token endpoint responds like this; its clock does not move.
fn waiting(http: impl Transport + 'static) -> Waiting {
    let clock = Patient(ManualClock::new());
    begin_with(BrowserLogin::new(client()).clock(clock), http)
}

/// The URL that the browser returns to.
fn brought(waiting: &Waiting) -> String {
    let (redirect, state) = (
        waiting.parameter("redirect_uri"),
        waiting.parameter("state"),
    );
    format!("{redirect}?code=c4nary&state={state}")
}

#[test]
fn the_tokens_arrive_before_the_page_reports_success() {
    let http = Script::default().then(200, TOKEN);
    let waiting = waiting(http.clone());
    let (url, redirect) = (brought(&waiting), waiting.parameter("redirect_uri"));
    assert_eq!(gist(&waiting.get(&url)), LOGGED_IN);
    assert_eq!(waiting.end().unwrap().access_token.expose(), "t");
    let [asked] = http.asked().try_into().unwrap();
    let redirect = redirect.replace(':', "%3A").replace('/', "%2F");
    let sent = format!("&code=c4nary&redirect_uri={redirect}&code_verifier=");
    assert!(asked.contains(&sent), "{asked}");
}

#[test]
fn the_browser_waits_while_the_code_is_traded() {
    let browser = Arc::new(Mutex::new(None::<TcpStream>));
    let (script, seen) = (Script::default().then(200, TOKEN), Arc::clone(&browser));
    let waiting = waiting(transport::from_fn(move |request: Request<Vec<u8>>| {
        // Held until it has looked: it would wait where the browser may already.
        let mut browser = seen.lock().unwrap();
        let nothing = browser.as_ref().unwrap().peek(&mut [0]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        *browser = None;
        script.send(request)
    }));
    let mut stream = waiting.connect();
    let copy = stream.try_clone().unwrap();
    copy.set_nonblocking(true).unwrap(); // the other one, too
    *browser.lock().unwrap() = Some(copy);
    let (url, host) = (brought(&waiting), waiting.authority());
    let target = url.strip_prefix(&waiting.origin()).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    while browser.lock().unwrap().is_some() {
        std::thread::yield_now();
    }
    stream.set_nonblocking(false).unwrap();
    assert_eq!(gist(&rest_of(stream)), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn a_refused_code_is_on_the_page_and_in_the_error() {
    for (status, body) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"c4nary"}"#,
        ),
        (401, r#"{"error":"invalid_client"}"#),
        (403, r#"{"error":"E_FORBIDDEN","status":403}"#),
        (200, r#"{"error":"bad_verification_code"}"#),
        (400, ""),
        (401, ""),
    ] {
        let waiting = waiting(Script::default().then(status, body));
        let page = waiting.get(&brought(&waiting));
        assert_eq!(gist(&page), FAILED, "{status} {body}");
        assert!(page.contains("refused the application the token"), "{page}");
        assert!(!page.contains("c4nary"), "{page}");
        let error = waiting.end().unwrap_err();
        let by_server = matches!(error, Error::Refused(_) | Error::Status { .. });
        assert!(
            by_server && !format!("{error:?}").contains("c4nary"),
            "{error:?}"
        );
    }
}

#[test]
fn a_failure_of_the_server_is_on_the_page() {
    let failing = [
        (
            Script::default().then(503, ""),
            "could not be reached or failed",
        ),
        (
            Script::default().then_lose(),
            "could not be reached or failed",
        ),
        (
            Script::default().then(200, "<html>"),
            "did not send the response",
        ),
    ];
    for (http, says) in failing {
        let waiting = waiting(http.clone());
        let page = waiting.get(&brought(&waiting));
        assert_eq!(gist(&page), FAILED);
        assert!(page.contains(says), "{page}");
        let error = waiting.end().unwrap_err();
        assert!(!matches!(error, Error::LoginRequired { .. }), "{error}");
        assert_eq!(http.asked().len(), 1, "a code is sent once");
    }
}

#[test]
fn a_code_that_never_left_is_sent_again() {
    let script = Script::default().then_not_send().then_not_send();
    let script = script.then(200, TOKEN);
    let waiting = waiting(script.clone());
    assert_eq!(gist(&waiting.get(&brought(&waiting))), LOGGED_IN);
    waiting.end().unwrap();

    let script = (0..3).fold(Script::default(), |script, _| script.then_not_send());
    let waiting = super::codes::waiting(script.clone());
    assert_eq!(gist(&waiting.get(&brought(&waiting))), FAILED);
    let error = waiting.end().unwrap_err().to_string();
    assert!(error.contains("nothing was sent"), "{error}");
    assert_eq!(script.asked().len(), 3);
}

#[test]
fn a_wrong_setting_is_on_the_page() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "c4nary").unwrap();
    let login = BrowserLogin::new(client().secret(secret::file(file.path())));
    let login = login.clock(Patient(ManualClock::new()));
    let waiting = begin_with(login, Script::default());
    drop(file);
    let page = waiting.get(&brought(&waiting));
    assert_eq!(gist(&page), FAILED);
    assert!(page.contains("The settings of the application"), "{page}");
    let error = waiting.end().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
}

#[test]
fn a_parameter_that_is_not_allowed_opens_no_browser() {
    let login = BrowserLogin::new(client().param("grant_type", "mine"));
    let login = login.open_with(|_| panic!("a browser was opened"));
    let error = login.exchange(&HttpTransport::new());
    assert!(
        matches!(error, Err(Error::Configuration { .. })),
        "{error:?}"
    );
}

const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
