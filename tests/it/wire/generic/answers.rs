//! Responses that other servers are known to send.

use crate::support::asking::Asking as _;
use auth_core::Session;
use auth_core::error::ErrorCode;
use oauth2_generic::auth_core::grant::{ExpiryFormat, ResponseFormat};
use oauth2_generic::{AuthorizationCode, Client, ClientCredentials};

use crate::support::{Script, answer};
use crate::wire::{Wire, assert_refused, assert_status, assert_token, session};

use super::{batch, server};

#[test]
fn a_redirect_that_refuses_is_a_refusal_with_its_text() {
    let login = AuthorizationCode::new(
        batch("https://login.example.com"),
        "https://app.example.com/back",
    );
    let script = Script::default();
    let pending = login.begin(&script).unwrap();
    let state = pending.state();
    let back = format!(
        "https://app.example.com/back?error=access_denied&error_description=Not+today%21&state={state}"
    );
    let error = pending.exchange(&back, &script).unwrap_err();
    assert_eq!(error.refusal().unwrap().code, ErrorCode::AccessDenied);
    assert_eq!(
        error.to_string(),
        "the server refused the request: access_denied (Not today!)"
    );
}

#[test]
fn the_refusals_of_other_servers_keep_their_code_and_their_text() {
    for (status, body, code, text) in [
        // oidc-provider
        (
            400,
            r#"{"error":"invalid_grant","error_description":"grant request is invalid"}"#,
            ErrorCode::InvalidGrant,
            "invalid_grant (grant request is invalid)",
        ),
        (
            401,
            r#"{"error":"invalid_client","error_description":"client authentication failed"}"#,
            ErrorCode::InvalidClient,
            "invalid_client (client authentication failed)",
        ),
        // django-oauth-toolkit
        (
            400,
            r#"{"error": "invalid_grant"}"#,
            ErrorCode::InvalidGrant,
            "invalid_grant",
        ),
        (
            401,
            r#"{"error": "invalid_client"}"#,
            ErrorCode::InvalidClient,
            "invalid_client",
        ),
        // Katana
        (
            400,
            r#"{"error":"unsupported_grant_type"}"#,
            ErrorCode::UnsupportedGrantType,
            "unsupported_grant_type",
        ),
        // elsewhere
        (
            400,
            r#"{"error":"invalid_scope"}"#,
            ErrorCode::InvalidScope,
            "invalid_scope",
        ),
        (
            403,
            r#"{"error":"unauthorized_client"}"#,
            ErrorCode::UnauthorizedClient,
            "unauthorized_client",
        ),
        (
            400,
            r#"{"error":"mfa_required","error_description":"second factor"}"#,
            ErrorCode::Other("mfa_required".into()),
            "mfa_required (second factor)",
        ),
    ] {
        let wire = Wire::answering("POST", [(status, body)]);
        let client = batch(&wire.url());
        let outcome = Session::new(ClientCredentials::new(client)).token();
        assert_refused(outcome, u16::try_from(status).unwrap(), &code, text);
    }
    for (status, body) in [
        (400, ""),
        (403, ""),
        (404, "<!doctype html>"),
        (405, r#"{"error":{"code":1}}"#),
    ] {
        let wire = Wire::answering("POST", [(status, body)]);
        let client = batch(&wire.url());
        let outcome = Session::new(ClientCredentials::new(client)).token();
        assert_status(outcome, u16::try_from(status).unwrap());
    }
}

#[test]
fn the_answers_of_other_servers_are_read_as_they_come() {
    // Katana adds members of its own, and writes the type in lower case.
    let katana = r#"{"access_token":"2YotnF","token_type":"bearer","expires_in":1209599,"userName":"ada",".issued":"Mon, 14 Oct 2013 06:53:32 GMT"}"#;
    let wire = Wire::answering("POST", [(201, katana)]);
    let (session, _) = session(ClientCredentials::new(batch(&wire.url())));
    let token = session.token();
    assert_token(&token, "2YotnF", Some(1_209_599));
    let token = token.unwrap();
    assert_eq!(token.extra("userName").unwrap().expose(), "ada");
    assert_eq!(
        token.extra(".issued").unwrap().expose(),
        "Mon, 14 Oct 2013 06:53:32 GMT"
    );

    let client = |format| {
        let server = server("https://login.example.com").response(format);
        Client::new(server, "batch:1")
    };
    let deviant = ResponseFormat::new()
        .access_token("jwt")
        .refresh_token("renew")
        .expires("expires", ExpiryFormat::EpochSeconds)
        .token_type_optional()
        .success(302);
    let body = r#"{"jwt":"j","renew":"r","expires":1767229200,"scope":["a","b"]}"#;
    let script = Script::of([answer(302, body)]);
    let answer = ClientCredentials::new(client(deviant))
        .obtain(&script)
        .unwrap();
    assert_eq!(answer.access_token.expose(), "j");
    assert_eq!(answer.refresh_token.unwrap().expose(), "r");
    assert_eq!(answer.scope.as_deref(), Some("a b"));
}
