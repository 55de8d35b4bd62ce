//! Responses of a token endpoint, well-formed and not, and their results.

mod bodies; // bodies that are not a JSON object in UTF-8
mod life; // how long a token lives
mod places; // tokens in unusual members
mod refusals; // responses that are refusals, and those that are only a status
mod session; // cases with more than one request
mod types; // values of `token_type`
mod words; // the server's own words

use auth_core::grant::{ResponseFormat, TokenRequest, TokenResponse};
use auth_core::http::Response;
use auth_core::{Error, Result};

use crate::support::{CANARY, Script, answer, quiet};

fn read(answer: Response<Vec<u8>>) -> Result<TokenResponse> {
    read_as(ResponseFormat::default(), answer)
}

fn read_as(format: ResponseFormat, answer: Response<Vec<u8>>) -> Result<TokenResponse> {
    let request = TokenRequest::form("https://as.example/token");
    request.response(format).send(&Script::of([answer]))
}

/// Reads a body with status 200.
fn body(body: impl Into<Vec<u8>>) -> Result<TokenResponse> {
    read(Response::new(body.into()))
}

/// Asserts that a response cannot be used, for this reason, and that the error does not quote it.
#[track_caller]
fn assert_malformed(outcome: Result<TokenResponse>, reason: &str) {
    let error = quiet(outcome);
    assert!(matches!(error, Error::Response(_)), "{error:?}");
    assert!(error.to_string().contains(reason), "{error}, not {reason}");
}

#[test]
fn a_repeated_member_is_malformed_in_any_spelling() {
    for twice in [
        r#"{"access_token":"canary7Qz1","access_token":"canary7Qz2","token_type":"bearer"}"#,
        r#"{"access_token":"canary7Qz1","access\u005ftoken":"canary7Qz2","token_type":"bearer"}"#,
        r#"{"access_token":"canary7Qz1","token_type":"bearer","other":1,"other":2}"#,
    ] {
        assert_malformed(body(twice), "each member once");
    }
    let inside = r#"{"access_token":"a","token_type":"bearer","other":{"x":1,"x":2}}"#;
    assert!(
        body(inside).is_ok(),
        "a member inside an ignored one may repeat"
    );
}

#[test]
fn a_byte_order_mark_is_skipped_and_utf_16_is_malformed() {
    let text = r#"{"access_token":"canary7Qz","token_type":"bearer"}"#;
    let response = body(format!("\u{feff}{text}")).unwrap();
    assert_eq!(response.access_token.expose(), CANARY);
    let wide = |order: fn(u16) -> [u8; 2]| {
        let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        units.flat_map(order).collect::<Vec<u8>>()
    };
    assert_malformed(body(wide(u16::to_le_bytes)), "it is UTF-16");
    assert_malformed(body(wide(u16::to_be_bytes)), "it is UTF-16");
    assert_malformed(body(format!("\u{feff}\u{feff}{text}")), "not a JSON object");
}

#[test]
fn html_with_status_200_is_malformed() {
    let html = format!("  <!DOCTYPE html><html><body>{CANARY}</body></html>");
    for content_type in ["text/html", "application/json", "text/plain", ""] {
        let answer = Response::builder().header("content-type", content_type);
        assert_malformed(
            read(answer.body(html.clone().into()).unwrap()),
            "it is HTML or XML",
        );
    }
}

#[test]
fn an_error_code_is_a_refusal_even_with_200_or_a_token() {
    for text in [
        r#"{"error":"invalid_grant"}"#,
        r#"{"error":"invalid_grant","access_token":"canary7Qz","token_type":"bearer"}"#,
    ] {
        let error = quiet(body(text));
        assert_eq!(error.refusal().expect("a refusal").status, Some(200));
        assert_eq!(
            error.to_string(),
            "the server refused the request: invalid_grant"
        );
    }
    for no_code in ["null", "\"\"", "{}", "5", "false"] {
        let text = format!(r#"{{"error":{no_code},"access_token":"a","token_type":"bearer"}}"#);
        assert!(body(text).is_ok(), "{no_code} is not an error code");
    }
}

#[test]
fn an_access_token_that_no_header_may_hold_is_malformed() {
    for (token, reason) in [
        ("null".to_owned(), "no `access_token`"),
        ("5".to_owned(), "no `access_token`"),
        (r#"["canary7Qz"]"#.to_owned(), "no `access_token`"),
        (r#""""#.to_owned(), "empty"),
        (r#"" ""#.to_owned(), "a character that no header may hold"),
        (
            r#""canary7Qz two""#.to_owned(),
            "a character that no header may hold",
        ),
        (
            r#""canary7Qz\r\nX: y""#.to_owned(),
            "a character that no header may hold",
        ),
        (
            r#""canary7Qz\u0000""#.to_owned(),
            "a character that no header may hold",
        ),
        (
            r#""canary7Qz\t""#.to_owned(),
            "a character that no header may hold",
        ),
        (
            r#""canary7Qzé""#.to_owned(),
            "a character that no header may hold",
        ),
        (
            r#""canary7Qz\u202e""#.to_owned(),
            "a character that no header may hold",
        ),
        (
            format!(r#""{}""#, CANARY.repeat(1024 * 1024 / CANARY.len())),
            "too long for a header",
        ),
    ] {
        let text = format!(r#"{{"access_token":{token},"token_type":"bearer"}}"#);
        assert_malformed(body(text), reason);
    }
    assert_malformed(body(r#"{"token_type":"bearer"}"#), "no `access_token`");
}

#[test]
fn anything_but_one_whole_json_object_is_malformed() {
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(200), close.repeat(200));
        format!(r#"{{"access_token":"{CANARY}","token_type":"bearer","x":{open}1{close}}}"#)
    };
    for (text, reason) in [
        (format!(r#"["{CANARY}"]"#), "not a JSON object"),
        (format!(r#""{CANARY}""#), "not a JSON object"),
        ("42".to_owned(), "not a JSON object"),
        ("null".to_owned(), "not a JSON object"),
        (CANARY.to_owned(), "not a JSON object"),
        (String::new(), "it is empty"),
        (" \n".to_owned(), "it is empty"),
        (deep("[", "]"), "not one whole JSON object"),
        (deep(r#"{"x":"#, "}"), "not one whole JSON object"),
        (
            format!(r#"{{"access_token":"{CANARY}","token_type":"bearer"}}x"#),
            "not one whole JSON object",
        ),
        (
            format!(r#"{{"access_token":"{CANARY}","token_type":"bearer"}}{{}}"#),
            "not one whole JSON object",
        ),
        (
            format!(r#"{{"access_token":"{CANARY}","token_type":"bearer",}}"#),
            "not one whole JSON object",
        ),
        (
            format!(r#"{{"access_token":"{CANARY}"#),
            "not one whole JSON object",
        ),
        (
            format!("{{\"access_token\":\"{CANARY}\r\n\",\"token_type\":\"bearer\"}}"),
            "not one whole JSON object",
        ),
    ] {
        assert_malformed(body(text), reason);
    }
}

#[test]
fn json_is_accepted_with_any_content_type() {
    let text = r#"{"access_token":"a","token_type":"bearer"}"#;
    for content_type in [
        "",
        "text/plain",
        "text/html; charset=utf-8",
        "application/x-www-form-urlencoded",
    ] {
        let answer = Response::builder().header("content-type", content_type);
        assert!(
            read(answer.body(text.into()).unwrap()).is_ok(),
            "{content_type}"
        );
    }
    assert!(body(text).is_ok(), "none at all");
}

#[test]
fn only_a_2xx_status_is_a_success() {
    let text = r#"{"access_token":"canary7Qz","token_type":"bearer"}"#;
    for status in [200, 201, 203, 299] {
        assert!(read(answer(status, text)).is_ok(), "{status}");
    }
    for status in [101, 300, 302, 304, 400, 401, 403, 404, 500, 599, 999] {
        let error = quiet(read(answer(status, text)));
        assert!(
            matches!(error, Error::Status { status: s, .. } if s == status),
            "{error:?}"
        );
    }
}

#[test]
fn a_description_is_escaped_and_cut() {
    let refuse = |description: &str| {
        let text = serde_json::json!({"error": "invalid_grant", "error_description": description});
        let error = body(text.to_string()).unwrap_err();
        error
            .refusal()
            .expect("a refusal")
            .description
            .clone()
            .expect("a description")
    };
    assert_eq!(
        refuse("a\x1b[31mred\nline\u{202e}back"),
        "a\\u{1b}[31mred\\nline\\u{202e}back"
    );
    assert_eq!(refuse("caf\u{e9}"), "caf\u{e9}");
    assert_eq!(refuse(&"x".repeat(1_000_000)), "x".repeat(256));
    let worst = refuse(&"\u{1b}".repeat(1_000_000));
    assert_eq!(
        worst,
        "\\u{1b}".repeat(256),
        "256 characters of the server's"
    );

    let code = serde_json::json!({"error": format!("a\n{}", "b".repeat(1000))});
    let error = body(code.to_string()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the server refused the request: a\\n{}", "b".repeat(254)),
        "a code is 64 characters, and the whole is its description"
    );
    assert_eq!(
        error.refusal().unwrap().code.to_string(),
        format!("a\\n{}", "b".repeat(62))
    );
}
