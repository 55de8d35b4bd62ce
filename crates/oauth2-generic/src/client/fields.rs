//! What may stand in a field of a client.

use auth_core::{Error, Result};

use crate::authorize::normal;

/// The name of a further parameter, unless it is one that a field sets: no parameter may stand twice.
pub(crate) fn not_ours(name: &str) -> Result<&str> {
    if OURS.contains(&name) {
        return Err(Error::configuration(format!(
            "`{name}` is no further parameter; set the field for it"
        )));
    }
    Ok(name)
}

/// An endpoint that a request needs, if it is a URL.
pub(crate) fn url_of<'a>(field: &'static str, url: &'a str) -> Result<&'a str> {
    if url.is_empty() {
        return Err(Error::configuration(format!("`{field}` is empty; set it")));
    }
    match normal(url) {
        Some(_) => Ok(url),
        None => Err(Error::configuration(format!(
            "`{field}` is not a URL; write it as https://host/path"
        ))),
    }
}

/// Every parameter that a grant or a field sets.
const OURS: &[&str] = &[
    "actor_token",
    "actor_token_type",
    "audience",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "dpop_jkt",
    "grant_type",
    "password",
    "redirect_uri",
    "refresh_token",
    "request_uri",
    "requested_token_type",
    "resource",
    "response_type",
    "scope",
    "state",
    "subject_token",
    "subject_token_type",
    "username",
];
