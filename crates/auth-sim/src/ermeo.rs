//! Ermeo: `POST /oauth/v2/token` in JSON, refresh tokens that work once; the well-known account.

use serde_json::{Value, json};

use std::time::Duration;

use crate::realm::Pair;
use crate::received::{Fields, JSON};
use crate::tokens::{ALPHANUMERIC, HEX, random};
use crate::{Login, Realm, Received, Rejection, Response, VendorServer};

/// `client_id`, in the two parts that FOS OAuth servers use.
pub const CLIENT_ID: &str = "7_4hzk1vp0s8ow8ckc4g0okg";
/// `client_secret`.
pub const CLIENT_SECRET: &str = "2vhqx5p9s3y8okskgc4wgg8w0c0kwg";
/// The user name of the account.
pub const USERNAME: &str = "camille@acme.example";
/// The password of the user.
pub const PASSWORD: &str = "Été \"2026\" + 100%";
/// The number of assets at the start.
pub const ASSETS: usize = 23;

pub(crate) struct Server;

impl VendorServer for Server {
    fn name(&self) -> &str {
        "ermeo"
    }

    fn token_path(&self) -> &str {
        "/oauth/v2/token"
    }

    fn account(&self) -> Login {
        Login::new(CLIENT_ID, USERNAME).scope("user")
    }

    fn client_secret(&self) -> Option<&str> {
        Some(CLIENT_SECRET)
    }

    fn access_token_lifetime(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    fn fresh_token(&self) -> String {
        random(ALPHANUMERIC, 86)
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        match request.method.as_str() {
            "POST" => token(realm, request).unwrap_or_else(|refusal| refusal),
            _ => symfony(405, "Method Not Allowed").header("Allow", "POST"),
        }
    }

    fn api(&self, realm: &mut Realm, request: &Received) -> Response {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/api/v1/assets") => list(realm, request),
            ("POST", "/api/v1/assets") => create(realm, request),
            _ => symfony(404, "Not Found"),
        }
    }

    fn needs_token(&self, path: &str) -> bool {
        path == "/api/v1/assets"
    }

    fn reject(&self, why: Option<Rejection>) -> Response {
        match why {
            None => unauthorized("access_denied", "OAuth2 authentication required"),
            Some(Rejection::Invalid) => {
                unauthorized("invalid_grant", "The access token provided is invalid.")
            }
            Some(Rejection::Expired) => {
                unauthorized("invalid_grant", "The access token provided has expired.")
            }
        }
    }
}

/// The assets of a small company.
pub(crate) fn assets() -> Vec<Value> {
    const KINDS: [&str; 5] = [
        "Boiler",
        "Heat pump",
        "Lift",
        "Fire extinguisher",
        "Air handler",
    ];
    const SITES: [&str; 3] = ["Lyon", "Nantes", "Marseille"];
    let asset = |number: usize| {
        json!({
            "id": format!("5f1c0a52-0000-4000-8000-{number:012}"),
            "reference": format!("AST-{number:04}"),
            "name": format!("{} {}", KINDS[number % KINDS.len()], SITES[number % SITES.len()]),
            "created_at": format!("2026-01-{:02}T08:30:00+00:00", number % 28 + 1),
        })
    };
    (1..=ASSETS).map(asset).collect()
}

/// The checks of FOS oauth2-php, in its order, preceded by a listener that decodes JSON.
fn token(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    if request.media_type() == JSON && !request.body.is_empty() && request.json().is_none() {
        return Err(symfony(400, "Invalid json message received"));
    }
    // Ermeo ignores the parameters of a body in any other encoding.
    let fields = request.json_fields().unwrap_or_default();
    let grant = fields.text("grant_type");
    if !is_grant(grant) {
        let missing = "Invalid grant_type parameter or parameter missing";
        return Err(refusal("invalid_request", Some(missing)));
    }
    let Some(client) = fields.get("client_id") else {
        let missing = "Client id was not found in the headers or body";
        return Err(refusal("invalid_client", Some(missing)));
    };
    if client != CLIENT_ID || !realm.knows_secret(fields.text("client_secret")) {
        return Err(refusal(
            "invalid_client",
            Some("The client credentials are invalid"),
        ));
    }
    match grant {
        "password" => password(realm, &fields),
        "refresh_token" => refresh(realm, &fields),
        _ => Err(refusal("unsupported_grant_type", None)),
    }
}

/// The grants that FOS oauth2-php implements, including those that Ermeo does not offer.
fn is_grant(name: &str) -> bool {
    const KNOWN: [&str; 5] = [
        "authorization_code",
        "token",
        "password",
        "client_credentials",
        "refresh_token",
    ];
    const EXTENSIONS: [&str; 3] = ["urn:", "http://", "https://"];
    KNOWN.contains(&name) || EXTENSIONS.iter().any(|prefix| name.starts_with(prefix))
}

fn password(realm: &mut Realm, fields: &Fields) -> Result<Response, Response> {
    let (Some(username), Some(password)) = (fields.get("username"), fields.get("password")) else {
        let missing = "Missing parameters. \"username\" and \"password\" required";
        return Err(refusal("invalid_request", Some(missing)));
    };
    if realm.is_locked() || (username, password) != (USERNAME, PASSWORD) {
        let wrong = "Invalid username and password combination";
        return Err(refusal("invalid_grant", Some(wrong)));
    }
    let pair = realm.log_in(&Server.account());
    Ok(issued(realm, &pair))
}

fn refresh(realm: &mut Realm, fields: &Fields) -> Result<Response, Response> {
    let Some(token) = fields.get("refresh_token") else {
        return Err(refusal(
            "invalid_request",
            Some("No \"refresh_token\" parameter found"),
        ));
    };
    let pair = realm.refresh(token, Some(CLIENT_ID)).map_err(|rejection| {
        let why = match rejection {
            Rejection::Invalid => "Invalid refresh token",
            Rejection::Expired => "Refresh token has expired",
        };
        refusal("invalid_grant", Some(why))
    })?;
    Ok(issued(realm, &pair))
}

fn issued(realm: &Realm, pair: &Pair) -> Response {
    let body = json!({
        "access_token": pair.access_token,
        "expires_in": realm.expires_in(),
        "token_type": "bearer",
        "scope": "user",
        "refresh_token": pair.refresh_token,
    });
    Response::json(200, &body).no_store()
}

fn list(realm: &Realm, request: &Received) -> Response {
    let fields = Fields::from_pairs(request.query_pairs());
    let number = |name, default| match fields.get(name) {
        None => Some(default),
        Some(text) => text.parse::<usize>().ok().filter(|number| *number > 0),
    };
    let (Some(limit), Some(page)) = (number("limit", 10).filter(|n| *n <= 100), number("page", 1))
    else {
        return symfony(400, "limit must be 1 to 100, and page at least 1");
    };
    let pages = realm.assets.len().div_ceil(limit);
    let first = page.saturating_sub(1).saturating_mul(limit);
    let items: Vec<&Value> = realm.assets.iter().skip(first).take(limit).collect();
    let body = json!({
        "total_items": realm.assets.len(),
        "total_pages": pages,
        "items_per_page": limit,
        "current_page": page,
        "next_page": (page < pages).then(|| page + 1),
        "previous_page": (page > 1).then(|| page - 1),
        "items": items,
    });
    Response::json(200, &body)
}

fn create(realm: &mut Realm, request: &Received) -> Response {
    let Some(Value::Object(mut asset)) = request.json().filter(|_| request.media_type() == JSON)
    else {
        return symfony(400, "Invalid json message received");
    };
    let id = format!("5f1c0a52-0000-4000-8000-{}", random(HEX, 12));
    asset.insert("id".to_owned(), Value::from(id));
    let asset = Value::Object(asset);
    realm.assets.push(asset.clone());
    Response::json(201, &asset)
}

fn refusal(error: &str, description: Option<&str>) -> Response {
    // FOS oauth2-php writes `null` when it has no value for the member.
    Response::json(
        400,
        &json!({"error": error, "error_description": description}),
    )
    .no_store()
}

fn unauthorized(error: &str, description: &str) -> Response {
    let challenge =
        format!(r#"Bearer realm="Service", error="{error}", error_description="{description}""#);
    let body = json!({"error": error, "error_description": description});
    Response::json(401, &body)
        .no_store()
        .header("WWW-Authenticate", &challenge)
}

fn symfony(status: u16, message: &str) -> Response {
    Response::json(status, &json!({"code": status, "message": message}))
}
