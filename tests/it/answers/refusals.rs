//! Responses that are refusals, those that are only a status, and those that are transient.

use auth_all::error::Remedy;
use std::time::Duration;

use auth_core::error::ErrorCode;
use auth_core::grant::TokenResponse;
use auth_core::http::Response;
use auth_core::{Error, Result};

use crate::support::{answer, quiet};

use super::{body, read};

fn with(status: u16, name: &str, value: &str, text: &str) -> Result<TokenResponse> {
    let answer = Response::builder().status(status).header(name, value);
    read(answer.body(text.into()).expect("a header"))
}

#[test]
fn a_wrong_url_or_encoding_is_a_status_with_any_body() {
    for status in [404, 405, 410, 415, 421, 422] {
        for text in [
            "",
            "<html></html>",
            r#"{"status":404,"error":"Not Found","path":"/oauth/token"}"#,
            r#"{"error":"invalid_grant","error_description":"no"}"#,
        ] {
            let error = quiet(read(answer(status, text)));
            assert!(
                matches!(error, Error::Status { status: s, .. } if s == status),
                "{error:?}"
            );
            assert!(error.remedy() != Remedy::Retry);
        }
    }
    let told = quiet(read(answer(
        404,
        r#"{"error":"Not Found","message":"No mapping"}"#,
    )));
    assert!(
        told.to_string().contains("(Not Found: No mapping)"),
        "{told}"
    );
}

#[test]
fn a_code_is_standard_only_if_an_rfc_defines_it() {
    for code in [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
        "unsupported_response_type",
        "server_error",
        "temporarily_unavailable",
        "authorization_pending",
        "slow_down",
        "expired_token",
        "invalid_target",
        "invalid_dpop_proof",
        "use_dpop_nonce",
        "invalid_client_metadata",
        "invalid_token",
        "insufficient_scope",
        "unsupported_token_type",
    ] {
        let read = ErrorCode::from(code);
        assert!(read.is_standard(), "{code}");
        assert_eq!(read.to_string(), code);
    }
    for word in [
        "Not Found",
        "Bad Request",
        "E_FORBIDDEN",
        "9",
        "bad_refresh_token",
        "INVALID_GRANT",
        "",
    ] {
        assert!(!ErrorCode::from(word).is_standard(), "{word}");
    }
}

#[test]
fn a_success_with_an_error_and_no_token_is_a_refusal() {
    for (text, code) in [
        (
            r#"{"error":"Service is being updated"}"#,
            "Service is being updated",
        ),
        (
            r#"{"ok":false,"error":"invalid_refresh_token"}"#,
            "invalid_refresh_token",
        ),
        (r#"{"error":9}"#, "9"),
        (r#"{"error":{"message":"no"}}"#, "error"),
        (r#"{"error":["no"]}"#, "error"),
        (r#"{"errcode":40013}"#, "40013"),
        (
            "error=bad_refresh_token&error_description=spent",
            "bad_refresh_token",
        ),
    ] {
        let error = quiet(body(text));
        let refusal = error
            .refusal()
            .unwrap_or_else(|| panic!("{text}: {error:?}"));
        assert_eq!(refusal.code, ErrorCode::Other(code.into()), "{text}");
        assert_eq!(refusal.status, Some(200));
    }
}

#[test]
fn a_token_beside_an_empty_error_is_a_token() {
    for nothing in [
        "null",
        r#""""#,
        "0",
        "false",
        "[]",
        "{}",
        r#""0""#,
        "5",
        r#"{"code":0}"#,
    ] {
        let text = format!(r#"{{"error":{nothing},"access_token":"a","token_type":"bearer"}}"#);
        assert!(body(text).is_ok(), "{nothing}");
    }
    let refused = r#"{"error":"invalid_grant","access_token":"a","token_type":"bearer"}"#;
    assert!(matches!(body(refused), Err(Error::Refused(_))));
}

#[test]
fn a_temporary_failure_is_transient_in_any_words() {
    for text in [
        "",
        r#"{"error":"invalid_request"}"#,
        r#"{"error":"invalid_client"}"#,
        r#"{"message":"busy"}"#,
    ] {
        for status in [408, 425, 429, 500, 503, 599] {
            let error = quiet(read(answer(status, text)));
            assert!(
                error.remedy() == Remedy::Retry,
                "{status} {text}: {error:?}"
            );
        }
        for status in [400, 401, 403, 409] {
            let error = quiet(read(answer(status, text)));
            assert!(
                error.remedy() != Remedy::Retry,
                "{status} {text}: {error:?}"
            );
            let error = quiet(with(status, "retry-after", "60", text));
            assert!(
                error.remedy() == Remedy::Retry,
                "{status} {text}: {error:?}"
            );
            assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
        }
    }
    assert!(quiet(body(r#"{"error":"slow_down"}"#)).remedy() == Remedy::Retry);
}

#[test]
fn retry_after_is_followed_up_to_a_day() {
    let asked = |value: &str| {
        let answer = Response::builder().status(429).header("retry-after", value);
        let answer = answer.header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        let error = quiet(read(answer.body(Vec::new()).expect("a header")));
        error.retry_after().map(|wait| wait.as_secs())
    };
    for (value, seconds) in [
        ("0", Some(0)),
        ("40159", Some(40_159)),
        ("86400", Some(86_400)),
        ("86401", Some(86_400)),
        ("99999999999999999999999", Some(86_400)),
        ("Thu, 01 Jan 2026 11:09:19 GMT", Some(40_159)),
        ("Sat, 03 Jan 2026 00:00:00 GMT", Some(86_400)),
        ("Wed, 31 Dec 2025 00:00:00 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
    ] {
        assert_eq!(asked(value), seconds, "{value}");
    }
}
