//! What can go wrong, sorted by who must act.

mod refusal;
mod status;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::secret::Secret;

pub(crate) use refusal::clean;
pub use refusal::{ErrorCode, Refusal};
pub use status::RequestKind;

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no token.
///
/// The variant says who must act. No variant ever holds a secret, a URL, a body or the value of a
/// parameter, neither in `Display` nor in `Debug` nor in a source, so an error may be logged as it is.
/// The one URL is the redirect URI of a browser login that ran out of time, without its query.
/// All callers that waited for the same renewal get a clone of the same error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request cannot be made as it is configured; the message names the setting.
    #[error("{0}")]
    Configuration(Cow<'static, str>),

    /// The server read the request and refused it, with an error code of RFC 6749 §5.2.
    #[error("the server refused the request: {}{}", .0, .0.code.hint())]
    Refused(Box<Refusal>),

    /// The server answered with an error status and no error code, or with one of 404, 405, 410, 415,
    /// 421 and 422, which mean a wrong URL or encoding whatever the body says; a broken proxy answers
    /// like that too.
    #[error("{}", answered(*.status, *.request, .message))]
    #[non_exhaustive]
    Status {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asked for, at most a day.
        retry_after: Option<Duration>,
        /// Which request the server answered.
        request: RequestKind,
        /// What the server said: its own codes and words, cleaned and cut like those of a [`Refusal`].
        message: Option<Box<str>>,
    },

    /// The server answered, but there is no usable token in the answer.
    #[error("the answer cannot be used: {0}")]
    Answer(Box<Unusable>),

    /// No answer came.
    #[error("{}", network_message(.network, .sent))]
    Network {
        /// What failed.
        network: Network,
        /// Whether the server may have seen the request.
        sent: Sent,
    },

    /// The store of the login failed. Whoever has a valid token goes on with it.
    #[error("{failure}: {detail}")]
    Store {
        /// Who must act.
        failure: StoreFailure,
        /// What happened, and what to do.
        detail: Cow<'static, str>,
    },

    /// Too early to try again; the source says what failed last.
    #[error("not tried again for {} s after a failure", .wait.as_secs().max(1))]
    NotBefore {
        /// How long from now.
        wait: Duration,
        /// The failure that is being waited out.
        #[source]
        cause: Box<Self>,
    },

    /// Only a person can help: somebody has to log in again, or mend the credentials.
    #[error("reauthentication required: {reason}")]
    ReauthenticationRequired {
        /// Why.
        reason: Reason,
        /// The refusal that led to it, if one did.
        #[source]
        cause: Option<Box<Self>>,
    },
}

/// What failed below HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Network {
    /// The name of the host could not be looked up.
    NameLookup,
    /// No connection could be made; the text is the operating system's or the TLS library's.
    Connect(String),
    /// The proxy could not be used.
    Proxy,
    /// It took too long.
    Timeout,
    /// The connection ended before the answer did.
    Closed,
    /// What came back is not HTTP.
    Protocol,
}

/// Whether a request may have reached the server.
///
/// A client cannot tell "never arrived" from "answer lost", and a refresh token that works once must
/// not be sent again after either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// No secret of the request left this machine.
    No,
    /// It may have arrived, and the server may have acted on it.
    Maybe,
}

/// How a store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFailure {
    /// It cannot be reached, is full, or took too long; a later try may work.
    Unavailable,
    /// It is set up in a way that would lose or show logins, and is not used before that is mended.
    Unsafe,
    /// What it holds is not a record, or one of a newer version, or sealed with another key. It is
    /// left alone.
    Unreadable,
}

/// Why only a person can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is neither a refresh token nor anything to log in with.
    NoCredentials,
    /// The credentials were refused; they are not tried again, so that nobody's account gets locked.
    CredentialsRefused,
    /// The refresh token is spent, expired or revoked, and there is nothing else to log in with.
    RefreshTokenRefused,
    /// The refresh token was sent, its answer was lost, and there is nothing else to log in with.
    RefreshTokenUncertain,
    /// The code of a login works once, and this one was sent, or the server refused it.
    CodeSpent,
    /// Nobody finished a login in time, in a browser or on another device.
    LoginTimedOut,
    /// The program called a login off while it waited for somebody.
    LoginCancelled,
}

/// An answer without a usable token.
#[derive(Clone, Debug)]
pub struct Unusable {
    problem: Cow<'static, str>,
    /// A refresh token that could be read although the rest could not: the old one may be spent.
    pub(crate) successor: Option<Secret>,
}

impl Error {
    /// The request cannot be made; `message` says which setting to change.
    pub fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Configuration(message.into())
    }

    /// The server answered with an error status, and said nothing.
    pub fn status(status: u16, retry_after: Option<Duration>) -> Self {
        Self::Status {
            status,
            retry_after,
            request: RequestKind::Other,
            message: None,
        }
    }

    /// The server answered, and the answer cannot be used; `problem` must not quote it.
    pub fn answer(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::Answer(Box::new(Unusable {
            problem: problem.into(),
            successor: None,
        }))
    }

    /// A store failed; `detail` says what to do, and must hold no secret and no URL.
    pub fn store(failure: StoreFailure, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Store {
            failure,
            detail: detail.into(),
        }
    }

    /// Only a person can help.
    pub fn reauthentication_required(reason: Reason) -> Self {
        Self::ReauthenticationRequired {
            reason,
            cause: None,
        }
    }

    /// Whether a later try, with nothing changed, may work.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Configuration(_) | Self::ReauthenticationRequired { .. } => false,
            Self::Refused(refusal) => refusal.is_transient(),
            Self::Status {
                status,
                retry_after,
                ..
            } => retry_after.is_some() || is_transient(*status),
            Self::Answer(_) | Self::Network { .. } => true,
            Self::Store { failure, .. } => *failure == StoreFailure::Unavailable,
            Self::NotBefore { cause, .. } => cause.is_transient(),
        }
    }

    /// How long to wait before the next try, if the server or the session asks for it.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotBefore { wait, .. } => Some(*wait),
            Self::Refused(refusal) => refusal.retry_after,
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What the server said, also when this error only reports its consequence.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::NotBefore { cause, .. }
            | Self::ReauthenticationRequired {
                cause: Some(cause), ..
            } => cause.refusal(),
            _ => None,
        }
    }

    /// This error as the answer to a request of this kind.
    pub(crate) fn answering(mut self, kind: RequestKind) -> Self {
        if let Self::Status { request, .. } = &mut self {
            *request = kind;
        }
        self
    }

    /// This refusal or status with what this side noticed beside what the server said.
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        match &mut self {
            Self::Refused(refusal) => refusal.note(hint),
            Self::Status { message, .. } => {
                let said = message.take();
                let noted = said.map_or_else(|| hint.to_owned(), |said| format!("{said}; {hint}"));
                *message = Some(noted.into());
            }
            _ => {}
        }
        self
    }

    pub(crate) fn successor(&mut self) -> Option<Secret> {
        match self {
            Self::Answer(unusable) => unusable.successor.take(),
            _ => None,
        }
    }

    pub(crate) fn with_successor(self, refresh_token: Option<Secret>) -> Self {
        match self {
            Self::Answer(mut unusable) => {
                unusable.successor = refresh_token;
                Self::Answer(unusable)
            }
            other => other,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCredentials => "there is no refresh token and nothing to log in with",
            Self::CredentialsRefused => {
                "the server refused the user name or the password; correct them, or, if they are right \
                 and the account has been unlocked, call `Session::forget`; they are tried once a day"
            }
            Self::RefreshTokenRefused => {
                "the refresh token was refused and there is nothing else to log in with"
            }
            Self::RefreshTokenUncertain => {
                "the refresh token may be spent, its answer was lost, and there is nothing else to log in with"
            }
            Self::CodeSpent => "the code of this login is spent or was refused; the user has to log in again",
            Self::LoginTimedOut => "nobody finished the login in time; begin again",
            Self::LoginCancelled => "the login was called off before somebody finished it",
        })
    }
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the store failed",
            Self::Unsafe => "the store is not safe to use",
            Self::Unreadable => "what is stored cannot be read",
        })
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

fn answered(status: u16, request: RequestKind, message: &Option<Box<str>>) -> String {
    let message = message.as_deref();
    let answered = status::Answered {
        status,
        request,
        message,
    };
    answered.to_string()
}

/// Whether a status says by itself that a later try may work.
fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

fn network_message(network: &Network, sent: &Sent) -> String {
    let what = match network {
        Network::NameLookup => "the host's name was not found",
        Network::Connect(detail) => &format!("no connection could be made ({detail})"),
        Network::Proxy => "the proxy could not be used",
        Network::Timeout => "the server took too long",
        Network::Closed => "the connection ended before the answer did",
        Network::Protocol => "what came back is not HTTP",
    };
    match sent {
        Sent::No => format!("{what}; nothing was sent"),
        Sent::Maybe => format!("{what}; the request may have arrived"),
    }
}
