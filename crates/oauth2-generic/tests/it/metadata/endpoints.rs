//! Announced endpoints, and the authentication that each requires.

use auth_core::grant::RevokedToken;
use oauth2_generic::{ClientAuth, ClientCredentials, Secret};

use crate::asking::Asking as _;
use crate::script::Script;

use super::{ISSUER, TOKEN, announced, app, found, is_configuration, refused};

#[test]
fn an_endpoint_is_held_to_its_own_ways() {
    let server = found(
        r#","token_endpoint_auth_methods_supported":["private_key_jwt"],
        "introspection_endpoint":"https://login.example/introspect",
        "revocation_endpoint":"https://login.example/revoke",
        "introspection_endpoint_auth_methods_supported":["client_secret_basic"],
        "revocation_endpoint_auth_methods_supported":["client_secret_post"]"#,
    );
    let client = app(&server).secret(Secret::new("s3cret"));
    let active = Script::default().then(200, r#"{"active":true}"#);
    let token = Secret::new("t");
    assert!(client.introspect(&token, &active).unwrap().active);
    let service = ClientCredentials::new(client);
    let revoke = |service: &ClientCredentials, http: &Script| {
        service.revoke(RevokedToken::Access(&token), http)
    };
    is_configuration(
        revoke(&service, &Script::default()),
        "are: client_secret_post",
    );
    is_configuration(service.obtain(&Script::default()), "are: private_key_jwt");

    let client = app(&server).auth(ClientAuth::post(Secret::new("s3cret")));
    let service = ClientCredentials::new(client.clone());
    revoke(&service, &Script::default().then(200, "")).unwrap();
    is_configuration(
        client.introspect(&token, &Script::default()),
        "are: client_secret_basic",
    );
}

/// The lists of RFC 8414 §2 are optional, and most servers write one for all endpoints.
#[test]
fn an_endpoint_takes_the_ways_of_the_token_endpoint() {
    let server = found(
        r#","token_endpoint_auth_methods_supported":["private_key_jwt"],
        "introspection_endpoint":"https://login.example/introspect""#,
    );
    let client = app(&server).secret(Secret::new("s3cret"));
    is_configuration(
        client.introspect(&Secret::new("t"), &Script::default()),
        "are: private_key_jwt",
    );
}

/// RFC 8705 §5: a server need not ask the browsers of users for a certificate.
#[test]
fn a_certificate_goes_where_the_server_asks_for_one() {
    let aliases = r#","revocation_endpoint":"https://login.example/revoke",
        "introspection_endpoint":"https://login.example/introspect",
        "token_endpoint_auth_methods_supported":["tls_client_auth"],
        "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.login.example/token",
        "introspection_endpoint":"https://mtls.login.example/introspect","else":[1]}"#;
    let server = found(aliases);
    let client = app(&server).auth(ClientAuth::mutual_tls());
    let token = Secret::new("t");
    let http = Script::default()
        .then(200, TOKEN)
        .then(200, r#"{"active":true}"#)
        .then(200, "");
    let service = ClientCredentials::new(client.clone());
    service.obtain(&http).unwrap();
    client.introspect(&token, &http).unwrap();
    service.revoke(RevokedToken::Access(&token), &http).unwrap();
    let asked = http.asked();
    for (asked, url) in asked.iter().zip([
        "https://mtls.login.example/token",
        "https://mtls.login.example/introspect",
        "https://login.example/revoke",
    ]) {
        assert!(asked.starts_with(&format!("POST {url} ")), "{asked}");
    }

    let without = app(&found("")).auth(ClientAuth::mutual_tls());
    for client in [app(&server), without] {
        let http = Script::default().then(200, TOKEN);
        ClientCredentials::new(client).obtain(&http).unwrap();
        assert!(http.asked()[0].starts_with("POST https://login.example/token "));
    }

    let body = announced(&aliases.replacen("https://mtls", "http://mtls", 1));
    let error = refused(ISSUER, &Script::default().then(200, &body).then(404, ""));
    assert!(error.to_string().contains("`token_endpoint`"), "{error}");
}
