//! What stands beside the token endpoint: metadata, devices, pushed requests, revocation, introspection.

use std::time::Duration;

use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, REDIRECT_URI, USERNAME};

use crate::client::{FORM, Reply, form, send, with, without};
use crate::generic::{refresh, token, whoami};

const CLIENT: [(&str, &str); 2] = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// From RFC 7636, appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn post(generic: &Simulator, path: &str, fields: &[(&str, &str)]) -> Reply {
    send(generic, &format!("POST {path}"), &[FORM], &form(fields))
}

fn get(generic: &Simulator, path: &str) -> Reply {
    send(generic, &format!("GET {path}"), &[], "")
}

/// The same with the well-known client.
fn signed<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&CLIENT[..], fields].concat()
}

#[track_caller]
fn is_refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!(
        (reply.status, reply.text("error").as_str()),
        (status, error)
    );
}

#[test]
fn the_metadata_names_the_server_and_endpoints_that_are_there() {
    let generic = Simulator::generic();
    let metadata = get(&generic, "/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["issuer"], generic.url());
    assert_eq!(metadata["token_endpoint"], generic.token_url());
    for name in [
        "authorization_endpoint",
        "device_authorization_endpoint",
        "pushed_authorization_request_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
    ] {
        let path = metadata[name].as_str().unwrap();
        let path = path.strip_prefix(generic.url()).unwrap();
        assert_eq!(send(&generic, &format!("PUT {path}"), &[], "").status, 405);
    }
}

fn begun(generic: &Simulator) -> Reply {
    post(generic, "/device_authorization", &CLIENT)
}

fn polled(generic: &Simulator, begun: &Reply) -> Reply {
    let code = begun.text("device_code");
    let fields = [("grant_type", DEVICE), ("device_code", &code)];
    token(generic, &signed(&fields))
}

fn entered(generic: &Simulator, begun: &Reply) -> Reply {
    get(
        generic,
        &format!("/device?user_code={}", begun.text("user_code")),
    )
}

#[test]
fn a_device_waits_for_its_user_and_gets_tokens_once() {
    let generic = Simulator::generic();
    let begun = begun(&generic);
    let five = Duration::from_secs(5);
    generic.advance(five);
    is_refused(&polled(&generic, &begun), 400, "authorization_pending");
    assert_eq!(entered(&generic, &begun).status, 200);
    assert_eq!(entered(&generic, &begun).status, 404);
    generic.advance(five);
    let tokens = polled(&generic, &begun);
    let who = whoami(&generic, &tokens.text("access_token"));
    assert_eq!(who.text("sub"), USERNAME);
    assert_eq!(refresh(&generic, &tokens.text("refresh_token")).status, 200);
    generic.advance(five);
    is_refused(&polled(&generic, &begun), 400, "invalid_grant");
}

#[test]
fn a_device_that_asks_too_soon_must_wait_longer_from_then_on() {
    let generic = Simulator::generic();
    let begun = begun(&generic);
    is_refused(&polled(&generic, &begun), 400, "slow_down");
    generic.advance(Duration::from_secs(9));
    is_refused(&polled(&generic, &begun), 400, "slow_down");
    generic.advance(Duration::from_secs(15));
    is_refused(&polled(&generic, &begun), 400, "authorization_pending");
}

#[test]
fn a_device_is_refused_by_its_user_by_time_and_if_it_is_another() {
    let generic = Simulator::generic();
    let refused = begun(&generic);
    generic.user_refuses(true);
    assert_eq!(entered(&generic, &refused).status, 200);
    is_refused(&polled(&generic, &refused), 400, "access_denied");

    let late = begun(&generic);
    let fields = [
        ("grant_type", DEVICE),
        ("device_code", &late.text("device_code")),
        ("client_id", PUBLIC_CLIENT_ID),
    ];
    is_refused(&token(&generic, &fields), 400, "invalid_grant");
    generic.advance(Duration::from_secs(600));
    assert_eq!(entered(&generic, &late).status, 404);
    is_refused(&polled(&generic, &late), 400, "expired_token");
}

#[test]
fn a_device_is_a_known_client_that_asks_for_a_scope_there_is() {
    let generic = Simulator::generic();
    let ask = |fields: &[(&str, &str)]| post(&generic, "/device_authorization", fields);
    is_refused(
        &ask(&with(&CLIENT, "client_secret", "x")),
        401,
        "invalid_client",
    );
    is_refused(&ask(&signed(&[("scope", "x")])), 400, "invalid_scope");
    let missing = [("grant_type", DEVICE)];
    is_refused(&token(&generic, &signed(&missing)), 400, "invalid_request");
}

fn question() -> Vec<(&'static str, &'static str)> {
    signed(&[
        ("response_type", "code"),
        ("redirect_uri", REDIRECT_URI),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "st"),
    ])
}

#[test]
fn what_was_pushed_is_asked_once_whatever_stands_beside_it() {
    let generic = Simulator::generic();
    let pushed = post(&generic, "/par", &question());
    assert_eq!(pushed.status, 201);
    let ask = || {
        let fields = [
            ("client_id", CLIENT_ID),
            ("request_uri", &pushed.text("request_uri")),
            ("redirect_uri", "http://127.0.0.1:1/evil"),
        ];
        get(&generic, &format!("/authorize?{}", form(&fields)))
    };
    let location = ask().header("location").unwrap().to_owned();
    assert!(location.starts_with(REDIRECT_URI) && location.contains("state=st"));
    is_refused(&ask(), 400, "invalid_request_uri");
}

#[test]
fn what_was_pushed_is_good_for_one_client_and_one_minute() {
    let generic = Simulator::generic();
    let ask = |client: &str| {
        let uri = post(&generic, "/par", &question()).text("request_uri");
        let fields = form(&[("client_id", client), ("request_uri", &uri)]);
        generic.advance(Duration::from_secs(if client == CLIENT_ID {
            60
        } else {
            0
        }));
        get(&generic, &format!("/authorize?{fields}"))
    };
    is_refused(&ask(PUBLIC_CLIENT_ID), 400, "invalid_request_uri");
    is_refused(&ask(CLIENT_ID), 400, "invalid_request_uri");
}

#[test]
fn what_no_user_can_be_asked_is_not_taken() {
    let generic = Simulator::generic();
    for (changed, status, error) in [
        (
            with(&question(), "client_secret", "x"),
            401,
            "invalid_client",
        ),
        (with(&question(), "scope", "x"), 400, "invalid_scope"),
        (
            with(&question(), "redirect_uri", "https://a.example/"),
            400,
            "invalid_request",
        ),
        (
            with(&question(), "request_uri", "urn:x"),
            400,
            "invalid_request",
        ),
        (
            with(&question(), "code_challenge_method", "plain"),
            400,
            "invalid_request",
        ),
        (
            without(&question(), "response_type"),
            400,
            "unsupported_response_type",
        ),
    ] {
        is_refused(&post(&generic, "/par", &changed), status, error);
    }
}

fn tokens(generic: &Simulator) -> (String, String) {
    let login = [
        ("grant_type", "password"),
        ("username", USERNAME),
        ("password", auth_sim::generic::PASSWORD),
    ];
    let reply = token(generic, &signed(&login));
    (reply.text("access_token"), reply.text("refresh_token"))
}

#[test]
fn either_token_ends_the_whole_login_and_an_unknown_one_has_ended() {
    let generic = Simulator::generic();
    for by_refresh_token in [true, false] {
        let (access, renewal) = tokens(&generic);
        let revoked = if by_refresh_token { &renewal } else { &access };
        assert_eq!(
            post(&generic, "/revoke", &signed(&[("token", revoked)])).status,
            200
        );
        assert_eq!(whoami(&generic, &access).status, 401);
        is_refused(&refresh(&generic, &renewal), 400, "invalid_grant");
    }
    assert_eq!(
        post(&generic, "/revoke", &signed(&[("token", "x")])).status,
        200
    );
}

#[test]
fn nobody_ends_the_login_of_another_client() {
    let generic = Simulator::generic();
    let (access, _) = tokens(&generic);
    let stranger = [("client_id", PUBLIC_CLIENT_ID), ("token", &access)];
    is_refused(
        &post(&generic, "/revoke", &stranger),
        400,
        "invalid_request",
    );
    is_refused(
        &post(&generic, "/revoke", &stranger[1..]),
        401,
        "invalid_client",
    );
    is_refused(&post(&generic, "/revoke", &CLIENT), 400, "invalid_request");
    assert_eq!(whoami(&generic, &access).status, 200);
}

#[test]
fn a_token_is_active_as_long_as_it_works_and_for_clients_with_a_secret_only() {
    let generic = Simulator::generic();
    let (access, renewal) = tokens(&generic);
    let ask = |token: &str| post(&generic, "/introspect", &signed(&[("token", token)]));
    let known = ask(&access).json();
    assert_eq!(known["active"], true);
    assert_eq!(known["username"], USERNAME);
    assert_eq!(known["scope"], "read");
    assert_eq!(ask(&renewal).json()["active"], true);
    ask("x").is(200, r#"{"active":false}"#);
    generic.advance(Duration::from_secs(3600));
    ask(&access).is(200, r#"{"active":false}"#);
    let public = [("client_id", PUBLIC_CLIENT_ID), ("token", &renewal)];
    is_refused(
        &post(&generic, "/introspect", &public),
        401,
        "invalid_client",
    );
}

#[test]
fn a_resource_may_stand_twice_and_nothing_else() {
    let generic = Simulator::generic();
    let twice = |name: &str| {
        let fields = form(&signed(&[("grant_type", "client_credentials")]));
        let body = format!("{fields}&{name}=https%3A%2F%2Fa&{name}=https%3A%2F%2Fb");
        send(&generic, "POST /token", &[FORM], &body)
    };
    assert_eq!(twice("resource").status, 200);
    is_refused(&twice("audience"), 400, "invalid_request");
}
