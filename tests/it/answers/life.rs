//! How long a token lives, in all the ways that servers write it.

use std::time::Duration;

use auth_core::http::Response;
use auth_core::{AnswerFormat, Expires, Expiry, Result};

use crate::support::{CANARY, answer};

use super::{assert_malformed, body, read_as};

/// Reads an answer whose `expires_in` is this.
fn expires(expires_in: &str) -> Result<Expires> {
    let text = format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":{expires_in}}}"#);
    body(text).map(|response| response.expires)
}

#[test]
fn a_life_is_read_from_a_number_a_text_a_float_and_rounded_down() {
    for text in [
        "3600",
        r#""3600""#,
        "3600.0",
        "3.6e3",
        "3600.9",
        r#"" 3600 ""#,
        r#""3600.0""#,
    ] {
        assert_eq!(
            expires(text).unwrap(),
            Expires::After(Duration::from_secs(3600)),
            "{text}"
        );
    }
}

#[test]
fn a_life_of_nothing_or_less_is_no_life() {
    for text in ["0", "-1", "-0.5", r#""-3600""#, "-1e300", "0.9"] {
        assert_eq!(
            expires(text).unwrap(),
            Expires::After(Duration::ZERO),
            "{text}"
        );
    }
}

#[test]
fn a_life_that_is_absent_or_null_is_the_documented_one_or_unknown() {
    let absent = r#"{"access_token":"a","token_type":"bearer"}"#;
    assert_eq!(body(absent).unwrap().expires, Expires::Unknown);
    assert_eq!(expires("null").unwrap(), Expires::Unknown);
    let format = AnswerFormat {
        life: Some(Duration::from_secs(7200)),
        ..AnswerFormat::default()
    };
    let response = read_as(format, answer(200, absent)).unwrap();
    assert_eq!(response.expires, Expires::After(Duration::from_secs(7200)));
}

#[test]
fn a_life_longer_than_a_year_is_cut_to_one() {
    let year = Duration::from_secs(366 * 24 * 3600);
    for text in [
        "9223372036854775808",
        "18446744073709551616",
        "1e300",
        r#""1e19""#,
        "31622401",
    ] {
        assert_eq!(expires(text).unwrap(), Expires::After(year), "{text}");
    }
    assert_eq!(
        expires("31622399").unwrap(),
        Expires::After(year - Duration::from_secs(1))
    );
}

#[test]
fn a_life_that_is_no_number_is_malformed() {
    for text in [
        r#""NaN""#,
        r#""inf""#,
        r#""-Infinity""#,
        r#""soon""#,
        r#""""#,
        "true",
        "[3600]",
        "{}",
    ] {
        let text =
            format!(r#"{{"access_token":"{CANARY}","token_type":"bearer","expires_in":{text}}}"#);
        assert_malformed(body(text), "its expiry is not a number");
    }
    let text = format!(r#"{{"access_token":"{CANARY}","token_type":"bearer","expires_in":1e400}}"#);
    assert_malformed(body(text), "it is not one whole JSON object");
}

#[test]
fn an_epoch_that_is_none_is_malformed_with_a_hint() {
    let format = || AnswerFormat {
        expiry: Expiry::EpochSeconds,
        ..AnswerFormat::default()
    };
    let at = |expires_in: &str| {
        let text = format!(
            r#"{{"access_token":"{CANARY}","token_type":"bearer","expires_in":{expires_in}}}"#
        );
        let answer = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        read_as(format(), answer.body(text.into()).unwrap())
    };
    assert_malformed(at("1767225599"), "had passed when the server sent it");
    assert_malformed(at("1767225600"), "had passed when the server sent it");
    assert_malformed(at("1798761600000"), "looks like milliseconds");
    assert_malformed(at("3600"), "looks like a number of seconds from now");
    assert_malformed(at("-1"), "looks like a number of seconds from now");
    assert_malformed(at("1e300"), "looks like milliseconds");
    let hour = Expires::After(Duration::from_secs(3600));
    assert_eq!(at("1767229200").unwrap().expires, hour);
    assert_eq!(at(r#""1767229200""#).unwrap().expires, hour);
}

#[test]
fn an_expiry_in_words_is_a_moment_with_its_offset() {
    let format = || AnswerFormat {
        expires_in: "expires_at".into(),
        expiry: Expiry::Rfc3339,
        ..AnswerFormat::default()
    };
    let at = |expires_at: &str| {
        let text = format!(
            r#"{{"access_token":"{CANARY}","token_type":"bearer","expires_at":{expires_at}}}"#
        );
        let answer = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        read_as(format(), answer.body(text.into()).unwrap())
    };
    let hour = Expires::After(Duration::from_secs(3600));
    assert_eq!(at(r#""2026-01-01T01:00:00Z""#).unwrap().expires, hour);
    assert_eq!(
        at(r#""2026-01-01T03:00:00.000+02:00""#).unwrap().expires,
        hour
    );
    assert_eq!(at("null").unwrap().expires, Expires::Unknown);
    assert_malformed(
        at(r#""2025-12-31T23:59:59Z""#),
        "had passed when the server sent it",
    );
    for text in [r#""2026-01-01""#, r#""soon""#, "1767229200", "true"] {
        assert_malformed(at(text), "its expiry should be a date and time");
    }
}
