//! A login that the server is told of before the user is sent to it, and tokens for several APIs.

use crate::asking::Asking as _;
use std::time::Duration;

use oauth2_generic::{
    AuthorizationCode, ClientAuth, ClientCredentials, Encoding, Error, Grant, Metadata, PendingCode,
};

use crate::requests::{client, sent};
use crate::script::Script;

fn login() -> AuthorizationCode {
    let mut client = client();
    client.pushed_authorization_request_endpoint = "https://login.example:8443/par".into();
    AuthorizationCode {
        client,
        redirect_uri: "https://app.example/cb".into(),
        parameters: vec![("login_hint".into(), "j&s".into())],
    }
}

/// What was begun, and what was sent, with state and challenge left out.
fn pushed(login: &AuthorizationCode) -> (PendingCode, String) {
    let http = Script::default().then(201, PUSHED);
    let pending = login.begin_pushed(&http).unwrap();
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
fn the_server_is_told_everything_and_the_url_says_nothing() {
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
    let mut login = login();
    login.client.client_auth = ClientAuth::Basic;
    let (_, sent) = pushed(&login);
    assert!(
        sent.contains("/par response_type=code&client_id=app&"),
        "{sent}"
    );
    assert!(!sent.contains("client_secret"), "{sent}");
}

#[test]
fn what_the_endpoint_has_in_its_own_query_is_not_pushed_and_stays() {
    let mut login = login();
    login.client.authorization_endpoint = "https://login.example/authorize?tenant=a".into();
    let (pending, sent) = pushed(&login);
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
    let verifier = pending.code_verifier().clone();
    let granted = pending.redirected(&url).unwrap();
    let sent = sent(|http| granted.obtain(http)).unwrap();
    assert!(sent.body.contains("&code=c&"), "{}", sent.body);
    assert!(
        sent.body
            .ends_with(&format!("code_verifier={}", verifier.expose()))
    );
}

#[test]
fn a_refusal_comes_before_any_user_is_bothered() {
    let http = Script::default().then(400, r#"{"error":"invalid_scope"}"#);
    let error = login().begin_pushed(&http).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let error = login()
        .begin_pushed(&Script::default().then(201, "{}"))
        .unwrap_err();
    assert!(error.to_string().contains("request_uri"), "{error}");
}

#[test]
fn a_client_without_the_endpoint_is_told_so() {
    let mut login = login();
    login.client.pushed_authorization_request_endpoint.clear();
    let error = login.begin_pushed(&Script::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`pushed_authorization_request_endpoint`")
    );
}

#[test]
fn a_server_that_takes_nothing_else_is_not_asked_in_another_way() {
    let metadata = r#"{"issuer":"https://login.example","token_endpoint":"https://login.example/t",
        "authorization_endpoint":"https://login.example/a",
        "pushed_authorization_request_endpoint":"https://login.example/par",
        "require_pushed_authorization_requests":true}"#;
    let server = Metadata::discover(
        "https://login.example",
        &Script::default().then(200, metadata),
    )
    .unwrap();
    let login = AuthorizationCode {
        client: server.client("app"),
        redirect_uri: "https://app.example/cb".into(),
        ..AuthorizationCode::default()
    };
    let error = login.begin().unwrap_err();
    assert!(error.to_string().contains("`begin_pushed`"), "{error}");
    let (pending, _) = pushed(&login);
    // Whoever takes the login up again needs no URL, and is not told to push it again.
    let again = login.resume(pending.state(), pending.code_verifier());
    assert_eq!(again.unwrap().state(), pending.state());
}

#[test]
fn a_token_for_several_apis_names_each_of_them() {
    let mut login = login();
    login.client.resource = "https://a.example/".into();
    login.client.further_resources = vec!["https://b.example/".into()];
    let both = "resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F";

    let service = ClientCredentials::new(login.client.clone());
    let asked = sent(|http| service.obtain(http)).unwrap();
    assert!(asked.body.contains(both), "{}", asked.body);
    assert!(login.begin().unwrap().url().contains(both));
    assert!(pushed(&login).1.contains(both));

    let mut other = service.clone();
    other.client.further_resources.clear();
    assert_ne!(other.identity(), service.identity());
}

#[test]
fn json_has_no_parameter_that_stands_twice() {
    let mut login = login();
    login.client.body = Encoding::Json;
    login.client.resource = "https://a.example/".into();
    login.client.further_resources = vec!["https://b.example/".into()];
    let service = ClientCredentials::new(login.client.clone());
    let nobody = Script::default();
    for error in [
        service.obtain(&nobody).unwrap_err(),
        login.begin_pushed(&nobody).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(error.to_string().contains("resource"), "{error}");
    }
}

const PUSHED: &str = r#"{"request_uri":"urn:example:b&c","expires_in":60}"#;
