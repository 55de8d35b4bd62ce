//! Words of servers that differ from RFC 8628 §3.5.

use auth_core::error::{ErrorCode, LoginReason};
use auth_core::testing::ManualClock;
use oauth2_generic::Error;

use super::{PENDING, TOKEN, begun, is_over, login, waited};

/// Seconds that a login takes if this response comes before the token.
#[track_caller]
fn polls_again(status: u16, retry_after: &str, body: &str) -> u64 {
    let (token, seconds, asked) =
        waited(|http| http.then_with(status, retry_after, body).then(200, TOKEN));
    let token = token.unwrap_or_else(|error| panic!("{status} {body}: {error}"));
    assert_eq!((token.expose(), asked), ("t", 2), "{status} {body}");
    seconds
}

#[track_caller]
fn ends(status: u16, body: &str) -> Error {
    let (token, _, asked) = waited(|http| http.then(status, body));
    assert_eq!(asked, 1, "{status} {body}");
    token.expect_err(body)
}

/// Twitch sends it in `message`.
#[test]
fn pending_is_understood_in_any_member() {
    for (status, body) in [
        (400, r#"{"status":400,"message":"authorization_pending"}"#),
        (
            400,
            r#"{"error":"invalid_request","error_description":"authorization_pending"}"#,
        ),
        (
            400,
            r#"{"error":"Bad Request","message":"authorization_pending"}"#,
        ),
        (
            400,
            r#"{"error":{"code":"authorization_pending","message":"wait"}}"#,
        ),
        (
            400,
            r#"{"errorCode":"authorization_pending","errorSummary":"wait"}"#,
        ),
        (400, r#"{"error":"AUTHORIZATION_PENDING"}"#),
        (400, r#"{"error":"AuthorizationPendingException"}"#),
        (
            428,
            r#"{"error":"authorization_pending","error_description":"Precondition Required"}"#,
        ),
        (428, ""),
        (403, PENDING),
        (401, PENDING),
        (200, PENDING),
        (200, r#"{"status":400,"message":"authorization_pending"}"#),
        (200, r#"{"access_token":null,"status":"pending"}"#),
        (202, r#"{"status":"Pending"}"#),
        (202, ""),
        (204, ""),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"authorization_pending"}"#,
        ),
    ] {
        assert_eq!(polls_again(status, "", body), 2 + 2, "{status} {body}");
    }
}

#[test]
fn slow_down_is_understood_in_any_member() {
    for (status, body) in [
        (400, r#"{"status":400,"message":"slow_down"}"#),
        (400, r#"{"error":{"code":"SLOW_DOWN"}}"#),
        (
            400,
            r#"{"error":"invalid_request","error_description":"slow_down"}"#,
        ),
        (403, r#"{"error":"slow_down"}"#),
    ] {
        assert_eq!(polls_again(status, "", body), 2 + 7, "{status} {body}");
    }
}

/// Whatever the body.
#[test]
fn a_limit_of_the_rate_is_waited_out() {
    for (status, retry_after, body, seconds) in [
        (429, "", "", 2 + 4),
        (429, "7", "", 2 + 7),
        (429, "", "<html>", 2 + 4),
        (
            429,
            "",
            r#"{"error":"too_many_requests","error_description":"Global limit"}"#,
            2 + 4,
        ),
        (
            429,
            "",
            r#"{"error":"access_denied","error_description":"Too many requests"}"#,
            2 + 4,
        ),
        (
            429,
            "3",
            r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit"}"#,
            2 + 4,
        ),
        (400, "9", r#"{"error":"invalid_request"}"#, 2 + 9),
        (403, "9", r#"{"error":"access_denied"}"#, 2 + 9),
        (400, "", r#"{"error":"rate_limited"}"#, 2 + 4),
        (400, "9", PENDING, 2 + 9),
        (503, "", r#"{"error":"temporarily_unavailable"}"#, 2 + 4),
        (503, "", r#"{"error":"backend_error"}"#, 2 + 4),
        (408, "", "", 2 + 4),
    ] {
        assert_eq!(
            polls_again(status, retry_after, body),
            seconds,
            "{status} {body}"
        );
    }
}

#[test]
fn a_code_that_expired_is_over_in_any_member() {
    for body in [
        r#"{"status":400,"message":"expired_token"}"#,
        r#"{"error":{"code":"EXPIRED_TOKEN"}}"#,
        r#"{"error":"code_expired"}"#,
        r#"{"error":"ExpiredTokenException"}"#,
    ] {
        is_over(&ends(400, body), LoginReason::TimedOut);
    }
}

#[test]
fn a_user_who_declines_is_a_refusal_in_any_member() {
    for body in [
        r#"{"status":400,"message":"access_denied"}"#,
        r#"{"error":{"code":"ACCESS_DENIED"}}"#,
        r#"{"error":"authorization_declined"}"#,
        r#"{"error":"access_denied","error_description":"pending approval"}"#,
    ] {
        let error = ends(403, body);
        let Error::Refused(refusal) = &error else {
            panic!("{body}: {error}");
        };
        assert_eq!(refusal.code, ErrorCode::AccessDenied, "{body}");
        assert_eq!(refusal.status, Some(403));
    }
}

/// The user has to log in again; no credentials were wrong, for the user gave none.
#[test]
fn a_refused_device_code_is_the_refusal_of_the_server() {
    for (status, body) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Device code not found"}"#,
        ),
        (400, r#"{"error":"bad_verification_code"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (403, r#"{"error":"E_FORBIDDEN","status":403}"#),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"no pending login"}"#,
        ),
        (400, ""),
        (401, ""),
        (403, "<html>"),
    ] {
        let error = ends(status, body);
        assert!(
            matches!(error, Error::Refused(_) | Error::Status { .. }),
            "{status} {body}: {error}"
        );
        assert!(error.to_string().contains("the server"), "{error}");
    }
}

#[test]
fn a_wrong_url_is_no_refusal_of_the_code() {
    for status in [302, 404, 405, 410] {
        let error = ends(status, "");
        assert!(matches!(error, Error::Status { .. }), "{error}");
        assert!(
            error.to_string().contains("check the endpoint's URL"),
            "{error}"
        );
    }
}

/// The longest wait that a server may ask for ends with the code.
#[test]
fn a_wait_beyond_the_life_of_the_code_ends_with_it() {
    let http = begun(|http| http.then_with(429, "3600", ""));
    let login = login().clock(ManualClock::new());
    let error = login.exchange(&http).unwrap_err();
    is_over(&error, LoginReason::TimedOut);
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("429")
    );
}
