//! `GET /authorize`: the user, who is logged in, agrees or refuses, and is redirected (RFC 6749 §4.1, §4.2).

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Code, USERNAME, fresh_token, pushed, refusal, scope, secret_of};
use crate::realm::Realm;
use crate::received::Fields;
use crate::tokens::Login;
use crate::{Received, Response};

pub(super) fn answer(realm: &mut Realm, request: &Received) -> Response {
    let mut fields = Fields::from_pairs(request.query_pairs());
    if fields.get("request_uri").is_some() {
        let Some(pushed) = pushed::take(realm, &fields) else {
            return refusal(
                400,
                "invalid_request_uri",
                "request_uri is unknown, used or expired",
            );
        };
        // RFC 9126 §4: all other parameters are ignored.
        fields = pushed;
    }
    // RFC 6749 §4.1.2.1: the user is never redirected to a URI that is not registered for the client.
    if secret_of(fields.text("client_id")).is_none() {
        return refusal(400, "invalid_client", "Unknown client_id");
    }
    if !is_loopback(fields.text("redirect_uri")) {
        return refusal(
            400,
            "invalid_request",
            "redirect_uri is missing or not registered",
        );
    }
    let redirect = Redirect {
        fields: &fields,
        issuer: realm.url.clone(),
    };
    match agree(realm, &fields) {
        Ok(members) => redirect.with(&members),
        Err((error, description)) => redirect.with(&[
            ("error", error.into()),
            ("error_description", description.into()),
        ]),
    }
}

type Members = Vec<(&'static str, String)>;

/// Checks a request before the user is asked; returns its scope.
pub(super) fn examine(fields: &Fields) -> Result<String, (&'static str, &'static str)> {
    if fields.has_repetition() {
        return Err(("invalid_request", "A parameter is repeated"));
    }
    let response_type = fields.text("response_type");
    if !["code", "token"].contains(&response_type) {
        return Err((
            "unsupported_response_type",
            "response_type must be code or token",
        ));
    }
    let challenge = fields.get("code_challenge");
    if challenge.is_some() && fields.text("code_challenge_method") != "S256" {
        return Err(("invalid_request", "code_challenge_method must be S256"));
    }
    let client = fields.text("client_id");
    if response_type == "code" && secret_of(client) == Some(None) && challenge.is_none() {
        return Err((
            "invalid_request",
            "code_challenge is required of a public client",
        ));
    }
    scope(fields.text("scope")).ok_or(("invalid_scope", "Unknown scope"))
}

fn agree(realm: &mut Realm, fields: &Fields) -> Result<Members, (&'static str, &'static str)> {
    let scope = examine(fields)?;
    if realm.user_refuses {
        return Err(("access_denied", "The resource owner denied the request"));
    }
    let login = Login {
        client: fields.text("client_id").to_owned(),
        user: USERNAME.to_owned(),
        scope,
    };
    if fields.text("response_type") == "token" {
        return Ok(implicit(realm, &login));
    }
    let code = fresh_token();
    let record = Code {
        login,
        redirect_uri: fields.text("redirect_uri").to_owned(),
        challenge: fields.get("code_challenge").map(str::to_owned),
        expires: realm.now + CODE_LIFE,
        spent: None,
    };
    realm.codes.insert(code.clone(), record);
    Ok(vec![("code", code)])
}

fn implicit(realm: &mut Realm, login: &Login) -> Members {
    let family = realm.tokens.new_family();
    let token = realm.issue_access(login, family, fresh_token());
    vec![
        ("access_token", token),
        ("token_type", "Bearer".to_owned()),
        ("expires_in", realm.expires_in().to_string()),
        ("scope", login.scope.clone()),
    ]
}

struct Redirect<'a> {
    fields: &'a Fields,
    issuer: String,
}

impl Redirect<'_> {
    /// Builds the redirect with these members, the state, and the issuer (RFC 9207).
    fn with(&self, members: &[(&str, String)]) -> Response {
        let state = self
            .fields
            .get("state")
            .map(|state| ("state", state.to_owned()));
        let all = members
            .iter()
            .cloned()
            .chain(state)
            .chain([("iss", self.issuer.clone())]);
        let pairs: Vec<_> = all
            .map(|(name, value)| format!("{name}={}", encode(&value)))
            .collect();
        let uri = self.fields.text("redirect_uri");
        let separator = match self.fields.text("response_type") {
            "token" => '#',
            _ if uri.contains('?') => '&',
            _ => '?',
        };
        let location = format!("{uri}{separator}{}", pairs.join("&"));
        Response::new(302).no_store().header("Location", &location)
    }
}

/// RFC 8252 §7.3: any port of a loopback address; a fragment is never allowed (RFC 6749 §3.1.2).
pub(super) fn is_loopback(uri: &str) -> bool {
    let rest = uri
        .strip_prefix("http://")
        .filter(|rest| !rest.contains(['#', '\r', '\n']));
    let authority = rest
        .and_then(|rest| rest.split(['/', '?']).next())
        .unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    ["127.0.0.1", "[::1]", "localhost"].contains(&host)
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, FORM_RESERVED)
        .to_string()
        .replace("%20", "+")
}

const FORM_RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');
/// Within the ten minutes that RFC 6749 §4.1.2 recommends as the maximum.
const CODE_LIFE: Duration = Duration::from_secs(60);
