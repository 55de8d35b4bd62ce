//! Responses of the user and the server, and their outcome.

use std::sync::{Arc, Mutex};

use auth_core::agent::ureq;
use auth_core::error::ErrorCode;
use auth_core::http::{Request, Response};
use auth_core::store::MemoryStore;
use auth_core::transport;
use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID};
use oauth2_generic::{BrowserLogin, Client, Error, Secret, Session};

use super::{LOGGED_IN, begin, begin_over, by_hand, client, gist, login, session};

#[test]
fn a_session_continues_with_the_refresh_token_of_a_login() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    let session = session(&server, waiting.end().unwrap());
    let first = session.token().unwrap();
    assert!(session.refresh_token().is_some());
    assert!(session.reject(&first));
    assert_ne!(session.token().unwrap().expose(), first.expose());
    let grants = server.token_requests();
    let grants = grants
        .iter()
        .map(|request| String::from_utf8_lossy(&request.body).into_owned());
    let grants: Vec<bool> = grants.map(|body| body.contains("code_verifier=")).collect();
    assert_eq!(grants, [true, false]);
}

#[test]
fn a_confidential_client_logs_in_as_well() {
    let server = Simulator::generic();
    let client = Client::new(by_hand(&server), CLIENT_ID).secret(Secret::new(CLIENT_SECRET));
    let waiting = begin(BrowserLogin::new(client));
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn a_new_login_replaces_the_stored_one_and_is_found() {
    let (server, store) = (Simulator::generic(), MemoryStore::new());
    let log_in = || {
        let waiting = begin(login(&server));
        waiting.log_in();
        let grant = login(&server).user("jsmith").grant();
        let session = Session::builder(grant).tokens(waiting.end().unwrap());
        let session = session.store(store.clone()).build().unwrap();
        session.token().unwrap().expose().to_owned()
    };
    let (first, second) = (log_in(), log_in());
    assert_ne!(first, second);
    // The next day: no browser is needed.
    let again = login(&server)
        .user("jsmith")
        .open_with(|_| panic!("a browser was opened"));
    let next_day = again.session(store.clone()).unwrap();
    assert_eq!(next_day.token().unwrap().expose(), second);
}

#[test]
fn a_user_who_declines_is_told_of_no_login() {
    let server = Simulator::generic();
    server.user_refuses(true);
    let waiting = begin(login(&server));
    assert_eq!(gist(&waiting.log_in()), ("200 OK", "You are not logged in"));
    let error = waiting.end().unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.code == ErrorCode::AccessDenied));
}

#[test]
fn a_server_that_says_no_is_an_error_and_a_page() {
    let server = Simulator::generic();
    let waiting = begin(BrowserLogin::new(client(&server).scope("everything")));
    assert_eq!(
        gist(&waiting.log_in()),
        ("200 OK", "The login did not work")
    );
    let error = waiting.end().unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.code == ErrorCode::InvalidScope));
}

#[test]
fn an_answer_of_another_server_ends_the_login_without_a_code() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    let (honest, _) = waiting
        .location()
        .split_once("iss=")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let page = waiting.get(&format!("{honest}iss=https%3A%2F%2Fevil.example"));
    assert_eq!(gist(&page).1, "The login did not work");
    let error = waiting.end().unwrap_err();
    assert!(
        matches!(error, Error::Response(_)) && error.to_string().contains("`iss`"),
        "{error}"
    );
    assert!(server.token_requests().is_empty());
}

#[test]
fn a_server_with_a_place_for_it_is_told_of_the_login_first() {
    let server = Simulator::generic();
    let pushing =
        by_hand(&server).pushed_authorization_request_endpoint("https://login.example/par");
    let login = BrowserLogin::new(Client::new(pushing, PUBLIC_CLIENT_ID));
    let pushed = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&pushed);
    let http = transport::from_fn(move |request: Request<Vec<u8>>| {
        let is_push = request.uri().path() == "/par";
        if is_push {
            *seen.lock().unwrap() = String::from_utf8(request.into_body()).unwrap();
        }
        let (status, body) = match is_push {
            true => (201, r#"{"request_uri":"urn:example:1","expires_in":60}"#),
            false => (200, r#"{"access_token":"t","token_type":"bearer"}"#),
        };
        Ok(Response::builder()
            .status(status)
            .body(body.into())
            .unwrap())
    });
    let waiting = begin_over(login, http);
    assert!(
        waiting.url.contains("request_uri=urn%3Aexample%3A1"),
        "{}",
        waiting.url
    );
    assert!(!waiting.url.contains("redirect_uri"), "{}", waiting.url);

    let pushed = pushed.lock().unwrap().clone();
    let of = |name: &str| {
        let (_, rest) = pushed.split_once(&format!("{name}=")).unwrap();
        rest.split('&')
            .next()
            .unwrap()
            .replace("%3A", ":")
            .replace("%2F", "/")
    };
    let answer = ureq_get(&format!(
        "{}?code=c&state={}&iss={}",
        of("redirect_uri"),
        of("state"),
        server.url()
    ));
    assert!(answer.contains("You are logged in"));
    waiting.end().unwrap();
}

fn ureq_get(url: &str) -> String {
    ureq::get(url)
        .call()
        .unwrap()
        .into_body()
        .read_to_string()
        .unwrap()
}
