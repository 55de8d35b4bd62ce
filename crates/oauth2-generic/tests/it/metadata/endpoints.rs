//! Which endpoints a server announces, and how each wants to be asked.

use crate::asking::Asking as _;
use auth_core::grant::RevokedToken;
use oauth2_generic::{ClientAuth, ClientCredentials, Implicit, Metadata, Secret};

use crate::script::Script;

use super::{ISSUER, TOKEN, announced, code, found, is_configuration, refused};

#[test]
fn an_endpoint_with_ways_to_authenticate_of_its_own_is_held_to_those() {
    let server = found(
        r#","token_endpoint_auth_methods_supported":["private_key_jwt"],
        "introspection_endpoint":"https://login.example/introspect",
        "revocation_endpoint":"https://login.example/revoke",
        "introspection_endpoint_auth_methods_supported":["client_secret_basic"],
        "revocation_endpoint_auth_methods_supported":["client_secret_post"]"#,
    );
    let mut client = server.client("app");
    client.client_secret = "s3cret".into();
    let active = Script::default().then(200, r#"{"active":true}"#);
    assert!(client.introspect("t", &active).unwrap().active);
    let token = Secret::new("t");
    let service = ClientCredentials::new(client);
    let revoke = |service: &ClientCredentials, http: &Script| {
        service.revoke(RevokedToken::Access(&token), http)
    };
    is_configuration(
        revoke(&service, &Script::default()),
        "are: client_secret_post",
    );
    is_configuration(service.obtain(&Script::default()), "are: private_key_jwt");

    let mut service = service;
    service.client.client_auth = ClientAuth::Body;
    revoke(&service, &Script::default().then(200, "")).unwrap();
    is_configuration(
        service.client.introspect("t", &Script::default()),
        "are: client_secret_basic",
    );
}

/// The lists of RFC 8414 §2 are optional, and most servers write one for all endpoints.
#[test]
fn an_endpoint_without_ways_of_its_own_is_held_to_those_of_the_token_endpoint() {
    let server = found(
        r#","token_endpoint_auth_methods_supported":["private_key_jwt"],
        "introspection_endpoint":"https://login.example/introspect""#,
    );
    let mut client = server.client("app");
    client.client_secret = "s3cret".into();
    is_configuration(
        client.introspect("t", &Script::default()),
        "are: private_key_jwt",
    );
}

/// RFC 8705 §5: a server need not ask everybody's browser for a certificate.
#[test]
fn a_client_with_a_certificate_is_sent_where_the_server_asks_for_one() {
    let aliases = r#","revocation_endpoint":"https://login.example/revoke",
        "introspection_endpoint":"https://login.example/introspect",
        "token_endpoint_auth_methods_supported":["tls_client_auth"],
        "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.login.example/token",
        "introspection_endpoint":"https://mtls.login.example/introspect","else":[1]}"#;
    let server = found(aliases);
    let client = server.mtls_client("app");
    assert_eq!(client.client_auth, ClientAuth::MutualTls);
    assert_eq!(client.token_endpoint, "https://mtls.login.example/token");
    let introspect = "https://mtls.login.example/introspect";
    assert_eq!(client.introspection_endpoint, introspect);
    assert_eq!(client.revocation_endpoint, "https://login.example/revoke");
    let authorize = "https://login.example/authorize";
    assert_eq!(client.authorization_endpoint, authorize);
    let http = Script::default().then(200, TOKEN);
    ClientCredentials::new(client).obtain(&http).unwrap();
    assert!(http.asked()[0].starts_with("POST https://mtls.login.example/token "));

    let plain = server.client("app");
    assert_eq!(plain.token_endpoint, "https://login.example/token");
    let without = found("").mtls_client("app");
    assert_eq!(without.token_endpoint, "https://login.example/token");

    let body = announced(&aliases.replacen("https://mtls", "http://mtls", 1));
    let error = refused(ISSUER, &Script::default().then(200, &body).then(404, ""));
    assert!(error.to_string().contains("`token_endpoint`"), "{error}");
}

#[test]
fn an_answer_that_is_not_announced_is_not_asked_for() {
    let implicit =
        |server: &Metadata| Implicit::new(server.client("app"), "https://app.example/cb");
    let codes = found(r#","response_types_supported":["code","code id_token"]"#);
    assert!(code(&codes).begin().is_ok());
    is_configuration(implicit(&codes).begin(), "`token`");
    let tokens = found(r#","response_types_supported":["id_token token","token"]"#);
    assert!(implicit(&tokens).begin().is_ok());
    is_configuration(code(&tokens).begin(), "`code`");
    let silent = found("");
    assert!(code(&silent).begin().is_ok());
    assert!(implicit(&silent).begin().is_ok());

    // A token cannot be asked for in a login that is pushed.
    let pushed = found(r#","require_pushed_authorization_requests":true"#);
    is_configuration(implicit(&pushed).begin(), "told of a login");
}
