//! Events of a session, for metrics, alarms and logs.

use std::fmt::{self, Debug};
use std::time::{Duration, SystemTime};

use crate::error::{Error, Refusal};
use crate::identity::Identity;

/// Receives the events of a session: for counters, alarms and status pages.
///
/// The same events are logged with the `log` crate's target `auth_core::observe`. Neither holds a secret.
///
/// ```
/// use auth_core::observe::{self, Event, Observer};
///
/// let alarm = observe::from_fn(|identity, event| {
///     if let Event::LoginRequired { error, .. } = event {
///         eprintln!("{identity}: {error}");
///     }
/// });
/// # fn observer(_: impl Observer) {}
/// # observer(alarm);
/// ```
pub trait Observer: Send + Sync {
    /// Receives an event on the thread that caused it, before a new token is handed out; it must return quickly.
    fn observe(&self, identity: &Identity, event: &Event<'_>);
}

/// Makes an observer of a closure.
///
/// ```
/// use auth_core::observe;
///
/// let observer = observe::from_fn(|identity, event| println!("{identity}: {}", event.name()));
/// # let _ = observer;
/// ```
pub fn from_fn<F: Fn(&Identity, &Event<'_>) + Send + Sync>(observe: F) -> FromFn<F> {
    FromFn(observe)
}

/// Observer made by [`from_fn`].
///
/// With a function instead of a closure its type has a name, for a field:
///
/// ```
/// use auth_core::grant::Identity;
/// use auth_core::observe::{self, Event, FromFn};
///
/// struct Metrics {
///     observer: FromFn<fn(&Identity, &Event<'_>)>,
/// }
///
/// fn count(identity: &Identity, event: &Event<'_>) {
///     println!("auth_events{{login=\"{identity}\", event=\"{}\"}} +1", event.name());
/// }
///
/// let metrics = Metrics { observer: observe::from_fn(count) };
/// # let _ = metrics.observer;
/// ```
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

impl<F> Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("observe::FromFn")
    }
}

impl<F: Fn(&Identity, &Event<'_>) + Send + Sync> Observer for FromFn<F> {
    fn observe(&self, identity: &Identity, event: &Event<'_>) {
        (self.0)(identity, event);
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Observer + ?Sized> Observer for $pointer {
            fn observe(&self, identity: &Identity, event: &Event<'_>) {
                (**self).observe(identity, event);
            }
        }
    )*};
}

forward!(&T, Box<T>, std::sync::Arc<T>);

/// Event of a session.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The session obtained tokens by logging in.
    #[non_exhaustive]
    LoggedIn {
        /// The access token's expiry, if known.
        expires_at: Option<SystemTime>,
        /// The duration of the request.
        took: Duration,
    },
    /// The session obtained tokens with a refresh token.
    #[non_exhaustive]
    Refreshed {
        /// The access token's expiry, if known.
        expires_at: Option<SystemTime>,
        /// `true` if the server replaced the refresh token.
        rotated: bool,
        /// The duration of the request.
        took: Duration,
    },
    /// Another process had renewed the login, and this one uses its tokens.
    #[non_exhaustive]
    Adopted {
        /// The access token's expiry, if known.
        expires_at: Option<SystemTime>,
    },
    /// The session has no valid token and waits for another process to get one.
    Waiting,
    /// The store did not take new tokens. They are served, and stored as soon as possible; if this process ends
    /// before, their refresh token is lost.
    #[non_exhaustive]
    NotStored {
        /// The store's failure.
        error: &'a Error,
    },
    /// The store took what it had not taken before.
    Stored,
    /// The store had lost a record that it had acknowledged; this process wrote it back.
    StoreWentBack,
    /// A caller got the valid token while another thread or process renews it.
    ServedWhileRenewing,
    /// A renewal failed; the token that is still valid continues to be served.
    #[non_exhaustive]
    RenewalFailed {
        /// The failure.
        error: &'a Error,
    },
    /// The server refused a request with an error code.
    #[non_exhaustive]
    Refused {
        /// The refusal.
        refusal: &'a Refusal,
    },
    /// A request failed; the session sends it again after a wait.
    #[non_exhaustive]
    Retry {
        /// The failure.
        error: &'a Error,
        /// The wait.
        wait: Duration,
    },
    /// An API rejected the token; the next call gets another one.
    Rejected,
    /// The user must log in again.
    #[non_exhaustive]
    LoginRequired {
        /// The reason.
        error: &'a Error,
    },
}

impl Event<'_> {
    /// Returns the event's name in snake case, for a metric's label.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::Refreshed { .. } => "refreshed",
            Self::Adopted { .. } => "adopted",
            Self::Waiting => "waiting",
            Self::NotStored { .. } => "not_stored",
            Self::Stored => "stored",
            Self::StoreWentBack => "store_went_back",
            Self::ServedWhileRenewing => "served_while_renewing",
            Self::RenewalFailed { .. } => "renewal_failed",
            Self::Refused { .. } => "refused",
            Self::Retry { .. } => "retry",
            Self::Rejected => "rejected",
            Self::LoginRequired { .. } => "login_required",
        }
    }

    /// Returns the failure that the event reports.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::NotStored { error }
            | Self::RenewalFailed { error }
            | Self::Retry { error, .. }
            | Self::LoginRequired { error } => Some(error),
            _ => None,
        }
    }

    /// Logs the event: errors and warnings for what an operator should look at, info for new tokens, debug otherwise.
    pub(crate) fn log(&self, identity: &Identity) {
        match self {
            Self::LoggedIn { expires_at, .. } => {
                log::info!("{identity}: logged in{}", until(*expires_at));
            }
            Self::Refreshed {
                expires_at,
                rotated,
                ..
            } => {
                let rotated = if *rotated {
                    ", refresh token replaced"
                } else {
                    ""
                };
                log::info!("{identity}: refreshed{rotated}{}", until(*expires_at));
            }
            Self::Adopted { expires_at } => log::debug!(
                "{identity}: took over a token from another process{}",
                until(*expires_at)
            ),
            Self::Waiting => log::debug!("{identity}: waiting for another process to renew"),
            Self::NotStored { error } => {
                log::error!("{identity}: new tokens are not stored yet: {error}");
            }
            Self::Stored => log::info!("{identity}: stored the tokens that were not stored before"),
            Self::StoreWentBack => log::warn!(
                "{identity}: the store had lost a record that it had acknowledged; written back. Check its durability"
            ),
            Self::ServedWhileRenewing => {
                log::trace!("{identity}: served the valid token while it is renewed");
            }
            Self::RenewalFailed { error } => {
                log::warn!("{identity}: renewal failed, the token is still valid: {error}");
            }
            Self::Refused { refusal } => log::warn!("{identity}: refused: {refusal}"),
            Self::Retry { error, wait } => log::warn!(
                "{identity}: trying again in {} ms: {error}",
                wait.as_millis()
            ),
            Self::Rejected => log::debug!("{identity}: an API rejected the token"),
            Self::LoginRequired { error } => log::error!("{identity}: {error}"),
        }
    }
}

/// Logs a failure that is no event of its own, with the target of the events.
pub(crate) fn log(identity: &Identity, error: &Error) {
    log::warn!("{identity}: {error}");
}

/// The expiry in UTC, for a log line.
fn until(expires_at: Option<SystemTime>) -> String {
    expires_at.map_or_else(String::new, |at| {
        format!(", valid until {}", time::OffsetDateTime::from(at))
    })
}
