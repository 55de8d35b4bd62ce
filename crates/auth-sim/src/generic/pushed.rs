//! `POST /par`: pushed authorization requests (RFC 9126).

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::authorize::{examine, is_loopback};
use super::refusal;
use super::token::{authenticate, fields, invalid_request};
use crate::realm::Realm;
use crate::received::Fields;
use crate::tokens::{ALPHANUMERIC, random};
use crate::{Received, Response};

/// A pushed request that has not been used.
pub(crate) struct Pushed {
    fields: Fields,
    expires: SystemTime,
}

pub(super) fn push(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    let fields = fields(realm.settings.bodies, request)?;
    let client = authenticate(realm, request, &fields)?;
    if fields.text("client_id") != client {
        // RFC 9126 §2: the parameter is required whatever the client authentication.
        return Err(invalid_request("client_id is missing"));
    }
    if fields.get("request_uri").is_some() {
        return Err(invalid_request("request_uri cannot be pushed"));
    }
    if !is_loopback(fields.text("redirect_uri")) {
        return Err(invalid_request("redirect_uri is missing or not registered"));
    }
    examine(&fields).map_err(|(error, description)| refusal(400, error, description))?;
    let request_uri = format!("{PREFIX}{}", random(ALPHANUMERIC, 43));
    let body = json!({"request_uri": request_uri, "expires_in": LIFE.as_secs()});
    let expires = realm.now + LIFE;
    realm.pushed.insert(request_uri, Pushed { fields, expires });
    Ok(Response::json(201, &body).no_store())
}

/// Takes the pushed request, which can be used once.
pub(super) fn take(realm: &mut Realm, fields: &Fields) -> Option<Fields> {
    let pushed = realm.pushed.remove(fields.text("request_uri"))?;
    let is_theirs = pushed.fields.text("client_id") == fields.text("client_id");
    (is_theirs && realm.now < pushed.expires).then_some(pushed.fields)
}

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
const LIFE: Duration = Duration::from_secs(60);
