//! Odd members that real documents have, and lists that leave out what works.

use auth_core::testing::ManualClock;
use oauth2_generic::{Client, ClientAuth, ClientCredentials, DeviceLogin, Result, Secret};

use crate::asking::Asking as _;
use crate::script::Script;

use super::{ISSUER, TOKEN, announced, app, found, is_configuration, refused};

const DEVICE: &str = r#"{"device_code":"d","user_code":"ABCD","verification_uri":"https://login.example/d","expires_in":300}"#;

#[test]
fn an_odd_member_does_no_harm() {
    for more in [
        r#","grant_types_supported":null"#,
        r#","revocation_endpoint":null"#,
        r#","revocation_endpoint":"""#,
        r#","introspection_endpoint":false"#,
        r#","token_endpoint_auth_methods_supported":["client_secret_basic",null]"#,
        r#","require_pushed_authorization_requests":"false""#,
        r#","claims_supported":["sub"],"claims_supported":["sub"]"#,
        r#","revocation_endpoint":"https://login.example/a","revocation_endpoint":"https://login.example/b""#,
        r#","end_session_endpoint":"http://login.example/logout""#,
        r#","mtls_endpoint_aliases":null"#,
        r#","mtls_endpoint_aliases":[]"#,
    ] {
        let server = found(more);
        let metadata = server.metadata().unwrap();
        assert_eq!(metadata.revocation_endpoint, None, "{more}");
        assert_eq!(metadata.introspection_endpoint, None, "{more}");
        assert!(!metadata.require_pushed_authorization_requests, "{more}");
    }
}

#[test]
fn a_list_may_be_one_text_and_a_truth_value_a_word() {
    let server = found(
        r#","scopes_supported":"openid profile","response_types_supported":"code",
        "grant_types_supported":"authorization_code, refresh_token","require_pushed_authorization_requests":"true""#,
    );
    let metadata = server.metadata().unwrap();
    assert_eq!(metadata.scopes_supported, ["openid", "profile"]);
    assert_eq!(
        metadata.grant_types_supported,
        ["authorization_code", "refresh_token"]
    );
    assert!(metadata.require_pushed_authorization_requests);
    is_configuration(
        ClientCredentials::new(app(&server)).obtain(&Script::default()),
        "`client_credentials`",
    );
}

/// A second issuer could be the one that a proxy adds.
#[test]
fn an_issuer_that_is_repeated_is_missing() {
    let body = announced(r#","issuer":"https://login.example/tenant""#);
    let error = refused(ISSUER, &Script::default().then(200, &body).then(404, ""));
    assert!(error.to_string().contains("no issuer"), "{error}");
}

/// Begins a login on another device, and completes it.
fn log_in(client: Client) -> Result<()> {
    let http = Script::default().then(200, DEVICE).then(200, TOKEN);
    let login = DeviceLogin::new(client).clock(ManualClock::new());
    login.show(|_| ()).exchange(&http).map(drop)
}

/// GitLab announces `device_code` and no endpoint.
#[test]
fn a_device_endpoint_set_by_hand_settles_the_list() {
    for list in [
        r#"["authorization_code","device_code"]"#,
        r#"["authorization_code"]"#,
    ] {
        let server = found(&format!(r#","grant_types_supported":{list}"#));
        let server = server.device_authorization_endpoint("https://login.example/device");
        log_in(app(&server)).unwrap();
    }
    let unset = found(r#","grant_types_supported":["authorization_code"]"#);
    is_configuration(
        log_in(app(&unset)),
        "`Server::device_authorization_endpoint`",
    );
}

#[test]
fn an_announced_device_endpoint_announces_its_grant() {
    for list in [r#"["device_code"]"#, r#"["authorization_code"]"#] {
        let server = found(&format!(
            r#","device_authorization_endpoint":"https://login.example/device","grant_types_supported":{list}"#
        ));
        log_in(app(&server)).unwrap();
    }
}

#[test]
fn any_endpoint_set_by_hand_settles_the_list_for_its_grants() {
    let server = found(
        r#","grant_types_supported":["urn:example"],
        "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.login.example/token"}"#,
    );
    let by_hand = server
        .clone()
        .with_token_endpoint("https://login.example/v2/token");
    let service = ClientCredentials::new(app(&by_hand));
    service.obtain(&Script::default().then(200, TOKEN)).unwrap();

    // An endpoint for clients with a certificate is announced, too.
    let alias = server
        .clone()
        .with_token_endpoint("https://mtls.login.example/token");
    for client in [
        app(&server).auth(ClientAuth::mutual_tls()),
        app(&alias).auth(ClientAuth::post(Secret::new("s3cret"))),
    ] {
        is_configuration(
            ClientCredentials::new(client).obtain(&Script::default()),
            "`client_credentials`",
        );
    }
}

/// A browser repairs these, and the client that sends secrets there does not: the two must not differ on the host.
#[test]
fn an_endpoint_that_a_browser_repairs_is_refused() {
    for url in [
        "https:login.example/par",
        "https:@login.example",
        "https:///login.example/par",
        "https:\\\\\\\\login.example/par",
        "https://login.example\\n/par",
        "https://login%2Eexample/par",
        "http://2130706433/par",
    ] {
        let more = format!(r#","pushed_authorization_request_endpoint":"{url}""#);
        let http = Script::default().then(200, &announced(&more));
        let error = refused(ISSUER, &http.then(404, "")).to_string();
        let name = "`pushed_authorization_request_endpoint` is not a URL";
        assert!(error.contains(name), "{url}: {error}");
    }
}
