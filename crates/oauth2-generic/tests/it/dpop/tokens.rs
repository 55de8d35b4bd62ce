//! Proofs to the token endpoint, and the responses that are accepted.

use auth_core::grant::ResponseFormat;
use oauth2_generic::{
    Client, ClientCredentials, Error, Grant, Password, RefreshToken, Secret, Session,
};
use serde_json::json;

use crate::asking::{Asking as _, obtained_by};
use crate::jose::{hash, names};
use crate::requests::{client, client_of};
use crate::script::Script;

use super::server::Server;
use super::{NOW, bound, clock, key};

fn service(client: Client) -> ClientCredentials {
    ClientCredentials::new(client)
}

#[test]
fn a_token_request_carries_a_proof_for_itself() {
    let server = Server::default().then_token(&[]);
    obtained_by(&clock(), service(bound()), server.clone()).unwrap();
    let plain = Server::default().then(200, &[], r#"{"access_token":"a","token_type":"bearer"}"#);
    service(client()).obtain(&plain).unwrap();
    assert_eq!(server.bodies(), plain.bodies());

    let proof = server.proofs().remove(0);
    assert_eq!(names(&proof.header), ["alg", "jwk", "typ"]);
    assert_eq!(
        (&proof.header["alg"], &proof.header["typ"]),
        (&json!("ES256"), &json!("dpop+jwt"))
    );
    let jwk = &proof.header["jwk"];
    assert_eq!(
        names(jwk),
        ["crv", "kty", "x", "y"],
        "the public half alone"
    );
    assert_eq!((&jwk["kty"], &jwk["crv"]), (&json!("EC"), &json!("P-256")));
    let claims = &proof.claims;
    assert_eq!(names(claims), ["htm", "htu", "iat", "jti"]);
    assert_eq!(claims["htm"], "POST");
    assert_eq!(claims["htu"], "https://login.example:8443/token");
    assert_eq!(claims["iat"], NOW);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 22, "128 bits");
}

#[test]
fn the_url_of_a_proof_is_normal_and_has_no_query() {
    for (endpoint, htu) in [
        (
            "https://login.example/token?tenant=1",
            "https://login.example/token",
        ),
        (
            "HTTPS://Login.Example:443/Token",
            "https://login.example/Token",
        ),
        ("https://login.example", "https://login.example/"),
        ("http://[::1]:80/token", "http://[::1]/token"),
        ("http://127.0.0.1:8080/token", "http://127.0.0.1:8080/token"),
    ] {
        let client = client_of(oauth2_generic::Server::new(endpoint)).dpop(key());
        let server = Server::default().then_token(&[]);
        service(client).obtain(&server).unwrap();
        assert_eq!(server.proofs()[0].claims["htu"], htu);
    }
}

#[test]
fn every_grant_proves_and_no_proof_is_sent_twice() {
    let refresh_token = Secret::new("r1");
    let client = bound();
    let password = Password::new(client.clone(), "u", Secret::new("p"));
    let kept = RefreshToken::new(client.clone());
    let mut server = Server::default();
    for _ in 0..4 {
        server = server.then_token(&[]);
    }
    for grant in [&password as &dyn Grant, &service(client)] {
        grant.obtain(&server).unwrap();
        assert!(grant.policy().binds_tokens());
    }
    for grant in [&password as &dyn Grant, &kept] {
        grant.refresh(&refresh_token, &server).unwrap();
        assert!(grant.policy().binds_tokens());
    }
    let mut ids: Vec<String> = server
        .proofs()
        .iter()
        .map(|it| it.claims["jti"].to_string())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[test]
fn a_token_that_is_not_bound_to_the_key_is_refused() {
    for (answer, problem) in [
        (
            r#"{"access_token":"a","token_type":"Bearer"}"#,
            "did not bind",
        ),
        (r#"{"access_token":"a"}"#, "no token_type"),
    ] {
        let lenient = ResponseFormat::new().token_type_optional();
        let client = client_of(crate::requests::server().response(lenient)).dpop(key());
        let server = Server::default().then(200, &[], answer);
        let error = service(client).obtain(&server).unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn a_bound_token_is_shown_as_one() {
    let server = Server::default().then_token(&[]);
    let session = Session::builder(service(bound())).transport(server);
    let session = session.build().unwrap();
    assert_eq!(session.authorization().unwrap(), "DPoP a1");
}

#[test]
fn a_server_that_announces_other_signatures_is_not_asked() {
    let http = Script::default().then(
        200,
        r#"{"issuer":"https://login.example","token_endpoint":"https://login.example/token",
            "dpop_signing_alg_values_supported":["PS256"]}"#,
    );
    let announcing = oauth2_generic::Server::discover_with("https://login.example", &http);
    let client = Client::new(announcing.unwrap(), "app").dpop(key());
    let server = Server::default();
    let error = service(client).obtain(&server).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert_eq!(server.sent(), 0);
}

#[test]
fn without_a_key_there_is_no_proof() {
    assert!(!service(client()).policy().binds_tokens());
    let identity = service(client()).identity().to_string();
    assert!(!identity.contains("dpop"), "{identity}");
}

/// The hash of RFC 7638 over the members of the key, in the order of their names.
#[test]
fn the_thumbprint_is_that_of_the_key_in_the_proof() {
    let key = key();
    let (thumbprint, client) = (key.thumbprint(), client().dpop(key));
    let server = Server::default().then_token(&[]);
    service(client).obtain(&server).unwrap();
    let jwk = server.proofs()[0].header["jwk"].clone();
    let text = |name: &str| jwk[name].as_str().unwrap().to_owned();
    let (x, y) = (text("x"), text("y"));
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    assert_eq!(thumbprint, hash(&canonical));
}
