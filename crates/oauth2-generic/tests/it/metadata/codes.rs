//! Announcements about a login by code.

use oauth2_generic::{AuthorizationCode, ClientAuth, Discovery, PendingLogin, Result, Server};

use crate::script::Script;

use super::{TOKEN, app, found, is_configuration};

fn code(server: &Server) -> AuthorizationCode {
    AuthorizationCode::new(app(server), "https://app.example/cb")
}

/// Begins a login; nothing is sent.
fn begin(login: &AuthorizationCode) -> Result<PendingLogin> {
    login.begin(&Script::default())
}

#[test]
fn a_code_that_is_not_announced_is_refused() {
    let server = found(r#","grant_types_supported":["client_credentials"]"#);
    is_configuration(begin(&code(&server)), "`authorization_code`");
    let by_hand = server.authorization_endpoint("https://login.example/v2/authorize");
    assert!(begin(&code(&by_hand)).is_ok());

    let codes = found(r#","response_types_supported":["code","code id_token"]"#);
    assert!(begin(&code(&codes)).is_ok());
    let tokens = found(r#","response_types_supported":["id_token token","token"]"#);
    is_configuration(begin(&code(&tokens)), "`code`");
    assert!(begin(&code(&found(""))).is_ok());
}

#[test]
fn an_odd_list_refuses_no_code() {
    for more in [
        r#","grant_types_supported":null"#,
        r#","require_pushed_authorization_requests":"false""#,
        r#","mtls_endpoint_aliases":[]"#,
    ] {
        assert!(begin(&code(&found(more))).is_ok(), "{more}");
    }
}

/// RFC 8705 §5: a server need not ask the browsers of users for a certificate.
#[test]
fn a_user_is_not_sent_to_the_endpoint_for_certificates() {
    let server = found(
        r#","token_endpoint_auth_methods_supported":["tls_client_auth"],
        "mtls_endpoint_aliases":{"authorization_endpoint":"https://mtls.login.example/authorize"}"#,
    );
    let client = app(&server).auth(ClientAuth::mutual_tls());
    let login = AuthorizationCode::new(client, "https://app.example/cb");
    let url = begin(&login).unwrap().url().to_owned();
    assert!(url.starts_with("https://login.example/authorize?"), "{url}");
}

#[test]
fn users_are_sent_to_a_test_network_if_that_is_allowed() {
    let issuer = "http://login.test";
    let document = format!(
        r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/token","authorization_endpoint":"{issuer}/auth"}}"#
    );
    let discovery = Discovery::new(issuer).danger_allow_http();
    let server = discovery
        .discover(&Script::default().then(200, &document))
        .unwrap();
    let login = AuthorizationCode::new(app(&server), "http://127.0.0.1:1/cb");
    let url = begin(&login).unwrap().url().to_owned();
    assert!(url.starts_with("http://login.test/auth?"), "{url}");
}

#[test]
fn pkce_without_s256_is_refused() {
    let plain = found(r#","code_challenge_methods_supported":["plain"]"#);
    is_configuration(begin(&code(&plain)), "S256");
    let pending = begin(&code(&found(""))).unwrap();
    assert!(pending.url().contains("code_challenge_method=S256"));
}

#[test]
fn a_redirect_names_the_server_where_that_is_announced() {
    let naming = found(r#","authorization_response_iss_parameter_supported":true"#);
    let silent = found("");
    let back = |server: &Server, iss: &str| {
        let pending = begin(&code(server)).unwrap();
        let url = format!(
            "https://app.example/cb?code=c&state={}{iss}",
            pending.state()
        );
        pending.exchange(&url, &Script::default().then(200, TOKEN))
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
