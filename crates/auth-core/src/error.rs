//! Errors, by who must act.
//!
//! ```
//! use auth_core::error::{Error, Remedy};
//! use std::process::ExitCode;
//!
//! fn report(error: &Error) -> ExitCode {
//!     eprintln!("{error}");
//!     match error.remedy() {
//!         Remedy::Retry => eprintln!("try again in {:?}", error.retry_after().unwrap_or_default()),
//!         Remedy::LogIn => eprintln!("the user has to log in again"),
//!         _ => eprintln!("call the operator on duty"),
//!     }
//!     ExitCode::from(error.remedy().exit_code())
//! }
//! # report(&Error::configuration("`client_id` is empty; set it"));
//! ```
//!
//! A runbook that distinguishes more than who must act matches on the refusal and on the variant:
//!
//! ```
//! use auth_core::error::{Delivery, Error, ErrorCode, NetworkFailure, Refusal, RequestKind, StoreFailure};
//!
//! /// The page of the runbook that the operator on duty opens.
//! fn runbook(error: &Error) -> &'static str {
//!     // The refusal, also during a back-off and after a login that ended because of it.
//!     match error.refusal().map(|refusal| &refusal.code) {
//!         Some(ErrorCode::InvalidClient) => return "rotate-the-client-secret",
//!         Some(ErrorCode::InvalidScope | ErrorCode::InvalidTarget) => return "correct-the-registration",
//!         Some(ErrorCode::Other(word)) if word == "ACCOUNT_DISABLED" => return "call-the-vendor",
//!         _ => {}
//!     }
//!     match error {
//!         Error::BackOff { cause, .. } => runbook(cause),
//!         Error::Network { failure: NetworkFailure::Proxy, .. } => "restart-the-proxy",
//!         Error::Network { delivery: Delivery::NotSent, .. } => "check-dns-and-firewall",
//!         Error::Status { status: 403, request: RequestKind::Refresh, .. } => "ask-for-a-firewall-rule",
//!         Error::Store { failure: StoreFailure::Unavailable, .. } => "check-the-database",
//!         _ => "read-the-log",
//!     }
//! }
//!
//! assert_eq!(runbook(&Refusal::new("invalid_client", None).into()), "rotate-the-client-secret");
//! let unreachable = Error::network(NetworkFailure::NameLookup, Delivery::NotSent);
//! assert_eq!(runbook(&unreachable), "check-dns-and-firewall");
//! ```

mod refusal;
mod status;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::secret::Secret;

pub(crate) use refusal::clean;
pub use refusal::{ErrorCode, Refusal};
pub use status::RequestKind;

/// Result of every function here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Reason why there is no token.
///
/// Programs call [`remedy`](Error::remedy) first: it names who must act before another try can work.
///
/// No variant holds a secret, a URL, a body or the value of a parameter, neither in `Display` nor in `Debug` nor in
/// a source, so an error may be logged as it is. The one URL is the redirect URI of a browser login that ran out of
/// time, without its query. Every caller that waited for the same renewal gets a clone of the same error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is wrong; nothing was sent.
    #[error("{message}")]
    #[non_exhaustive]
    Configuration {
        /// The setting, by its Rust name, and how to change it.
        message: Cow<'static, str>,
    },

    /// The server refused the request with an error code (RFC 6749 §5.2).
    #[error("the server refused the request: {}{}", .0, .0.code.hint())]
    Refused(Box<Refusal>),

    /// The server returned an error status without an error code, or one of 404, 405, 410, 415, 421 and 422, which
    /// mean a wrong URL or encoding whatever the body contains; a broken proxy returns them too.
    #[error("{}", status_message(*.status, *.request, .message))]
    #[non_exhaustive]
    Status {
        /// The HTTP status.
        status: u16,
        /// The wait that `Retry-After` requests, at most a day.
        retry_after: Option<Duration>,
        /// The kind of the request that failed.
        request: RequestKind,
        /// The server's own codes and words, cleaned and cut like those of a [`Refusal`].
        message: Option<Box<str>>,
    },

    /// The server returned success without a usable token.
    #[error("unusable response: {0}")]
    Response(Box<UnusableResponse>),

    /// No response arrived.
    #[error("{}", network_message(.failure, .delivery))]
    #[non_exhaustive]
    Network {
        /// The failure.
        failure: NetworkFailure,
        /// How far the request got.
        delivery: Delivery,
    },

    /// The store failed. A valid token continues to be served.
    #[error("{failure}: {message}")]
    #[non_exhaustive]
    Store {
        /// The kind of the failure.
        failure: StoreFailure,
        /// The details, and how to repair the store.
        message: Cow<'static, str>,
    },

    /// The session is backing off after a failure and sent nothing.
    #[error("backing off for {} s after: {cause}", .wait.as_secs().max(1))]
    #[non_exhaustive]
    BackOff {
        /// The wait from now on.
        wait: Duration,
        /// The failure.
        #[source]
        cause: Box<Self>,
    },

    /// The user must log in again, or the operator must correct the credentials.
    #[error("login required: {reason}")]
    #[non_exhaustive]
    LoginRequired {
        /// The reason.
        reason: LoginReason,
        /// The failure that led to it.
        #[source]
        cause: Option<Box<Self>>,
    },
}

/// Act of the user, an operator or the program that lets another try work.
///
/// The remedy of a cause is part of this crate's contract; see [`Error::remedy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Try again, after [`Error::retry_after`] if that is set.
    Retry,
    /// The user logs in again.
    LogIn,
    /// The operator corrects a setting of this program, or of the client's registration at the server.
    Configure,
    /// The operator repairs the store.
    RepairStore,
    /// The server's operator repairs the server, whose responses are unusable.
    RepairServer,
}

impl Remedy {
    /// Returns the exit status of `sysexits.h`: 75 (retry), 77 (log in), 78 (configure), 74 (store) or 76 (server).
    ///
    /// ```
    /// use auth_core::error::Remedy;
    ///
    /// assert_eq!(Remedy::LogIn.exit_code(), 77);
    /// ```
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Retry => 75,
            Self::LogIn => 77,
            Self::Configure => 78,
            Self::RepairStore => 74,
            Self::RepairServer => 76,
        }
    }
}

/// Failure below HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkFailure {
    /// The host name was not found.
    NameLookup,
    /// The connection failed; the text is the operating system's or the TLS library's.
    Connect(String),
    /// The proxy failed.
    Proxy,
    /// The time-out passed.
    Timeout,
    /// The connection closed before the response was complete.
    Closed,
    /// The response is not HTTP.
    Protocol,
}

/// Delivery of a request that got no response.
///
/// A client cannot tell "never arrived" from "response lost", so a single-use refresh token is not sent again after
/// either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// No secret of the request left this machine.
    NotSent,
    /// The server may have received the request and acted on it.
    Unknown,
}

/// Kind of a store's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFailure {
    /// The store is unreachable, full or too slow; a later try may work.
    Unavailable,
    /// The store's set-up would lose or show logins; it is not used until the operator repairs it.
    Unsafe,
    /// The stored bytes are damaged, of a newer version, or encrypted with another key; they are left as they are.
    Unreadable,
}

/// Reason why the user must log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginReason {
    /// The session has neither a refresh token nor credentials.
    NoCredentials,
    /// The server refused the credentials; they are not tried again soon, so that no account is locked.
    CredentialsRefused,
    /// The refresh token is used up, expired or revoked, and the session has no credentials.
    RefreshTokenRefused,
    /// The response to a refresh was lost, and the session has no credentials.
    RefreshTokenUncertain,
    /// The user did not complete the login in time.
    TimedOut,
    /// The program cancelled the login.
    Cancelled,
}

/// Returns `true` for a refusal of the user or of what the user presented, rather than of the client or its request.
fn is_of_user(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::AccessDenied | ErrorCode::InvalidGrant | ErrorCode::ExpiredToken
    )
}

/// Response without a usable token.
///
/// Its text names the problem and quotes nothing of the response, so it can be sent to the server's operator:
///
/// ```
/// use auth_core::Error;
/// use auth_core::grant::TokenRequest;
/// use auth_core::testing::CannedTransport;
///
/// let http = CannedTransport::new().json(200, r#"{"token_type": "Bearer"}"#);
/// match TokenRequest::form("https://login.example.com/token").send(&http) {
///     Err(Error::Response(unusable)) => assert!(unusable.to_string().contains("`access_token`")),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, Debug)]
pub struct UnusableResponse {
    problem: Cow<'static, str>,
    /// A refresh token that was readable although the rest was not: the old one may be used up.
    pub(crate) successor: Option<Secret>,
}

impl Error {
    /// A wrong setting; `message` names it and says how to change it.
    pub fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Configuration {
            message: message.into(),
        }
    }

    /// A grant without credentials: the user must log in.
    ///
    /// ```
    /// use auth_core::error::{Error, Remedy};
    ///
    /// assert_eq!(Error::no_credentials().remedy(), Remedy::LogIn);
    /// ```
    #[must_use]
    pub fn no_credentials() -> Self {
        Self::login_required(LoginReason::NoCredentials)
    }

    /// A login that only the user can renew.
    #[must_use]
    pub fn login_required(reason: LoginReason) -> Self {
        Self::LoginRequired {
            reason,
            cause: None,
        }
    }

    /// Adds the failure that led to a [`LoginRequired`](Error::LoginRequired); any other error stays as it is.
    ///
    /// ```
    /// use auth_core::error::{Error, LoginReason};
    /// use std::error::Error as _;
    ///
    /// let late = Error::login_required(LoginReason::TimedOut).caused_by(Error::response("it is late"));
    /// assert!(late.source().is_some());
    /// ```
    #[must_use]
    pub fn caused_by(mut self, failure: Self) -> Self {
        if let Self::LoginRequired { cause, .. } = &mut self {
            *cause = Some(Box::new(failure));
        }
        self
    }

    /// A request without a response; for your own [`Transport`](crate::transport::Transport).
    #[must_use]
    pub fn network(failure: NetworkFailure, delivery: Delivery) -> Self {
        Self::Network { failure, delivery }
    }

    /// An unusable response; `problem` must not quote it.
    pub fn response(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::Response(Box::new(UnusableResponse {
            problem: problem.into(),
            successor: None,
        }))
    }

    /// An error status without an error code.
    #[must_use]
    pub fn status(status: u16, retry_after: Option<Duration>) -> Self {
        Self::Status {
            status,
            retry_after,
            request: RequestKind::Other,
            message: None,
        }
    }

    /// A failed store, for your own [`Store`](crate::store::Store); `message` says how to repair it and holds no
    /// secret and no URL.
    pub fn store(failure: StoreFailure, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Store {
            failure,
            message: message.into(),
        }
    }

    /// Returns who must act before another try can work.
    ///
    /// | remedy | errors |
    /// |---|---|
    /// | [`Retry`](Remedy::Retry) | network failures; 408, 425, 429, 5xx and every status with `Retry-After`; a store that is unavailable |
    /// | [`LogIn`](Remedy::LogIn) | `LoginRequired`; a refusal with `access_denied`, `invalid_grant` or `expired_token`: the user declined, or password, code or device code is wrong or over |
    /// | [`Configure`](Remedy::Configure) | `Configuration`; every other refusal and status |
    /// | [`RepairStore`](Remedy::RepairStore) | a store that is unsafe or unreadable |
    /// | [`RepairServer`](Remedy::RepairServer) | `Response` |
    ///
    /// A `BackOff` has the remedy of its cause.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::LoginRequired { .. } => Remedy::LogIn,
            Self::Refused(refusal) if refusal.is_transient() => Remedy::Retry,
            Self::Refused(refusal) if is_of_user(&refusal.code) => Remedy::LogIn,
            Self::Status {
                status,
                retry_after,
                ..
            } if retry_after.is_some() || is_transient(*status) => Remedy::Retry,
            Self::Network { .. } => Remedy::Retry,
            Self::Configuration { .. } | Self::Refused(_) | Self::Status { .. } => {
                Remedy::Configure
            }
            Self::Store { failure, .. } => match failure {
                StoreFailure::Unavailable => Remedy::Retry,
                StoreFailure::Unsafe | StoreFailure::Unreadable => Remedy::RepairStore,
            },
            Self::Response(_) => Remedy::RepairServer,
            Self::BackOff { cause, .. } => cause.remedy(),
        }
    }

    /// Returns `true` if a later try may work although nothing was changed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.remedy(), Remedy::Retry | Remedy::RepairServer)
    }

    /// Returns how long to wait before another try, if the server or the session requires it.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::BackOff { wait, .. } => Some(*wait),
            Self::Refused(refusal) => refusal.retry_after,
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Returns the server's refusal, also where this error reports a consequence of it.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::BackOff { cause, .. }
            | Self::LoginRequired {
                cause: Some(cause), ..
            } => cause.refusal(),
            _ => None,
        }
    }

    /// Sets the kind of the request that failed.
    pub(crate) fn answering(mut self, kind: RequestKind) -> Self {
        if let Self::Status { request, .. } = &mut self {
            *request = kind;
        }
        self
    }

    /// Adds a hint of this side to the server's words.
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        match &mut self {
            Self::Refused(refusal) => refusal.note(hint),
            Self::Status { message, .. } => {
                let words = message.take();
                let noted =
                    words.map_or_else(|| hint.to_owned(), |words| format!("{words}; {hint}"));
                *message = Some(noted.into());
            }
            _ => {}
        }
        self
    }

    pub(crate) fn successor(&mut self) -> Option<Secret> {
        match self {
            Self::Response(unusable) => unusable.successor.take(),
            _ => None,
        }
    }

    pub(crate) fn with_successor(self, refresh_token: Option<Secret>) -> Self {
        match self {
            Self::Response(mut unusable) => {
                unusable.successor = refresh_token;
                Self::Response(unusable)
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

impl fmt::Display for LoginReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCredentials => {
                "the session has neither a refresh token nor credentials; log in again"
            }
            Self::CredentialsRefused => {
                "the server refused the user name or the password; change them and start again, or, if they are right \
                 and the account has been unlocked, call `Session::forget`; they are tried once a day"
            }
            Self::RefreshTokenRefused => {
                "the server refused the refresh token, and the session has no credentials; log in again"
            }
            Self::RefreshTokenUncertain => {
                "the response to a refresh was lost, the refresh token may be used up, and the session has no \
                 credentials; log in again"
            }
            Self::TimedOut => "the user did not complete the login in time; start again",
            Self::Cancelled => "the program cancelled the login",
        })
    }
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the store failed",
            Self::Unsafe => "the store is not safe to use",
            Self::Unreadable => "the stored login is unreadable",
        })
    }
}

impl fmt::Display for UnusableResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

fn status_message(status: u16, request: RequestKind, message: &Option<Box<str>>) -> String {
    let message = message.as_deref();
    let answered = status::Answered {
        status,
        request,
        message,
    };
    answered.to_string()
}

/// Returns `true` if a later try may work after this status.
fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

fn network_message(failure: &NetworkFailure, delivery: &Delivery) -> String {
    let failure = match failure {
        NetworkFailure::NameLookup => "the host name was not found",
        NetworkFailure::Connect(detail) => &format!("the connection failed ({detail})"),
        NetworkFailure::Proxy => "the proxy failed",
        NetworkFailure::Timeout => "the server took too long",
        NetworkFailure::Closed => "the connection closed before the response was complete",
        NetworkFailure::Protocol => "the response is not HTTP",
    };
    match delivery {
        Delivery::NotSent => format!("{failure}; nothing was sent"),
        Delivery::Unknown => format!("{failure}; the server may have received the request"),
    }
}
