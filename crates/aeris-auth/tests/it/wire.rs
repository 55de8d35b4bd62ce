//! The one request of Aeris, its settings, its expiry, and what may come back instead.

use std::time::{Duration, SystemTime};

use aeris_auth::{Aeris, Error, Grant, Secret, Session};
use auth_core::clock::Clock as _;
use auth_core::error::ErrorCode;
use auth_core::http::Response;
use auth_core::testing::{CannedTransport, ManualClock};
use auth_sim::{Received, Simulator, Vendor};

/// A server that gives these responses, on 2026-01-01.
fn answering<'a>(responses: impl IntoIterator<Item = (u16, &'a str)>) -> Simulator {
    let server = Simulator::builder(Vendor::Aeris).now(new_year).start();
    let server = server.unwrap();
    for (status, body) in responses {
        server.respond(status, body);
    }
    server
}

fn fleet() -> Aeris {
    Aeris::new("aerisclient", Secret::new("89b63a42473ce52d"))
        .account("10001", Secret::new("98aeddc0-51e1"))
        .requester("ops@acme.example")
}

fn session(grant: Aeris) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let session = Session::builder(grant).clock(clock.clone()).build();
    (session.unwrap(), clock)
}

fn refused(status: u16, body: &str) -> Error {
    let server = answering([(status, body)]);
    session(fleet().base(server.url())).0.token().unwrap_err()
}

fn sent(server: &Simulator) -> Vec<String> {
    server.requests().iter().map(Received::exact).collect()
}

fn get(query: &str) -> String {
    format!("GET /api/token?{query}\naccept-charset: utf-8\ncontent-type: application/json\n\n")
}

#[test]
fn six_parameters_and_the_mandatory_content_type() {
    let server = answering([(200, RESPONSE)]);
    let (session, _) = session(fleet().base(server.url()));
    let token = session.token().unwrap();
    assert_eq!(token.expose(), JWT);
    assert_eq!(token.authorization(), &format!("Bearer {JWT}"));
    assert_eq!(token.expires_at(), Some(new_year() + YEAR));
    assert!(session.refresh_token().is_none());
    assert_eq!(sent(&server), [get(QUERY)]);
}

#[test]
fn an_expired_token_is_requested_in_the_same_way() {
    let later = RESPONSE.replace("1798761600", "1830297600");
    let server = answering([(200, RESPONSE), (200, later.as_str())]);
    let (session, clock) = session(fleet().base(format!("{}/", server.url())));
    session.token().unwrap();
    clock.advance(YEAR);
    session.token().unwrap();
    assert_eq!(sent(&server), [get(QUERY), get(QUERY)]);
}

#[test]
fn odd_values_arrive_encoded_and_add_no_parameter() {
    let server = answering([(200, RESPONSE)]);
    let grant = Aeris::new("a&as=b", Secret::new("p+q r%41#/?=~\"\\"))
        .account("10001", Secret::new("*-._~ &"))
        .requester("ops+fleet@acme.example");
    session(grant.base(server.url())).0.token().unwrap();
    let query = "clientId=a%26as%3Db&cs=p%2Bq%20r%2541%23%2F%3F%3D%7E%22%5C&accountId=10001\
        &as=*-._%7E%20%26&requesterId=ops%2Bfleet%40acme.example&grant_type=client_credentials";
    assert_eq!(sent(&server), [get(query)]);
}

#[test]
fn the_default_host_is_reached_over_https() {
    let http = CannedTransport::new().json(200, RESPONSE);
    fleet().login_request().unwrap().send(&http).unwrap();
    let url = http.requests()[0].uri().to_string();
    assert_eq!(
        url,
        format!("https://connectivity.aerisapis.com/api/token?{QUERY}")
    );
}

#[test]
fn a_missing_setting_is_named_and_nothing_is_sent() {
    let secret = || Secret::new("s");
    for (setting, grant) in [
        (
            "`client_id`",
            Aeris::new("", secret())
                .account("1", secret())
                .requester("a@b.c"),
        ),
        (
            "`client_secret`",
            Aeris::new("c", Secret::new(""))
                .account("1", secret())
                .requester("a@b.c"),
        ),
        (
            "`Aeris::account`",
            Aeris::new("c", secret()).requester("a@b.c"),
        ),
        (
            "`account_id`",
            Aeris::new("c", secret())
                .account("", secret())
                .requester("a@b.c"),
        ),
        (
            "`account_secret`",
            Aeris::new("c", secret())
                .account("1", Secret::new(""))
                .requester("a@b.c"),
        ),
        (
            "`Aeris::requester`",
            Aeris::new("c", secret()).account("1", secret()),
        ),
    ] {
        let http = CannedTransport::new();
        let session = Session::builder(grant).transport(http.clone()).build();
        let error = session.and_then(|session| session.token()).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains(setting), "{setting}: {error}");
        assert!(http.requests().is_empty());
    }
}

#[test]
fn a_secret_that_ends_in_a_line_break_is_not_sent() {
    let with = |client: &str, account: &str| {
        let aeris = Aeris::new("c", Secret::new(client)).account("1", Secret::new(account));
        aeris.requester("ops@acme.example")
    };
    for (grant, setting) in [
        (with("s\n", "a"), "`client_secret`"),
        (with("s", "a\r\n"), "`account_secret`"),
    ] {
        let http = CannedTransport::new();
        let sent = grant
            .login_request()
            .and_then(|request| request.send(&http));
        let error = sent.unwrap_err();
        assert!(error.to_string().contains(setting), "{setting}: {error}");
        assert!(http.requests().is_empty());
    }
}

#[test]
fn an_expiry_is_measured_against_the_servers_date() {
    let response = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    let response = response.body(RESPONSE.into()).unwrap();
    let wrong = ManualClock::at(SystemTime::UNIX_EPOCH);
    let session = Session::builder(fleet())
        .transport(CannedTransport::new().response(response))
        .clock(wrong);
    let token = session.build().unwrap().token().unwrap();
    assert_eq!(token.expires_at(), Some(SystemTime::UNIX_EPOCH + YEAR));
}

#[test]
fn a_refusal_may_or_may_not_look_like_oauth() {
    let error = refused(400, r#"{"error":"invalid_client"}"#);
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::InvalidClient);
    assert_eq!(refusal.to_string(), "invalid_client");

    for (status, body) in [
        (401, "Unauthorized"),
        (403, r#"{"message":"no"}"#),
        (404, "<html></html>"),
        (400, "[]"),
        (406, ""),
    ] {
        match refused(status, body) {
            Error::Status { status: got, .. } => assert_eq!(got, status),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_token_under_another_name_is_pointed_out() {
    let error = refused(200, r#"{"access_token":"a","token_type":"bearer"}"#);
    assert!(matches!(error, Error::Response(_)), "{error:?}");
    assert!(error.to_string().contains("`access_token`"), "{error}");
}

fn new_year() -> SystemTime {
    ManualClock::new().now().wall.into()
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const QUERY: &str = "clientId=aerisclient&cs=89b63a42473ce52d&accountId=10001&as=98aeddc0-51e1\
    &requesterId=ops%40acme.example&grant_type=client_credentials";
/// It expires at 2027-01-01 00:00 UTC.
const RESPONSE: &str = r#"{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAwMSJ9.c2ln","token_type":"Bearer","expires_in":1798761600}"#;
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAwMSJ9.c2ln";
