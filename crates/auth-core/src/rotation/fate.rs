//! What a failure says of the refresh token, and what may be tried next.

use std::time::Duration;

use crate::backoff;
use crate::clock::Moment;
use crate::error::{Error, ErrorCode, Refusal, Sent};

use super::{Period, Rest};

/// What a failed refresh says of the refresh token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    Kept,
    Uncertain,
    Refused,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Something else can be tried at once.
    Now,
    /// The same or something else may be tried after a wait.
    After(Duration),
    /// Nothing more can be done now.
    Stop,
}

/// Whether a refresh token can still be sent after this failure.
pub(super) fn fate(error: &Error) -> Fate {
    match error {
        Error::Refused(refusal) => fate_of_refused(refusal),
        Error::Network { sent: Sent::No, .. } | Error::Configuration(_) => Fate::Kept,
        Error::Status {
            status,
            retry_after,
        } => fate_by_status(*status, retry_after.is_some()),
        _ => Fate::Uncertain,
    }
}

/// How long everybody rests after this failure, and whether a caller that has time may wait for it.
pub(super) fn rest(error: &Error, failures: u32, now: Moment) -> (Rest, Next) {
    let wait = backoff::wait(error, failures);
    // An answer that makes no sense now will make none in a second.
    let next = match error {
        Error::Answer(_) => Next::Stop,
        _ => Next::After(wait),
    };
    let rest = Rest {
        period: Period::new(now, wait),
        cause: error.clone(),
    };
    (rest, next)
}

fn fate_of_refused(refusal: &Refusal) -> Fate {
    match (&refusal.code, refusal.status) {
        (ErrorCode::InvalidGrant, _) => Fate::Refused,
        (_, Some(status)) => fate_by_status(status, refusal.retry_after.is_some()),
        (_, None) => Fate::Kept,
    }
}

/// A server that failed, or something before it, may have spent the token; one that says when to
/// come back has not, and neither has one that says what is wrong with the request.
fn fate_by_status(status: u16, retry_after: bool) -> Fate {
    match status {
        503 if retry_after => Fate::Kept,
        500.. => Fate::Uncertain,
        _ => Fate::Kept,
    }
}
