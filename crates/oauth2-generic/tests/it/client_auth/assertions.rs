//! Assertions: what they say, for whom, and that each is sent once.

use crate::asking::Asking as _;
use std::collections::BTreeSet;

use auth_core::http::{Request, Response};
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::time::OffsetDateTime;
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Encoding, Error, Grant, Metadata, PrivateKeyJwt,
    RefreshToken, Result, Secret, Session, SigningKey,
};
use serde_json::{Value, json};

use crate::jose::{Jwt, names, verified};
use crate::requests::client;
use crate::script::Script;

use super::keys::{ED25519, ES256, RS256};
use super::{ANSWER, announcing};

fn es256() -> SigningKey {
    SigningKey::from_pem(Secret::new(ES256)).unwrap()
}

fn jwk(key: &SigningKey) -> Value {
    serde_json::from_str(&key.jwk()).unwrap()
}

fn signing(jwt: PrivateKeyJwt) -> Client {
    Client {
        client_auth: ClientAuth::PrivateKeyJwt(jwt),
        scope: String::new(),
        ..client()
    }
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
fn a_client_with_a_key_says_who_it_is_and_signs_it() {
    let clock = ManualClock::at(OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap());
    let key = es256().key_id("2026-01");
    let client = signing(PrivateKeyJwt::new(key.clone()).clock(clock));
    let body = body_of(&ClientCredentials::new(client));
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
    let mut client = signing(PrivateKeyJwt::new(es256()));
    client.body = Encoding::Json;
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
        let key = SigningKey::from_pem(Secret::new(pem)).unwrap();
        let assertion = assertion(signing(PrivateKeyJwt::new(key.clone())));
        assert_eq!(verified(&assertion, &jwk(&key)).header, json!({"alg": alg}));
        let jwk = jwk(&key);
        assert_eq!((&jwk["kty"], &jwk["alg"]), (&json!(kind), &json!(alg)));
        assert!(jwk.get("d").is_none(), "the public half alone");
    }
    let pss = SigningKey::from_pem(Secret::new(RS256)).unwrap().pss();
    let assertion = assertion(signing(PrivateKeyJwt::new(pss.clone())));
    assert_eq!(verified(&assertion, &jwk(&pss)).header["alg"], "PS256");
}

#[test]
fn it_is_for_the_issuer_where_that_is_known_and_for_another_where_one_is_named() {
    let audience = |client| verified(&assertion(client), &jwk(&es256())).claims["aud"].clone();
    let mut client = signing(PrivateKeyJwt::new(es256()));
    client.issuer = "https://login.example/tenant".into();
    assert_eq!(audience(client.clone()), "https://login.example/tenant");
    client.client_auth = ClientAuth::PrivateKeyJwt(
        PrivateKeyJwt::new(es256()).audience("https://elsewhere.example"),
    );
    assert_eq!(audience(client), "https://elsewhere.example");
}

#[test]
fn no_assertion_is_sent_twice() {
    let client = signing(PrivateKeyJwt::new(es256()));
    let assertions: BTreeSet<String> = (0..20).map(|_| assertion(client.clone())).collect();
    assert_eq!(assertions.len(), 20);
    let ids: BTreeSet<String> = assertions
        .iter()
        .map(|jwt| verified(jwt, &jwk(&es256())).claims["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn it_goes_with_a_refresh_and_to_every_endpoint_that_wants_the_client() -> Result<()> {
    let mut client = signing(PrivateKeyJwt::new(es256()));
    client.introspection_endpoint = "https://login.example/introspect".into();
    client.revocation_endpoint = "https://login.example/revoke".into();
    let http = Script::default()
        .then(200, ANSWER)
        .then(200, r#"{"active":false}"#)
        .then(200, "");
    let token = Secret::new("r=1");
    let grant = RefreshToken::new(client.clone());
    grant.refresh(&token, &http)?;
    client.introspect("t", &http)?;
    grant.revoke(auth_core::grant::RevokedToken::Refresh(&token), &http)?;
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
    let jwt = || ClientAuth::PrivateKeyJwt(PrivateKeyJwt::new(es256()));
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
        let mut client = Metadata::discover("https://login.example", &http)
            .unwrap()
            .client("app");
        client.client_auth = ClientAuth::PrivateKeyJwt(PrivateKeyJwt::new(es256()));
        ClientCredentials::new(client)
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
    let others = [
        es256().key_id("2"),
        SigningKey::from_pem(Secret::new(ED25519)).unwrap(),
    ];
    for other in others {
        let store = MemoryStore::new();
        let refuse = Script::default().then(401, r#"{"error":"invalid_client"}"#);
        let session = |key, http: &Script| {
            let client = signing(PrivateKeyJwt::new(key));
            Session::builder(ClientCredentials::new(client))
                .store(store.clone())
                .transport(http.clone())
                .build()
        };
        session(es256(), &refuse).token().unwrap_err();
        session(es256(), &Script::default()).token().unwrap_err();
        let accept = Script::default().then(200, ANSWER);
        session(other, &accept).token().unwrap();
    }
}

/// Whoever has an assertion can be the client for a minute.
#[test]
fn an_assertion_that_the_server_repeats_is_left_out_of_the_error() {
    let echo = |request: Request<Vec<u8>>| -> Result<Response<Vec<u8>>> {
        let body = String::from_utf8(request.into_body()).unwrap();
        let jwt = body.split_once("client_assertion=").unwrap().1;
        let answer = json!({"error": "invalid_client", "error_description": format!("not {jwt}")});
        let answer = answer.to_string().into_bytes();
        Ok(Response::builder().status(401).body(answer).unwrap())
    };
    let client = signing(PrivateKeyJwt::new(es256()));
    let session = Session::builder(ClientCredentials::new(client))
        .transport(echo)
        .build();
    let error = session.token().unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(shown.contains("not …") && !shown.contains("eyJ"), "{shown}");
}

#[test]
fn an_assertion_with_a_line_break_in_it_is_not_sent() {
    let jwt = || PrivateKeyJwt::new(es256());
    for (jwt, setting) in [
        (
            jwt().audience("https://login.example\n"),
            "`audience` of an assertion",
        ),
        (
            PrivateKeyJwt::new(es256().key_id("2026-01\r\n")),
            "`key_id` of an assertion",
        ),
    ] {
        let client = signing(jwt);
        let error = ClientCredentials::new(client)
            .obtain(&Script::default())
            .unwrap_err();
        assert!(
            matches!(error, Error::Configuration { .. }) && error.to_string().starts_with(setting),
            "{error}"
        );
    }
}
