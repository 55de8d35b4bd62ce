//! The generic authorization server: its grants and endpoints; the well-known clients and user.

mod authorize;
mod device;
mod ends;
mod metadata;
mod pushed;
mod token;

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::tokens::{ALPHANUMERIC, Family, random};
use crate::vendor::route;
use crate::{Login, Realm, Received, Rejection, Response, VendorServer};

pub(crate) use device::Device;
pub(crate) use pushed::Pushed;

/// A confidential client.
pub const CLIENT_ID: &str = "sim-client";
/// The secret of [`CLIENT_ID`].
pub const CLIENT_SECRET: &str = "sim-client-secret";
/// A public client: it has no secret, and must use PKCE.
pub const PUBLIC_CLIENT_ID: &str = "sim-public";
/// A confidential client whose id breaks a Basic header that is not encoded as RFC 6749 §2.3.1 requires.
pub const ODD_CLIENT_ID: &str = "sim:odd client";
/// The secret of [`ODD_CLIENT_ID`], which also breaks such a header.
pub const ODD_CLIENT_SECRET: &str = "p+ss w%rd:~&=";
/// The user, who is already logged in at the authorization endpoint.
pub const USERNAME: &str = "alice";
/// The password of the user.
pub const PASSWORD: &str = "alice & 100% more";
/// A redirection URI. Any URI on a loopback host is accepted, with any port and path.
pub const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";
/// All scopes; `read` is granted when the request names none.
pub const SCOPES: [&str; 3] = ["read", "write", "admin"];

/// An authorization code, and the request that it was issued for.
pub(crate) struct Code {
    login: Login,
    redirect_uri: String,
    challenge: Option<String>,
    expires: SystemTime,
    /// The tokens that the code was exchanged for. A code works once.
    spent: Option<Family>,
}

pub(crate) struct Server;

impl VendorServer for Server {
    fn name(&self) -> &str {
        "generic"
    }

    fn token_path(&self) -> &str {
        TOKEN_PATH
    }

    fn account(&self) -> Login {
        Login::new(CLIENT_ID, USERNAME).scope("read")
    }

    fn client_secret(&self) -> Option<&str> {
        Some(CLIENT_SECRET)
    }

    fn refresh_token_lifetime(&self) -> Duration {
        Duration::from_secs(30 * 24 * 3600)
    }

    fn revokes_family_on_reuse(&self) -> bool {
        true
    }

    fn fresh_token(&self) -> String {
        fresh_token()
    }

    fn token(&self, realm: &mut Realm, request: &Received) -> Response {
        match request.method.as_str() {
            "POST" => either(token::answer(realm, request)),
            _ => not_allowed("POST"),
        }
    }

    fn api(&self, realm: &mut Realm, request: &Received) -> Response {
        let token = request.bearer().unwrap_or_default();
        match (
            request.method.as_str(),
            request.path.as_str(),
            realm.access(token),
        ) {
            ("GET", "/whoami", Ok(login)) => whoami(login),
            _ => Response::json(404, &json!({"error": "not_found"})),
        }
    }

    fn needs_token(&self, path: &str) -> bool {
        path == "/whoami"
    }

    /// RFC 6750 §3: the challenge has an error code only if the request had a token.
    fn reject(&self, why: Option<Rejection>) -> Response {
        if why.is_none() {
            return Response::new(401).header("WWW-Authenticate", r#"Bearer realm="auth-sim""#);
        }
        let challenge = format!(
            r#"Bearer realm="auth-sim", error="invalid_token", error_description="{BAD_TOKEN}""#
        );
        let body = json!({"error": "invalid_token", "error_description": BAD_TOKEN});
        Response::json(401, &body).header("WWW-Authenticate", &challenge)
    }

    fn answer(&self, realm: &mut Realm, request: &Received) -> Response {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/authorize") => authorize::answer(realm, request),
            ("GET", "/device") => device::enter(realm, request),
            ("GET", METADATA_PATH) => metadata::answer(realm),
            ("POST", "/device_authorization") => either(device::begin(realm, request)),
            ("POST", "/par") => either(pushed::push(realm, request)),
            ("POST", "/revoke") => either(ends::revoke(realm, request)),
            ("POST", "/introspect") => either(ends::introspect(realm, request)),
            (_, "/device_authorization" | "/par" | "/revoke" | "/introspect") => {
                not_allowed("POST")
            }
            (_, "/authorize" | "/device" | METADATA_PATH) => not_allowed("GET"),
            _ => route(self, realm, request),
        }
    }
}

fn either(answer: Result<Response, Response>) -> Response {
    answer.unwrap_or_else(|refusal| refusal)
}

fn whoami(login: &Login) -> Response {
    let body = json!({"sub": login.user, "client_id": login.client, "scope": login.scope});
    Response::json(200, &body)
}

fn not_allowed(method: &str) -> Response {
    refusal(405, "invalid_request", &format!("Method must be {method}")).header("Allow", method)
}

fn refusal(status: u16, error: &str, description: &str) -> Response {
    Response::json(
        status,
        &json!({"error": error, "error_description": description}),
    )
    .no_store()
}

/// Returns the secret of a client: `None` if there is no such client, `Some(None)` if it is public.
fn secret_of(client: &str) -> Option<Option<&'static str>> {
    match client {
        CLIENT_ID => Some(Some(CLIENT_SECRET)),
        ODD_CLIENT_ID => Some(Some(ODD_CLIENT_SECRET)),
        PUBLIC_CLIENT_ID => Some(None),
        _ => None,
    }
}

/// Returns the scope to grant; `None` if the request names an unknown one.
fn scope(asked: &str) -> Option<String> {
    let mut names = asked.split(' ').filter(|name| !name.is_empty()).peekable();
    if names.peek().is_none() {
        return Some(SCOPES[0].to_owned());
    }
    names
        .all(|name| SCOPES.contains(&name))
        .then(|| asked.to_owned())
}

/// Makes a code or a token that ends in `=`, which a client must encode in a URL or a form, and the
/// server must decode exactly once.
pub(crate) fn fresh_token() -> String {
    random(ALPHANUMERIC, 43) + "="
}

pub(crate) const TOKEN_PATH: &str = "/token";
const METADATA_PATH: &str = "/.well-known/oauth-authorization-server";
const BAD_TOKEN: &str = "The access token is invalid, expired or revoked";
