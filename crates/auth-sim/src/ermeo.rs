//! Ermeo: `POST /oauth/v2/token` in JSON, refresh tokens that work once; the well-known account.

use serde_json::{Value, json};

use crate::realm::{Pair, Realm};
use crate::received::{Fields, JSON};
use crate::tokens::{ALPHANUMERIC, HEX, Login, Rejection, random};
use crate::{Received, Response};

/// `client_id`, in the two parts such servers give out.
pub const CLIENT_ID: &str = "7_4hzk1vp0s8ow8ckc4g0okg";
/// `client_secret`.
pub const CLIENT_SECRET: &str = "2vhqx5p9s3y8okskgc4wgg8w0c0kwg";
/// The user.
pub const USERNAME: &str = "camille@acme.example";
/// The password of the user.
pub const PASSWORD: &str = "Été \"2026\" + 100%";
/// How many assets there are at first.
pub const ASSETS: usize = 23;

pub(crate) fn answer(realm: &mut Realm, request: &Received) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", TOKEN_PATH) => token(realm, request).unwrap_or_else(|refusal| refusal),
        (_, TOKEN_PATH) => symfony(405, "Method Not Allowed").header("Allow", "POST"),
        ("GET", "/api/v1/assets") => signed(realm, request, list),
        ("POST", "/api/v1/assets") => signed(realm, request, create),
        ("POST", "/echo") => signed(realm, request, |_, request| crate::echo::answer(request)),
        _ => symfony(404, "Not Found"),
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

/// The checks of FOS oauth2-php, in its order, behind a listener that decodes JSON.
fn token(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    if request.media_type() == JSON && !request.body.is_empty() && request.json().is_none() {
        return Err(symfony(400, "Invalid json message received"));
    }
    // A body in any other encoding holds no parameter that Ermeo would see.
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

/// The grants that the library knows, whether Ermeo offers them or not.
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
    if realm.is_locked || (username, password) != (USERNAME, PASSWORD) {
        let wrong = "Invalid username and password combination";
        return Err(refusal("invalid_grant", Some(wrong)));
    }
    let login = Login {
        client: CLIENT_ID.to_owned(),
        subject: username.to_owned(),
        scope: "user".to_owned(),
    };
    let family = realm.tokens.new_family();
    let pair = realm.issue_pair(&login, family, fresh_token);
    Ok(issued(realm, &pair))
}

fn refresh(realm: &mut Realm, fields: &Fields) -> Result<Response, Response> {
    let Some(token) = fields.get("refresh_token") else {
        return Err(refusal(
            "invalid_request",
            Some("No \"refresh_token\" parameter found"),
        ));
    };
    let (login, family) = realm.spend(token, Some(CLIENT_ID)).map_err(|rejection| {
        let why = match rejection {
            Rejection::Invalid => "Invalid refresh token",
            Rejection::Expired => "Refresh token has expired",
        };
        refusal("invalid_grant", Some(why))
    })?;
    let pair = realm.issue_pair(&login, family, fresh_token);
    Ok(issued(realm, &pair))
}

fn issued(realm: &Realm, pair: &Pair) -> Response {
    let body = json!({
        "access_token": pair.access,
        "expires_in": realm.expires_in(),
        "token_type": "bearer",
        "scope": "user",
        "refresh_token": pair.refresh,
    });
    Response::json(200, &body).no_store()
}

fn signed(
    realm: &mut Realm,
    request: &Received,
    then: fn(&mut Realm, &Received) -> Response,
) -> Response {
    let Some(token) = request.bearer() else {
        return unauthorized("access_denied", "OAuth2 authentication required");
    };
    let rejection = realm.tokens.access(token, realm.now).err();
    match rejection {
        None => then(realm, request),
        Some(Rejection::Invalid) => {
            unauthorized("invalid_grant", "The access token provided is invalid.")
        }
        Some(Rejection::Expired) => {
            unauthorized("invalid_grant", "The access token provided has expired.")
        }
    }
}

fn list(realm: &mut Realm, request: &Received) -> Response {
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
    // The library writes the member as null where it has nothing to say.
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

pub(crate) fn fresh_token() -> String {
    random(ALPHANUMERIC, 86)
}

pub(crate) const TOKEN_PATH: &str = "/oauth/v2/token";
