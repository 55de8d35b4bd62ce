//! Aeris: a GET with six parameters, a content type although there is no content.

use crate::support::asking::Asking as _;
use aeris_auth::Aeris;
use auth_core::Session;
use auth_core::error::ErrorCode;
use auth_core::http::Response;

use crate::support::{Script, shown};

use super::{JSON, Wire, assert_refused, assert_status, assert_token, request, session};

fn fleet(base: String) -> Aeris {
    Aeris {
        client_id: "aerisclient".into(),
        client_secret: "89b63a42473ce52d".into(),
        account_id: "10001".into(),
        account_secret: "98aeddc0-51e1".into(),
        requester_id: "ops@acme.example".into(),
        base,
    }
}

fn get(query: &str) -> String {
    let line = format!("GET /api/token?{query}");
    request(&line, &[JSON, ("accept-charset", "utf-8")], "")
}

#[test]
fn a_token_is_asked_for_with_six_parameters_and_the_mandatory_content_type() {
    let wire = Wire::answering("GET", [(200, ANSWER)]);
    let (session, _) = session(fleet(wire.url()));
    assert_token(&session.token(), JWT, Some(31_536_000));
    assert!(session.refresh_token().is_none());
    wire.saw(&[get(QUERY)]);
}

#[test]
fn after_its_expiry_a_token_is_asked_for_again_in_the_same_way() {
    let later = ANSWER.replace("1798761600", "1830297600");
    let wire = Wire::answering("GET", [(200, ANSWER), (200, later.as_str())]);
    let (session, clock) = session(fleet(wire.url() + "/"));
    session.token().unwrap();
    clock.advance(std::time::Duration::from_secs(31_536_000));
    session.token().unwrap();
    wire.saw(&[get(QUERY), get(QUERY)]);
}

#[test]
fn odd_values_arrive_encoded_and_add_no_parameter() {
    let wire = Wire::answering("GET", [(200, ANSWER)]);
    let grant = Aeris {
        client_id: "a&as=b".into(),
        client_secret: "p+q r%41#/?=~\"\\".into(),
        account_secret: "*-._~ &".into(),
        requester_id: "ops+fleet@acme.example".into(),
        ..fleet(wire.url())
    };
    Session::new(grant).token().unwrap();
    wire.saw(&[get(
        "clientId=a%26as%3Db&cs=p%2Bq%20r%2541%23%2F%3F%3D%7E%22%5C&accountId=10001\
         &as=*-._%7E%20%26&requesterId=ops%2Bfleet%40acme.example&grant_type=client_credentials",
    )]);
}

#[test]
fn the_default_host_is_asked_over_https_although_the_document_writes_http() {
    let script = Script::bodies([ANSWER]);
    fleet(Aeris::default().base).obtain(&script).unwrap();
    let url = format!("https://connectivity.aerisapis.com/api/token?{QUERY}");
    assert_eq!(script.urls(), [url]);
}

#[test]
fn a_field_that_is_not_set_is_named_and_nothing_is_sent() {
    let empty = Aeris::default;
    for (name, grant) in [
        (
            "client_id",
            Aeris {
                client_id: empty().client_id,
                ..fleet(empty().base)
            },
        ),
        (
            "client_secret",
            Aeris {
                client_secret: empty().client_secret,
                ..fleet(empty().base)
            },
        ),
        (
            "account_id",
            Aeris {
                account_id: empty().account_id,
                ..fleet(empty().base)
            },
        ),
        (
            "account_secret",
            Aeris {
                account_secret: empty().account_secret,
                ..fleet(empty().base)
            },
        ),
        (
            "requester_id",
            fleet(empty().base).requester(empty().requester_id),
        ),
    ] {
        let script = Script::default();
        let error = grant.obtain(&script).unwrap_err();
        assert_eq!(error.to_string(), format!("`{name}` is empty; set it"));
        assert_eq!(script.sent(), 0);
    }
}

#[test]
fn a_secret_with_the_line_break_of_its_file_is_named_and_not_sent() {
    let with = |secret: &str, account: &str| Aeris {
        client_secret: secret.into(),
        account_secret: account.into(),
        ..fleet(Aeris::default().base)
    };
    for (grant, setting) in [
        (with("s\n", "a"), "client_secret"),
        (with("s", "a\r\n"), "account_secret"),
    ] {
        let error = grant.obtain(&Script::default()).unwrap_err();
        let expected = format!("`{setting}` ends in a line break; trim it");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn an_expiry_is_measured_against_the_answers_own_date_when_this_machines_clock_is_wrong() {
    let answer = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    let script = Script::of([answer.body(ANSWER.into()).unwrap()]);
    let clock = auth_core::testing::ManualClock::at(auth_core::time::OffsetDateTime::UNIX_EPOCH);
    let session = Session::builder(fleet(Aeris::default().base))
        .transport(script)
        .clock(clock)
        .build()
        .unwrap();
    let expires_at = session.token().unwrap().expires_at().unwrap();
    assert_eq!(expires_at.unix_timestamp(), 31_536_000);
}

#[test]
fn refusals_of_aeris_are_read_whether_they_look_like_oauth_or_not() {
    let wire = Wire::answering("GET", [(400, r#"{"error":"invalid_client"}"#)]);
    let outcome = Session::new(fleet(wire.url())).token();
    assert_refused(outcome, 400, &ErrorCode::InvalidClient, "invalid_client");

    for (status, body) in [
        (401, "Unauthorized"),
        (403, r#"{"message":"no"}"#),
        (404, "<html></html>"),
        (400, "[]"),
        (406, ""),
    ] {
        let wire = Wire::answering("GET", [(status, body)]);
        let expected = u16::try_from(status).unwrap();
        assert_status(Session::new(fleet(wire.url())).token(), expected);
    }
}

#[test]
fn an_answer_with_access_token_instead_of_token_is_none_of_aeris() {
    let wire = Wire::answering(
        "GET",
        [(200, r#"{"access_token":"a","token_type":"bearer"}"#)],
    );
    let error = Session::new(fleet(wire.url())).token().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the answer cannot be used: it has no access token; there is one, in `access_token`: set \
         `ResponseFormat::access_token` to that",
        "{}",
        shown(&error)
    );
}

const QUERY: &str = "clientId=aerisclient&cs=89b63a42473ce52d&accountId=10001&as=98aeddc0-51e1\
    &requesterId=ops%40acme.example&grant_type=client_credentials";
/// It expires at 2027-01-01 00:00 UTC.
const ANSWER: &str = r#"{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAwMSJ9.c2ln","token_type":"Bearer","expires_in":1798761600}"#;
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAwMSJ9.c2ln";
