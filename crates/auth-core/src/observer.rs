//! What happens to a session, for programs and for people.

use std::time::Duration;

use time::OffsetDateTime;

use crate::error::{Error, Refusal};
use crate::identity::Identity;

/// Is told what happens to a session: for counters, alarms and status pages.
///
/// People who only want to read along switch on the `log` crate's target `auth_core`; the same
/// events appear there. Neither ever sees a secret. A closure is an observer:
///
/// ```
/// use auth_core::{Event, Identity, Observer};
///
/// fn alarm(identity: &Identity, event: &Event<'_>) {
///     if let Event::ReauthenticationRequired { error } = event {
///         eprintln!("{identity}: {error}");
///     }
/// }
/// let observer: Box<dyn Observer> = Box::new(alarm);
/// ```
pub trait Observer: Send + Sync {
    /// Called on the thread that did it, before a new token is handed out; it should return quickly.
    fn observe(&self, identity: &Identity, event: &Event<'_>);
}

impl<F: Fn(&Identity, &Event<'_>) + Send + Sync> Observer for F {
    fn observe(&self, identity: &Identity, event: &Event<'_>) {
        self(identity, event);
    }
}

/// Something that happened to a session.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A token was obtained by logging in.
    Obtained {
        /// When it expires, if the server said so.
        expires_at: Option<OffsetDateTime>,
    },
    /// A token was obtained with a refresh token.
    Refreshed {
        /// When it expires, if the server said so.
        expires_at: Option<OffsetDateTime>,
    },
    /// A new refresh token came with it; the old one is spent.
    Rotated,
    /// Another process that shares the login had renewed the token.
    Adopted {
        /// When it expires, if the server said so.
        expires_at: Option<OffsetDateTime>,
    },
    /// There is no valid token, and another process is getting one.
    Waiting,
    /// A new token could not be stored. It is served, and stored as soon as that is possible; if this
    /// process ends before, its refresh token is lost.
    NotStored {
        /// What the store said.
        error: &'a Error,
    },
    /// What could not be stored before is stored now.
    Stored,
    /// The store showed less than it had acknowledged; what this process knew was written back.
    StoreWentBack,
    /// Somebody got the valid token while another thread or process renews it.
    ServedWhileRenewing,
    /// A renewal failed, and the token that is still valid goes on being served.
    ServedAfterFailure {
        /// What failed.
        error: &'a Error,
    },
    /// The server refused a request, with an error code.
    Refused {
        /// What it said.
        refusal: &'a Refusal,
    },
    /// A request failed and is made again after a wait.
    Retry {
        /// What failed.
        error: &'a Error,
        /// How long the session waits.
        wait: Duration,
    },
    /// An API rejected the token; the next call gets another one.
    Rejected,
    /// Only a person can help.
    ReauthenticationRequired {
        /// Why.
        error: &'a Error,
    },
}

impl Event<'_> {
    /// Writes the event to the log: what people should look at as a warning, the rest for debugging.
    pub(crate) fn log(&self, identity: &Identity) {
        match self {
            Event::Obtained { expires_at } => {
                log::debug!("{identity}: obtained a token{}", until(*expires_at));
            }
            Event::Refreshed { expires_at } => {
                log::debug!("{identity}: refreshed the token{}", until(*expires_at));
            }
            Event::Rotated => log::debug!("{identity}: got a new refresh token"),
            Event::Adopted { expires_at } => log::debug!(
                "{identity}: took over a token from another process{}",
                until(*expires_at)
            ),
            Event::Waiting => log::debug!("{identity}: waiting for another process to renew"),
            Event::NotStored { error } => {
                log::error!("{identity}: got a token and could not store it yet: {error}");
            }
            Event::Stored => log::info!("{identity}: stored what could not be stored before"),
            Event::StoreWentBack => log::warn!(
                "{identity}: the store has forgotten what it had acknowledged; written back. Check its durability"
            ),
            Event::ServedWhileRenewing => {
                log::trace!("{identity}: served the valid token while it is renewed");
            }
            Event::ServedAfterFailure { error } => {
                log::warn!("{identity}: renewal failed, the token is still valid: {error}");
            }
            Event::Refused { refusal } => log::warn!("{identity}: refused: {refusal}"),
            Event::Retry { error, wait } => log::warn!(
                "{identity}: trying again in {} ms: {error}",
                wait.as_millis()
            ),
            Event::Rejected => log::debug!("{identity}: an API rejected the token"),
            Event::ReauthenticationRequired { error } => log::error!("{identity}: {error}"),
        }
    }
}

fn until(expires_at: Option<OffsetDateTime>) -> String {
    expires_at
        .map(|at| format!(" until {at}"))
        .unwrap_or_default()
}
