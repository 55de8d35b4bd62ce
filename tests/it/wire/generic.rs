//! Any OAuth 2.0 server: five grants, forms and JSON, three ways of client authentication.

mod answers; // responses of other servers

use auth_all::Secret;
use std::time::Duration;

use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, ClientCredentials, Encoding, Implicit, Password,
    RefreshToken, Server,
};

use crate::support::Script;

use super::{FORM, JSON, Wire, assert_token, request, session};

fn server(url: &str) -> Server {
    let server = Server::new(format!("{url}/token"));
    server.authorization_endpoint("https://login.example.com/authorize")
}

fn batch(url: &str) -> Client {
    Client::new(server(url), "batch:1").secret(Secret::new(SECRET))
}

fn form(body: &str) -> String {
    request("POST /token", &[FORM], body)
}

#[test]
fn a_client_authenticates_by_body_or_basic_or_not_at_all() {
    let known = r#""client_id":"batch:1","client_secret":"s3 cr+t&~""#;
    let grant_type = r#"{"grant_type":"client_credentials""#;
    let secret = || Secret::new(SECRET);
    for (auth, form, json) in [
        (
            ClientAuth::post(secret()),
            format!("grant_type=client_credentials&{CLIENT}"),
            format!("{grant_type},{known}}}"),
        ),
        (
            ClientAuth::basic(secret()),
            "grant_type=client_credentials".to_owned(),
            format!("{grant_type}}}"),
        ),
        (
            ClientAuth::none(),
            "grant_type=client_credentials&client_id=batch%3A1".to_owned(),
            format!(r#"{grant_type},"client_id":"batch:1"}}"#),
        ),
    ] {
        let by_basic = form.ends_with("client_credentials");
        for (encoding, kind, expected) in
            [(Encoding::Form, FORM, form), (Encoding::Json, JSON, json)]
        {
            let wire = Wire::answering("POST", [(200, ANSWER)]);
            let server = server(&wire.url()).encoding(encoding);
            let client = Client::new(server, "batch:1").auth(auth.clone());
            let (session, _) = session(ClientCredentials::new(client));
            assert_token(&session.token(), "2YotnF", Some(3600));
            let headers = if by_basic {
                vec![kind, BASIC]
            } else {
                vec![kind]
            };
            wire.saw(&[request("POST /token", &headers, &expected)]);
        }
    }
}

#[test]
fn optional_parameters_are_sent_where_they_are_set() {
    let wire = Wire::answering("POST", [(200, ANSWER)]);
    let client = batch(&wire.url())
        .scope("orders.read orders.write")
        .audience("https://api.example.com/")
        .resource("urn:example:orders")
        .param("tenant", "a&b")
        .secret_param("api_key", Secret::new("k=1"));
    Session::new(ClientCredentials::new(client))
        .token()
        .unwrap();
    wire.saw(&[form(
        "grant_type=client_credentials&client_id=batch%3A1&client_secret=s3%20cr%2Bt%26%7E\
         &audience=https%3A%2F%2Fapi.example.com%2F&resource=urn%3Aexample%3Aorders&tenant=a%26b&api_key=k%3D1\
         &scope=orders.read%20orders.write",
    )]);
}

#[test]
fn a_login_and_a_refresh_are_these_forms_or_json() {
    let forms = [
        form(&format!(
            "grant_type=password&{CLIENT}&username=jsmith&password=p%22%25&scope=read"
        )),
        form(&format!(
            "grant_type=refresh_token&{CLIENT}&refresh_token=tGzv3J%3D"
        )),
    ];
    let json = |body| request("POST /token", &[JSON], body);
    let jsons = [
        json(
            r#"{"grant_type":"password","client_id":"batch:1","client_secret":"s3 cr+t&~","username":"jsmith","password":"p\"%","scope":"read"}"#,
        ),
        json(
            r#"{"grant_type":"refresh_token","client_id":"batch:1","client_secret":"s3 cr+t&~","refresh_token":"tGzv3J="}"#,
        ),
    ];
    for (encoding, expected) in [(Encoding::Form, forms), (Encoding::Json, jsons)] {
        let wire = Wire::answering("POST", [(200, ANSWER), (200, ANSWER)]);
        let (session, clock) = session({
            let server = server(&wire.url()).encoding(encoding);
            let client = Client::new(server, "batch:1").secret(Secret::new(SECRET));
            Password::new(client.scope("read"), "jsmith", Secret::new("p\"%"))
        });
        assert_token(&session.token(), "2YotnF", Some(3600));
        assert_eq!(session.refresh_token().unwrap().expose(), "tGzv3J=");
        clock.advance(Duration::from_secs(3600));
        assert_token(&session.token(), "2YotnF", Some(7200));
        wire.saw(&expected);
    }
}

#[test]
fn a_kept_refresh_token_is_sent_as_it_was_given() {
    let wire = Wire::answering("POST", [(200, ANSWER)]);
    let client = batch(&wire.url()).auth(ClientAuth::basic(Secret::new(SECRET)));
    let grant = RefreshToken::new(client);
    let session = Session::builder(grant)
        .refresh_token(Secret::new("kept%3D"))
        .build()
        .unwrap();
    session.token().unwrap();
    let body = "grant_type=refresh_token&refresh_token=kept%253D";
    wire.saw(&[request("POST /token", &[FORM, BASIC], body)]);
}

#[test]
fn a_code_is_asked_for_at_this_url_and_traded_with_this_request() {
    let wire = Wire::answering("POST", [(200, ANSWER), (200, ANSWER)]);
    let client = batch(&wire.url()).scope("read write").audience("api");
    let login = AuthorizationCode::new(client, "https://app.example.com/back?from=login")
        .param("login_hint", "j smith");
    let http = HttpTransport::new();
    let pending = login.begin(&http).unwrap();
    let (state, challenge) = (
        pending.state().to_owned(),
        of(pending.url(), "code_challenge"),
    );
    assert_eq!(
        pending.url(),
        format!(
            "https://login.example.com/authorize?response_type=code&client_id=batch%3A1&state={state}\
             &code_challenge={challenge}&code_challenge_method=S256\
             &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback%3Ffrom%3Dlogin&scope=read+write&audience=api&login_hint=j+smith"
        )
    );
    let back =
        format!("https://app.example.com/back?from=login&code=Spl%2BxlO%3D%253D&state={state}");
    let tokens = pending.exchange(&back, &http).unwrap();
    let clock = ManualClock::new();
    let builder = Session::builder(login.grant().user("ada")).tokens(tokens);
    let session = builder.clock(clock.clone()).build().unwrap();
    assert_token(&session.token(), "2YotnF", Some(3600));
    clock.advance(Duration::from_secs(3600));
    assert_token(&session.token(), "2YotnF", Some(7200));

    let verifier = of(&wire.seen.lock().unwrap()[0], "code_verifier");
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(digest(&verifier)), challenge);
    wire.saw(&[
        form(&format!(
            "grant_type=authorization_code&{CLIENT}&audience=api&code=Spl%2BxlO%3D%253D\
             &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback%3Ffrom%3Dlogin&code_verifier={verifier}"
        )),
        form(&format!(
            "grant_type=refresh_token&{CLIENT}&audience=api&refresh_token=tGzv3J%3D"
        )),
    ]);
}

#[test]
fn a_code_is_not_sent_again_after_a_failure() {
    let wire = Wire::answering("POST", [(500, "")]);
    let login = AuthorizationCode::new(batch(&wire.url()), "https://app.example.com/back");
    let http = HttpTransport::new();
    let pending = login.begin(&http).unwrap();
    let back = format!(
        "https://app.example.com/back?code=c&state={}",
        pending.state()
    );
    let error = pending.exchange(&back, &http).unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 500, .. }),
        "{error:?}"
    );
    let seen = wire.seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[test]
fn an_implicit_login_asks_at_this_url_and_sends_nothing() {
    let script = Script::default();
    let client = batch("https://login.example.com").scope("read");
    let login = Implicit::new(client, "https://app.example.com/back");
    let pending = login.begin().unwrap();
    let state = pending.state().to_owned();
    assert_eq!(
        pending.url(),
        format!(
            "https://login.example.com/authorize?response_type=token&client_id=batch%3A1&state={state}\
             &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback&scope=read"
        )
    );
    let back = format!(
        "https://app.example.com/back#access_token=2Yo%3D&token_type=bearer&expires_in=3600&state={state}&refresh_token=no"
    );
    let tokens = pending.read(&back).unwrap();
    let clock = ManualClock::new();
    let builder = Session::builder(login.grant())
        .tokens(tokens)
        .clock(clock.clone());
    let session = builder.transport(script.clone()).build().unwrap();
    assert_token(&session.token(), "2Yo=", Some(3600));
    assert!(session.refresh_token().is_none());
    clock.advance(Duration::from_secs(3600));
    let error = session.token().unwrap_err();
    assert!(error.to_string().starts_with("login required"), "{error}");
    assert_eq!(script.sent(), 0);
}

/// The value of a parameter in a URL or a form.
fn of(text: &str, name: &str) -> String {
    let (_, rest) = text.split_once(&format!("{name}=")).expect("the parameter");
    let value = rest.split(['&', '\n']).next();
    value.unwrap_or_default().to_owned()
}

/// SHA-256, as in the code challenge (RFC 7636 §4.2).
fn digest(text: &str) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, text.as_bytes())
        .as_ref()
        .to_vec()
}

const SECRET: &str = "s3 cr+t&~";
/// The client in a form.
const CLIENT: &str = "client_id=batch%3A1&client_secret=s3%20cr%2Bt%26%7E";
/// `batch:1` and `s3 cr+t&~` with colon, space and plus encoded, joined by a colon, in base64.
const BASIC: (&str, &str) = ("authorization", "Basic YmF0Y2glM0ExOnMzJTIwY3IlMkJ0Jn4=");
const ANSWER: &str = r#"{"access_token":"2YotnF","token_type":"Bearer","expires_in":3600,"refresh_token":"tGzv3J=","scope":"read"}"#;
