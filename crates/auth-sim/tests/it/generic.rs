//! The OAuth 2.0 server: grants, client authentication, encodings, refusals.

use auth_sim::generic::{
    CLIENT_ID, CLIENT_SECRET, ODD_CLIENT_ID, PASSWORD, PUBLIC_CLIENT_ID, USERNAME,
};
use auth_sim::{Bodies, Simulator, Vendor};

use crate::client::{FORM, JSON, Reply, api, form, json, send, with, without};

const LOGIN: [(&str, &str); 5] = [
    ("client_id", CLIENT_ID),
    ("client_secret", CLIENT_SECRET),
    ("username", USERNAME),
    ("password", PASSWORD),
    ("grant_type", "password"),
];
/// `sim-client:sim-client-secret`.
const BASIC: (&str, &str) = (
    "Authorization",
    "Basic c2ltLWNsaWVudDpzaW0tY2xpZW50LXNlY3JldA==",
);

pub(crate) fn token(generic: &Simulator, fields: &[(&str, &str)]) -> Reply {
    send(generic, "POST /token", &[FORM], &form(fields))
}

pub(crate) fn refresh(generic: &Simulator, refresh_token: &str) -> Reply {
    let login = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    token(generic, &[&login[..], &LOGIN[..2]].concat())
}

pub(crate) fn whoami(generic: &Simulator, token: &str) -> Reply {
    api(generic, "GET /whoami", token)
}

#[test]
fn a_client_is_identified_by_body_basic_or_public_id() {
    let generic = Simulator::generic();
    assert_eq!(token(&generic, &LOGIN).status, 200);
    let rest = form(&LOGIN[2..]);
    assert_eq!(
        send(&generic, "POST /token", &[FORM, BASIC], &rest).status,
        200
    );
    let public = with(&LOGIN[2..], "client_id", PUBLIC_CLIENT_ID);
    assert_eq!(token(&generic, &public).status, 200);
}

#[test]
fn client_credentials_are_encoded_before_basic() {
    let generic = Simulator::generic();
    let body = form(&LOGIN[2..]);
    // base64 of `sim%3Aodd+client:p%2Bss+w%25rd%3A~%26%3D`, and of the same text without encoding.
    let right = "Basic c2ltJTNBb2RkK2NsaWVudDpwJTJCc3MrdyUyNXJkJTNBfiUyNiUzRA==";
    let wrong = "Basic c2ltOm9kZCBjbGllbnQ6cCtzcyB3JXJkOn4mPQ==";
    let reply = send(
        &generic,
        "POST /token",
        &[FORM, ("Authorization", right)],
        &body,
    );
    assert_eq!(reply.status, 200, "{reply:?}");
    let who = whoami(&generic, &reply.text("access_token"));
    assert_eq!(who.text("client_id"), ODD_CLIENT_ID);
    let reply = send(
        &generic,
        "POST /token",
        &[FORM, ("Authorization", wrong)],
        &body,
    );
    assert_eq!(reply.status, 401);
}

#[test]
fn a_bad_client_gets_a_challenge_only_after_basic() {
    let generic = Simulator::generic();
    let bad = [
        with(&LOGIN, "client_secret", "wrong"),
        without(&LOGIN, "client_secret"),
        without(&LOGIN, "client_id"),
        with(&LOGIN, "client_id", "unknown"),
        with(&LOGIN, "client_id", PUBLIC_CLIENT_ID),
    ];
    for fields in bad {
        let reply = token(&generic, &fields);
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (401, "invalid_client")
        );
        assert_eq!(reply.header("www-authenticate"), None);
    }
    for value in ["Basic bm9ib2R5Om5vdGhpbmc=", "Basic !", "Bearer x"] {
        let headers = [FORM, ("Authorization", value)];
        let reply = send(&generic, "POST /token", &headers, &form(&LOGIN[2..]));
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (401, "invalid_client")
        );
        assert_eq!(
            reply.header("www-authenticate"),
            Some(r#"Basic realm="auth-sim""#)
        );
    }
    let twice = send(&generic, "POST /token", &[FORM, BASIC], &form(&LOGIN));
    assert_eq!(
        (twice.status, twice.text("error").as_str()),
        (400, "invalid_request")
    );
}

#[test]
fn the_accepted_encodings_can_be_chosen() {
    for (bodies, form_status, json_status) in [
        (Bodies::Both, 200, 200),
        (Bodies::Form, 200, 400),
        (Bodies::Json, 400, 200),
    ] {
        let generic = Simulator::builder(Vendor::Generic)
            .bodies(bodies)
            .start()
            .unwrap();
        assert_eq!(token(&generic, &LOGIN).status, form_status, "{bodies:?}");
        let reply = send(&generic, "POST /token", &[JSON], &json(&LOGIN));
        assert_eq!(reply.status, json_status, "{bodies:?}");
        // The content type and the encoding of the body must agree.
        assert_eq!(
            send(&generic, "POST /token", &[JSON], &form(&LOGIN)).status,
            400
        );
        assert_ne!(
            send(&generic, "POST /token", &[FORM], &json(&LOGIN)).status,
            200
        );
        assert_eq!(
            send(&generic, "POST /token", &[], &form(&LOGIN)).status,
            400
        );
    }
}

#[test]
fn malformed_requests_are_refused() {
    let generic = Simulator::generic();
    let error = |reply: Reply| (reply.status, reply.text("error"));
    let invalid = (400, "invalid_request".to_owned());
    assert_eq!(
        error(token(&generic, &without(&LOGIN, "grant_type"))),
        invalid
    );
    assert_eq!(
        error(token(&generic, &without(&LOGIN, "password"))),
        invalid
    );
    let repeated = format!("{}&grant_type=password", form(&LOGIN));
    assert_eq!(
        error(send(&generic, "POST /token", &[FORM], &repeated)),
        invalid
    );
    let in_query = format!("POST /token?{}", form(&LOGIN));
    assert_eq!(
        error(send(&generic, &in_query, &[FORM], &form(&LOGIN))),
        invalid
    );
    let unknown = with(&LOGIN, "grant_type", "frobnicate");
    assert_eq!(
        error(token(&generic, &unknown)),
        (400, "unsupported_grant_type".to_owned())
    );
    let scope = with(&LOGIN, "scope", "read everything");
    assert_eq!(
        error(token(&generic, &scope)),
        (400, "invalid_scope".to_owned())
    );
    let wrong = with(&LOGIN, "password", "wrong");
    assert_eq!(
        error(token(&generic, &wrong)),
        (400, "invalid_grant".to_owned())
    );
    let get = send(&generic, "GET /token", &[], "");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
}

#[test]
fn client_credentials_bring_no_refresh_token_and_need_a_secret() {
    let generic = Simulator::generic();
    let fields = with(&LOGIN[..2], "grant_type", "client_credentials");
    let reply = token(&generic, &with(&fields, "scope", "read write"));
    assert!(reply.json().get("refresh_token").is_none());
    let who = whoami(&generic, &reply.text("access_token"));
    assert_eq!(
        (who.text("sub").as_str(), who.text("scope").as_str()),
        (CLIENT_ID, "read write")
    );
    let public = [
        ("grant_type", "client_credentials"),
        ("client_id", PUBLIC_CLIENT_ID),
    ];
    assert_eq!(
        token(&generic, &public).text("error"),
        "unauthorized_client"
    );
}

#[test]
fn reuse_revokes_the_family_unless_switched_off() {
    let generic = Simulator::generic();
    let first = token(&generic, &LOGIN);
    let second = refresh(&generic, &first.text("refresh_token"));
    assert_eq!(
        refresh(&generic, &first.text("refresh_token")).text("error"),
        "invalid_grant"
    );
    assert_eq!(refresh(&generic, &second.text("refresh_token")).status, 400);
    assert_eq!(whoami(&generic, &second.text("access_token")).status, 401);

    let builder = Simulator::builder(Vendor::Generic).revoke_family_on_reuse(false);
    let generic = builder.start().unwrap();
    let first = token(&generic, &LOGIN);
    let second = refresh(&generic, &first.text("refresh_token"));
    assert_eq!(refresh(&generic, &first.text("refresh_token")).status, 400);
    assert_eq!(whoami(&generic, &second.text("access_token")).status, 200);
    assert_eq!(refresh(&generic, &second.text("refresh_token")).status, 200);
}

#[test]
fn a_refresh_token_is_bound_to_its_client_and_its_scope() {
    let generic = Simulator::generic();
    let seed = token(&generic, &with(&LOGIN, "scope", "read write")).text("refresh_token");
    let grant = [
        ("grant_type", "refresh_token"),
        ("refresh_token", seed.as_str()),
    ];
    let other = with(&grant, "client_id", PUBLIC_CLIENT_ID);
    assert_eq!(token(&generic, &other).text("error"), "invalid_grant");
    let own = [&grant[..], &LOGIN[..2]].concat();
    assert_eq!(
        token(&generic, &with(&own, "scope", "admin")).text("error"),
        "invalid_scope"
    );
    // Neither refusal has spent it.
    assert_eq!(
        token(&generic, &with(&own, "scope", "write")).text("scope"),
        "write"
    );
}

#[test]
fn the_api_distinguishes_no_token_from_a_bad_one() {
    let generic = Simulator::generic();
    let none = send(&generic, "GET /whoami", &[], "");
    assert_eq!(
        none.header("www-authenticate"),
        Some(r#"Bearer realm="auth-sim""#)
    );
    let bad = whoami(&generic, "wrong");
    assert_eq!(
        (bad.status, bad.text("error").as_str()),
        (401, "invalid_token")
    );
    assert!(
        bad.header("www-authenticate")
            .unwrap()
            .contains(r#"error="invalid_token""#)
    );
}

#[test]
fn echo_returns_the_body() {
    let generic = Simulator::generic();
    let bearer = format!("Bearer {}", token(&generic, &LOGIN).text("access_token"));
    let headers = [
        ("Content-Type", "text/x-odd"),
        ("Authorization", bearer.as_str()),
    ];
    let reply = send(&generic, "POST /echo", &headers, "twice");
    reply.is(200, "twice");
    assert_eq!(reply.header("content-type"), Some("text/x-odd"));
    assert_eq!(send(&generic, "POST /echo", &[], "twice").status, 401);
}
