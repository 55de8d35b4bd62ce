//! ureq's errors as ours. Theirs are never kept or formatted: some of them print the whole URL.

use std::io::{self, ErrorKind};

use ureq::Timeout;

use crate::error::{Delivery, Error, NetworkFailure, clean};

/// How far a request got, as far as its body tells.
#[derive(Clone, Copy, Debug)]
pub(super) enum Progress {
    /// It has no body to tell by.
    NoBody,
    /// ureq did not ask for the body.
    BodyKept,
    /// ureq asked for the body.
    BodyTaken,
    /// An answer has begun.
    Answered,
}

/// The failure, and whether the request may have arrived.
pub(super) fn error(error: ureq::Error, progress: Progress) -> Error {
    let sent = if matches!(progress, Progress::BodyKept) {
        Delivery::NotSent
    } else {
        Delivery::Unknown
    };
    let (network, sent) = match error {
        ureq::Error::HostNotFound => (NetworkFailure::NameLookup, Delivery::NotSent),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            (NetworkFailure::Timeout, Delivery::NotSent)
        }
        ureq::Error::Timeout(_) => (NetworkFailure::Timeout, sent),
        ureq::Error::Io(e) => io(&e, progress),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            (NetworkFailure::Proxy, Delivery::NotSent)
        }
        ureq::Error::ConnectionFailed => (
            NetworkFailure::Connect("no reason given".to_owned()),
            Delivery::NotSent,
        ),
        ureq::Error::Tls(reason) => (
            NetworkFailure::Connect(reason.to_owned()),
            Delivery::NotSent,
        ),
        ureq::Error::TlsRequired => (
            NetworkFailure::Connect("the connector made no TLS".to_owned()),
            Delivery::NotSent,
        ),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => {
            return Error::configuration(
                "ureq refused the request; check the endpoint and the agent",
            );
        }
        ureq::Error::LargeResponseHeader(..) => {
            return Error::response("its headers are too large");
        }
        ureq::Error::Protocol(_) => (NetworkFailure::Protocol, sent),
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(e) => (
            NetworkFailure::Connect(clean(&e.to_string(), DETAIL)),
            Delivery::NotSent,
        ),
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(e) => (
            NetworkFailure::Connect(clean(&e.to_string(), DETAIL)),
            Delivery::NotSent,
        ),
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        ureq::Error::Pem(_) => {
            return Error::configuration("a certificate or key is not valid PEM");
        }
        _ if sent == Delivery::NotSent => (
            NetworkFailure::Connect("the TLS or HTTP layer failed".to_owned()),
            sent,
        ),
        _ => (NetworkFailure::Protocol, sent),
    };
    Error::Network {
        failure: network,
        delivery: sent,
    }
}

fn io(error: &io::Error, progress: Progress) -> (NetworkFailure, Delivery) {
    if is_lookup(error) {
        return (NetworkFailure::NameLookup, Delivery::NotSent);
    }
    let text = error.to_string();
    let unsent = match progress {
        Progress::BodyKept => true,
        Progress::BodyTaken | Progress::Answered => false,
        // Only what cannot come later counts: noise in an answer is reported as noise in a handshake is.
        Progress::NoBody => REFUSED.contains(&error.kind()) || text.starts_with(CERTIFICATE),
    };
    // With TLS 1.3 a server that refuses a client's certificate says so when the request is on its way.
    let is_refused = !matches!(progress, Progress::Answered) && text.starts_with(ALERT);
    let network = match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => NetworkFailure::Timeout,
        _ if unsent || is_refused => NetworkFailure::Connect(clean(&text, DETAIL)),
        _ => NetworkFailure::Closed,
    };
    (
        network,
        if unsent {
            Delivery::NotSent
        } else {
            Delivery::Unknown
        },
    )
}

/// A failed lookup has no kind of its own: std gives it this text, Windows one of these numbers.
fn is_lookup(error: &io::Error) -> bool {
    let by_number = cfg!(windows) && matches!(error.raw_os_error(), Some(11001..=11004));
    by_number || error.to_string().starts_with(LOOKUP)
}

const LOOKUP: &str = "failed to lookup address information";
/// What only a connection that was never made can say.
const REFUSED: [ErrorKind; 4] = [
    ErrorKind::AddrNotAvailable,
    ErrorKind::ConnectionRefused,
    ErrorKind::HostUnreachable,
    ErrorKind::NetworkUnreachable,
];
/// How rustls begins to say that it does not trust a server, which it checks before all else.
const CERTIFICATE: &str = "invalid peer certificate";
/// How rustls begins to say that the server broke off.
const ALERT: &str = "received fatal alert";
/// How much of the operating system's or TLS library's reason is kept.
const DETAIL: usize = 160;
