//! `POST /token`: authenticates the client and exchanges a grant for tokens (RFC 6749 §3.2, §5).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    CLIENT_ID, PASSWORD, TOKEN_PATH, USERNAME, device, fresh_token, refusal, scope, secret_of,
};
use crate::realm::Realm;
use crate::received::{Fields, JSON, decode_form_part};
use crate::tokens::{Family, Login, Rejection};
use crate::{Bodies, Received, Response};

pub(super) fn answer(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    let fields = fields(realm.settings.bodies, request)?;
    if fields.has_repetition() {
        return Err(invalid_request("A parameter is repeated"));
    }
    if !request.query.is_empty() {
        // RFC 6749 §2.3.1: credentials are never in the URI.
        return Err(invalid_request(&format!("{TOKEN_PATH} takes no query")));
    }
    let client = authenticate(realm, request, &fields)?;
    match fields.text("grant_type") {
        "" => Err(invalid_request("grant_type is missing")),
        "authorization_code" => exchange(realm, request, &fields, &client),
        "password" => password(realm, &fields, client),
        "client_credentials" => client_credentials(realm, &fields, client),
        "refresh_token" => refresh(realm, &fields, &client),
        device::GRANT_TYPE => device::poll(realm, &fields, &client),
        _ => Err(refusal(400, "unsupported_grant_type", "Unknown grant type")),
    }
}

pub(super) fn fields(bodies: Bodies, request: &Received) -> Result<Fields, Response> {
    let form = || request.form_fields();
    let json = || request.json_fields();
    let (fields, wanted) = match bodies {
        Bodies::Form => (form(), "a form"),
        Bodies::Json => (json(), "JSON"),
        Bodies::Both => (form().or_else(json), "a form or JSON"),
    };
    fields.ok_or_else(|| {
        invalid_request(&format!("The body must be {wanted}, with its content type"))
    })
}

/// Authenticates the client by HTTP Basic, by the body, or by its id alone if it is public.
pub(super) fn authenticate(
    realm: &Realm,
    request: &Received,
    fields: &Fields,
) -> Result<String, Response> {
    let basic = request.header("authorization");
    let (id, secret) = match basic {
        Some(_) if fields.get("client_secret").is_some() => {
            return Err(invalid_request("More than one client authentication"));
        }
        Some(header) => credentials(header).ok_or_else(|| invalid_client(true))?,
        None => (
            fields.text("client_id").to_owned(),
            fields.text("client_secret").to_owned(),
        ),
    };
    if fields.get("client_id").is_some_and(|named| named != id) {
        return Err(invalid_request(
            "client_id is not the client that is authenticated",
        ));
    }
    // A public client has no secret and sends none.
    match secret_of(&id) {
        Some(Some(_)) if id == CLIENT_ID && realm.knows_secret(&secret) => Ok(id),
        Some(expected) if id != CLIENT_ID && expected.unwrap_or_default() == secret => Ok(id),
        _ => Err(invalid_client(basic.is_some())),
    }
}

/// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
fn credentials(header: &str) -> Option<(String, String)> {
    let bytes = STANDARD
        .decode(header.strip_prefix("Basic ")?.trim())
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decode_form_part(id), decode_form_part(secret)))
}

fn exchange(
    realm: &mut Realm,
    request: &Received,
    fields: &Fields,
    client: &str,
) -> Result<Response, Response> {
    let presented = fields
        .get("code")
        .ok_or_else(|| invalid_request("code is missing"))?;
    let code = realm
        .codes
        .get_mut(presented)
        .filter(|code| code.login.client == client);
    let code = code.ok_or_else(|| invalid_grant("The code is unknown"))?;
    if let Some(family) = code.spent {
        // RFC 6749 §4.1.2: the code may have been stolen, and the tokens may be the thief's.
        realm.tokens.revoke_family(family);
        return Err(invalid_grant(
            "The code was used before; its tokens are revoked",
        ));
    }
    if realm.now >= code.expires {
        return Err(invalid_grant("The code has expired"));
    }
    // RFC 6749 §4.1.3 requires it again. Servers that read JSON are known to omit this check.
    let may_be_absent = request.media_type() == JSON;
    match fields.get("redirect_uri") {
        Some(uri) if uri == code.redirect_uri => {}
        None if may_be_absent => {}
        _ => {
            return Err(invalid_grant(
                "redirect_uri is not the one the code was sent to",
            ));
        }
    }
    let verifier = fields.get("code_verifier");
    let challenge = verifier.map(|it| URL_SAFE_NO_PAD.encode(Sha256::digest(it)));
    if challenge != code.challenge {
        return Err(invalid_grant(
            "code_verifier does not fit the code_challenge",
        ));
    }
    let family = realm.tokens.new_family();
    code.spent = Some(family);
    let login = code.login.clone();
    Ok(issued(realm, &login, family, true))
}

fn password(realm: &mut Realm, fields: &Fields, client: String) -> Result<Response, Response> {
    let (Some(username), Some(password)) = (fields.get("username"), fields.get("password")) else {
        return Err(invalid_request("username or password is missing"));
    };
    let scope = scope(fields.text("scope")).ok_or_else(invalid_scope)?;
    if realm.is_locked || (username, password) != (USERNAME, PASSWORD) {
        return Err(invalid_grant("The username or the password is wrong"));
    }
    let login = Login {
        client,
        user: username.to_owned(),
        scope,
    };
    let family = realm.tokens.new_family();
    Ok(issued(realm, &login, family, true))
}

fn client_credentials(
    realm: &mut Realm,
    fields: &Fields,
    client: String,
) -> Result<Response, Response> {
    if secret_of(&client) == Some(None) {
        return Err(refusal(
            400,
            "unauthorized_client",
            "A public client has no credentials",
        ));
    }
    let scope = scope(fields.text("scope")).ok_or_else(invalid_scope)?;
    let login = Login {
        user: client.clone(),
        client,
        scope,
    };
    let family = realm.tokens.new_family();
    // RFC 6749 §4.4.3: a refresh token should not be included.
    Ok(issued(realm, &login, family, false))
}

fn refresh(realm: &mut Realm, fields: &Fields, client: &str) -> Result<Response, Response> {
    let token = fields.get("refresh_token");
    let token = token.ok_or_else(|| invalid_request("refresh_token is missing"))?;
    // RFC 6749 §6: the scope may be narrowed, never widened. Checked before the token is spent.
    let original = realm
        .tokens
        .refresh_login(token)
        .map(|login| login.scope.clone());
    let asked = fields.get("scope").map(str::to_owned);
    if let (Some(original), Some(asked)) = (&original, &asked) {
        let granted: Vec<_> = original.split(' ').collect();
        if !asked.split(' ').all(|name| granted.contains(&name)) {
            return Err(invalid_scope());
        }
    }
    let (mut login, family) = realm.spend(token, Some(client)).map_err(|rejection| {
        invalid_grant(match rejection {
            Rejection::Invalid => "The refresh token is unknown, revoked or was used before",
            Rejection::Expired => "The refresh token has expired",
        })
    })?;
    login.scope = asked.unwrap_or(login.scope);
    Ok(issued(realm, &login, family, true))
}

pub(super) fn issued(
    realm: &mut Realm,
    login: &Login,
    family: Family,
    with_refresh: bool,
) -> Response {
    let mut body = json!({
        "access_token": realm.issue_access(login, family, fresh_token()),
        "token_type": "Bearer",
        "expires_in": realm.expires_in(),
        "scope": login.scope,
    });
    if with_refresh {
        body["refresh_token"] = realm.issue_refresh(login, family, fresh_token()).into();
    }
    Response::json(200, &body).no_store()
}

pub(super) fn invalid_request(description: &str) -> Response {
    refusal(400, "invalid_request", description)
}

pub(super) fn invalid_grant(description: &str) -> Response {
    refusal(400, "invalid_grant", description)
}

pub(super) fn invalid_scope() -> Response {
    refusal(
        400,
        "invalid_scope",
        "The scope is unknown or wider than what was granted",
    )
}

/// RFC 6749 §5.2: 401 with a challenge if the client used `Authorization`.
pub(super) fn invalid_client(by_header: bool) -> Response {
    let answer = refusal(
        401,
        "invalid_client",
        "The client is unknown or its secret is wrong",
    );
    if by_header {
        answer.header("WWW-Authenticate", r#"Basic realm="auth-sim""#)
    } else {
        answer
    }
}
