//! Consent, refusals, and the session that follows.

use std::sync::{Arc, Mutex};

use auth_core::MemoryStore;
use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET};
use oauth2_generic::http::{Request, Response};
use oauth2_generic::{Error, ErrorCode, RefreshToken, Session};

use super::{FAILED, LOGGED_IN, begin, begin_with, client, gist, login};

#[test]
fn a_session_continues_with_the_refresh_token() {
    let server = Simulator::generic();
    let waiting = begin(login(&server).browser());
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
    let mut login = login(&server);
    login.client.client_id = CLIENT_ID.into();
    login.client.client_secret = CLIENT_SECRET.into();
    let waiting = begin(login.browser());
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    let tokens = waiting.end().unwrap();
    assert!(tokens.refresh_token.is_some());
}

#[test]
fn a_login_replaces_the_stored_one_and_is_found_again() {
    let (server, store) = (Simulator::generic(), MemoryStore::new());
    let grant = || RefreshToken {
        client: client(&server),
        resource_owner: "jsmith".into(),
    };
    let log_in = || {
        let waiting = begin(login(&server).browser());
        waiting.log_in();
        let session = Session::builder(grant()).store(store.clone());
        let session = session.response(waiting.end().unwrap()).build();
        session.token().unwrap().expose().to_owned()
    };
    let (first, second) = (log_in(), log_in());
    assert_ne!(first, second);
    let next_day = Session::builder(grant()).store(store.clone()).build();
    assert_eq!(next_day.token().unwrap().expose(), second);
}

#[test]
fn a_user_who_declines_is_not_logged_in() {
    let server = Simulator::generic();
    server.user_refuses(true);
    let waiting = begin(login(&server).browser());
    assert_eq!(gist(&waiting.log_in()), ("200 OK", "You are not logged in"));
    let error = waiting.end().unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.code == ErrorCode::AccessDenied));
}

#[test]
fn a_refusal_of_the_server_is_an_error_and_a_page() {
    let server = Simulator::generic();
    let mut login = login(&server);
    login.client.scope = "everything".into();
    let waiting = begin(login.browser());
    assert_eq!(gist(&waiting.log_in()), FAILED);
    let error = waiting.end().unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.code == ErrorCode::InvalidScope));
}

#[test]
fn a_response_of_another_server_ends_the_login() {
    let server = Simulator::generic();
    let waiting = begin(login(&server).browser());
    let (honest, _) = waiting
        .location()
        .split_once("iss=")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let page = waiting.get(&format!("{honest}iss=https%3A%2F%2Fevil.example"));
    assert_eq!(gist(&page).1, FAILED.1);
    let error = waiting.end().unwrap_err();
    assert!(
        matches!(error, Error::Answer(_)) && error.to_string().contains("`iss`"),
        "{error}"
    );
    assert!(server.token_requests().is_empty());
}

#[test]
fn a_login_is_pushed_where_the_server_supports_it() {
    let server = Simulator::generic();
    let mut login = login(&server);
    login.client.pushed_authorization_request_endpoint = "https://login.example/par".into();
    let pushed = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&pushed);
    let transport = move |request: Request<Vec<u8>>| {
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
    };
    let waiting = begin_with(login.browser(), transport);
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
    oauth2_generic::ureq::get(url)
        .call()
        .unwrap()
        .into_body()
        .read_to_string()
        .unwrap()
}
