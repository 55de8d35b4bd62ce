//! The code is traded before the page says that one is logged in.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use auth_core::http::Request;
use auth_core::testing::ManualClock;
use auth_core::transport::{self, Transport};
use oauth2_generic::{BrowserLogin, Client, Error, Server, Session, secret};

use super::{FAILED, LOGGED_IN, Patient, Waiting, begin_over, gist, rest_of};
use crate::script::Script;

fn client() -> Client {
    let server = Server::new("https://login.example/token")
        .authorization_endpoint("https://login.example/authorize");
    Client::new(server, "app")
}

/// A login whose clock is still.
fn login(client: Client) -> BrowserLogin {
    BrowserLogin::new(client).clock(Patient(ManualClock::new()))
}

/// A login whose token endpoint responds so.
fn waiting(http: impl Transport + 'static) -> Waiting {
    begin_over(login(client()), http)
}

/// The URL that the browser brings back.
fn brought(waiting: &Waiting) -> String {
    let (redirect, state) = (
        waiting.parameter("redirect_uri"),
        waiting.parameter("state"),
    );
    format!("{redirect}?code=c4nary&state={state}")
}

#[test]
fn the_token_is_there_when_the_page_says_logged_in() {
    let http = Script::default().then(200, TOKEN);
    let waiting = waiting(http.clone());
    let (url, redirect) = (brought(&waiting), waiting.parameter("redirect_uri"));
    assert_eq!(gist(&waiting.get(&url)), LOGGED_IN);
    let session = Session::builder(login(client()).grant())
        .tokens(waiting.end().unwrap())
        .transport(http.clone())
        .build()
        .unwrap();
    assert_eq!(session.token().unwrap().expose(), "t");
    let [asked] = http.asked().try_into().unwrap();
    let redirect = redirect.replace(':', "%3A").replace('/', "%2F");
    let sent = format!("&code=c4nary&redirect_uri={redirect}&code_verifier=");
    assert!(asked.contains(&sent), "{asked}");
}

#[test]
fn the_browser_waits_as_long_as_the_code_is_traded() {
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

/// The user has to log in again, whatever the words are.
#[test]
fn a_refused_code_is_told_on_the_page_and_is_no_login() {
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
            "{status} {body}: {error:?}"
        );
    }
}

#[test]
fn a_server_that_fails_is_told_on_the_page() {
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
            "did not give the answer",
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
fn a_code_that_never_left_is_sent_while_the_browser_waits() {
    let script = Script::default().then_not_send().then_not_send();
    let script = script.then(200, TOKEN);
    let waiting = waiting(script.clone());
    assert_eq!(gist(&waiting.get(&brought(&waiting))), LOGGED_IN);
    waiting.end().unwrap();

    let script = (0..4).fold(Script::default(), |script, _| script.then_not_send());
    let waiting = super::codes::waiting(script.clone());
    assert_eq!(gist(&waiting.get(&brought(&waiting))), FAILED);
    let error = waiting.end().unwrap_err().to_string();
    assert!(error.contains("nothing was sent"), "{error}");
    assert_eq!(script.asked().len(), 3);
}

/// The server did not look at it, and says when it will.
#[test]
fn a_code_that_the_server_puts_off_is_sent_again() {
    for (status, retry_after) in [(429, ""), (429, "5"), (503, "5")] {
        let script = Script::default().then_with(status, retry_after, "");
        let waiting = waiting(script.then(200, TOKEN));
        assert_eq!(gist(&waiting.get(&brought(&waiting))), LOGGED_IN);
        waiting.end().unwrap();
    }
}

#[test]
fn a_request_that_cannot_be_made_is_told_on_the_page() {
    let vault = secret::from_fn(|| Err(Error::configuration("the vault is closed")));
    let login = login(client().secret_param("tenant", vault));
    let waiting = begin_over(login, Script::default());
    let page = waiting.get(&brought(&waiting));
    assert_eq!(gist(&page), FAILED);
    assert!(page.contains("The settings of the application"), "{page}");
    let error = waiting.end().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
}

#[test]
fn a_request_that_no_client_may_make_opens_no_browser() {
    for (name, value) in [("grant_type", "mine"), ("tenant", "")] {
        let login = login(client().param(name, value));
        let login = login.open_with(|_| panic!("a browser was opened"));
        let outcome = login.exchange(&Script::default());
        assert!(
            matches!(outcome, Err(Error::Configuration { .. })),
            "{outcome:?}"
        );
    }
}

const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
