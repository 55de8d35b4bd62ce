//! An error as bytes, so that every process of a fleet can tell why it rests.

use std::time::Duration;

use crate::error::{Error, Network, Reason, Refusal, RequestKind, Sent, StoreFailure};

use super::read::Reader;
use super::write::Writer;

pub(super) fn write(error: &Error, to: &mut Writer) {
    match error {
        Error::Configuration(message) => tagged(0, message, to),
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
        Error::Answer(unusable) => tagged(3, &unusable.to_string(), to),
        Error::Network { network, sent } => {
            to.byte(4);
            write_network(network, to);
            to.bool(*sent == Sent::Maybe);
        }
        Error::Store { failure, detail } => {
            tagged(5, detail, to);
            to.byte(position(&STORE_FAILURES, failure));
        }
        Error::NotBefore { cause, .. } => write(cause, to),
        Error::ReauthenticationRequired { reason, .. } => {
            to.byte(REAUTHENTICATION);
            write_reason(*reason, to);
            to.option(root(error), write);
        }
    }
}

pub(super) fn read(from: &mut Reader<'_>) -> Option<Error> {
    match from.byte()? {
        REAUTHENTICATION => Some(Error::ReauthenticationRequired {
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
        Error::ReauthenticationRequired { cause, .. } => root(cause.as_deref()?),
        Error::NotBefore { cause, .. } => root(cause),
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
        3 => Error::answer(from.text()?),
        4 => Error::Network {
            network: read_network(from)?,
            sent: if from.bool()? { Sent::Maybe } else { Sent::No },
        },
        5 => {
            let detail = from.text()?;
            Error::store(at(&STORE_FAILURES, from.byte()?)?, detail)
        }
        _ => return None,
    })
}

pub(super) fn write_reason(reason: Reason, to: &mut Writer) {
    to.byte(position(&REASONS, &reason));
}

pub(super) fn read_reason(from: &mut Reader<'_>) -> Option<Reason> {
    at(&REASONS, from.byte()?)
}

fn write_network(network: &Network, to: &mut Writer) {
    match network {
        Network::Connect(detail) => tagged(CONNECT, detail, to),
        other => to.byte(position(&NETWORKS, other)),
    }
}

fn read_network(from: &mut Reader<'_>) -> Option<Network> {
    match from.byte()? {
        CONNECT => from.text().map(Network::Connect),
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
const REASONS: [Reason; 7] = [
    Reason::NoCredentials,
    Reason::CredentialsRefused,
    Reason::RefreshTokenRefused,
    Reason::RefreshTokenUncertain,
    Reason::CodeSpent,
    Reason::LoginTimedOut,
    Reason::LoginCancelled,
];
const NETWORKS: [Network; 5] = [
    Network::NameLookup,
    Network::Proxy,
    Network::Timeout,
    Network::Closed,
    Network::Protocol,
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
