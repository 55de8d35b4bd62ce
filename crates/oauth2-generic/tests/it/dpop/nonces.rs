//! Servers that want a nonce: how often a request is sent, and what that means for what it spends.

use crate::asking::Asking as _;
use std::time::Duration;

use auth_core::error::{Delivery, ErrorCode, LoginReason, NetworkFailure};
use auth_core::http::{HeaderMap, Method, Uri};
use auth_core::testing::ManualClock;
use oauth2_generic::{AuthorizationCode, ClientCredentials, Error, RefreshToken, Session};
use serde_json::{Value, json};

use crate::jose::proof;

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
fn a_request_without_the_nonce_is_sent_once_more_with_it_and_the_next_has_it_at_once() {
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
fn it_is_sent_once_more_and_not_for_ever() {
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
fn without_a_nonce_or_from_a_server_that_failed_it_is_not_sent_again() {
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
    let session = Session::builder(grant).refresh_token("r1").retries(0);
    session.transport(server.clone()).clock(clock).build()
}

#[test]
fn a_refresh_token_survives_the_nonce_and_goes_on_with_its_successor() {
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
fn a_refresh_token_whose_second_sending_is_lost_is_not_sent_a_third_time() {
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
fn a_refresh_token_outlives_a_server_that_is_never_content_with_a_nonce() {
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_refuse("use_dpop_nonce", N2);
    let session = kept(&server);
    session.token().unwrap_err();
    assert_eq!(session.refresh_token().unwrap().expose(), "r1");
}

#[test]
fn a_code_whose_second_sending_is_lost_is_spent() {
    let login = AuthorizationCode::new(bound(), "https://app.example/cb");
    let pending = login.begin().unwrap();
    let back = format!("https://app.example/cb?code=c&state={}", pending.state());
    let granted = pending.redirected(&back).unwrap();
    let server = Server::default()
        .then_refuse("use_dpop_nonce", N1)
        .then_fail(lost(Delivery::Unknown));
    granted.obtain(&server).unwrap_err();
    let error = granted.obtain(&server).unwrap_err();
    assert!(matches!(error, Error::LoginRequired { .. }), "{error}");
    assert_eq!(server.sent(), 2);
}

/// Servers take an assertion once, and look at it before they look at the proof.
#[test]
fn the_second_sending_has_another_assertion() {
    use oauth2_generic::{ClientAuth, PrivateKeyJwt, SigningKey};
    let signing = SigningKey::from_pem(Secret::new(include_str!("../keys/es256.pem"))).unwrap();
    let mut client = bound();
    client.client_auth = ClientAuth::PrivateKeyJwt(PrivateKeyJwt::new(signing));
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
    use auth_core::grant::Prover;
    let (key, uri) = (key(), |text: &'static str| Uri::from_static(text));
    let mut headers = HeaderMap::new();
    headers.insert("dpop-nonce", "n1".parse().unwrap());
    assert!(!key.answered(&uri("https://a.example/x"), &headers, None));
    let nonce = |url| {
        let jwt = key.clone().prove(&Method::GET, &uri(url), None).unwrap();
        proof(jwt.expose()).claims["nonce"].clone()
    };
    assert_eq!(nonce("https://A.example:443/y?q"), "n1");
    for other in [
        "https://a.example:444/",
        "http://a.example/",
        "https://b.example/",
    ] {
        assert_eq!(nonce(other), Value::Null);
    }
}

/// A proof is good for a request like it, for as long as the server takes it.
#[test]
fn a_proof_that_the_server_repeats_is_left_out_of_the_error() {
    use auth_core::http::{Request, Response};
    let echo = |request: Request<Vec<u8>>| -> oauth2_generic::Result<Response<Vec<u8>>> {
        let jwt = request.headers()["dpop"].to_str().unwrap();
        let answer =
            json!({"error": "invalid_dpop_proof", "error_description": format!("not {jwt}")});
        let answer = answer.to_string().into_bytes();
        Ok(Response::builder().status(400).body(answer).unwrap())
    };
    let session = Session::builder(ClientCredentials::new(bound()));
    let error = session.transport(echo).build().token().unwrap_err();
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(shown.contains("not …") && !shown.contains("eyJ"), "{shown}");
}
