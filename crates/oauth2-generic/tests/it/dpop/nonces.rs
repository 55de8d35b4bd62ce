//! Servers that require a nonce: how often a request is sent, and its effect on single-use codes and tokens.

use std::sync::Arc;
use std::time::Duration;

use auth_core::error::{Delivery, ErrorCode, LoginReason, NetworkFailure, Remedy};
use auth_core::grant::TokenRequest;
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport;
use oauth2_generic::{ClientCredentials, Error, RefreshToken, Secret, Session};
use serde_json::{Value, json};

use crate::asking::Asking as _;

use super::server::Server;
use super::{bound, clock, key};

fn nonces(server: &Server) -> Vec<Value> {
    server
        .proofs()
        .iter()
        .map(|it| it.claims["nonce"].clone())
        .collect()
}

fn lost(delivery: Delivery) -> Error {
    Error::network(NetworkFailure::Timeout, delivery)
}

const N1: &[(&str, &str)] = &[("dpop-nonce", "n1")];
const N2: &[(&str, &str)] = &[("dpop-nonce", "n2")];

#[test]
fn a_request_is_sent_once_more_with_the_nonce() {
    let grant = ClientCredentials::new(bound());
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_token(&[])
        .then_token(N2)
        .then_token(&[]);
    for _ in 0..3 {
        grant.obtain(&server).unwrap();
    }
    assert_eq!(
        nonces(&server),
        [Value::Null, json!("n1"), json!("n1"), json!("n2")]
    );
    let bodies = server.bodies();
    assert_eq!(bodies[0], bodies[1]);
    let ids = server.proofs();
    assert_ne!(ids[0].claims["jti"], ids[1].claims["jti"]);
}

#[test]
fn it_is_sent_once_more_and_no_third_time() {
    let grant = ClientCredentials::new(bound());
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_refuse("use_dpop_nonce", N2);
    let error = grant.obtain(&server).unwrap_err();
    let code = &error.refusal().unwrap().code;
    assert_eq!(*code, ErrorCode::UseDpopNonce);
    assert_eq!(server.sent(), 2);
}

#[test]
fn without_a_nonce_a_request_is_not_sent_again() {
    let refusal = r#"{"error":"use_dpop_nonce"}"#;
    for server in [
        Server::default().then(400, &[], refusal),
        Server::default().then(400, &[("dpop-nonce", "")], refusal),
        Server::default().then(400, &[("dpop-nonce", "a b")], refusal),
        Server::default().then(400, &[("dpop-nonce", &"n".repeat(1025))], refusal),
        Server::default().then(500, N1, refusal),
        Server::default().then(400, N1, r#"{"error":"invalid_grant"}"#),
        Server::default().then(400, N1, "use_dpop_nonce"),
    ] {
        let grant = ClientCredentials::new(bound());
        grant.obtain(&server).unwrap_err();
        assert_eq!(server.sent(), 1);
    }
}

fn kept(server: &Server) -> Session {
    kept_at(server, clock())
}

fn kept_at(server: &Server, clock: ManualClock) -> Session {
    let grant = RefreshToken::new(bound());
    let session = Session::builder(grant).refresh_token(Secret::new("r1"));
    let session = session.transport(server.clone()).clock(clock);
    session.retries(0).build().unwrap()
}

#[test]
fn a_refresh_token_survives_the_nonce() {
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_token(&[]);
    let session = kept(&server);
    session.token().unwrap();
    assert_eq!(session.refresh_token().unwrap().expose(), "r2");
    let spent: Vec<bool> = server
        .bodies()
        .iter()
        .map(|it| it.contains("refresh_token=r1"))
        .collect();
    assert_eq!(spent, [true, true]);
}

#[test]
fn a_refresh_token_lost_after_the_nonce_is_not_sent_again() {
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_fail(lost(Delivery::Unknown));
    let clock = clock();
    let session = kept_at(&server, clock.clone());
    let lost = session.token().unwrap_err();
    assert!(
        matches!(
            lost,
            Error::Network {
                delivery: Delivery::Unknown,
                ..
            }
        ),
        "{lost}"
    );
    clock.advance(Duration::from_secs(600));
    let error = session.token().unwrap_err();
    let uncertain = LoginReason::RefreshTokenUncertain;
    assert!(
        matches!(&error, Error::LoginRequired { reason, .. } if *reason == uncertain),
        "{error}"
    );
    assert_eq!(server.sent(), 2);
}

#[test]
fn a_refresh_token_whose_second_sending_never_left_works_later() {
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_fail(lost(Delivery::NotSent));
    let session = kept(&server);
    let error = session.token().unwrap_err();
    assert!(error.remedy() == Remedy::Retry, "{error}");
    assert_eq!(session.refresh_token().unwrap().expose(), "r1");
}

#[test]
fn a_refresh_token_that_is_refused_after_the_nonce_is_refused() {
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_refuse("invalid_grant", &[]);
    let error = kept(&server).token().unwrap_err();
    let refused = LoginReason::RefreshTokenRefused;
    assert!(
        matches!(&error, Error::LoginRequired { reason, .. } if *reason == refused),
        "{error}"
    );
}

#[test]
fn a_refresh_token_outlives_refused_nonces() {
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_refuse("use_dpop_nonce", N2);
    let session = kept(&server);
    session.token().unwrap_err();
    assert_eq!(session.refresh_token().unwrap().expose(), "r1");
}

/// Servers take an assertion once, and look at it before they look at the proof.
#[cfg(feature = "jwt")]
#[test]
fn the_second_sending_has_another_assertion() {
    use oauth2_generic::{ClientAuth, SigningKey};

    let pem = Secret::new(include_str!("../keys/es256.pem"));
    let signing = SigningKey::from_pem(pem).unwrap();
    let client = bound().auth(ClientAuth::private_key_jwt(signing));
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_token(&[]);
    ClientCredentials::new(client).obtain(&server).unwrap();
    let bodies = server.bodies();
    let assertion = |body: &str| body.split("client_assertion=").nth(1).unwrap().to_owned();
    assert_ne!(assertion(&bodies[0]), assertion(&bodies[1]));
}

#[test]
fn a_nonce_is_for_the_server_that_gave_it_and_shared_by_clones() {
    let key = key();
    // The nonce of a request to this URL, which brings these headers back.
    let nonce = |url: &str, headers: &[(&str, &str)]| {
        let server = Server::default().then_token(headers);
        let request = TokenRequest::form(url).param("client_id", "app");
        request.prover(Arc::new(key.clone())).send(&server).unwrap();
        nonces(&server).remove(0)
    };
    assert_eq!(nonce("https://a.example/x", N1), Value::Null);
    assert_eq!(nonce("https://A.example:443/y?q", &[]), "n1");
    for other in [
        "https://a.example:444/",
        "http://a.example/",
        "https://b.example/",
    ] {
        assert_eq!(nonce(other, &[]), Value::Null);
    }
}

/// A proof is good for a request like it, for as long as the server takes it.
#[test]
fn a_proof_that_the_server_repeats_is_left_out_of_the_error() {
    let echo = transport::from_fn(|request: Request<Vec<u8>>| {
        let jwt = request.headers()["dpop"].to_str().unwrap();
        let answer =
            json!({"error": "invalid_dpop_proof", "error_description": format!("not {jwt}")});
        let answer = answer.to_string().into_bytes();
        Ok(Response::builder().status(400).body(answer).unwrap())
    });
    let session = Session::builder(ClientCredentials::new(bound())).transport(echo);
    let error = session.build().unwrap().token().unwrap_err();
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(shown.contains("not …") && !shown.contains("eyJ"), "{shown}");
}
