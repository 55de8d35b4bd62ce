//! An assertion that the client signs for a user, as a grant.

use std::time::{Duration, SystemTime};

use auth_core::testing::ManualClock;
use oauth2_generic::{Client, ClientAuth, Error, Grant, JwtBearer, Secret, Session, SigningKey};
use serde_json::{Value, json};

use crate::asking::{Asking as _, obtained_by};
use crate::jose::verified;
use crate::requests::{client, server};
use crate::script::Script;

fn key() -> SigningKey {
    SigningKey::from_pem(Secret::new(include_str!("keys/rs256.pem"))).unwrap()
}

fn public() -> Client {
    Client::new(server(), "app")
}

fn grant(client: Client) -> JwtBearer {
    JwtBearer::new(client, key())
}

/// The body before the assertion, and the claims, without the number; the time is 1 800 000 000.
fn asked(grant: &JwtBearer) -> (String, Value) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let http = Script::default().then(200, ANSWER);
    obtained_by(&ManualClock::at(now), grant.clone(), http.clone()).unwrap();
    let sent = http.asked().remove(0);
    let body = sent.strip_prefix("POST https://login.example:8443/token ");
    let (form, rest) = body.unwrap().split_once("&assertion=").unwrap();
    let assertion = rest.split('&').next().unwrap();
    let jwk = serde_json::from_str(&key().jwk()).unwrap();
    let mut claims = verified(assertion, &jwk).claims;
    assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
    claims.as_object_mut().unwrap().remove("jti");
    (form.to_owned() + rest.trim_start_matches(assertion), claims)
}

const ANSWER: &str = r#"{"access_token":"t","token_type":"Bearer"}"#;
const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

#[test]
fn an_assertion_names_the_user() {
    let (form, claims) = asked(&grant(public()).subject("jsmith"));
    assert_eq!(form, GRANT);
    assert_eq!(
        claims,
        json!({
            "iss": "app",
            "sub": "jsmith",
            "aud": "https://login.example:8443/token",
            "iat": 1_799_999_970,
            "exp": 1_800_000_030,
        })
    );
}

#[test]
fn a_client_acts_for_itself_unless_a_user_is_named() {
    assert_eq!(asked(&grant(public())).1["sub"], "app");
    let (_, claims) = asked(
        &grant(public())
            .without_subject()
            .claim("scope", "https://api.example/read"),
    );
    assert!(claims.get("sub").is_none());
    assert_eq!(claims["scope"], "https://api.example/read");
}

#[test]
fn a_client_with_a_secret_sends_it_too() {
    let (form, _) = asked(&grant(client()).subject("jsmith"));
    assert_eq!(
        form,
        format!("{GRANT}&client_id=app&client_secret=s%26cret&scope=read%20write")
    );
    let wanted = public().auth(ClientAuth::none()).client_id_in_body();
    assert_eq!(asked(&grant(wanted)).0, format!("{GRANT}&client_id=app"));
    let extra = public().param("client_id", "app");
    assert_eq!(asked(&grant(extra)).0, format!("{GRANT}&client_id=app"));
}

#[test]
fn issuer_audience_and_time_can_be_set() {
    let key = key()
        .without_iat()
        .assertion_lifetime(Duration::from_secs(300));
    let grant = JwtBearer::new(public(), key)
        .claim("iss", "service")
        .audience("account.example.com");
    assert_eq!(
        asked(&grant).1,
        json!({
            "iss": "service",
            "sub": "app",
            "aud": "account.example.com",
            "exp": 1_800_000_300,
        })
    );
}

#[test]
fn a_user_and_claims_make_another_login() {
    let named = |user: &str| grant(public()).subject(user).identity();
    assert_ne!(named("jsmith"), named("bob"));
    assert_ne!(
        grant(public()).claim("scope", "a").identity(),
        grant(public()).identity()
    );
}

#[test]
fn an_assertion_that_is_repeated_or_shown_is_not_quoted() {
    let shown = format!("{:?}", grant(public()));
    assert!(shown.contains("SigningKey(…)"), "{shown}");
    let http = Script::default().then(400, r#"{"error":"invalid_grant"}"#);
    let error = grant(public()).obtain(&http).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
}

#[test]
fn each_login_has_an_assertion_of_its_own() {
    let http = Script::default().then(200, ANSWER).then(200, ANSWER);
    let session = Session::builder(grant(public())).transport(http.clone());
    let session = session.build().unwrap();
    assert!(session.reject(&session.token().unwrap()));
    session.token().unwrap();
    let asked = http.asked();
    assert_ne!(asked[0], asked[1]);
}
