//! Errors of ureq as ours. Theirs are never kept or formatted: some of them print the whole URL.

use std::io::{self, ErrorKind};

use ureq::Timeout;

use crate::error::{Delivery, Error, NetworkFailure, clean};

/// How far a request got, as its body shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Progress {
    /// It has no body.
    Bodiless,
    /// ureq did not read the body.
    BodyKept,
    /// ureq read the body.
    BodyTaken,
    /// A response has begun.
    Responded,
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
                "ureq refused the request; check its URL and the settings of the agent",
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

/// The failure of a request to an API.
pub(crate) fn of_api(failure: ureq::Error) -> Error {
    match failure {
        ureq::Error::StatusCode(status) => Error::status(status, None),
        ureq::Error::TooManyRedirects => Error::response("it redirects too often"),
        ureq::Error::RedirectFailed => Error::response(
            "it redirects a request with a body, or to a URL that is not one of http or https",
        ),
        ureq::Error::BodyExceedsLimit(limit) => {
            Error::response(format!("it is larger than {limit} bytes"))
        }
        ureq::Error::HostNotFound
        | ureq::Error::Timeout(_)
        | ureq::Error::Io(_)
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::ConnectionFailed
        | ureq::Error::Tls(_)
        | ureq::Error::TlsRequired
        | ureq::Error::Http(_)
        | ureq::Error::BadUri(_)
        | ureq::Error::RequireHttpsOnly(_)
        | ureq::Error::LargeResponseHeader(..)
        | ureq::Error::Protocol(_) => error(failure, Progress::Bodiless),
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(_) => error(failure, Progress::Bodiless),
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(_) => error(failure, Progress::Bodiless),
        // A body that is not JSON, not text, or badly compressed; an error of a middleware.
        _ => Error::response("its body cannot be read, or a middleware of the agent failed"),
    }
}

fn io(error: &io::Error, progress: Progress) -> (NetworkFailure, Delivery) {
    if is_lookup(error) {
        return (NetworkFailure::NameLookup, Delivery::NotSent);
    }
    let text = error.to_string();
    let unsent = match progress {
        Progress::BodyKept => true,
        Progress::BodyTaken | Progress::Responded => false,
        // Only what cannot come later counts: noise in a response is reported as noise in a handshake is.
        Progress::Bodiless => {
            REFUSED.contains(&error.kind()) || HANDSHAKE.iter().any(|it| text.starts_with(it))
        }
    };
    // With TLS 1.3 a server refuses a client's certificate when the request is on its way.
    let is_alert = text.starts_with(ALERT) || text.contains(ALERT_OF_OPENSSL);
    let is_refused = !matches!(progress, Progress::Responded) && is_alert;
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
/// Kinds of errors of a connection that was never made.
const REFUSED: [ErrorKind; 4] = [
    ErrorKind::AddrNotAvailable,
    ErrorKind::ConnectionRefused,
    ErrorKind::HostUnreachable,
    ErrorKind::NetworkUnreachable,
];
/// Beginnings of the texts of rustls that belong to a handshake and nothing else: the client refuses the server's
/// certificate or version, or the server refuses what the client offers (RFC 8446 §6.2). A refused client certificate is
/// not among them, since with TLS 1.3 the request is on its way by then.
const HANDSHAKE: [&str; 6] = [
    "invalid peer certificate",
    "peer is incompatible",
    "received fatal alert: HandshakeFailure",
    "received fatal alert: InsufficientSecurity",
    "received fatal alert: ProtocolVersion",
    "received fatal alert: UnrecognisedName",
];
/// Beginning of the text with which rustls reports that the server broke off.
const ALERT: &str = "received fatal alert";
/// Part of the text with which OpenSSL does.
const ALERT_OF_OPENSSL: &str = "SSL alert number";
/// The most characters of the operating system's or TLS library's reason.
const DETAIL: usize = 160;
