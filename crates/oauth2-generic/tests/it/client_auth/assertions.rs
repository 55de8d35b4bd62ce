//! Assertions: their claims and audience, and that each is sent once.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use auth_core::grant::RevokedToken;
use auth_core::http::{Request, Response};
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::transport;
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Encoding, Error, Grant, RefreshToken, Result, Secret,
    Server, Session, SigningKey,
};
use serde_json::{Value, json};

use crate::asking::{Asking as _, obtained_by};
use crate::jose::{Jwt, names, verified};
use crate::requests::server;
use crate::script::Script;

use super::keys::{ED25519, ES256, RS256, key};
use super::{ANSWER, announcing};

fn es256() -> SigningKey {
    key(ES256)
}

fn jwk(key: &SigningKey) -> Value {
    serde_json::from_str(&key.jwk()).unwrap()
}

fn signing_at(server: Server, key: SigningKey) -> Client {
    Client::new(server, "app").auth(ClientAuth::private_key_jwt(key))
}

fn signing(key: SigningKey) -> Client {
    signing_at(server(), key)
}

/// The body of the only request that a grant sends.
fn body_of(grant: &dyn Grant) -> String {
    let http = Script::default().then(200, ANSWER);
    grant.obtain(&http).unwrap();
    assert!(!http.headers().contains_key("authorization"));
    let asked = http.asked().remove(0);
    asked.splitn(3, ' ').nth(2).unwrap().to_owned()
}

/// The assertion that a client sends.
fn assertion(client: Client) -> String {
    let body = body_of(&ClientCredentials::new(client));
    body.split_once("client_assertion=").unwrap().1.to_owned()
}

#[test]
fn a_client_with_a_key_signs_an_assertion() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let key = es256().key_id("2026-01");
    let grant = ClientCredentials::new(signing(key.clone()));
    let http = Script::default().then(200, ANSWER);
    obtained_by(&ManualClock::at(now), grant, http.clone()).unwrap();
    let asked = http.asked().remove(0);
    let body = asked.splitn(3, ' ').nth(2).unwrap();
    let (form, assertion) = body.split_once("&client_assertion=").unwrap();
    assert_eq!(
        form,
        "grant_type=client_credentials&client_id=app\
         &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    );
    let Jwt { header, mut claims } = verified(assertion, &jwk(&key));
    assert_eq!(header, json!({"alg": "ES256", "kid": "2026-01"}));
    let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 22, "128 bits");
    assert_eq!(
        claims,
        json!({
            "iss": "app",
            "sub": "app",
            "aud": "https://login.example:8443/token",
            "iat": 1_799_999_970,
            "exp": 1_800_000_030,
        })
    );
}

#[test]
fn in_json_it_is_two_members() {
    let client = signing_at(server().encoding(Encoding::Json), es256());
    let body: Value = serde_json::from_str(&body_of(&ClientCredentials::new(client))).unwrap();
    assert_eq!(
        names(&body),
        [
            "client_assertion",
            "client_assertion_type",
            "client_id",
            "grant_type"
        ]
    );
    verified(body["client_assertion"].as_str().unwrap(), &jwk(&es256()));
}

#[test]
fn every_kind_of_key_signs_with_its_algorithm() {
    for (pem, alg, kind) in [
        (ES256, "ES256", "EC"),
        (RS256, "RS256", "RSA"),
        (ED25519, "EdDSA", "OKP"),
    ] {
        let key = key(pem);
        let assertion = assertion(signing(key.clone()));
        assert_eq!(verified(&assertion, &jwk(&key)).header, json!({"alg": alg}));
        let jwk = jwk(&key);
        assert_eq!((&jwk["kty"], &jwk["alg"]), (&json!(kind), &json!(alg)));
        assert!(jwk.get("d").is_none(), "the public half alone");
    }
    let pss = key(RS256).pss();
    let assertion = assertion(signing(pss.clone()));
    assert_eq!(verified(&assertion, &jwk(&pss)).header["alg"], "PS256");
}

#[test]
fn an_assertion_is_for_the_issuer_or_a_named_audience() {
    let audience = |client| verified(&assertion(client), &jwk(&es256())).claims["aud"].clone();
    let server = server().issuer("https://login.example/tenant");
    let client = signing_at(server.clone(), es256());
    assert_eq!(audience(client), "https://login.example/tenant");
    let elsewhere = ClientAuth::private_key_jwt(es256()).audience("https://elsewhere.example");
    let client = Client::new(server, "app").auth(elsewhere);
    assert_eq!(audience(client), "https://elsewhere.example");
}

#[test]
fn no_assertion_is_sent_twice() {
    let client = signing(es256());
    let assertions: BTreeSet<String> = (0..20).map(|_| assertion(client.clone())).collect();
    assert_eq!(assertions.len(), 20);
    let ids: BTreeSet<String> = assertions
        .iter()
        .map(|jwt| verified(jwt, &jwk(&es256())).claims["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn an_assertion_goes_to_every_endpoint_of_the_client() -> Result<()> {
    let server = server()
        .introspection_endpoint("https://login.example/introspect")
        .revocation_endpoint("https://login.example/revoke");
    let client = signing_at(server, es256());
    let http = Script::default()
        .then(200, ANSWER)
        .then(200, r#"{"active":false}"#)
        .then(200, "");
    let token = Secret::new("r=1");
    let grant = RefreshToken::new(client.clone());
    grant.refresh(&token, &http)?;
    client.introspect(&Secret::new("t"), &http)?;
    grant.revoke(RevokedToken::Refresh(&token), &http)?;
    for asked in http.asked() {
        let (_, rest) = asked.split_once("client_assertion=").unwrap();
        let jwt = rest.split('&').next().unwrap();
        verified(jwt, &jwk(&es256()));
        assert!(!asked.contains("client_secret="));
    }
    Ok(())
}

#[test]
fn a_server_that_announces_it_gets_it_and_another_one_nothing() -> Result<()> {
    let jwt = || ClientAuth::private_key_jwt(es256());
    let client = announcing("private_key_jwt", jwt())?;
    body_of(&ClientCredentials::new(client));
    let client = announcing("client_secret_basic", jwt())?;
    let http = Script::default();
    let refused = ClientCredentials::new(client).obtain(&http).unwrap_err();
    assert!(
        refused.to_string().contains("`private_key_jwt`"),
        "{refused}"
    );
    assert!(http.asked().is_empty());
    Ok(())
}

#[test]
fn a_server_that_reads_other_signatures_gets_none() {
    let announcing = |algorithms: &str| {
        let body = format!(
            r#"{{"issuer":"https://login.example","token_endpoint":"https://login.example/token",
            "token_endpoint_auth_signing_alg_values_supported":[{algorithms}]}}"#
        );
        let http = Script::default().then(200, &body);
        let server = Server::discover_with("https://login.example", &http).unwrap();
        ClientCredentials::new(signing_at(server, es256()))
    };
    let error = announcing(r#""PS256","EdDSA""#)
        .obtain(&Script::default())
        .unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("ES256"), "{error}");
    assert!(error.to_string().contains("PS256, EdDSA"), "{error}");
    for algorithms in [r#""PS256","ES256""#, ""] {
        let http = Script::default().then(200, r#"{"access_token":"t","token_type":"bearer"}"#);
        announcing(algorithms).obtain(&http).unwrap();
    }
}

#[test]
fn a_refused_login_is_tried_again_with_another_key() {
    let others = [es256().key_id("2"), key(ED25519)];
    for other in others {
        let store = MemoryStore::new();
        let refuse = Script::default().then(401, r#"{"error":"invalid_client"}"#);
        let session = |key, http: &Script| {
            let client = signing(key);
            Session::builder(ClientCredentials::new(client))
                .store(store.clone())
                .transport(http.clone())
                .build()
                .unwrap()
        };
        session(es256(), &refuse).token().unwrap_err();
        session(es256(), &Script::default()).token().unwrap_err();
        let accept = Script::default().then(200, ANSWER);
        session(other, &accept).token().unwrap();
    }
}

/// An assertion authenticates any holder as the client for a minute.
#[test]
fn an_assertion_that_the_server_echoes_is_not_shown() {
    let echo = transport::from_fn(|request: Request<Vec<u8>>| {
        let body = String::from_utf8(request.into_body()).unwrap();
        let jwt = body.split_once("client_assertion=").unwrap().1;
        let answer = json!({"error": "invalid_client", "error_description": format!("not {jwt}")});
        let answer = answer.to_string().into_bytes();
        Ok(Response::builder().status(401).body(answer).unwrap())
    });
    let client = signing(es256());
    let session = Session::builder(ClientCredentials::new(client))
        .transport(echo)
        .build()
        .unwrap();
    let error = session.token().unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(shown.contains("not …") && !shown.contains("eyJ"), "{shown}");
}

#[test]
fn an_assertion_with_a_line_break_in_it_is_not_sent() {
    let way = ClientAuth::private_key_jwt;
    for (auth, setting) in [
        (
            way(es256()).audience("https://login.example\n"),
            "`audience` of an assertion",
        ),
        (way(es256().key_id("2026-01\r\n")), "`key_id`"),
    ] {
        let client = Client::new(server(), "app").auth(auth);
        let error = ClientCredentials::new(client)
            .obtain(&Script::default())
            .unwrap_err();
        assert!(
            matches!(error, Error::Configuration { .. }) && error.to_string().starts_with(setting),
            "{error}"
        );
    }
}
