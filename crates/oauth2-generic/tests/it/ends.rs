//! Revocation and introspection.

use std::time::{Duration, SystemTime};

use auth_core::grant::RevokedToken;
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, DeviceLogin, Encoding, Error, ExtensionGrant, Grant,
    Introspection, Password, RefreshToken, Result, Secret, SecurityToken, Server, Session,
    TokenExchange,
};

use crate::asking::Asking as _;
use crate::requests::{client, client_of, server};
use crate::script::Script;

fn ending(server: Server) -> Server {
    server
        .revocation_endpoint("https://login.example:8443/revoke")
        .introspection_endpoint("https://login.example:8443/introspect")
}

fn revocable() -> Client {
    client_of(ending(server()))
}

fn grants() -> Vec<Box<dyn Grant>> {
    let client = revocable;
    let subject = SecurityToken::access_token(Secret::new("s"));
    vec![
        Box::new(ClientCredentials::new(client())),
        Box::new(Password::new(client(), "jsmith", Secret::new("p"))),
        Box::new(RefreshToken::new(client())),
        Box::new(TokenExchange::new(client(), subject)),
        Box::new(ExtensionGrant::for_client(client(), "own")),
        Box::new(DeviceLogin::new(client()).grant()),
    ]
}

#[test]
fn every_grant_can_be_revoked() {
    let token = Secret::new("r=1");
    for grant in grants() {
        let http = Script::default().then(200, "").then(200, "");
        grant.revoke(RevokedToken::Refresh(&token), &http).unwrap();
        grant.revoke(RevokedToken::Access(&token), &http).unwrap();
        let sent = |hint: &str| {
            format!(
                "POST https://login.example:8443/revoke token=r%3D1&token_type_hint={hint}\
                 &client_id=app&client_secret=s%26cret"
            )
        };
        assert_eq!(http.asked(), [sent("refresh_token"), sent("access_token")]);
    }
}

#[test]
fn a_revocation_is_written_as_every_request() {
    let client = client_of(ending(server().encoding(Encoding::Json)))
        .auth(ClientAuth::basic(Secret::new("s&cret")));
    let http = Script::default().then(200, "");
    let token = Secret::new("r");
    ClientCredentials::new(client)
        .revoke(RevokedToken::Refresh(&token), &http)
        .unwrap();
    assert!(http.asked()[0].ends_with(r#"{"token":"r","token_type_hint":"refresh_token"}"#));
    assert_eq!(http.headers()["authorization"], "Basic YXBwOnMmY3JldA==");
}

fn logged_in(answers: impl FnOnce(Script) -> Script, client: Client) -> (Session, Script) {
    let http = answers(Script::default().then(200, TOKENS));
    let grant = Password::new(client, "jsmith", Secret::new("p"));
    let session = Session::builder(grant).transport(http.clone());
    let session = session.build().unwrap();
    session.token().unwrap();
    (session, http)
}

#[test]
fn a_logout_ends_the_login_at_the_server() {
    let (session, http) = logged_in(|http| http.then(200, "").then(200, TOKENS), revocable());
    session.log_out().unwrap();
    assert!(http.asked()[1].contains("/revoke token=r&token_type_hint=refresh_token&"));
    assert!(session.refresh_token().is_none());
    session.token().unwrap();
    assert!(http.asked()[2].contains("grant_type=password"));
}

#[test]
fn without_an_endpoint_a_login_is_only_forgotten() {
    let (session, http) = logged_in(|http| http, client());
    session.log_out().unwrap();
    assert!(session.refresh_token().is_none());
    assert_eq!(http.asked().len(), 1);
}

#[test]
fn a_login_is_forgotten_even_if_its_revocation_fails() {
    for (status, body) in [(503, ""), (400, r#"{"error":"unsupported_token_type"}"#)] {
        let (session, _) = logged_in(|http| http.then(status, body), revocable());
        session.log_out().unwrap_err();
        assert!(session.refresh_token().is_none());
    }
}

/// A time in seconds since 1970.
fn at(seconds: u64) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn introspected(body: &str) -> Result<Introspection> {
    revocable().introspect(&Secret::new("t=1"), &Script::default().then(200, body))
}

#[test]
fn introspection_returns_every_member() {
    let http = Script::default().then(
        200,
        r#"{"active":true,"scope":"read write","client_id":"app","username":"jsmith","sub":"42",
            "aud":["a","b"],"exp":1767225600,"iat":1767220000,"nbf":1767220001,"token_type":"DPoP",
            "iss":"https://login.example","jti":"j1","more":{"a":[null]}}"#,
    );
    let known = revocable().introspect(&Secret::new("t=1"), &http).unwrap();
    assert_eq!(
        http.asked(),
        [
            "POST https://login.example:8443/introspect token=t%3D1&client_id=app&client_secret=s%26cret"
        ]
    );
    assert!(known.active);
    assert_eq!(known.scope.as_deref(), Some("read write"));
    assert_eq!(known.client_id.as_deref(), Some("app"));
    assert_eq!(known.username.as_deref(), Some("jsmith"));
    assert_eq!(known.sub.as_deref(), Some("42"));
    assert_eq!(known.aud, ["a", "b"]);
    assert_eq!(known.expires_at, at(1_767_225_600));
    assert_eq!(known.issued_at, at(1_767_220_000));
    assert_eq!(known.not_before, at(1_767_220_001));
    assert_eq!(known.token_type.as_deref(), Some("DPoP"));
    assert_eq!(known.iss.as_deref(), Some("https://login.example"));
    assert_eq!(known.jti.as_deref(), Some("j1"));
}

#[test]
fn an_inactive_token_has_no_other_members() {
    let known = introspected(r#"{"active":false}"#).unwrap();
    assert!(!known.active);
    assert_eq!(
        (known.scope, known.expires_at, known.aud),
        (None, None, Vec::new())
    );
}

#[test]
fn an_unclear_response_is_not_an_active_token() {
    for body in [
        "{}",
        r#"{"active":"true"}"#,
        r#"{"active":1}"#,
        "<html>",
        "true",
    ] {
        let error = introspected(body).unwrap_err();
        assert!(matches!(error, Error::Response(_)), "{error}");
    }
}

#[test]
fn an_unusable_date_is_left_out() {
    for exp in ["1e300", "-1e300", "\"soon\"", "null"] {
        let known = introspected(&format!(r#"{{"active":true,"exp":{exp}}}"#)).unwrap();
        assert_eq!(known.expires_at, None);
    }
}

#[test]
fn a_client_without_the_endpoint_gets_an_error() {
    let error = client()
        .introspect(&Secret::new("t"), &Script::default())
        .unwrap_err();
    assert!(
        error.to_string().contains("`introspection_endpoint`"),
        "{error}"
    );
}

#[test]
fn a_token_that_a_server_repeats_in_its_error_is_left_out() {
    let body = r#"{"error":"invalid_request","error_description":"bad token s3cret-token"}"#;
    let error = revocable()
        .introspect(
            &Secret::new("s3cret-token"),
            &Script::default().then(400, body),
        )
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
}

/// A wrong URL here must not send an operator to look at that of the token endpoint.
#[test]
fn a_bare_status_names_what_to_check() {
    for (status, advice) in [
        (302, "redirects are not followed"),
        (401, "check the client id"),
        (404, "check the endpoint's URL"),
        (500, "answered 500"),
    ] {
        let http = Script::default().then(status, "");
        let error = revocable()
            .introspect(&Secret::new("t"), &http)
            .unwrap_err()
            .to_string();
        let blames_another = error.contains("token endpoint");
        assert!(error.contains(advice) && !blames_another, "{error}");
    }
}

const TOKENS: &str =
    r#"{"access_token":"t","token_type":"bearer","expires_in":3600,"refresh_token":"r"}"#;
