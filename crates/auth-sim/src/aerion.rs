//! Aerion: `POST /oauth2/token` in forms, with a tenant header; the well-known account.

use serde_json::json;

use crate::realm::Pair;
use crate::received::Fields;
use crate::tokens::{HEX, random};
use crate::{Login, Realm, Received, Rejection, Response, VendorServer};

/// The company whose account it is; the tenant is `https://acme.aerion.app`.
pub const COMPANY: &str = "acme";
/// The tenant as a full URL, the value of `companyurl`, `Origin` or `Referer`.
pub const COMPANY_URL: &str = "https://acme.aerion.app";
/// The e-mail address of the user.
pub const USERNAME: &str = "ada@acme.example";
/// The password of the user.
pub const PASSWORD: &str = "correct horse & 100% battery";

pub(crate) struct Server;

impl VendorServer for Server {
    fn name(&self) -> &str {
        "aerion"
    }

    fn token_path(&self) -> &str {
        "/oauth2/token"
    }

    fn account(&self) -> Login {
        Login::new("web-sso", USERNAME)
    }

    fn fresh_token(&self) -> String {
        random(HEX, 40)
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        token(realm, request).unwrap_or_else(|refusal| refusal)
    }

    fn api(&self, _: &mut Realm, request: &Received) -> Response {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/users/me") => me(),
            _ => Response::json(
                404,
                &json!({"error": "E_NOT_FOUND", "status": 404, "summary": "Not Found"}),
            ),
        }
    }

    fn needs_token(&self, path: &str) -> bool {
        path == "/v1/users/me"
    }

    fn reject(&self, _: Option<Rejection>) -> Response {
        Response::new(403).body("application/json", FORBIDDEN)
    }
}

/// The checks of npm oauth2-server 2.4, in its order, after the one for the tenant.
fn token(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    let fields = request
        .form_fields()
        .filter(|_| request.method == "POST")
        .ok_or_else(|| {
            let must = "Method must be POST with application/x-www-form-urlencoded encoding";
            refusal("invalid_request", must)
        })?;
    tenant(request)?;
    let grant = fields.text("grant_type");
    if !["password", "refresh_token"].contains(&grant) {
        return Err(refusal(
            "invalid_request",
            "Invalid or missing grant_type parameter",
        ));
    }
    // Aerion does not check the pair, but it must be there.
    let Some(client) = fields.get("client_id") else {
        return Err(refusal(
            "invalid_client",
            "Invalid or missing client_id parameter",
        ));
    };
    if fields.get("client_secret").is_none() {
        return Err(refusal("invalid_client", "Missing client_secret parameter"));
    }
    match grant {
        "password" => password(realm, &fields, client),
        _ => refresh(realm, &fields),
    }
}

fn password(realm: &mut Realm, fields: &Fields, client: &str) -> Result<Response, Response> {
    let (Some(username), Some(password)) = (fields.get("username"), fields.get("password")) else {
        let missing = "Missing parameters. \"username\" and \"password\" are required";
        return Err(refusal("invalid_client", missing));
    };
    if realm.is_locked() || (username, password) != (USERNAME, PASSWORD) {
        return Err(refusal("invalid_grant", "User credentials are invalid"));
    }
    let pair = realm.log_in(&Login::new(client, username));
    Ok(issued(realm, &pair))
}

fn refresh(realm: &mut Realm, fields: &Fields) -> Result<Response, Response> {
    let Some(token) = fields.get("refresh_token") else {
        return Err(refusal("invalid_request", "No \"refresh_token\" parameter"));
    };
    // A token of the web SSO login seeds a session of any client: the pair is arbitrary.
    let pair = realm.refresh(token, None).map_err(|rejection| {
        let why = match rejection {
            Rejection::Invalid => "Invalid refresh token",
            Rejection::Expired => "Refresh token has expired",
        };
        refusal("invalid_grant", why)
    })?;
    Ok(issued(realm, &pair))
}

fn issued(realm: &Realm, pair: &Pair) -> Response {
    let body = json!({
        "token_type": "bearer",
        "access_token": pair.access_token,
        "expires_in": realm.expires_in(),
        "refresh_token": pair.refresh_token,
    });
    Response::json(200, &body).no_store()
}

/// Checks the tenant: the first of the three headers that is present must be the URL or the host of an
/// account. Aerion documents no error for this, so the wording is ours.
fn tenant(request: &Received) -> Result<(), Response> {
    let sent = ["companyurl", "origin", "referer"]
        .iter()
        .find_map(|name| request.header(name));
    let value = sent.ok_or_else(|| {
        refusal(
            "invalid_request",
            "Missing companyurl, origin or referer header",
        )
    })?;
    let host = value.strip_prefix("https://").unwrap_or(value);
    let host = host.split('/').next().unwrap_or_default();
    if host.eq_ignore_ascii_case("acme.aerion.app") {
        Ok(())
    } else {
        Err(refusal("invalid_request", "Unknown company"))
    }
}

fn me() -> Response {
    let user = json!({
        "id": 5, "status": 1, "firstname": "Ada", "lastname": "Byron", "email": USERNAME,
    });
    Response::json(200, &json!({ "user": user }))
}

fn refusal(error: &str, description: &str) -> Response {
    let body = json!({"code": 400, "error": error, "error_description": description});
    Response::json(400, &body).no_store()
}

/// Aerion's documented body, with its members in the documented order.
const FORBIDDEN: &str = r#"{"error":"E_FORBIDDEN","status":403,"summary":"Forbidden","raw":"The access token provided is invalid."}"#;
