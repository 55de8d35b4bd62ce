//! What a server announces, and how far it is held to.

mod elsewhere; // what is found instead of metadata, and documents at other places
mod endpoints; // which endpoints, and how to be asked there
mod odd; // odd members, and lists that leave out what works

use crate::asking::Asking as _;
use oauth2_generic::{
    AuthorizationCode, ClientAuth, ClientCredentials, DeviceLogin, Error, Implicit, Metadata,
    Password, RefreshToken, Result, Secret,
};

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

fn found(more: &str) -> Metadata {
    let http = Script::default().then(200, &announced(more));
    Metadata::discover(ISSUER, &http).unwrap()
}

/// What comes of these answers, and of nothing at the two places where hardly any server publishes.
fn refused(issuer: &str, http: &Script) -> Error {
    let http = http.clone().then(404, "").then(404, "");
    Metadata::discover(issuer, &http).unwrap_err()
}

fn code(server: &Metadata) -> AuthorizationCode {
    AuthorizationCode::new(server.client("app"), "https://app.example/cb")
}

#[track_caller]
fn is_configuration<T>(result: Result<T>, word: &str) {
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
    assert_eq!(server.jwks_uri, "https://login.example/keys");
    assert_eq!(server.dpop_signing_alg_values_supported, ["ES256"]);
    assert_eq!(server.scopes_supported, ["read", "write"]);
    assert!(server.require_pushed_authorization_requests);

    let client = server.client("app");
    assert_eq!(client.client_id, "app");
    assert_eq!(client.issuer, ISSUER);
    assert_eq!(client.client_auth, ClientAuth::Body);
    for (endpoint, name) in [
        (&client.token_endpoint, "token"),
        (&client.authorization_endpoint, "authorize"),
        (&client.device_authorization_endpoint, "device"),
        (&client.pushed_authorization_request_endpoint, "par"),
        (&client.revocation_endpoint, "revoke"),
        (&client.introspection_endpoint, "introspect"),
    ] {
        assert_eq!(*endpoint, format!("https://login.example/{name}"));
    }
}

#[test]
fn both_paths_are_tried_and_the_first_that_answers_counts() {
    let http = Script::default().then(200, &announced(""));
    Metadata::discover(ISSUER, &http).unwrap();
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
        Metadata::discover(ISSUER, &http).unwrap();
        assert_eq!(http.asked(), [RFC_8414, OPENID]);
    }
}

#[test]
fn an_issuer_without_a_path_is_asked_at_its_root_with_or_without_a_slash() {
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
fn a_server_that_fails_is_not_taken_for_one_that_publishes_nothing() {
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
        (
            "https://login.example:443/tenant",
            "by a port that need not",
        ),
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
fn an_issuer_is_https_or_this_machine_and_nothing_is_sent_to_any_other() {
    let nobody = Script::default();
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
        is_configuration(Metadata::discover(issuer, &nobody), "issuer");
    }
    for issuer in ["http://127.0.0.1:8080", "http://[::1]:8080/o"] {
        let body = announced("").replace(ISSUER, issuer);
        Metadata::discover(issuer, &Script::default().then(200, &body)).unwrap();
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

/// Whatever listens here would be sent users and secrets by whoever writes the metadata.
#[test]
fn an_endpoint_on_this_machine_is_announced_by_an_issuer_on_this_machine_alone() {
    let endpoint = r#","revocation_endpoint":"http://127.0.0.1:8080/revoke""#;
    let body = announced(endpoint);
    let error = refused(ISSUER, &Script::default().then(200, &body).then(404, ""));
    assert!(error.to_string().contains("revocation_endpoint"), "{error}");

    let issuer = "http://127.0.0.1:8080";
    let body = body.replace(ISSUER, issuer);
    Metadata::discover(issuer, &Script::default().then(200, &body)).unwrap();
}

#[test]
fn a_server_that_announces_both_is_told_the_secret_in_a_header() {
    for methods in [
        "",
        r#","token_endpoint_auth_methods_supported":["client_secret_post","client_secret_basic"]"#,
    ] {
        assert_eq!(found(methods).client("app").client_auth, ClientAuth::Basic);
    }
}

#[test]
fn a_way_to_authenticate_that_is_not_announced_is_refused() {
    let server = found(r#","token_endpoint_auth_methods_supported":["private_key_jwt"]"#);
    let mut client = server.client("app");
    client.client_secret = "s3cret".into();
    let service = ClientCredentials::new(client);
    is_configuration(
        service.obtain(&Script::default()),
        "this server's are: private_key_jwt",
    );

    let mut public = service;
    public.client.client_secret = "".into();
    public.obtain(&Script::default().then(200, TOKEN)).unwrap();
}

#[test]
fn a_grant_that_is_not_announced_is_refused_and_a_refresh_is_not_asked_about() {
    let server = found(r#","grant_types_supported":["client_credentials"]"#);
    let (client, nobody) = (server.client("app"), Script::default());
    let password = Password::new(client.clone(), "jsmith", Secret::new("p"));
    is_configuration(password.obtain(&nobody), "`password`");
    is_configuration(code(&server).begin(), "`authorization_code`");
    let implicit = Implicit::new(client.clone(), "https://app.example/cb");
    is_configuration(implicit.begin(), "`implicit`");
    let device = DeviceLogin::new(client.clone());
    is_configuration(device.begin(&nobody), "device_code");

    let kept = RefreshToken::new(client);
    kept.refresh(&Secret::new("r"), &Script::default().then(200, TOKEN))
        .unwrap();
}

#[test]
fn what_a_server_forgets_to_announce_can_be_cleared() {
    let mut server = found(r#","grant_types_supported":["authorization_code"]"#);
    server.grant_types_supported.clear();
    let client = server.client("app");
    let service = ClientCredentials::new(client);
    service.obtain(&Script::default().then(200, TOKEN)).unwrap();
}

#[test]
fn pkce_without_s256_is_refused_and_pkce_that_is_not_announced_is_tried() {
    let plain = found(r#","code_challenge_methods_supported":["plain"]"#);
    is_configuration(code(&plain).begin(), "S256");
    let pending = code(&found("")).begin().unwrap();
    assert!(pending.url().contains("code_challenge_method=S256"));
}

#[test]
fn a_redirect_must_name_the_server_if_that_is_announced_and_must_not_name_another_in_any_case() {
    let naming = found(r#","authorization_response_iss_parameter_supported":true"#);
    let silent = found("");
    let back = |server: &Metadata, iss: &str| {
        let pending = code(server).begin().unwrap();
        let url = format!(
            "https://app.example/cb?code=c&state={}{iss}",
            pending.state()
        );
        pending.redirected(&url)
    };
    let right = "&iss=https%3A%2F%2Flogin.example%2Ftenant";
    for server in [&naming, &silent] {
        back(server, right).unwrap();
        let error = back(server, "&iss=https%3A%2F%2Fevil.example").unwrap_err();
        assert!(error.to_string().contains("`iss`"), "{error}");
    }
    let error = back(&naming, "").unwrap_err();
    assert!(error.to_string().contains("no `iss`"), "{error}");
    back(&silent, "").unwrap();
}

const TOKEN: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
