//! The redirects of the authorization endpoint.

use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, PUBLIC_CLIENT_ID, REDIRECT_URI, USERNAME};

use crate::client::{Reply, api, form, send, with, without};

const ASK: [(&str, &str); 5] = [
    ("response_type", "code"),
    ("client_id", CLIENT_ID),
    ("redirect_uri", REDIRECT_URI),
    ("state", "a b&c"),
    ("scope", "read write"),
];

fn ask(generic: &Simulator, fields: &[(&str, &str)]) -> Reply {
    send(
        generic,
        &format!("GET /authorize?{}", form(fields)),
        &[],
        "",
    )
}

fn location(generic: &Simulator, fields: &[(&str, &str)]) -> String {
    let reply = ask(generic, fields);
    assert_eq!(reply.status, 302, "{reply:?}");
    reply.header("location").unwrap().to_owned()
}

#[test]
fn the_query_has_a_code_with_state_and_issuer() {
    let generic = Simulator::generic();
    let location = location(&generic, &ASK);
    let rest = location
        .strip_prefix("http://127.0.0.1:9/callback?code=")
        .unwrap();
    let issuer = generic.url().replace(':', "%3A").replace('/', "%2F");
    let (code, rest) = rest.split_once('&').unwrap();
    assert!(code.ends_with("%3D"));
    assert_eq!(rest, format!("state=a+b%26c&iss={issuer}"));
}

#[test]
fn a_query_of_the_redirect_uri_is_kept() {
    let generic = Simulator::generic();
    let uri = "http://localhost:8080/back?tenant=1";
    let location = location(&generic, &with(&ASK, "redirect_uri", uri));
    assert!(location.starts_with("http://localhost:8080/back?tenant=1&code="));
}

#[test]
fn the_fragment_has_a_token_without_a_refresh_token() {
    let generic = Simulator::generic();
    let location = location(&generic, &with(&ASK, "response_type", "token"));
    let (uri, fragment) = location.split_once('#').unwrap();
    assert_eq!(uri, REDIRECT_URI);
    assert!(!fragment.contains("refresh_token"));
    assert!(fragment.contains("&token_type=Bearer&expires_in=3600&scope=read+write&state=a+b%26c"));
    let token = fragment
        .strip_prefix("access_token=")
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let who = api(&generic, "GET /whoami", &token.replace("%3D", "="));
    assert_eq!(who.text("sub"), USERNAME);
}

#[test]
fn a_user_who_refuses_is_an_error_in_the_redirect() {
    let generic = Simulator::generic();
    generic.user_refuses(true);
    let error = "error=access_denied&error_description=The+resource+owner+denied+the+request";
    assert!(location(&generic, &ASK).contains(&format!("?{error}&state=a+b%26c")));
    let implicit = location(&generic, &with(&ASK, "response_type", "token"));
    assert!(implicit.contains(&format!("#{error}")));
    generic.user_refuses(false);
    assert!(location(&generic, &ASK).contains("?code="));
}

#[test]
fn mistakes_of_the_client_are_errors_in_the_redirect() {
    let generic = Simulator::generic();
    let public = with(&ASK, "client_id", PUBLIC_CLIENT_ID);
    for (fields, error) in [
        (
            with(&ASK, "response_type", "id_token"),
            "unsupported_response_type",
        ),
        (without(&ASK, "response_type"), "unsupported_response_type"),
        (with(&ASK, "scope", "everything"), "invalid_scope"),
        (with(&ASK, "code_challenge", "x"), "invalid_request"),
        (public.clone(), "invalid_request"),
        (
            [&ASK[..], &[("state", "again")]].concat(),
            "invalid_request",
        ),
    ] {
        assert!(
            location(&generic, &fields).contains(&format!("?error={error}&")),
            "{fields:?}"
        );
    }
}

#[test]
fn the_user_is_redirected_to_the_clients_uris_only() {
    let generic = Simulator::generic();
    for uri in [
        "https://evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1:9/#fragment",
        "http://127.0.0.1:9/\r\nSet-Cookie: a=b",
        "",
    ] {
        let reply = ask(&generic, &with(&ASK, "redirect_uri", uri));
        assert_eq!(
            (reply.status, reply.header("location")),
            (400, None),
            "{uri}"
        );
    }
    let reply = ask(&generic, &with(&ASK, "client_id", "unknown"));
    assert_eq!((reply.status, reply.header("location")), (400, None));
    assert_eq!(send(&generic, "POST /authorize", &[], "").status, 405);
}
