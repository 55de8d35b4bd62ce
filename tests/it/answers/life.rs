//! Lifetime of a token, in every notation that servers use.

use std::time::Duration;

use auth_core::Result;
use auth_core::grant::{ExpiryFormat, Lifetime, ResponseFormat};
use auth_core::http::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::support::{CANARY, answer};

use super::{assert_malformed, body, read_as};

/// Reads an answer whose `expires_in` is this.
fn expires(expires_in: &str) -> Result<Lifetime> {
    let text = format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":{expires_in}}}"#);
    body(text).map(|response| response.lifetime)
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
            Lifetime::For(Duration::from_secs(3600)),
            "{text}"
        );
    }
}

#[test]
fn a_life_below_one_second_is_zero() {
    for text in ["0", "-1", "-0.5", r#""-3600""#, "-1e300", "0.9"] {
        assert_eq!(
            expires(text).unwrap(),
            Lifetime::For(Duration::ZERO),
            "{text}"
        );
    }
}

/// `null` counts as absent.
#[test]
fn an_absent_life_is_the_documented_one_or_unknown() {
    let absent = r#"{"access_token":"a","token_type":"bearer"}"#;
    assert_eq!(body(absent).unwrap().lifetime, Lifetime::Unknown);
    assert_eq!(expires("null").unwrap(), Lifetime::Unknown);
    let format = ResponseFormat::new().lifetime(Duration::from_secs(7200));
    let response = read_as(format, answer(200, absent)).unwrap();
    assert_eq!(response.lifetime, Lifetime::For(Duration::from_secs(7200)));
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
        assert_eq!(expires(text).unwrap(), Lifetime::For(year), "{text}");
    }
    assert_eq!(
        expires("31622399").unwrap(),
        Lifetime::For(year - Duration::from_secs(1))
    );
}

#[test]
fn a_life_that_is_not_a_number_is_malformed() {
    for text in [
        r#""NaN""#,
        r#""inf""#,
        r#""-Infinity""#,
        r#""soon""#,
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
fn an_impossible_epoch_is_malformed_with_a_hint() {
    let format = || ResponseFormat::new().expires("expires_in", ExpiryFormat::EpochSeconds);
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
    let hour = Lifetime::For(Duration::from_secs(3600));
    assert_eq!(at("1767229200").unwrap().lifetime, hour);
    assert_eq!(at(r#""1767229200""#).unwrap().lifetime, hour);
}

#[test]
fn an_expiry_in_words_is_a_moment_with_its_offset() {
    let format = || ResponseFormat::new().expires("expires_at", ExpiryFormat::Rfc3339);
    let at = |expires_at: &str| {
        let text = format!(
            r#"{{"access_token":"{CANARY}","token_type":"bearer","expires_at":{expires_at}}}"#
        );
        let answer = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        read_as(format(), answer.body(text.into()).unwrap())
    };
    let hour = Lifetime::For(Duration::from_secs(3600));
    assert_eq!(at(r#""2026-01-01T01:00:00Z""#).unwrap().lifetime, hour);
    assert_eq!(
        at(r#""2026-01-01T03:00:00.000+02:00""#).unwrap().lifetime,
        hour
    );
    assert_eq!(at("null").unwrap().lifetime, Lifetime::Unknown);
    assert_malformed(
        at(r#""2025-12-31T23:59:59Z""#),
        "had passed when the server sent it",
    );
    for text in [r#""2026-01-01""#, r#""soon""#, "1767229200", "true"] {
        assert_malformed(at(text), "its expiry should be a date and time");
    }
}

/// Reads an `expires_at` that was sent on 1 January 2026.
fn expires_at(expiry: ExpiryFormat, expires_at: &str) -> Result<Lifetime> {
    let format = ResponseFormat::new().expires("expires_at", expiry);
    let text =
        format!(r#"{{"access_token":"{CANARY}","token_type":"bearer","expires_at":{expires_at}}}"#);
    let answer = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    read_as(format, answer.body(text.into()).unwrap()).map(|response| response.lifetime)
}

#[test]
fn milliseconds_are_read_where_they_are_set() {
    let is = |milliseconds: u64| Lifetime::For(Duration::from_millis(milliseconds));
    let from_now = |text| expires_at(ExpiryFormat::Milliseconds, text).unwrap();
    assert_eq!(from_now("300000"), is(300_000));
    assert_eq!(from_now(r#""300000""#), is(300_000));
    assert_eq!(from_now("0"), is(0));
    let epoch = |text| expires_at(ExpiryFormat::EpochMilliseconds, text).unwrap();
    assert_eq!(epoch("1767229200000"), is(3_600_000));
    assert_eq!(epoch(r#""1767229200999""#), is(3_600_000));
}

#[test]
fn a_number_in_another_unit_is_an_error_naming_the_setting() {
    for (expiry, number, setting) in [
        (
            ExpiryFormat::Seconds,
            "1999999999",
            "`ExpiryFormat::EpochSeconds`",
        ),
        (
            ExpiryFormat::Seconds,
            r#""1999999999""#,
            "`ExpiryFormat::EpochSeconds`",
        ),
        (
            ExpiryFormat::Seconds,
            "316224001",
            "`ExpiryFormat::EpochSeconds`",
        ),
        (
            ExpiryFormat::Seconds,
            "1999999999000",
            "`ExpiryFormat::EpochMilliseconds`",
        ),
        (
            ExpiryFormat::Milliseconds,
            "1999999999000",
            "`ExpiryFormat::EpochMilliseconds`",
        ),
        (
            ExpiryFormat::EpochSeconds,
            "3600",
            "`ExpiryFormat::Seconds`",
        ),
        (
            ExpiryFormat::EpochSeconds,
            "1999999999000",
            "`ExpiryFormat::EpochMilliseconds`",
        ),
        (
            ExpiryFormat::EpochMilliseconds,
            "1999999999",
            "`ExpiryFormat::EpochSeconds`",
        ),
        (
            ExpiryFormat::EpochMilliseconds,
            "3600",
            "`ExpiryFormat::Seconds`",
        ),
        (
            ExpiryFormat::Seconds,
            r#""2026-01-01T01:00:00Z""#,
            "`ResponseFormat::expires`",
        ),
        (
            ExpiryFormat::Rfc3339,
            r#""2026-01-01 01:00:00""#,
            "`ResponseFormat::lifetime`",
        ),
    ] {
        let error = expires_at(expiry, number).unwrap_err().to_string();
        assert!(error.contains(setting), "{expiry:?} {number}: {error}");
    }
}

#[test]
fn a_date_is_read_in_its_common_spellings() {
    let hour = Lifetime::For(Duration::from_secs(3600));
    for date in [
        "Thu, 01 Jan 2026 01:00:00 GMT",
        "2026-01-01T01:00:00Z",
        "2026-01-01 01:00:00Z",
        "2026-01-01T01:00:00+0000",
        "2026-01-01 03:00:00 +0200",
        "2026-01-01T01:00:00.000-00:00",
    ] {
        for expiry in [ExpiryFormat::Rfc3339, ExpiryFormat::HttpDate] {
            let read = expires_at(expiry, &format!(r#""{date}""#)).unwrap();
            assert_eq!(read, hour, "{date}");
        }
    }
}

#[test]
fn an_unreadable_life_is_the_documented_one() {
    let documented = ResponseFormat::new().lifetime(Duration::from_secs(7200));
    for text in [
        r#""""#,
        r#""two minutes""#,
        "false",
        r#""1h""#,
        "[]",
        "{}",
        "-1",
        r#""-1""#,
        "1999999999",
    ] {
        let text = format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":{text}}}"#);
        let response = read_as(documented.clone(), answer(200, &text)).unwrap();
        assert_eq!(
            response.lifetime,
            Lifetime::For(Duration::from_secs(7200)),
            "{text}"
        );
    }
    let zero = r#"{"access_token":"a","token_type":"bearer","expires_in":0}"#;
    let response = read_as(documented, answer(200, zero)).unwrap();
    assert_eq!(
        response.lifetime,
        Lifetime::For(Duration::ZERO),
        "0 can be read"
    );
    assert_eq!(
        expires(r#""""#).unwrap(),
        Lifetime::Unknown,
        "an empty one is left out"
    );
}

/// An answer whose access token is a JWT with these claims.
fn jwt(claims: &str, date: &str, life: Option<Duration>) -> Result<Lifetime> {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(claims);
    let text =
        format!(r#"{{"access_token":"eyJhbGciOiJub25lIn0.{payload}.c2ln","token_type":"Bearer"}}"#);
    let format = ResponseFormat::new().expires("expires_in", ExpiryFormat::JwtExp);
    let format = life.into_iter().fold(format, ResponseFormat::lifetime);
    let mut answer = Response::builder();
    if !date.is_empty() {
        answer = answer.header("date", date);
    }
    read_as(format, answer.body(text.into()).unwrap()).map(|response| response.lifetime)
}

#[test]
fn a_jwts_own_expiry_is_read_on_request() {
    let (date, hour) = ("Thu, 01 Jan 2026 00:00:00 GMT", Duration::from_secs(3600));
    let exp = r#"{"exp":1767229200}"#;
    assert_eq!(jwt(exp, date, None).unwrap(), Lifetime::For(hour));
    let both = r#"{"iat":1767228000,"exp":1767229200}"#;
    assert_eq!(
        jwt(both, date, None).unwrap(),
        Lifetime::For(hour),
        "by the date"
    );
    let life = Lifetime::For(Duration::from_secs(1200));
    assert_eq!(jwt(both, "", None).unwrap(), life, "by the token's own");
    assert!(matches!(jwt(exp, "", None).unwrap(), Lifetime::Until(_)));
    assert_eq!(
        jwt(r#"{"sub":"x"}"#, date, None).unwrap(),
        Lifetime::Unknown
    );
    let error = jwt(r#"{"exp":1767225600}"#, date, None).unwrap_err();
    assert!(error.to_string().contains("had passed"), "{error}");
    let error = jwt("canary7Qz", date, None).unwrap_err();
    assert!(error.to_string().contains("is not a JWT"), "{error}");
    assert_eq!(
        jwt("opaque", date, Some(hour)).unwrap(),
        Lifetime::For(hour)
    );
    // By default the claim is ignored.
    let text = r#"{"access_token":"eyJhbGciOiJub25lIn0.eyJleHAiOjE3NjcyMjkyMDB9.c2ln","token_type":"Bearer"}"#;
    assert_eq!(body(text).unwrap().lifetime, Lifetime::Unknown);
}

#[test]
fn the_life_of_a_refresh_token_is_read_from_the_answer() {
    let read = |members: &str, documented: Option<u64>| {
        let text = format!(
            r#"{{"access_token":"a","token_type":"bearer","refresh_token":"r",{members}}}"#
        );
        let documented = documented.map(Duration::from_secs).into_iter();
        let format = documented.fold(
            ResponseFormat::new(),
            ResponseFormat::refresh_token_lifetime,
        );
        let response = read_as(format, answer(200, &text)).unwrap();
        response.refresh_token_lifetime.map(|life| life.as_secs())
    };
    assert_eq!(read(r#""refresh_expires_in":1800"#, None), Some(1800));
    assert_eq!(read(r#""refresh_expires_in":"1800""#, Some(60)), Some(1800));
    assert_eq!(
        read(r#""refresh_token_expires_in":7776000"#, None),
        Some(7_776_000)
    );
    assert_eq!(read(r#""x_refresh_token_expires_in":60"#, None), Some(60));
    assert_eq!(read(r#""refreshTokenExpiresIn":60"#, None), Some(60));
    // Keycloak's offline sessions do not expire.
    assert_eq!(read(r#""refresh_expires_in":0"#, Some(60)), None);
    for unread in [
        r#""refresh_expires_in":"soon""#,
        r#""refresh_expires_in":-1"#,
        r#""x":1"#,
    ] {
        assert_eq!(read(unread, Some(60)), Some(60), "{unread}");
        assert_eq!(read(unread, None), None, "{unread}");
    }
}

/// The claim `exp` overrides the expiry member and a documented lifetime.
#[test]
fn a_jwts_own_expiry_outweighs_a_documented_life() {
    let payload = BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":1767225900}"#);
    let text =
        format!(r#"{{"access_token":"e30.{payload}.c2ln","token_type":"Bearer","expires_in":-1}}"#);
    let format = ResponseFormat::new()
        .expires("expires_in", ExpiryFormat::JwtExp)
        .lifetime(Duration::from_secs(3600));
    let answer = Response::builder().header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    let response = read_as(format, answer.body(text.into()).unwrap()).unwrap();
    assert_eq!(response.lifetime, Lifetime::For(Duration::from_secs(300)));
}
