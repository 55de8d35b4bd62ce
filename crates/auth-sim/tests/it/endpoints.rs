//! The endpoints other than the token endpoint: metadata, devices, pushed requests, revocation, introspection.

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

/// Adds the credentials of the well-known client to the fields.
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
fn the_metadata_names_the_issuer_and_existing_endpoints() {
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
fn polling_too_soon_lengthens_the_interval() {
    let generic = Simulator::generic();
    let begun = begun(&generic);
    is_refused(&polled(&generic, &begun), 400, "slow_down");
    generic.advance(Duration::from_secs(9));
    is_refused(&polled(&generic, &begun), 400, "slow_down");
    generic.advance(Duration::from_secs(15));
    is_refused(&polled(&generic, &begun), 400, "authorization_pending");
}

#[test]
fn a_denied_expired_or_foreign_device_code_is_refused() {
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
fn a_device_needs_a_known_client_and_a_known_scope() {
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
fn a_pushed_request_works_once_and_overrides_the_query() {
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
fn a_pushed_request_is_for_one_client_and_one_minute() {
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
fn an_invalid_request_cannot_be_pushed() {
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

/// An unknown token counts as revoked.
#[test]
fn revoking_either_token_ends_the_login() {
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
fn a_client_cannot_revoke_another_clients_token() {
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
fn introspection_needs_a_secret_and_shows_valid_tokens() {
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
fn only_resource_may_be_repeated() {
    let generic = Simulator::generic();
    let twice = |name: &str| {
        let fields = form(&signed(&[("grant_type", "client_credentials")]));
        let body = format!("{fields}&{name}=https%3A%2F%2Fa&{name}=https%3A%2F%2Fb");
        send(&generic, "POST /token", &[FORM], &body)
    };
    assert_eq!(twice("resource").status, 200);
    is_refused(&twice("audience"), 400, "invalid_request");
}
