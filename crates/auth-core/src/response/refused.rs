//! Refusals and failures among responses.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Response};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::error::{Error, ErrorCode, Refusal, RequestKind, Result, clean};
use crate::request::Echo;
use crate::secret::Secret;

use super::ResponseFormat;
use super::body::Body;
use super::members::Member;
use super::places;
use super::words::{Said, is_failure};

/// Checks an answer: its status first, then the member `error`, then the status again.
///
/// - 404, 405, 410, 415, 421 and 422 are an [`Error::Status`], without regard to the body: frameworks write
///   `"error": "Not Found"` into their pages.
/// - A text or a number in `error` is an [`Error::Refused`], also with 200, and also beside a token if it
///   is a text; in any other status than a success an object or a list there is an [`Error::Status`].
/// - Any other response without a success status is an [`Error::Status`] with the server's words.
/// - A success without a token that reports its failure in another member (`errcode`, `errors`,
///   `"ok": false`) is a refusal in the server's own words. Only a `format` defines the place of a token.
pub(super) fn refused(
    answer: &Response<Vec<u8>>,
    body: &Body,
    format: Option<&ResponseFormat>,
    without_echo: &dyn Fn(&str) -> String,
) -> Result<()> {
    let status = answer.status();
    let retry_after = retry_after(answer.headers(), date(answer.headers()));
    let listed = |format: &ResponseFormat| format.other_success.contains(&status.as_u16());
    let is_success = status.is_success() || format.is_some_and(listed);
    let quiet = |text: &str| without_secrets(body, &without_echo(text));
    let words = || Said::in_answer(&body.root, status.as_u16());
    // The URL or the encoding is wrong, or there is a token: then nothing is a refusal.
    let is_none = match status.as_u16() {
        404 | 405 | 410 | 415 | 421 | 422 if !is_success => true,
        _ => is_success && format.is_some_and(|format| is_beside(body, format)),
    };
    let read = || {
        let by_error = refusal(body, Some(status.as_u16()), &quiet);
        by_error.or_else(|| (is_success && fails(body, format)).then(|| unclear(words(), &quiet)))
    };
    if let Some(mut refusal) = (!is_none).then(read).flatten() {
        refusal.status = Some(status.as_u16());
        refusal.retry_after = retry_after;
        return Err(refusal.into());
    }
    if is_success {
        return Ok(());
    }
    Err(Error::Status {
        status: status.as_u16(),
        retry_after,
        request: RequestKind::Other,
        message: words().line().map(|line| clean(&quiet(&line), 256).into()),
    })
}

/// The refusal that an answer is by its member `error`, if it is one (RFC 6749 §5.2).
pub(super) fn refusal(
    body: &Body,
    status: Option<u16>,
    quiet: &dyn Fn(&str) -> String,
) -> Option<Refusal> {
    let code = match body.object()?.get("error")? {
        member if member.is_nothing() => return None,
        Member::Text(text) => text.expose().to_owned(),
        Member::Number(number) => number.to_string(),
        _ => return None,
    };
    let words = Said::in_answer(&body.root, status.unwrap_or_default());
    // In a redirect `code` is a secret.
    let description = match status {
        Some(_) => words.beside(&code),
        None => words.text(),
    };
    let description = description.map(|text| quiet(&text));
    let refusal = |code: &str| Refusal::new(code, description.as_deref());
    Some(match ErrorCode::from(code.as_str()) {
        ErrorCode::Other(_) => refusal(&quiet(&code)),
        // One of the RFCs' words stays one, even if it holds a client's name.
        _ => refusal(&code),
    })
}

/// Returns `true` if there is a token beside `error`, and `error` is not a text that means a failure.
fn is_beside(body: &Body, format: &ResponseFormat) -> bool {
    let error = body.object().and_then(|members| members.get("error"));
    let says_nothing = match error {
        Some(Member::Text(text)) => ["0", "false", "null"].contains(&text.expose()),
        _ => true,
    };
    let token = body.root.get(&format.access_token);
    let is_there = || token.is_some_and(|token| token.words().is_some());
    // What is called a token in what is in `error` belongs to the refusal.
    let is_elsewhere = || {
        places::of_access_token(&body.root, &format.access_token)
            .is_some_and(|place| !place.starts_with("error."))
    };
    says_nothing && (is_there() || is_elsewhere())
}

/// Returns `true` if an answer with a status of success is a failure by its words, and no token is in it.
fn fails(body: &Body, format: Option<&ResponseFormat>) -> bool {
    let error = body.object().and_then(|members| members.get("error"));
    if error.is_some_and(|error| {
        matches!(error, Member::Object(_) | Member::List(_)) && !error.is_nothing()
    }) {
        return true;
    }
    let Some(format) = format else { return false };
    is_failure(&body.root)
        && places::of_access_token(&body.root, &format.access_token).is_none()
        && body
            .root
            .get(&format.refresh_token)
            .is_none_or(Member::is_nothing)
        && places::of_refresh_token(&body.root, None).is_none()
}

fn unclear(words: Said, quiet: &dyn Fn(&str) -> String) -> Refusal {
    let code = words.code().map(str::to_owned);
    let description = words.beside(code.as_deref().unwrap_or_default());
    let [code, description] = [code, description].map(|text| text.map(|text| quiet(&text)));
    Refusal::unclear(code.as_deref(), description.as_deref())
}

/// A text without the tokens and secrets that stand in the same answer.
pub(super) fn without_secrets(body: &Body, text: &str) -> String {
    let secrets = places::secrets(&body.root);
    Echo::of(secrets.into_iter().map(Secret::expose)).leave_out(text)
}

/// The moment of the answer by the server's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(headers.get(DATE)?.to_str().ok()?, &Rfc2822).ok()
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), at most a day.
fn retry_after(headers: &HeaderMap, date: Option<OffsetDateTime>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if is_number {
        value.parse().map_or(LONGEST_WAIT, Duration::from_secs)
    } else {
        let until = OffsetDateTime::parse(value, &Rfc2822).ok()? - date?;
        Duration::try_from(until).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
