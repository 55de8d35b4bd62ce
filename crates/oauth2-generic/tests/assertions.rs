//! The JWT bearer grant keeps the contract of every vendor, at a server that verifies each signature and claim.

#![cfg(feature = "jwt")]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic fails the test and names the line"
)]

#[path = "assertions/integers.rs"]
mod integers; // verifies signatures

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth_core::Secret;
use auth_sim::vendor_contract::VendorContract;
use auth_sim::{Login, Realm, Received, Response, VendorServer};
use oauth2_generic::{Client, JwtBearer, Server, SigningKey};
use serde_json::{Value, json};

auth_sim::vendor_contract!(assertions());

/// A server that knows one public key.
#[derive(Default)]
struct Assertions {
    seen: Mutex<BTreeSet<String>>,
}

impl VendorServer for Assertions {
    fn name(&self) -> &str {
        "assertions"
    }

    fn token_path(&self) -> &str {
        "/token"
    }

    fn account(&self) -> Login {
        Login::new("app", "jsmith").scope("orders.read")
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        let problem = match self.problem(realm.now(), request) {
            None if realm.is_locked() => "user hasn't approved this consumer".to_owned(),
            Some(problem) => problem,
            None => {
                let token = realm.log_in(&self.account()).access_token;
                let life = realm.expires_in();
                let answer =
                    json!({"access_token": token, "token_type": "Bearer", "expires_in": life});
                return Response::json(200, &answer);
            }
        };
        Response::json(
            400,
            &json!({"error": "invalid_grant", "error_description": problem}),
        )
    }

    fn api(&self, _: &mut Realm, _: &Received) -> Response {
        Response::json(200, &json!({}))
    }
}

impl Assertions {
    /// The first thing that is wrong with a request.
    fn problem(&self, now: SystemTime, request: &Received) -> Option<String> {
        let field = |name: &str| request.field(name).unwrap_or_default();
        if field("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            return Some("another grant".to_owned());
        }
        let jwk: Value = serde_json::from_str(&key(RIGHT).jwk()).unwrap();
        let Some(claims) = integers::verified(&field("assertion"), &jwk, "RS256") else {
            return Some("the signature is invalid".to_owned());
        };
        let wanted = json!({
            "iss": "app", "sub": "jsmith", "aud": AUDIENCE, "scope": "orders.read", "tenant": "acme",
        });
        for (name, value) in wanted.as_object().unwrap() {
            if claims[name] != *value {
                return Some(format!("{name} is {}", claims[name]));
            }
        }
        let time =
            |name: &str| UNIX_EPOCH + Duration::from_secs(claims[name].as_u64().unwrap_or(0));
        let (issued, expires) = (time("iat"), time("exp"));
        if issued > now || expires <= now || expires > issued + Duration::from_secs(300) {
            return Some("the times are wrong".to_owned());
        }
        let number = claims["jti"].as_str().unwrap_or_default().to_owned();
        let is_new = self.seen.lock().unwrap().insert(number.clone());
        (number.len() < 20 || !is_new).then(|| "it is used up".to_owned())
    }
}

fn assertions() -> VendorContract {
    VendorContract::new(
        Assertions::default(),
        |base| grant(base, RIGHT),
        |base| grant(base, OTHER),
    )
    .client_only()
    .api("/orders")
    .secret(&lines(RIGHT))
    .secret(&lines(OTHER))
}

fn grant(base: &str, pem: &str) -> JwtBearer {
    let client = Client::new(Server::new(format!("{base}/token")), "app").scope("orders.read");
    JwtBearer::new(client, key(pem))
        .subject("jsmith")
        .audience(AUDIENCE)
        .scope_in_claims()
        .claim("tenant", "acme")
}

fn key(pem: &str) -> SigningKey {
    SigningKey::from_pem(Secret::new(pem)).unwrap()
}

/// A line of the key itself.
fn lines(pem: &str) -> String {
    pem.lines().nth(1).unwrap().to_owned()
}

#[test]
fn each_algorithm_is_verified_by_another_code() {
    for (key, algorithm) in [
        (key(RIGHT), "RS256"),
        (key(RIGHT).pss(), "PS256"),
        (key(OTHER), "ES256"),
    ] {
        let jwk: Value = serde_json::from_str(&key.jwk()).unwrap();
        let jwt = key.sign(r#"{"iss":"app"}"#).unwrap();
        let claims = integers::verified(jwt.expose(), &jwk, algorithm);
        assert_eq!(claims, Some(json!({"iss": "app"})), "{algorithm}");
        let (signed, signature) = jwt.expose().rsplit_once('.').unwrap();
        let changed = format!("{}.{signature}", signed.replacen("eyJpc3Mi", "eyJpc3Mj", 1));
        assert_eq!(
            integers::verified(&changed, &jwk, algorithm),
            None,
            "{algorithm}"
        );
    }
}

const AUDIENCE: &str = "https://login.example.com";
const RIGHT: &str = include_str!("it/keys/rs256.pem");
const OTHER: &str = include_str!("it/keys/es256.pem");
