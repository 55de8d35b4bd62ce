//! `GET /.well-known/oauth-authorization-server`: the server's metadata (RFC 8414).

use serde_json::json;

use super::{SCOPES, TOKEN_PATH};
use crate::Response;
use crate::realm::Realm;

/// Each endpoint supports exactly what is announced here.
pub(super) fn answer(realm: &Realm) -> Response {
    let at = |path: &str| format!("{}{path}", realm.url);
    let body = json!({
        "issuer": realm.url,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at(TOKEN_PATH),
        "device_authorization_endpoint": at("/device_authorization"),
        "pushed_authorization_request_endpoint": at("/par"),
        "revocation_endpoint": at("/revoke"),
        "introspection_endpoint": at("/introspect"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code", "token"],
        "grant_types_supported": [
            "authorization_code",
            "implicit",
            "password",
            "client_credentials",
            "refresh_token",
            super::device::GRANT_TYPE,
        ],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    Response::json(200, &body)
}
