//! Requests of each grant to the token endpoint, byte for byte.

use std::error::Error as _;
use std::sync::Mutex;

use auth_core::http::{HeaderMap, Request, Response};
use auth_core::transport::{self, Transport};
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Encoding, Error, Grant, Password, RefreshToken, Result,
    Secret, Server, Session,
};

use crate::asking::Asking as _;
use crate::script::Script;

/// One request that a grant sent, and nothing else: a second one fails the test.
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The request that `ask` sends to a server that responds with a token.
pub(crate) fn sent<T>(ask: impl FnOnce(&dyn Transport) -> Result<T>) -> Result<Sent> {
    let seen = Mutex::new(Vec::new());
    let http = transport::from_fn(|request: Request<Vec<u8>>| {
        assert_eq!(
            (request.method().as_str(), request.uri().to_string()),
            ("POST", TOKEN_URL.into())
        );
        seen.lock().unwrap().push(request);
        Ok(Response::new(ANSWER.into()))
    });
    ask(&http)?;
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
    sent(|http| grant.refresh(&Secret::new("r=1"), http)).unwrap()
}

/// A server, by hand.
pub(crate) fn server() -> Server {
    Server::new(TOKEN_URL).authorization_endpoint("https://login.example/authorize")
}

/// A client with a secret and without a scope.
pub(crate) fn unscoped(server: Server) -> Client {
    Client::new(server, "app").secret(Secret::new("s&cret"))
}

pub(crate) fn client_of(server: Server) -> Client {
    unscoped(server).scope("read write")
}

/// A client of a server that calls itself `issuer`, unless that is empty.
pub(crate) fn client_at(issuer: &str) -> Client {
    if issuer.is_empty() {
        client()
    } else {
        client_of(server().issuer(issuer))
    }
}

/// The error of a redirect that is refused; neither it nor a source shows a secret.
pub(crate) fn refused<T>(result: Result<T>, says: &str) -> Error {
    let error = result.err().expect("it is refused");
    let mut shown = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        shown += &format!(" {error} {error:?}");
        source = error.source();
    }
    assert!(shown.contains(says), "{shown}");
    assert!(!shown.contains("c4nary"), "{shown}");
    error
}

pub(crate) fn client() -> Client {
    client_of(server())
}

fn service() -> ClientCredentials {
    ClientCredentials::new(client())
}

fn password_of(client: Client) -> Password {
    Password::new(client, "jsmith", Secret::new("p&ss wörd"))
}

fn password() -> Password {
    password_of(client())
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
fn a_refreshed_client_logs_in_anew_for_itself() {
    assert!(
        refreshed(&service())
            .body
            .starts_with("grant_type=client_credentials&")
    );
}

#[test]
fn a_body_is_json_when_asked_for() {
    let sent = obtained(&password_of(unscoped(server().encoding(Encoding::Json))));
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!(
        sent.body,
        r#"{"grant_type":"password","client_id":"app","client_secret":"s&cret","username":"jsmith","password":"p&ss wörd"}"#
    );
}

#[test]
fn a_public_client_names_itself_in_the_body() {
    for public in [
        Client::new(server(), "app"),
        client().auth(ClientAuth::none()),
    ] {
        let sent = obtained(&password_of(public));
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
    let client = unscoped(server())
        .audience("orders")
        .resource("https://api.example/")
        .param("tenant", "acme")
        .secret_param("api_key", Secret::new("k"));
    assert_eq!(
        obtained(&ClientCredentials::new(client)).body,
        "grant_type=client_credentials&client_id=app&client_secret=s%26cret&audience=orders\
         &resource=https%3A%2F%2Fapi.example%2F&tenant=acme&api_key=k"
    );
}

#[test]
fn nothing_is_sent_to_a_wrong_endpoint() {
    for endpoint in [
        "",
        "/token",
        "login.example/token",
        "https:///token",
        "https://login.example:port/token",
        "https://login.example:99999/token",
        "https://user:c4nary@login.example/token",
    ] {
        let service = ClientCredentials::new(client_of(Server::new(endpoint)));
        let error = service.obtain(&Script::default()).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{endpoint}");
        assert!(!format!("{error:?}").contains("c4nary"), "{error:?}");
    }
}

#[test]
fn without_a_refresh_token_only_a_person_can_help() {
    let session = Session::builder(RefreshToken::new(client()))
        .transport(Script::default())
        .build()
        .unwrap();
    let error = session.token().unwrap_err();
    assert!(matches!(error, Error::LoginRequired { .. }), "{error}");
}

#[test]
fn all_that_makes_another_token_is_part_of_the_identity() {
    let one = password().identity();
    let elsewhere = Server::new("https://b.example/token");
    let other_id = Client::new(server(), "b").scope("read write");
    for client in [
        other_id,
        client_of(elsewhere),
        unscoped(server()),
        client().scope("read"),
        client().audience("b"),
        client().resource("https://b.example/"),
        client().param("tenant", "b"),
    ] {
        assert_ne!(password_of(client).identity(), one);
    }
    let bob = Password::new(client(), "bob", Secret::new("p&ss wörd"));
    assert_ne!(bob.identity(), one);
    let kept = RefreshToken::new(client());
    assert_ne!(service().identity(), kept.identity());
}

#[test]
fn a_refresh_token_shares_the_identity_of_its_login() {
    let client_with_another_secret = client()
        .secret(Secret::new("another"))
        .secret_param("api_key", Secret::new("k"));
    let another = Secret::new("another");
    let password = Password::new(client_with_another_secret, "jsmith", another);
    let kept = RefreshToken::new(client()).user("jsmith");
    assert_eq!(password.identity(), kept.identity());
}

#[test]
fn a_token_is_for_its_endpoint_unless_apis_are_named() {
    assert_eq!(service().policy().apis(), ["https://login.example:8443"]);
    let elsewhere = ClientCredentials::new(client().api("https://api.example"));
    assert_eq!(elsewhere.policy().apis(), ["https://api.example"]);
}

#[test]
fn only_401_and_named_statuses_reject_a_token() {
    let plain = service().policy();
    assert!(plain.is_rejection(401) && !plain.is_rejection(403));
    let named = ClientCredentials::new(client().api_rejection(403)).policy();
    assert!(named.is_rejection(401) && named.is_rejection(403) && !named.is_rejection(404));
}

#[test]
fn nothing_secret_is_shown_by_debug() {
    let password = password_of(client().secret_param("api_key", Secret::new("k3y")));
    let shown = format!("{password:?} {:?}", Session::new(password.clone()));
    for secret in ["s&cret", "p&ss wörd", "k3y"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

pub(crate) const TOKEN_URL: &str = "https://login.example:8443/token";
const ANSWER: &str = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
