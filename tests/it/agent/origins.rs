//! Which requests are signed, and what a request that was not sent says.

use std::error::Error as StdError;

use auth_core::agent::ureq;
use auth_core::{Error, Result, Session, agent};
use oauth2_generic::{Client, ClientCredentials};

use super::stage::{Api, builder, client, count, session};

fn unsent(session: &Session, url: &str) -> ureq::Error {
    let error = session.agent().get(url).call().expect_err("not sent");
    assert!(matches!(error, ureq::Error::Other(_)), "{error}");
    error
}

#[test]
fn a_request_to_another_origin_is_an_error_that_names_it() {
    let (api, other) = (Api::content(), Api::content());
    let (session, given) = session(&[&api]);
    let error = unsent(&session, &other.at("/orders?key=s3cret"));
    let text = error.to_string();
    for word in [
        other.url(),
        api.url(),
        "`SessionBuilder::origin`",
        "`SessionBuilder::allow_unsigned`",
    ] {
        assert!(text.contains(word), "{text}");
    }
    assert!(
        !text.contains("s3cret") && !text.contains("orders"),
        "{text}"
    );
    let error = agent::error_of(&error).expect("one of ours");
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert_eq!((other.visits().len(), count(&given)), (0, 0));
}

#[test]
fn a_session_without_an_api_says_how_to_add_one() {
    let client = Client {
        token_endpoint: String::new(),
        ..client(&[])
    };
    let (builder, _) = builder(client);
    let text = unsent(&builder.build().unwrap(), "https://api.example.com/").to_string();
    assert!(text.contains("https://api.example.com is not"), "{text}");
    assert!(
        text.contains("has none") && text.contains("`SessionBuilder::origin`"),
        "{text}"
    );
}

#[test]
fn an_api_that_is_not_an_origin_is_named() {
    let text = |origin: &str| {
        let (builder, _) = builder(client(&[]));
        let session = builder.api(origin).build().unwrap();
        unsent(&session, "https://api.example.com/").to_string()
    };
    for origin in ["api.example.com", "https://api.example.com\n", ""] {
        let shown = text(origin);
        assert!(shown.contains(&format!("{origin:?} is not")), "{shown}");
    }
    assert!(!text("ftp://jsmith:s3cret@api.example.com").contains("s3cret"));
}

#[test]
fn an_unsigned_request_is_sent_where_it_is_allowed() {
    let (api, other) = (Api::content(), Api::content());
    let (builder, given) = builder(client(&[&api]));
    let session = builder.allow_unsigned().build().unwrap();
    session.agent().get(other.at("/orders")).call().unwrap();
    assert_eq!(other.heard(), ["GET /orders "]);
    assert_eq!(count(&given), 0);
    session.agent().get(api.at("/orders")).call().unwrap();
    assert_eq!(api.heard(), ["GET /orders Bearer t1"]);
}

#[test]
fn an_unsigned_request_is_redirected_as_the_request_says() {
    let (api, other) = (
        Api::content(),
        Api::start(|_| super::stage::redirect(302, "/x")),
    );
    let (builder, _) = builder(client(&[&api]));
    let agent = builder.allow_unsigned().build().unwrap().agent();
    let request = agent.get(other.url()).config().max_redirects(0).build();
    assert_eq!(request.call().unwrap().status(), 302);
    let error = agent.get(other.url()).call().unwrap_err();
    assert!(matches!(error, ureq::Error::TooManyRedirects), "{error}");
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let api = Api::content();
    let (session, _) = session(&[&api]);
    let port = api.url().rsplit_once(':').unwrap().1;
    for other in [
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://localhost:{port}/"),
        "http://127.0.0.1/".to_owned(),
    ] {
        let error = unsent(&session, &other);
        assert!(
            error.to_string().contains(other.trim_end_matches('/')),
            "{error}"
        );
    }
    session
        .agent()
        .get(format!("HTTP://127.0.0.1:{port}"))
        .call()
        .unwrap();
    assert_eq!(api.heard(), ["GET / Bearer t1"]);
}

/// A second call is told what the first one failed with.
#[test]
fn an_error_in_an_error_of_ureq_prints_its_causes() {
    let api = Api::content();
    let refuse = |_| -> Result<_> {
        let body = br#"{"error":"server_error","error_description":"out of order"}"#;
        let answer = auth_core::http::Response::builder().status(500);
        Ok(answer.body(body.to_vec()).unwrap())
    };
    let (builder, _) = builder(client(&[&api]));
    let session = builder.transport(refuse).retries(0).build().unwrap();
    unsent(&session, api.url());
    let error = unsent(&session, api.url());
    assert!(error.to_string().contains("out of order"), "{error}");
    assert!(
        matches!(agent::error_of(&error), Some(Error::BackOff { .. })),
        "{error:?}"
    );

    let ureq::Error::Other(wrapped) = &error else {
        panic!("{error}")
    };
    let cause = wrapped
        .source()
        .and_then(StdError::source)
        .expect("a cause");
    assert!(cause.to_string().contains("out of order"), "{cause}");
    let io = std::io::Error::other(error);
    assert!(matches!(agent::error_of(&io), Some(Error::BackOff { .. })));
}

#[test]
fn an_error_of_ureq_alone_holds_none_of_ours() {
    for error in [
        ureq::Error::StatusCode(404),
        ureq::Error::Other("else".into()),
    ] {
        assert!(agent::error_of(&error).is_none());
    }
}

#[test]
fn a_key_in_the_url_of_an_api_is_not_shown() {
    for url in [
        "api.example.com/v1?api_key=canary",
        "wss://h/#canary",
        "https://canary@/",
    ] {
        let session = Session::builder(ClientCredentials::new(Client::default()))
            .api(url)
            .build()
            .unwrap();
        let error = session.agent().get("https://api.example.com/").call();
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        assert!(error.to_string().contains("an API's URL"), "{error}");
    }
}
