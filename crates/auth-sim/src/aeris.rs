//! Aeris: `GET /api/token` with six parameters in the query; the well-known account.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use std::time::Duration;

use crate::realm::epoch;
use crate::received::{Fields, JSON};
use crate::tokens::{HEX, random};
use crate::{Login, Realm, Received, Rejection, Response, VendorServer};

/// `clientId`.
pub const CLIENT_ID: &str = "sim_aeris_client";
/// `cs`, the client secret.
pub const CLIENT_SECRET: &str = "89b63a42473ce52dd522531af3caf2d5adf92335a2";
/// `accountId`.
pub const ACCOUNT_ID: &str = "18002";
/// `as`, the account secret, which is the API key.
pub const ACCOUNT_SECRET: &str = "98aeddc0-51e1-4c2b-9d65-af30b7a1c9e7";
/// `requesterId`; Aeris requires an e-mail address, and accepts any.
pub const REQUESTER_ID: &str = "ops+sim@acme.example";

pub(crate) struct Server;

impl VendorServer for Server {
    fn name(&self) -> &str {
        "aeris"
    }

    fn token_path(&self) -> &str {
        "/api/token"
    }

    fn account(&self) -> Login {
        Login::new(CLIENT_ID, "")
    }

    fn client_secret(&self) -> Option<&str> {
        Some(CLIENT_SECRET)
    }

    fn access_token_lifetime(&self) -> Duration {
        Duration::from_secs(365 * 24 * 3600)
    }

    fn fresh_token(&self) -> String {
        jwt(&json!({"sub": ACCOUNT_ID, "jti": random(HEX, 16)}))
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        token(realm, request).unwrap_or_else(|refusal| refusal)
    }

    fn api(&self, _: &mut Realm, request: &Received) -> Response {
        match request.method.as_str() {
            "GET" => usage(&request.path),
            _ => Response::text(404, "Not Found"),
        }
    }

    fn needs_token(&self, path: &str) -> bool {
        path.starts_with("/devicesQuery/")
    }

    fn reject(&self, _: Option<Rejection>) -> Response {
        unauthorized()
    }
}

/// Aeris documents no errors for this call: the statuses are HTTP's, the wording is ours.
fn token(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    if request.method != "GET" {
        return Err(Response::text(405, "Method Not Allowed").header("Allow", "GET"));
    }
    if request.media_type() != JSON {
        return Err(Response::text(415, "Unsupported Media Type"));
    }
    let fields = Fields::from_pairs(request.query_pairs());
    for name in [
        "clientId",
        "cs",
        "accountId",
        "as",
        "requesterId",
        "grant_type",
    ] {
        if fields.get(name).is_none() {
            return Err(bad_request(&format!("Missing query parameter {name}")));
        }
    }
    if fields.text("grant_type") != "client_credentials" {
        return Err(bad_request("grant_type must be client_credentials"));
    }
    if !is_email(fields.text("requesterId")) {
        return Err(bad_request("requesterId must be an e-mail address"));
    }
    let known = ["clientId", "accountId", "as"].map(|name| fields.text(name))
        == [CLIENT_ID, ACCOUNT_ID, ACCOUNT_SECRET];
    if known && realm.knows_secret(fields.text("cs")) && !realm.is_locked() {
        Ok(issued(realm))
    } else {
        Err(unauthorized())
    }
}

fn issued(realm: &mut Realm) -> Response {
    let expires = epoch(realm.now() + realm.settings.access_token_lifetime);
    let login = Login::new(CLIENT_ID, ACCOUNT_ID);
    let claims = json!({"sub": ACCOUNT_ID, "exp": expires, "jti": random(HEX, 16)});
    let family = realm.tokens.new_family();
    let token = realm.issue_access(&login, family, jwt(&claims));
    let body = json!({"token": token, "token_type": "Bearer", "expires_in": expires});
    Response::json(200, &body).no_store()
}

fn usage(path: &str) -> Response {
    let account = path.strip_prefix("/devicesQuery/");
    let account = account.and_then(|rest| rest.strip_suffix("/devices/cellUtilization"));
    match account {
        Some(ACCOUNT_ID) => Response::json(200, &devices()),
        Some(_) => Response::text(403, "Forbidden"),
        None => Response::text(404, "Not Found"),
    }
}

fn devices() -> Value {
    let devices = [
        ("990000862471854", 48.31, 1204),
        ("990000862471862", 3.07, 88),
    ];
    let devices = devices.map(|(imei, megabytes, sms)| {
        json!({"imei": imei, "status": "Provisioned", "dataMB": megabytes, "smsCount": sms})
    });
    json!({"accountId": ACCOUNT_ID, "totalDevices": devices.len(), "devices": devices})
}

fn is_email(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(who, host)| !who.is_empty() && host.contains('.'))
}

fn bad_request(message: &str) -> Response {
    Response::json(400, &json!({"error": "Bad Request", "message": message}))
}

fn unauthorized() -> Response {
    Response::text(401, "Unauthorized")
}

/// The shape of a signed JWT; the signature is random.
fn jwt(claims: &Value) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = part(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    format!(
        "{header}.{}.{}",
        part(claims.to_string()),
        part(random(HEX, 32))
    )
}
