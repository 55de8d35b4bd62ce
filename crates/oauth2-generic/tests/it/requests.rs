//! What each grant sends to the token endpoint, byte for byte.

use crate::asking::Asking as _;
use std::sync::Mutex;

use oauth2_generic::http::{HeaderMap, Request, Response};
use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, ClientCredentials, Encoding, Error, Grant, Password,
    RefreshToken, Result, Secret, Session,
};

use crate::script::Script;

/// One request that a grant sent, and nothing else: a second one fails the test.
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What `ask` sends to a server that answers with a token.
pub(crate) fn sent<T>(
    ask: impl FnOnce(&dyn oauth2_generic::auth_core::transport::Transport) -> Result<T>,
) -> Result<Sent> {
    let seen = Mutex::new(Vec::new());
    let transport = |request: Request<Vec<u8>>| -> Result<Response<Vec<u8>>> {
        assert_eq!(
            (request.method().as_str(), request.uri().to_string()),
            ("POST", TOKEN_URL.into())
        );
        seen.lock().unwrap().push(request);
        Ok(Response::new(ANSWER.into()))
    };
    ask(&transport)?;
    let mut seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 1);
    let (parts, body) = seen.remove(0).into_parts();
    Ok(Sent {
        headers: parts.headers,
        body: String::from_utf8(body).unwrap(),
    })
}

fn obtained(grant: &dyn Grant) -> Sent {
    sent(|http| grant.obtain(http)).unwrap()
}

fn refreshed(grant: &dyn Grant) -> Sent {
    sent(|http| grant.refresh(&Secret::from("r=1"), http)).unwrap()
}

pub(crate) fn client() -> Client {
    Client {
        token_endpoint: TOKEN_URL.into(),
        authorization_endpoint: "https://login.example/authorize".into(),
        client_id: "app".into(),
        client_secret: "s&cret".into(),
        scope: "read write".into(),
        ..Client::default()
    }
}

fn service() -> ClientCredentials {
    ClientCredentials { client: client() }
}

fn password() -> Password {
    Password {
        client: client(),
        username: "jsmith".into(),
        password: "p&ss wörd".into(),
    }
}

#[test]
fn client_credentials_are_a_form_with_the_client_in_it() {
    let sent = obtained(&service());
    assert_eq!(
        sent.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        sent.body,
        "grant_type=client_credentials&client_id=app&client_secret=s%26cret&scope=read%20write"
    );
    assert!(!sent.headers.contains_key("authorization"));
}

#[test]
fn a_password_is_escaped_in_a_form() {
    assert_eq!(
        obtained(&password()).body,
        "grant_type=password&client_id=app&client_secret=s%26cret\
         &username=jsmith&password=p%26ss%20w%C3%B6rd&scope=read%20write"
    );
}

#[test]
fn a_refresh_sends_no_scope_so_that_the_token_keeps_its_own() {
    let expected =
        "grant_type=refresh_token&client_id=app&client_secret=s%26cret&refresh_token=r%3D1";
    let kept = RefreshToken::new(client()).user("jsmith");
    assert_eq!(refreshed(&password()).body, expected);
    assert_eq!(refreshed(&kept).body, expected);
}

#[test]
fn a_client_that_is_refreshed_logs_in_anew_when_it_acts_for_itself() {
    assert!(
        refreshed(&service())
            .body
            .starts_with("grant_type=client_credentials&")
    );
}

#[test]
fn a_body_is_json_when_asked_for() {
    let mut password = password();
    password.client.body = Encoding::Json;
    password.client.scope.clear();
    let sent = obtained(&password);
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!(
        sent.body,
        r#"{"grant_type":"password","client_id":"app","client_secret":"s&cret","username":"jsmith","password":"p&ss wörd"}"#
    );
}

#[test]
fn a_public_client_names_itself_in_the_body_even_where_basic_is_asked_for() {
    for client_auth in [ClientAuth::Body, ClientAuth::Basic] {
        let mut password = password();
        password.client.client_secret = "".into();
        password.client.client_auth = client_auth;
        let sent = obtained(&password);
        assert!(
            sent.body
                .starts_with("grant_type=password&client_id=app&username="),
            "{}",
            sent.body
        );
        assert!(!sent.headers.contains_key("authorization"));
    }
}

#[test]
fn audience_resource_and_further_parameters_go_with_every_grant() {
    let mut service = service();
    service.client.scope.clear();
    service.client.audience = "orders".into();
    service.client.resource = "https://api.example/".into();
    service.client.extra = vec![("tenant".into(), "acme".into())];
    service.client.extra_secrets = vec![("api_key".into(), "k".into())];
    assert_eq!(
        obtained(&service).body,
        "grant_type=client_credentials&client_id=app&client_secret=s%26cret&audience=orders\
         &resource=https%3A%2F%2Fapi.example%2F&tenant=acme&api_key=k"
    );
}

#[test]
fn a_code_goes_with_its_redirect_uri_and_its_verifier() {
    let login = AuthorizationCode {
        client: client(),
        redirect_uri: "https://app.example/cb".into(),
        ..AuthorizationCode::default()
    };
    let verifier = "v".repeat(43);
    let pending = login.resume("st", verifier.as_str()).unwrap();
    let granted = pending
        .redirected("https://app.example/cb?code=a%3Db%2525&state=st")
        .unwrap();
    assert_eq!(
        obtained(&granted).body,
        format!(
            "grant_type=authorization_code&client_id=app&client_secret=s%26cret&code=a%3Db%2525\
             &redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier={verifier}"
        )
    );
}

#[test]
fn nothing_is_sent_to_an_endpoint_that_is_no_url_or_holds_a_password() {
    for endpoint in [
        "",
        "/token",
        "login.example/token",
        "https:///token",
        "https://login.example:port/token",
        "https://login.example:99999/token",
        "https://user:c4nary@login.example/token",
    ] {
        let mut service = service();
        service.client.token_endpoint = endpoint.into();
        let error = service.obtain(&Script::default()).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{endpoint}");
        assert!(!format!("{error:?}").contains("c4nary"), "{error:?}");
    }
}

#[test]
fn without_a_refresh_token_only_a_person_can_help() {
    let session = Session::builder(RefreshToken::new(client()))
        .transport(|_| panic!("there is nothing to send"))
        .build();
    let error = session.token().unwrap_err();
    assert!(matches!(error, Error::LoginRequired { .. }), "{error}");
}

#[test]
fn whatever_makes_a_token_another_token_is_part_of_the_identity() {
    let one = password().identity();
    let another = |change: fn(&mut Password)| {
        let mut password = password();
        change(&mut password);
        assert_ne!(password.identity(), one);
    };
    another(|p| p.username = "bob".into());
    another(|p| p.client.client_id = "b".into());
    another(|p| p.client.token_endpoint = "https://b.example/token".into());
    another(|p| p.client.scope = "read".into());
    another(|p| p.client.audience = "b".into());
    another(|p| p.client.resource = "https://b.example/".into());
    another(|p| p.client.extra = vec![("tenant".into(), "b".into())]);
    assert_ne!(
        service().identity(),
        RefreshToken {
            client: client(),
            ..RefreshToken::default()
        }
        .identity()
    );
}

#[test]
fn a_kept_refresh_token_shares_the_identity_of_the_login_it_came_from() {
    let mut password = password();
    password.password = "another".into();
    password.client.client_secret = "another".into();
    password.client.extra_secrets = vec![("api_key".into(), "k".into())];
    let kept = RefreshToken::new(client()).user("jsmith");
    assert_eq!(password.identity(), kept.identity());
}

#[test]
fn a_token_is_meant_for_the_origin_of_its_endpoint_unless_others_are_named() {
    let mut service = service();
    assert_eq!(service.policy().apis(), ["https://login.example:8443"]);
    service.client.origins = vec!["https://api.example".into()];
    assert_eq!(service.policy().apis(), ["https://api.example"]);
}

#[test]
fn a_status_other_than_401_rejects_a_token_only_where_it_is_named() {
    let mut service = service();
    assert!(service.policy().is_rejection(401) && !service.policy().is_rejection(403));
    service.client.rejections = vec![403];
    assert!(
        service.policy().is_rejection(401)
            && service.policy().is_rejection(403)
            && !service.policy().is_rejection(404)
    );
}

#[test]
fn nothing_secret_is_shown_by_debug() {
    let mut password = password();
    password.client.extra_secrets = vec![("api_key".into(), "k3y".into())];
    let shown = format!("{password:?} {:?}", Session::new(password.clone()));
    for secret in ["s&cret", "p&ss wörd", "k3y"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

const TOKEN_URL: &str = "https://login.example:8443/token";
const ANSWER: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
