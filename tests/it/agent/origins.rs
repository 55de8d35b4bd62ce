//! Which requests are signed, and the error of a request that was not sent.

use std::error::Error as StdError;

use auth_core::agent::ureq;
use auth_core::error::Remedy;
use auth_core::{Error, Result, Session, agent, http, transport};

use super::stage::{Api, Batch, answer, builder, count, session};

fn unsent(session: &Session, url: &str) -> ureq::Error {
    let error = session.agent().get(url).call().expect_err("not sent");
    assert!(matches!(error, ureq::Error::Other(_)), "{error}");
    error
}

#[test]
fn a_request_to_another_origin_names_it() {
    let (api, other) = (Api::content(), Api::content());
    let (session, given) = session(&[&api]);
    let error = unsent(&session, &other.at("/orders?key=s3cret"));
    let text = error.to_string();
    for word in [
        other.url(),
        api.url(),
        "`SessionBuilder::api`",
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
fn a_session_without_an_api_names_the_setter() {
    let (builder, _) = builder(Batch::of(&[]));
    let text = unsent(&builder.build().unwrap(), "https://api.example.com/").to_string();
    assert!(text.contains("https://api.example.com is not"), "{text}");
    assert!(
        text.contains("has none") && text.contains("`SessionBuilder::api`"),
        "{text}"
    );
}

/// Returns the error that `build`, the first token and the first request all report.
#[track_caller]
fn problem(api: &'static str) -> String {
    let batch = || Batch::of(&[]).with(move |policy| policy.api(api));
    let session = Session::new(batch());
    let failed = session.agent().get("https://api.example.com/").call();
    let (builder, given) = builder(Batch::of(&[]));
    let errors = [
        builder.api(api).build().unwrap_err(),
        session.token().unwrap_err(),
        agent::error(failed.unwrap_err()),
    ];
    let [first, ..] = errors.clone().map(|error| format!("{error} {error:?}"));
    for error in errors {
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert_eq!(format!("{error} {error:?}"), first);
    }
    assert_eq!(count(&given), 0);
    first
}

#[test]
fn an_api_that_is_not_a_url_is_named() {
    for api in [
        "api.example.com",
        "https://api.example.com\n",
        "",
        "htps://x",
    ] {
        let shown = problem(api);
        assert!(shown.contains(&format!("{api:?} is not")), "{shown}");
        assert!(
            shown.contains("`base`, `api` or `token_endpoint`"),
            "{shown}"
        );
    }
}

#[test]
fn an_api_over_plain_http_is_named() {
    let shown = problem("http://api.example:8080/v1");
    assert!(shown.contains("and http://api.example:8080 is"), "{shown}");
    assert!(!shown.contains("localhost"), "{shown}");
    let shown = problem("http://localhost:1");
    assert!(shown.contains("write 127.0.0.1 for localhost"), "{shown}");
}

#[test]
fn a_key_in_the_url_of_an_api_is_not_shown() {
    for api in [
        "api.example.com/v1?api_key=canary",
        "https://api.example.com?api_key=canary",
        "wss://h/#canary",
        "https://canary@/",
        "ftp://jsmith:canary@api.example.com",
    ] {
        let shown = problem(api);
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("the URL of an API"), "{shown}");
    }
}

#[test]
fn an_unsigned_request_is_sent_where_it_is_allowed() {
    let (api, other) = (Api::content(), Api::content());
    let (builder, given) = builder(Batch::of(&[&api]));
    let session = builder.allow_unsigned().build().unwrap();
    session.agent().get(other.at("/orders")).call().unwrap();
    assert_eq!(other.heard(), ["GET /orders "]);
    assert_eq!(count(&given), 0);
    session.agent().get(api.at("/orders")).call().unwrap();
    assert_eq!(api.heard(), ["GET /orders Bearer t1"]);
}

#[test]
fn an_unsigned_request_is_redirected_by_ureq() {
    let (api, other) = (
        Api::content(),
        Api::start(|_| super::stage::redirect(302, "/x")),
    );
    let (builder, _) = builder(Batch::of(&[&api]));
    let agent = builder.allow_unsigned().build().unwrap().agent();
    let request = agent.get(other.url()).config().max_redirects(0).build();
    assert_eq!(request.call().unwrap().status(), 302);
    // Neither settings of its own nor a body change who follows.
    let request = agent.get(other.url()).config().https_only(false).build();
    let with_settings = request.call();
    let request = http::Request::post(other.url()).body("a body").unwrap();
    let with_body = agent.run(request);
    let plain = agent.get(other.url()).call();
    for answer in [with_settings, with_body, plain] {
        let error = answer.unwrap_err();
        assert!(matches!(error, ureq::Error::TooManyRedirects), "{error}");
    }
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

/// The second call's error contains the first one's.
#[test]
fn an_error_in_an_error_of_ureq_prints_its_causes() {
    let api = Api::content();
    let refuse = transport::from_fn(|_| {
        let body = br#"{"error":"server_error","error_description":"out of order"}"#;
        let response = http::Response::builder().status(500);
        Ok(response.body(body.to_vec()).unwrap())
    });
    let (builder, _) = builder(Batch::of(&[&api]));
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

/// A function that returns the result of this crate, and sends a request.
fn orders(session: &Session, url: &str) -> Result<String> {
    let mut response = session.agent().get(url).call().map_err(agent::error)?;
    response.body_mut().read_to_string().map_err(agent::error)
}

#[test]
fn a_failure_of_an_api_is_an_error_with_a_remedy() {
    let api = Api::start(|visit| match visit.path().trim_end_matches("?s3cret") {
        "/busy" => answer(503),
        "/away" => super::stage::redirect(302, "/away"),
        "/noise" => "SSH-2.0\r\n\r\n".to_owned(),
        _ => answer(200),
    });
    let other = Api::content();
    let (session, _) = session(&[&api]);
    assert_eq!(orders(&session, &api.at("/orders")).unwrap(), "ok");
    for (url, remedy, words) in [
        (api.at("/busy?s3cret"), Remedy::Retry, "503"),
        (
            api.at("/away?s3cret"),
            Remedy::RepairServer,
            "redirects too often",
        ),
        (api.at("/noise?s3cret"), Remedy::Retry, "not HTTP"),
        (other.at("/?s3cret"), Remedy::Configure, other.url()),
        ("s3cret".to_owned(), Remedy::Configure, "check its URL"),
    ] {
        let error = orders(&session, &url).unwrap_err();
        assert_eq!(error.remedy(), remedy, "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(words), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn an_error_of_a_session_comes_out_of_ureq_whole() {
    let api = Api::content();
    let busy = transport::from_fn(|_| Err(Error::status(503, None)));
    let (builder, _) = builder(Batch::of(&[&api]));
    let session = builder.transport(busy).retries(0).build().unwrap();
    let [first, second] = [0, 1].map(|_| orders(&session, api.url()).unwrap_err());
    assert!(
        matches!(first, Error::Status { status: 503, .. }),
        "{first}"
    );
    assert!(matches!(second, Error::BackOff { .. }), "{second}");
}
