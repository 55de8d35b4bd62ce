//! An API that announces the servers of its tokens.

use auth_core::http::Response;
use auth_core::testing::CannedTransport;
use oauth2_generic::{Error, ProtectedResource, Result};

const METADATA: &str = r#"{
    "resource": "https://api.example.com",
    "authorization_servers": ["https://login.example.com", "https://other.example.com"],
    "scopes_supported": ["orders.read", "orders.write"]
}"#;
const URL: &str = "https://api.example.com/v1/orders";

fn challenged(header: &str) -> CannedTransport {
    let response = Response::builder().status(401);
    let response = response.header("WWW-Authenticate", header);
    CannedTransport::new().response(response.body(Vec::new()).unwrap())
}

fn asked(http: &CannedTransport) -> Vec<String> {
    let requests = http.requests().into_iter();
    requests.map(|it| it.uri().to_string()).collect()
}

fn found(document: &str) -> Result<ProtectedResource> {
    let http = challenged(r#"Bearer resource_metadata="https://meta.example.com/m""#);
    ProtectedResource::discover(URL, &http.json(200, document))
}

#[test]
fn a_challenge_names_the_metadata() {
    for header in [
        r#"Bearer resource_metadata="https://meta.example.com/m""#,
        r#"Bearer realm="a, b", error="invalid_token", resource_metadata="https://meta.example.com/m", scope="x""#,
        "Bearer error=invalid_token,resource_metadata=https://meta.example.com/m",
        r#"DPoP algs="ES256", resource_metadata="https://meta.example.com/m""#,
    ] {
        let http = challenged(header).json(200, METADATA);
        let api = ProtectedResource::discover(URL, &http).unwrap();
        assert_eq!(
            asked(&http),
            [URL, "https://meta.example.com/m"],
            "{header}"
        );
        assert_eq!(api.resource, "https://api.example.com");
        assert_eq!(api.authorization_servers[0], "https://login.example.com");
        assert_eq!(api.scopes_supported, ["orders.read", "orders.write"]);
        assert!(!http.requests()[0].headers().contains_key("authorization"));
    }
}

#[test]
fn well_known_places_are_next() {
    let http = challenged(r#"Bearer my_resource_metadata="https://evil.example/m""#);
    let http = http.json(404, "{}").json(200, METADATA);
    ProtectedResource::discover(URL, &http).unwrap();
    assert_eq!(
        asked(&http)[1..],
        [
            "https://api.example.com/.well-known/oauth-protected-resource/v1/orders",
            "https://api.example.com/.well-known/oauth-protected-resource",
        ]
    );
}

#[test]
fn metadata_of_another_api_are_refused() {
    for resource in [
        "https://other.example.com",
        "http://api.example.com",
        "https://api.example.com:8443",
        "https://api.example.com/v2",
        "https://api.example.com/v1/ord",
        "api",
        "",
    ] {
        let error = found(&METADATA.replace("https://api.example.com", resource)).unwrap_err();
        assert!(matches!(error, Error::Response(_)), "{resource}: {error}");
        assert!(error.to_string().contains("another API"), "{error}");
    }
    for resource in [
        "https://api.example.com/",
        "https://api.example.com/v1",
        URL,
    ] {
        found(&METADATA.replace("https://api.example.com", resource)).unwrap();
    }
}

#[test]
fn no_open_url_is_followed() {
    for url in [
        "http://api.example.com",
        "api.example.com",
        "https://u@api.example.com/",
        "https://a/#b",
    ] {
        let http = CannedTransport::new();
        let error = ProtectedResource::discover(url, &http).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(http.requests().is_empty());
    }
    let http = challenged(r#"Bearer resource_metadata="http://meta.example.com/m""#);
    let error = ProtectedResource::discover(URL, &http).unwrap_err();
    assert!(error.to_string().contains("`resource_metadata`"), "{error}");
    assert_eq!(http.requests().len(), 1);
    let open = METADATA.replace("https://login", "http://login");
    assert!(
        found(&open)
            .unwrap_err()
            .to_string()
            .contains("not at https")
    );
    let none = METADATA.replace("authorization_servers", "servers");
    assert!(
        found(&none)
            .unwrap_err()
            .to_string()
            .contains("name no server")
    );
}

#[test]
fn an_api_without_metadata_is_an_error_that_helps() {
    let http = CannedTransport::new()
        .json(401, "{}")
        .json(404, "{}")
        .json(404, "{}");
    let error = ProtectedResource::discover(URL, &http).unwrap_err();
    assert!(error.to_string().contains("ask its operator"), "{error}");
    let http = CannedTransport::new().json(200, "{}").json(404, "{}");
    let error = ProtectedResource::discover("https://api.example.com", &http).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
}
