//! An error as bytes, so that every process of a fleet can report why it backs off.

use std::time::Duration;

use crate::error::{
    Delivery, Error, LoginReason, NetworkFailure, Refusal, RequestKind, StoreFailure,
};

use super::Numbered;
use super::wire::{Fault, Message, Read, Value, Writer, millis};

pub(super) fn write(error: &Error, to: &mut Writer) {
    match error {
        Error::Configuration { message, .. } => {
            to.byte(KIND, CONFIGURATION);
            to.text(TEXT, message);
        }
        Error::Refused(refusal) => {
            to.byte(KIND, REFUSED);
            to.text(CODE, &refusal.code.to_string());
            write_text(refusal.description.as_deref(), to);
            to.option(STATUS, refusal.status.as_ref(), |to, status| {
                to.number((*status).into());
            });
            write_wait(refusal.retry_after, to);
        }
        Error::Status {
            status,
            retry_after,
            request,
            message,
        } => {
            to.byte(KIND, OF_STATUS);
            to.option(STATUS, Some(status), |to, status| {
                to.number((*status).into());
            });
            write_wait(*retry_after, to);
            to.byte(WHICH, request.number());
            write_text(message.as_deref(), to);
        }
        Error::Response(unusable) => {
            to.byte(KIND, UNUSABLE);
            to.text(TEXT, &unusable.to_string());
        }
        Error::Network { failure, delivery } => {
            to.byte(KIND, NETWORK);
            let (which, detail) = match failure {
                NetworkFailure::NameLookup => (0, ""),
                NetworkFailure::Proxy => (1, ""),
                NetworkFailure::Timeout => (2, ""),
                NetworkFailure::Closed => (3, ""),
                NetworkFailure::Protocol => (4, ""),
                NetworkFailure::Connect(detail) => (5, detail.as_str()),
            };
            to.byte(WHICH, which);
            to.text(TEXT, detail);
            to.byte(SENT, (*delivery == Delivery::Unknown).into());
        }
        Error::Store { failure, message } => {
            to.byte(KIND, STORE);
            to.byte(WHICH, failure.number());
            to.text(TEXT, message);
        }
        Error::BackOff { cause, .. } => write(cause, to),
        Error::LoginRequired { reason, .. } => {
            to.byte(KIND, LOGIN_REQUIRED);
            to.byte(WHICH, reason.number());
            to.option(CAUSE, root(error), |to, cause| write(cause, to));
        }
    }
}

pub(super) fn read(from: Value<'_>) -> Read<Error> {
    let from = Message::read(from, &[KIND, TEXT, CODE, STATUS, WAIT, WHICH, SENT, CAUSE])?;
    if from.one(KIND)?.byte()? != LOGIN_REQUIRED {
        return read_plain(&from);
    }
    let plain = |from| {
        read_plain(&Message::read(
            from,
            &[KIND, TEXT, CODE, STATUS, WAIT, WHICH, SENT],
        )?)
    };
    Ok(Error::LoginRequired {
        reason: reason(from.one(WHICH)?.byte()?),
        cause: from.option(CAUSE, plain)?.map(Box::new),
    })
}

/// The beginning of a chain of consequences: one level is all that is written, so one is all that is
/// read.
fn root(error: &Error) -> Option<&Error> {
    match error {
        Error::LoginRequired { cause, .. } => root(cause.as_deref()?),
        Error::BackOff { cause, .. } => root(cause),
        plain => Some(plain),
    }
}

fn read_plain(from: &Message<'_>) -> Read<Error> {
    let which = || from.one(WHICH)?.byte();
    let kind = from.one(KIND)?.byte()?;
    match kind {
        CONFIGURATION | UNUSABLE => from.only(&[KIND, TEXT])?,
        REFUSED => from.only(&[KIND, TEXT, CODE, STATUS, WAIT])?,
        OF_STATUS => from.only(&[KIND, TEXT, STATUS, WAIT, WHICH])?,
        NETWORK => from.only(&[KIND, TEXT, WHICH, SENT])?,
        STORE => from.only(&[KIND, TEXT, WHICH])?,
        // Informative only: what follows from it is in the record already.
        _ => return Ok(Error::response(UNKNOWN)),
    }
    Ok(match kind {
        CONFIGURATION => Error::configuration(from.one(TEXT)?.text()?),
        REFUSED => {
            let mut refusal = Refusal::new(&from.one(CODE)?.text()?, None);
            refusal.description = from.option(TEXT, Value::text)?;
            refusal.status = from.option(STATUS, Value::u16)?;
            refusal.retry_after = from.option(WAIT, Value::duration)?;
            refusal.into()
        }
        OF_STATUS => Error::Status {
            status: from.option(STATUS, Value::u16)?.ok_or(Fault::Damaged)?,
            retry_after: from.option(WAIT, Value::duration)?,
            request: RequestKind::from_number(which()?).unwrap_or(RequestKind::Other),
            message: from.option(TEXT, Value::text)?.map(String::into_boxed_str),
        },
        UNUSABLE => Error::response(from.one(TEXT)?.text()?),
        NETWORK => Error::Network {
            failure: match which()? {
                0 => NetworkFailure::NameLookup,
                1 => NetworkFailure::Proxy,
                2 => NetworkFailure::Timeout,
                3 => NetworkFailure::Closed,
                5 => NetworkFailure::Connect(from.one(TEXT)?.text()?),
                _ => NetworkFailure::Protocol,
            },
            delivery: match from.one(SENT)?.bool()? {
                true => Delivery::Unknown,
                false => Delivery::NotSent,
            },
        },
        STORE => {
            let failure = StoreFailure::from_number(which()?).unwrap_or(StoreFailure::Unavailable);
            Error::store(failure, from.one(TEXT)?.text()?)
        }
        _ => return Err(Fault::Damaged),
    })
}

/// Why a user must log in. A reason of a newer version is read as the one after which the refresh token
/// is never sent again.
pub(super) fn reason(number: u8) -> LoginReason {
    LoginReason::from_number(number).unwrap_or(LoginReason::RefreshTokenRefused)
}

fn write_text(text: Option<&str>, to: &mut Writer) {
    to.option(TEXT, text, |to, text| to.raw(text.as_bytes()));
}

fn write_wait(wait: Option<Duration>, to: &mut Writer) {
    to.option(WAIT, wait.as_ref(), |to, wait| {
        to.number(millis(*wait));
    });
}

const UNKNOWN: &str = "a failure that a newer version of this library knows";
const KIND: u8 = 1;
const TEXT: u8 = 2;
const CODE: u8 = 3;
const STATUS: u8 = 4;
const WAIT: u8 = 5;
const WHICH: u8 = 6;
const SENT: u8 = 7;
const CAUSE: u8 = 8;

const CONFIGURATION: u8 = 0;
const REFUSED: u8 = 1;
const OF_STATUS: u8 = 2;
const UNUSABLE: u8 = 3;
const NETWORK: u8 = 4;
const STORE: u8 = 5;
const LOGIN_REQUIRED: u8 = 6;

numbered!(LoginReason {
    NoCredentials = 0,
    CredentialsRefused = 1,
    RefreshTokenRefused = 2,
    RefreshTokenUncertain = 3,
    TimedOut = 5,
    Cancelled = 6,
});
numbered!(StoreFailure {
    Unavailable = 0,
    Unsafe = 1,
    Unreadable = 2,
});
numbered!(RequestKind {
    Other = 0,
    Login = 1,
    Refresh = 2,
    Code = 3,
});
