//! Odd members that real documents have, and lists that leave out what works.

use oauth2_generic::{Client, ClientAuth, ClientCredentials, DeviceLogin, Implicit};

use crate::asking::Asking as _;
use crate::script::Script;

use super::{TOKEN, announced, code, found, is_configuration};

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
        assert_eq!(server.revocation_endpoint, "", "{more}");
        assert_eq!(server.introspection_endpoint, "", "{more}");
        assert!(!server.require_pushed_authorization_requests, "{more}");
        assert!(code(&server).begin().is_ok(), "{more}");
    }
}

#[test]
fn a_list_may_be_one_text_and_a_truth_value_a_word() {
    let server = found(
        r#","scopes_supported":"openid profile","response_types_supported":"code",
        "grant_types_supported":"authorization_code, refresh_token","require_pushed_authorization_requests":"true""#,
    );
    assert_eq!(server.scopes_supported, ["openid", "profile"]);
    assert_eq!(
        server.grant_types_supported,
        ["authorization_code", "refresh_token"]
    );
    assert!(server.require_pushed_authorization_requests);
    is_configuration(
        ClientCredentials::new(server.client("app")).obtain(&Script::default()),
        "`client_credentials`",
    );
}

/// A second issuer could be the one that a proxy adds.
#[test]
fn an_issuer_that_stands_twice_is_none() {
    let body = announced(r#","issuer":"https://login.example/tenant""#);
    let error = super::refused(
        super::ISSUER,
        &Script::default().then(200, &body).then(404, ""),
    );
    assert!(error.to_string().contains("no issuer"), "{error}");
}

fn begin(client: Client) -> oauth2_generic::Result<()> {
    let http = Script::default().then(200, DEVICE);
    DeviceLogin::new(client).begin(&http).map(drop)
}

/// GitLab announces `device_code` and no endpoint.
#[test]
fn a_device_endpoint_set_by_hand_settles_the_list() {
    for list in [
        r#"["authorization_code","device_code"]"#,
        r#"["authorization_code"]"#,
    ] {
        let server = found(&format!(r#","grant_types_supported":{list}"#));
        let client = Client {
            device_authorization_endpoint: "https://login.example/device".into(),
            ..server.client("cli")
        };
        begin(client).unwrap();
    }
    let unset = found(r#","grant_types_supported":["authorization_code"]"#);
    is_configuration(
        begin(unset.client("cli")),
        "`device_authorization_endpoint`",
    );
}

#[test]
fn an_announced_device_endpoint_announces_its_grant() {
    for list in [r#"["device_code"]"#, r#"["authorization_code"]"#] {
        let server = found(&format!(
            r#","device_authorization_endpoint":"https://login.example/device","grant_types_supported":{list}"#
        ));
        begin(server.client("cli")).unwrap();
    }
}

#[test]
fn any_endpoint_set_by_hand_settles_the_list_for_its_grants() {
    let server = found(
        r#","grant_types_supported":["urn:example"],
        "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.login.example/token"}"#,
    );
    let by_hand = Client {
        token_endpoint: "https://login.example/v2/token".into(),
        ..server.client("app")
    };
    let service = ClientCredentials::new(by_hand);
    service.obtain(&Script::default().then(200, TOKEN)).unwrap();

    // An endpoint for clients with a certificate is announced, too.
    let client = Client {
        client_auth: ClientAuth::Body,
        ..server.mtls_client("app")
    };
    is_configuration(
        ClientCredentials::new(client).obtain(&Script::default()),
        "`client_credentials`",
    );

    is_configuration(code(&server).begin(), "`authorization_code`");
    let mut login = code(&server);
    login.client.authorization_endpoint = "https://login.example/v2/authorize".into();
    assert!(login.begin().is_ok());
    let implicit = Implicit::new(login.client, "https://app.example/cb");
    assert!(implicit.begin().is_ok());
}
