//! Logins on another device (RFC 8628): the device requests a code, the user enters it, the device polls.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::token::{authenticate, fields, invalid_grant, invalid_request, invalid_scope, issued};
use super::{USERNAME, fresh_token, refusal, scope};
use crate::realm::Realm;
use crate::received::Fields;
use crate::tokens::{Login, random};
use crate::{Received, Response};

/// A device whose user has not finished the login.
pub(crate) struct Device {
    login: Login,
    user_code: String,
    expires: SystemTime,
    /// The time that the device must wait between two polls.
    interval: Duration,
    asked: SystemTime,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Waiting,
    Accepted,
    Denied,
    /// The tokens were issued; the code works once.
    Spent,
}

/// `POST /device_authorization`: returns the device code and the user code.
pub(super) fn begin(realm: &mut Realm, request: &Received) -> Result<Response, Response> {
    let fields = fields(realm.settings.bodies, request)?;
    if fields.has_repetition() {
        return Err(invalid_request("A parameter is repeated"));
    }
    let client = authenticate(realm, request, &fields)?;
    let scope = scope(fields.text("scope")).ok_or_else(invalid_scope)?;
    let device_code = fresh_token();
    let half = || random(CONSONANTS, 4);
    let user_code = format!("{}-{}", half(), half());
    let uri = format!("{}/device", realm.url);
    let body = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": uri,
        "verification_uri_complete": format!("{uri}?user_code={user_code}"),
        "expires_in": LIFE.as_secs(),
        "interval": INTERVAL.as_secs(),
    });
    let device = Device {
        login: Login {
            client,
            user: USERNAME.to_owned(),
            scope,
        },
        user_code,
        expires: realm.now + LIFE,
        interval: INTERVAL,
        asked: realm.now,
        state: State::Waiting,
    };
    realm.devices.insert(device_code, device);
    Ok(Response::json(200, &body).no_store())
}

/// `GET /device?user_code=`: the user, who is logged in, enters the code and agrees or refuses.
pub(super) fn enter(realm: &mut Realm, request: &Received) -> Response {
    let fields = Fields::from_pairs(request.query_pairs());
    let (now, refuses) = (realm.now, realm.user_refuses);
    let device = realm.devices.values_mut().find(|device| {
        device.user_code == fields.text("user_code")
            && device.state == State::Waiting
            && now < device.expires
    });
    let Some(device) = device else {
        return Response::text(404, "This code is unknown, expired or was entered before.");
    };
    if refuses {
        device.state = State::Denied;
        return Response::text(200, "You have refused the device.");
    }
    device.state = State::Accepted;
    Response::text(200, "The device is connected.")
}

/// The device grant at the token endpoint.
pub(super) fn poll(realm: &mut Realm, fields: &Fields, client: &str) -> Result<Response, Response> {
    let code = fields.get("device_code");
    let code = code.ok_or_else(|| invalid_request("device_code is missing"))?;
    let now = realm.now;
    let device = realm
        .devices
        .get_mut(code)
        .filter(|device| device.login.client == client)
        .ok_or_else(|| invalid_grant("The device code is unknown"))?;
    // A poll in the very second is in time: many clients and servers count in whole seconds.
    let is_hasty = now < device.asked + device.interval;
    device.asked = now;
    match device.state {
        State::Spent => return Err(invalid_grant("The device code was used before")),
        State::Denied => return Err(refusal(400, "access_denied", "The user refused")),
        _ if now >= device.expires => {
            return Err(refusal(400, "expired_token", "The device code has expired"));
        }
        _ if is_hasty => {
            device.interval += SLOW_DOWN;
            return Err(refusal(400, "slow_down", "Asked too soon"));
        }
        State::Waiting => {
            let description = "The user has not entered the code yet";
            return Err(refusal(400, "authorization_pending", description));
        }
        State::Accepted => device.state = State::Spent,
    }
    let login = device.login.clone();
    let family = realm.tokens.new_family();
    Ok(issued(realm, &login, family, true))
}

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8628 §6.1: no vowels, so that no word is formed, and no characters that look alike.
const CONSONANTS: &str = "BCDFGHJKLMNPQRSTVWXZ";
const LIFE: Duration = Duration::from_secs(600);
const INTERVAL: Duration = Duration::from_secs(5);
/// RFC 8628 §3.5: added to this interval and all later ones.
const SLOW_DOWN: Duration = Duration::from_secs(5);
