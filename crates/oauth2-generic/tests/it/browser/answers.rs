//! Consent, refusals, and the session that follows.

use std::sync::{Arc, Mutex};
use std::thread;

use auth_core::agent::ureq;
use auth_core::error::ErrorCode;
use auth_core::http::{Request, Response};
use auth_core::store::MemoryStore;
use auth_core::{Error, Secret, Session, transport};
use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID};
use oauth2_generic::{BrowserLogin, Client};

use super::{FAILED, LOGGED_IN, begin, begin_with, client, endpoints, gist, located, login};

#[test]
fn a_session_continues_with_the_refresh_token() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    let session = super::session(&server, waiting.end().unwrap());
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
fn a_confidential_client_logs_in() {
    let server = Simulator::generic();
    let client = Client::new(endpoints(&server), CLIENT_ID).secret(Secret::new(CLIENT_SECRET));
    let waiting = begin(BrowserLogin::new(client));
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    let tokens = waiting.end().unwrap();
    assert!(tokens.refresh_token.is_some());
}

#[test]
fn a_session_without_a_stored_login_opens_the_browser() {
    let (server, store) = (Simulator::generic(), MemoryStore::new());
    let login = login(&server).user("jsmith").open_with(|url| {
        let location = located(url);
        thread::spawn(move || ureq_get(&location));
        Ok(())
    });
    let token = login.session(store.clone()).unwrap().token().unwrap();
    let again = login.open_with(|_| panic!("a browser was opened"));
    let again = again.session(store).unwrap().token().unwrap();
    assert_eq!(again.expose(), token.expose());
}

#[test]
fn a_session_over_a_store_needs_a_user() {
    let login = login(&Simulator::generic()).open_with(|_| panic!("a browser was opened"));
    let error = login.session(MemoryStore::new()).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
}

#[test]
fn a_login_replaces_the_stored_one_and_is_found_again() {
    let (server, store) = (Simulator::generic(), MemoryStore::new());
    let login = login(&server).user("jsmith");
    let log_in = || {
        let waiting = begin(login.clone());
        waiting.log_in();
        let session = Session::builder(login.grant()).store(store.clone());
        let session = session.tokens(waiting.end().unwrap()).build().unwrap();
        session.token().unwrap().expose().to_owned()
    };
    let (first, second) = (log_in(), log_in());
    assert_ne!(first, second);
    let login = login.open_with(|_| panic!("a browser was opened"));
    let next_day = login.session(store).unwrap();
    assert_eq!(next_day.token().unwrap().expose(), second);
}

#[test]
fn a_user_who_declines_is_not_logged_in() {
    let server = Simulator::generic();
    server.user_refuses(true);
    let waiting = begin(login(&server));
    assert_eq!(gist(&waiting.log_in()), ("200 OK", "You are not logged in"));
    let error = waiting.end().unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.code == ErrorCode::AccessDenied));
}

#[test]
fn a_refusal_of_the_server_is_an_error_and_a_page() {
    let server = Simulator::generic();
    let waiting = begin(BrowserLogin::new(client(&server).scope("everything")));
    assert_eq!(gist(&waiting.log_in()), FAILED);
    let error = waiting.end().unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.code == ErrorCode::InvalidScope));
}

#[test]
fn a_response_of_another_server_ends_the_login() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    let (honest, _) = waiting
        .location()
        .split_once("iss=")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let page = waiting.get(&format!("{honest}iss=https%3A%2F%2Fevil.example"));
    assert_eq!(gist(&page).1, FAILED.1);
    let error = waiting.end().unwrap_err();
    assert!(
        matches!(error, Error::Response(_)) && error.to_string().contains("`iss`"),
        "{error}"
    );
    assert!(server.token_requests().is_empty());
}

#[test]
fn a_login_is_pushed_where_the_server_supports_it() {
    let server = Simulator::generic();
    let pushing =
        endpoints(&server).pushed_authorization_request_endpoint("https://login.example/par");
    let login = BrowserLogin::new(Client::new(pushing, PUBLIC_CLIENT_ID));
    let pushed = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&pushed);
    let transport = transport::from_fn(move |request: Request<Vec<u8>>| {
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
    let waiting = begin_with(login, transport);
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
