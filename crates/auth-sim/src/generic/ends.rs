//! `POST /revoke` and `POST /introspect`: the end and the state of a token.

use serde_json::json;

use super::secret_of;
use super::token::{authenticate, fields, invalid_client, invalid_request};
use crate::realm::{Realm, epoch};
use crate::received::Fields;
use crate::{Received, Response};

/// RFC 7009: revoking any token ends its login; an unknown token counts as revoked.
pub(super) fn revoke(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    let (token, client) = token_and_client(realm, request)?;
    let Some(known) = realm.tokens.known(&token) else {
        return Ok(Response::new(200));
    };
    if known.login.client != client {
        return Err(invalid_request("The token is another client's"));
    }
    realm.tokens.revoke_family(known.family);
    Ok(Response::new(200))
}

/// RFC 7662: only for clients with a secret, so that strangers cannot probe tokens.
pub(super) fn introspect(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    let (token, client) = token_and_client(realm, request)?;
    if secret_of(&client) == Some(None) {
        return Err(invalid_client(false));
    }
    let known = realm.tokens.known(&token);
    let Some(known) = known.filter(|known| known.is_live(realm.now)) else {
        return Ok(Response::json(200, &json!({"active": false})).no_store());
    };
    let body = json!({
        "active": true,
        "client_id": known.login.client,
        "username": known.login.user,
        "sub": known.login.user,
        "scope": known.login.scope,
        "exp": epoch(known.expires),
        "iss": realm.url,
    });
    Ok(Response::json(200, &body).no_store())
}

fn token_and_client(realm: &Realm, request: &Received) -> Result<(String, String), Response> {
    let fields: Fields = fields(realm.settings.bodies, request)?;
    if fields.has_repetition() {
        return Err(invalid_request("A parameter is repeated"));
    }
    let client = authenticate(realm, request, &fields)?;
    match fields.get("token") {
        Some(token) => Ok((token.to_owned(), client)),
        None => Err(invalid_request("token is missing")),
    }
}
