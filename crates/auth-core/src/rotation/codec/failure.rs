//! An error as bytes, so that every process of a fleet can tell why it rests.

use std::time::Duration;

use crate::error::{
    Delivery, Error, LoginReason, NetworkFailure, Refusal, RequestKind, StoreFailure,
};

use super::read::Reader;
use super::write::Writer;

pub(super) fn write(error: &Error, to: &mut Writer) {
    match error {
        Error::Configuration { message, .. } => tagged(0, message, to),
        Error::Refused(refusal) => {
            to.byte(1);
            to.text(&refusal.code.to_string());
            to.option(refusal.description.as_deref(), |text, to| to.text(text));
            to.option(refusal.status.as_ref(), |status, to| {
                to.u64((*status).into());
            });
            write_wait(refusal.retry_after, to);
        }
        Error::Status {
            status,
            retry_after,
            request,
            message,
        } => {
            to.byte(STATUS);
            to.u64((*status).into());
            write_wait(*retry_after, to);
            to.byte(position(&REQUESTS, request));
            to.option(message.as_deref(), |text, to| to.text(text));
        }
        Error::Response(unusable) => tagged(3, &unusable.to_string(), to),
        Error::Network { failure, delivery } => {
            to.byte(4);
            write_network(failure, to);
            to.bool(*delivery == Delivery::Unknown);
        }
        Error::Store { failure, message } => {
            tagged(5, message, to);
            to.byte(position(&STORE_FAILURES, failure));
        }
        Error::BackOff { cause, .. } => write(cause, to),
        Error::LoginRequired { reason, .. } => {
            to.byte(REAUTHENTICATION);
            write_reason(*reason, to);
            to.option(root(error), write);
        }
    }
}

pub(super) fn read(from: &mut Reader<'_>) -> Option<Error> {
    match from.byte()? {
        REAUTHENTICATION => Some(Error::LoginRequired {
            reason: read_reason(from)?,
            cause: from
                .option(|from| from.byte().and_then(|tag| read_plain(tag, from)))?
                .map(Box::new),
        }),
        tag => read_plain(tag, from),
    }
}

/// What stands at the beginning of a chain of consequences: one level is all that is written, so one
/// is all that is read.
fn root(error: &Error) -> Option<&Error> {
    match error {
        Error::LoginRequired { cause, .. } => root(cause.as_deref()?),
        Error::BackOff { cause, .. } => root(cause),
        plain => Some(plain),
    }
}

fn read_plain(tag: u8, from: &mut Reader<'_>) -> Option<Error> {
    Some(match tag {
        0 => Error::configuration(from.text()?),
        1 => {
            let mut refusal = Refusal::new(&from.text()?, None);
            refusal.description = from.option(Reader::text)?;
            refusal.status = from.option(read_status)?;
            refusal.retry_after = read_wait(from)?;
            refusal.into()
        }
        // Records of before: what the server said was not kept.
        2 => Error::status(read_status(from)?, read_wait(from)?),
        STATUS => Error::Status {
            status: read_status(from)?,
            retry_after: read_wait(from)?,
            request: at(&REQUESTS, from.byte()?)?,
            message: from.option(Reader::text)?.map(String::into_boxed_str),
        },
        3 => Error::response(from.text()?),
        4 => Error::Network {
            failure: read_network(from)?,
            delivery: if from.bool()? {
                Delivery::Unknown
            } else {
                Delivery::NotSent
            },
        },
        5 => {
            let detail = from.text()?;
            Error::store(at(&STORE_FAILURES, from.byte()?)?, detail)
        }
        _ => return None,
    })
}

pub(super) fn write_reason(reason: LoginReason, to: &mut Writer) {
    to.byte(position(&REASONS, &reason));
}

pub(super) fn read_reason(from: &mut Reader<'_>) -> Option<LoginReason> {
    at(&REASONS, from.byte()?)
}

fn write_network(network: &NetworkFailure, to: &mut Writer) {
    match network {
        NetworkFailure::Connect(detail) => tagged(CONNECT, detail, to),
        other => to.byte(position(&NETWORKS, other)),
    }
}

fn read_network(from: &mut Reader<'_>) -> Option<NetworkFailure> {
    match from.byte()? {
        CONNECT => from.text().map(NetworkFailure::Connect),
        tag => at(&NETWORKS, tag),
    }
}

fn write_wait(wait: Option<Duration>, to: &mut Writer) {
    to.option(wait.as_ref(), |wait, to| to.duration(*wait));
}

fn read_wait(from: &mut Reader<'_>) -> Option<Option<Duration>> {
    from.option(Reader::duration)
}

fn read_status(from: &mut Reader<'_>) -> Option<u16> {
    u16::try_from(from.u64()?).ok()
}

fn tagged(tag: u8, text: &str, to: &mut Writer) {
    to.byte(tag);
    to.text(text);
}

/// The place of a value in a list, which is what is written for it.
pub(super) fn position<T: PartialEq>(list: &[T], value: &T) -> u8 {
    let place = list.iter().position(|other| other == value);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(0)
}

pub(super) fn at<T: Clone>(list: &[T], place: u8) -> Option<T> {
    list.get(usize::from(place)).cloned()
}

/// In the order in which they are written; new ones go to the end.
const REASONS: [LoginReason; 6] = [
    LoginReason::NoCredentials,
    LoginReason::CredentialsRefused,
    LoginReason::RefreshTokenRefused,
    LoginReason::RefreshTokenUncertain,
    LoginReason::TimedOut,
    LoginReason::Cancelled,
];
const NETWORKS: [NetworkFailure; 5] = [
    NetworkFailure::NameLookup,
    NetworkFailure::Proxy,
    NetworkFailure::Timeout,
    NetworkFailure::Closed,
    NetworkFailure::Protocol,
];
const STORE_FAILURES: [StoreFailure; 3] = [
    StoreFailure::Unavailable,
    StoreFailure::Unsafe,
    StoreFailure::Unreadable,
];
const REQUESTS: [RequestKind; 4] = [
    RequestKind::Other,
    RequestKind::Login,
    RequestKind::Refresh,
    RequestKind::Code,
];
const CONNECT: u8 = 255;
const REAUTHENTICATION: u8 = 6;
const STATUS: u8 = 7;
