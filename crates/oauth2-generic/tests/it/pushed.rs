//! Authorization requests that are pushed before the user is sent to the server, and tokens for several APIs.

use std::time::Duration;

use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, ClientCredentials, Encoding, Error, Grant, PendingLogin,
    Secret, Server,
};

use crate::asking::Asking as _;
use crate::pending::verifier;
use crate::requests::{client, client_of, sent, server};
use crate::script::Script;

/// A server with an endpoint for announcements.
fn announced_to() -> Server {
    server().pushed_authorization_request_endpoint("https://login.example:8443/par")
}

fn login_of(client: Client) -> AuthorizationCode {
    AuthorizationCode::new(client, "https://app.example/cb").param("login_hint", "j&s")
}

fn login() -> AuthorizationCode {
    login_of(client_of(announced_to()))
}

/// The login that was begun, and the request that was sent, with state and challenge left out.
fn pushed(login: &AuthorizationCode) -> (PendingLogin, String) {
    let http = Script::default().then(201, PUSHED);
    let pending = login.begin(&http).unwrap();
    let sent = http.asked().remove(0);
    let pairs = sent.split('&').map(|pair| match pair.split_once('=') {
        Some((name @ ("state" | "code_challenge"), value)) => {
            assert!(value.len() >= 22);
            format!("{name}=…")
        }
        _ => pair.to_owned(),
    });
    let shown = pairs.collect::<Vec<_>>().join("&");
    (pending, shown)
}

#[test]
fn every_parameter_is_pushed_and_none_is_in_the_url() {
    let (pending, sent) = pushed(&login());
    assert_eq!(
        sent,
        "POST https://login.example:8443/par client_id=app&client_secret=s%26cret\
         &response_type=code&state=…&code_challenge=…&code_challenge_method=S256\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read%20write&login_hint=j%26s"
    );
    assert_eq!(
        pending.url(),
        "https://login.example/authorize?client_id=app&request_uri=urn%3Aexample%3Ab%26c"
    );
    assert_eq!(pending.expires_in(), Some(Duration::from_secs(60)));
}

#[test]
fn a_client_in_a_header_is_named_in_the_body_too() {
    let client = client_of(announced_to()).auth(ClientAuth::basic(Secret::new("s&cret")));
    let (_, sent) = pushed(&login_of(client));
    assert!(
        sent.contains("/par response_type=code&client_id=app&"),
        "{sent}"
    );
    assert!(!sent.contains("client_secret"), "{sent}");
}

#[test]
fn the_query_of_the_endpoint_is_kept_and_not_pushed() {
    let endpoint = "https://login.example/authorize?tenant=a";
    let server = announced_to().authorization_endpoint(endpoint);
    let (pending, sent) = pushed(&login_of(client_of(server)));
    assert!(!sent.contains("tenant"), "{sent}");
    assert!(
        pending
            .url()
            .starts_with("https://login.example/authorize?tenant=a&client_id=app&request_uri="),
        "{}",
        pending.url()
    );
}

#[test]
fn the_user_comes_back_as_from_any_other_login() {
    let (pending, _) = pushed(&login());
    let url = format!("https://app.example/cb?code=c&state={}", pending.state());
    let verifier = verifier(&pending);
    let sent = sent(|http| pending.exchange(&url, http)).unwrap();
    assert!(sent.body.contains("&code=c&"), "{}", sent.body);
    assert!(sent.body.ends_with(&format!("code_verifier={verifier}")));
}

#[test]
fn a_refusal_comes_before_any_user_is_bothered() {
    let http = Script::default().then(400, r#"{"error":"invalid_scope"}"#);
    let error = login().begin(&http).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let error = login()
        .begin(&Script::default().then(201, "{}"))
        .unwrap_err();
    assert!(error.to_string().contains("request_uri"), "{error}");
}

#[test]
fn nothing_is_pushed_without_the_endpoint() {
    let pending = login_of(client()).begin(&Script::default()).unwrap();
    assert!(pending.url().contains("&code_challenge="));
    assert_eq!(pending.expires_in(), None);
}

#[test]
fn a_server_that_requires_pushing_gets_no_other_request() {
    let discovered = |more: &str| {
        let metadata = format!(
            r#"{{"issuer":"https://login.example","token_endpoint":"https://login.example/t",
            "authorization_endpoint":"https://login.example/a",
            "require_pushed_authorization_requests":true{more}}}"#
        );
        let http = Script::default().then(200, &metadata);
        let server = Server::discover_with("https://login.example", &http).unwrap();
        AuthorizationCode::new(Client::new(server, "app"), "https://app.example/cb")
    };
    let error = discovered("").begin(&Script::default()).unwrap_err();
    let setter = "`Server::pushed_authorization_request_endpoint`";
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains(setter), "{error}");

    let endpoint = r#","pushed_authorization_request_endpoint":"https://login.example/par""#;
    let login = discovered(endpoint);
    let (pending, _) = pushed(&login);
    // The process that continues the login need not announce it again.
    let again = login.resume(&pending.save()).unwrap();
    assert_eq!(again.state(), pending.state());
    assert_eq!(again.url(), pending.url());
}

#[test]
fn a_token_for_several_apis_names_each_of_them() {
    let for_both = |server: Server| {
        client_of(server)
            .resource("https://a.example/")
            .resource("https://b.example/")
    };
    let both = "resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F";

    let service = ClientCredentials::new(for_both(server()));
    let asked = sent(|http| service.obtain(http)).unwrap();
    assert!(asked.body.contains(both), "{}", asked.body);
    let login = login_of(for_both(server()));
    let pending = login.begin(&Script::default()).unwrap();
    assert!(pending.url().contains(both));
    assert!(pushed(&login_of(for_both(announced_to()))).1.contains(both));

    let one = ClientCredentials::new(client().resource("https://a.example/"));
    assert_ne!(one.identity(), service.identity());
}

#[test]
fn json_cannot_repeat_a_parameter() {
    let client = client_of(announced_to().encoding(Encoding::Json))
        .resource("https://a.example/")
        .resource("https://b.example/");
    let service = ClientCredentials::new(client.clone());
    let unasked = Script::default();
    for error in [
        service.obtain(&unasked).unwrap_err(),
        login_of(client).begin(&unasked).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(error.to_string().contains("resource"), "{error}");
    }
}

const PUSHED: &str = r#"{"request_uri":"urn:example:b&c","expires_in":60}"#;
