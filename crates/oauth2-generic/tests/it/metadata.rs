//! A server's metadata, and its enforcement.

#[cfg(feature = "authorization_code")]
mod codes; // announcements about a login by code
mod elsewhere; // other content in place of metadata, and documents at other places
mod endpoints; // announced endpoints, and authentication there
mod odd; // odd members, and lists that leave out what works

use auth_core::error::Remedy;
use oauth2_generic::{
    Client, ClientCredentials, DeviceLogin, Error, Password, RefreshToken, Result, Secret, Server,
};

use crate::asking::Asking as _;
use crate::script::Script;

const ISSUER: &str = "https://login.example/tenant";
const RFC_8414: &str = "GET https://login.example/.well-known/oauth-authorization-server/tenant";
const OPENID: &str = "GET https://login.example/tenant/.well-known/openid-configuration";

/// Better Auth publishes here alone.
const RFC_8414_BEHIND: &str =
    "GET https://login.example/tenant/.well-known/oauth-authorization-server";
const OPENID_BEFORE: &str = "GET https://login.example/.well-known/openid-configuration/tenant";

fn announced(more: &str) -> String {
    format!(
        r#"{{"issuer":"{ISSUER}","token_endpoint":"https://login.example/token",
        "authorization_endpoint":"https://login.example/authorize"{more}}}"#
    )
}

/// A server that announces this.
pub(crate) fn found(more: &str) -> Server {
    let http = Script::default().then(200, &announced(more));
    Server::discover_with(ISSUER, &http).unwrap()
}

/// The error of these responses, and of nothing at the two places where hardly any server publishes.
fn refused(issuer: &str, http: &Script) -> Error {
    let http = http.clone().then(404, "").then(404, "");
    Server::discover_with(issuer, &http).unwrap_err()
}

fn app(server: &Server) -> Client {
    Client::new(server.clone(), "app")
}

#[track_caller]
pub(crate) fn is_configuration<T>(result: Result<T>, word: &str) {
    let error = result.err().expect("a refusal");
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains(word), "{error}");
}

#[test]
fn an_issuer_is_all_there_is_to_know() {
    let server = found(
        r#","device_authorization_endpoint":"https://login.example/device",
        "pushed_authorization_request_endpoint":"https://login.example/par",
        "revocation_endpoint":"https://login.example/revoke",
        "introspection_endpoint":"https://login.example/introspect",
        "jwks_uri":"https://login.example/keys",
        "grant_types_supported":["authorization_code"],
        "token_endpoint_auth_methods_supported":["client_secret_post"],
        "code_challenge_methods_supported":["plain","S256"],
        "dpop_signing_alg_values_supported":["ES256"],
        "scopes_supported":["read","write"],
        "authorization_response_iss_parameter_supported":true,
        "require_pushed_authorization_requests":true,
        "something_else":{"deep":[1]}"#,
    );
    assert_eq!(server.token_endpoint(), "https://login.example/token");
    let metadata = server.metadata().unwrap();
    assert_eq!(metadata.issuer, ISSUER);
    assert_eq!(metadata.dpop_signing_alg_values_supported, ["ES256"]);
    assert_eq!(metadata.scopes_supported, ["read", "write"]);
    assert!(metadata.require_pushed_authorization_requests);
    for (url, name) in [
        (&metadata.jwks_uri, "keys"),
        (&metadata.token_endpoint, "token"),
        (&metadata.authorization_endpoint, "authorize"),
        (&metadata.device_authorization_endpoint, "device"),
        (&metadata.pushed_authorization_request_endpoint, "par"),
        (&metadata.revocation_endpoint, "revoke"),
        (&metadata.introspection_endpoint, "introspect"),
    ] {
        let announced = format!("https://login.example/{name}");
        assert_eq!(url.as_deref(), Some(announced.as_str()));
    }

    // The secret goes into the body, which is the one way that the server announces.
    let client = app(&server).secret(Secret::new("s3cret"));
    let http = Script::default().then(200, r#"{"active":true}"#);
    client.introspect(&Secret::new("t"), &http).unwrap();
    let asked = http.asked().remove(0);
    assert!(
        asked.starts_with("POST https://login.example/introspect ")
            && asked.contains("client_id=app&client_secret=s3cret"),
        "{asked}"
    );
}

#[test]
fn both_paths_are_tried_and_the_first_that_answers_counts() {
    let http = Script::default().then(200, &announced(""));
    drop(Server::discover_with(ISSUER, &http).unwrap());
    assert_eq!(http.asked(), [RFC_8414]);

    for (status, body) in [
        (404, ""),
        (302, ""),
        (500, ""),
        (200, "<html>"),
        (200, r#"{"issuer":"https://other.example"}"#),
        (400, r#"{"error":"not_found"}"#),
    ] {
        let http = Script::default()
            .then(status, body)
            .then(200, &announced(""));
        drop(Server::discover_with(ISSUER, &http).unwrap());
        assert_eq!(http.asked(), [RFC_8414, OPENID]);
    }
}

#[test]
fn an_issuer_without_a_path_is_asked_at_its_root() {
    for issuer in ["https://login.example", "https://login.example/"] {
        let http = Script::default().then(404, "").then(404, "");
        refused(issuer, &http);
        assert_eq!(
            http.asked(),
            [
                "GET https://login.example/.well-known/oauth-authorization-server",
                "GET https://login.example/.well-known/openid-configuration"
            ]
        );
    }
}

#[test]
fn an_issuer_that_publishes_nothing_is_a_configuration_error() {
    let http = Script::default().then(404, "").then(404, "<html>");
    let error = refused(ISSUER, &http);
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("no metadata"), "{error}");
    assert_eq!(
        http.asked(),
        [RFC_8414, OPENID, RFC_8414_BEHIND, OPENID_BEFORE]
    );
}

#[test]
fn a_failing_server_is_not_one_that_publishes_nothing() {
    for status in [503, 429] {
        let http = Script::default().then(status, "").then(404, "");
        let error = refused(ISSUER, &http);
        assert!(error.remedy() == Remedy::Retry, "{error}");
    }
    let error = refused(ISSUER, &Script::default().then_lose());
    assert!(matches!(error, Error::Network { .. }), "{error}");
}

#[test]
fn the_metadata_of_another_issuer_is_refused_to_the_last_slash() {
    for (other, word) in [
        ("https://evil.example", "another issuer"),
        ("https://LOGIN.example/tenant", "case of scheme or host"),
        ("https://login.example:443/tenant", "needless port"),
        ("https://login.example/tenant/", "slash"),
    ] {
        let body = announced("").replace(&format!("{ISSUER}\""), &format!("{other}\""));
        let error = refused(ISSUER, &Script::default().then(200, &body).then(404, ""));
        assert!(matches!(error, Error::Response(_)), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(!format!("{error} {error:?}").contains("example"));
    }
    let without = r#"{"token_endpoint":"https://login.example/token"}"#;
    let error = refused(ISSUER, &Script::default().then(200, without).then(404, ""));
    assert!(error.to_string().contains("no issuer"), "{error}");
}

#[test]
fn an_issuer_is_https_or_this_machine() {
    let unasked = Script::default();
    for issuer in [
        "http://login.example",
        "http://localhost:8080",
        "login.example",
        "ftp://login.example",
        "",
        "https://login.example/?a=b",
        "https://login.example/#top",
        "https://user:pw@login.example",
    ] {
        is_configuration(Server::discover_with(issuer, &unasked), "issuer");
    }
    for issuer in ["http://127.0.0.1:8080", "http://[::1]:8080/o"] {
        let body = announced("").replace(ISSUER, issuer);
        drop(Server::discover_with(issuer, &Script::default().then(200, &body)).unwrap());
    }
}

#[test]
fn an_endpoint_over_plain_http_is_refused() {
    for endpoint in [
        "http://login.example/revoke",
        "javascript:alert(1)",
        "/revoke",
    ] {
        let body = announced(&format!(r#","revocation_endpoint":"{endpoint}""#));
        let error = refused(ISSUER, &Script::default().then(200, &body).then(404, ""));
        assert!(error.to_string().contains("revocation_endpoint"), "{error}");
    }
}

/// The author of the metadata could send users and secrets to any program that listens here.
#[test]
fn only_an_issuer_here_announces_an_endpoint_here() {
    let endpoint = r#","revocation_endpoint":"http://127.0.0.1:8080/revoke""#;
    let body = announced(endpoint);
    let error = refused(ISSUER, &Script::default().then(200, &body).then(404, ""));
    assert!(error.to_string().contains("revocation_endpoint"), "{error}");

    let issuer = "http://127.0.0.1:8080";
    let body = body.replace(ISSUER, issuer);
    drop(Server::discover_with(issuer, &Script::default().then(200, &body)).unwrap());
}

#[test]
fn a_server_that_announces_both_gets_the_secret_in_a_header() {
    for methods in [
        "",
        r#","token_endpoint_auth_methods_supported":["client_secret_post","client_secret_basic"]"#,
    ] {
        let client = app(&found(methods)).secret(Secret::new("s3cret"));
        let http = Script::default().then(200, TOKEN);
        ClientCredentials::new(client).obtain(&http).unwrap();
        assert_eq!(http.headers()["authorization"], "Basic YXBwOnMzY3JldA==");
        assert!(!http.asked()[0].contains("s3cret"));
    }
}

#[test]
fn a_way_to_authenticate_that_is_not_announced_is_refused() {
    let server = found(r#","token_endpoint_auth_methods_supported":["private_key_jwt"]"#);
    let client = app(&server).secret(Secret::new("s3cret"));
    is_configuration(
        ClientCredentials::new(client).obtain(&Script::default()),
        "this server's are: private_key_jwt",
    );

    let public = ClientCredentials::new(app(&server));
    public.obtain(&Script::default().then(200, TOKEN)).unwrap();
}

#[test]
fn a_grant_that_is_not_announced_is_refused() {
    let server = found(r#","grant_types_supported":["client_credentials"]"#);
    let (client, unasked) = (app(&server), Script::default());
    let password = Password::new(client.clone(), "jsmith", Secret::new("p"));
    is_configuration(password.obtain(&unasked), "`password`");
    let device = DeviceLogin::new(client.clone());
    is_configuration(device.exchange(&unasked), "device_code");

    let kept = RefreshToken::new(client);
    kept.refresh(&Secret::new("r"), &Script::default().then(200, TOKEN))
        .unwrap();
}

#[test]
fn a_list_that_a_server_gets_wrong_can_be_ignored() {
    let server = found(r#","grant_types_supported":["authorization_code"]"#);
    let server = server.ignore_announced("grant_types_supported");
    let service = ClientCredentials::new(app(&server));
    service.obtain(&Script::default().then(200, TOKEN)).unwrap();
}

const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
