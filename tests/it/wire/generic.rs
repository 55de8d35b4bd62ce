//! Any OAuth 2.0 server: five grants, forms and JSON, three ways for a client to show who it is.

mod answers; // what other servers say

use auth_all::Secret;
use std::time::Duration;

use auth_core::Session;
use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, ClientCredentials, Encoding, Implicit, Password,
    RefreshToken,
};

use crate::support::Script;

use super::{FORM, JSON, Wire, assert_token, request, session};

fn batch(url: &str) -> Client {
    Client {
        token_endpoint: format!("{url}/token"),
        authorization_endpoint: "https://login.example.com/authorize".into(),
        client_id: "batch:1".into(),
        client_secret: SECRET.into(),
        ..Client::default()
    }
}

fn form(body: &str) -> String {
    request("POST /token", &[FORM], body)
}

#[test]
fn a_client_shows_itself_in_the_body_or_in_basic_or_has_no_secret() {
    let known = r#""client_id":"batch:1","client_secret":"s3 cr+t&~""#;
    let grant_type = r#"{"grant_type":"client_credentials""#;
    for (secret, client_auth, form, json) in [
        (
            SECRET,
            ClientAuth::Body,
            format!("grant_type=client_credentials&{CLIENT}"),
            format!("{grant_type},{known}}}"),
        ),
        (
            SECRET,
            ClientAuth::Basic,
            "grant_type=client_credentials".to_owned(),
            format!("{grant_type}}}"),
        ),
        (
            "",
            ClientAuth::Body,
            "grant_type=client_credentials&client_id=batch%3A1".to_owned(),
            format!(r#"{grant_type},"client_id":"batch:1"}}"#),
        ),
        (
            "",
            ClientAuth::Basic,
            "grant_type=client_credentials&client_id=batch%3A1".to_owned(),
            format!(r#"{grant_type},"client_id":"batch:1"}}"#),
        ),
    ] {
        for (body, kind, expected) in [(Encoding::Form, FORM, form), (Encoding::Json, JSON, json)] {
            let wire = Wire::answering("POST", [(200, ANSWER)]);
            let client = Client {
                client_secret: secret.into(),
                client_auth: client_auth.clone(),
                body,
                ..batch(&wire.url())
            };
            let (session, _) = session(ClientCredentials { client });
            assert_token(&session.token(), "2YotnF", Some(3600));
            let by_basic = client_auth == ClientAuth::Basic && !secret.is_empty();
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
fn scope_audience_resource_and_further_parameters_are_sent_where_they_are_set() {
    let wire = Wire::answering("POST", [(200, ANSWER)]);
    let client = Client {
        scope: "orders.read orders.write".into(),
        audience: "https://api.example.com/".into(),
        resource: "urn:example:orders".into(),
        extra: vec![("tenant".into(), "a&b".into())],
        extra_secrets: vec![("api_key".into(), "k=1".into())],
        ..batch(&wire.url())
    };
    Session::new(ClientCredentials { client }).token().unwrap();
    wire.saw(&[form(
        "grant_type=client_credentials&client_id=batch%3A1&client_secret=s3%20cr%2Bt%26%7E\
         &audience=https%3A%2F%2Fapi.example.com%2F&resource=urn%3Aexample%3Aorders&tenant=a%26b&api_key=k%3D1\
         &scope=orders.read%20orders.write",
    )]);
}

#[test]
fn a_password_login_and_a_refresh_are_these_requests_as_form_and_as_json() {
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
    for (body, expected) in [(Encoding::Form, forms), (Encoding::Json, jsons)] {
        let wire = Wire::answering("POST", [(200, ANSWER), (200, ANSWER)]);
        let (session, clock) = session(Password {
            client: Client {
                body,
                scope: "read".into(),
                ..batch(&wire.url())
            },
            username: "jsmith".into(),
            password: "p\"%".into(),
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
    let grant = RefreshToken {
        client: Client {
            client_auth: ClientAuth::Basic,
            ..batch(&wire.url())
        },
        ..RefreshToken::default()
    };
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
    let login = AuthorizationCode {
        client: Client {
            scope: "read write".into(),
            audience: "api".into(),
            ..batch(&wire.url())
        },
        redirect_uri: "https://app.example.com/back?from=login".into(),
        parameters: vec![("login_hint".into(), "j smith".into())],
    };
    // RFC 7636, appendix B.
    let pending = login
        .resume("af0ifjsldkj", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        .unwrap();
    assert_eq!(
        pending.url(),
        "https://login.example.com/authorize?response_type=code&client_id=batch%3A1&state=af0ifjsldkj\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback%3Ffrom%3Dlogin&scope=read+write&audience=api&login_hint=j+smith"
    );
    let back = "https://app.example.com/back?from=login&code=Spl%2BxlO%3D%253D&state=af0ifjsldkj";
    let (session, clock) = session(pending.redirected(back).unwrap());
    assert_token(&session.token(), "2YotnF", Some(3600));
    clock.advance(Duration::from_secs(3600));
    assert_token(&session.token(), "2YotnF", Some(7200));

    wire.saw(&[
        form(&format!(
            "grant_type=authorization_code&{CLIENT}&audience=api&code=Spl%2BxlO%3D%253D\
             &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback%3Ffrom%3Dlogin\
             &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        )),
        form(&format!(
            "grant_type=refresh_token&{CLIENT}&audience=api&refresh_token=tGzv3J%3D"
        )),
    ]);
}

#[test]
fn a_code_is_never_sent_twice_not_even_after_a_failure() {
    let wire = Wire::answering("POST", [(500, "")]);
    let login = AuthorizationCode {
        client: batch(&wire.url()),
        redirect_uri: "https://app.example.com/back".into(),
        ..AuthorizationCode::default()
    };
    let pending = login.begin().unwrap();
    let back = format!(
        "https://app.example.com/back?code=c&state={}",
        pending.state()
    );
    let (session, _) = session(pending.redirected(&back).unwrap());
    for _ in 0..3 {
        let error = session.token().unwrap_err();
        assert!(
            error
                .to_string()
                .contains("the code of this login is spent"),
            "{error}"
        );
    }
    let seen = wire.seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[test]
fn an_implicit_login_asks_at_this_url_and_sends_nothing() {
    let script = Script::default();
    let login = Implicit {
        client: Client {
            scope: "read".into(),
            ..batch("https://login.example.com")
        },
        redirect_uri: "https://app.example.com/back".into(),
        ..Implicit::default()
    };
    let pending = login.resume("xyz").unwrap();
    assert_eq!(
        pending.url(),
        "https://login.example.com/authorize?response_type=token&client_id=batch%3A1&state=xyz\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback&scope=read"
    );
    let back = "https://app.example.com/back#access_token=2Yo%3D&token_type=bearer&expires_in=3600&state=xyz&refresh_token=no";
    let answer = pending.redirected(back).unwrap();
    let clock = auth_core::testing::ManualClock::new();
    let builder = Session::builder(login)
        .response(answer)
        .clock(clock.clone());
    let session = builder.transport(script.clone()).build().unwrap();
    assert_token(&session.token(), "2Yo=", Some(3600));
    assert!(session.refresh_token().is_none());
    clock.advance(Duration::from_secs(3600));
    let error = session.token().unwrap_err();
    assert!(
        error.to_string().starts_with("reauthentication required"),
        "{error}"
    );
    assert_eq!(script.sent(), 0);
}

const SECRET: &str = "s3 cr+t&~";
/// The client in a form.
const CLIENT: &str = "client_id=batch%3A1&client_secret=s3%20cr%2Bt%26%7E";
/// Of `batch:1` and `s3 cr+t&~` the colon, the space and the plus are encoded; then they are joined, then base64.
const BASIC: (&str, &str) = ("authorization", "Basic YmF0Y2glM0ExOnMzJTIwY3IlMkJ0Jn4=");
const ANSWER: &str = r#"{"access_token":"2YotnF","token_type":"Bearer","expires_in":3600,"refresh_token":"tGzv3J=","scope":"read"}"#;
