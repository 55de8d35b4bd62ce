//! Errors of this crate inside of errors of `ureq`.

use std::error::Error as StdError;
use std::{fmt, io};

use crate::error::Error;
use crate::transport;

/// Turns an error of an agent into one of this crate: the reason why the request was not sent, or not sent again with
/// another token, or the failure of the API, without the URL and without anything that the API sent.
///
/// The error's [remedy](Error::remedy) says who must act. A status as an error of `ureq` has lost its headers, so it has
/// no `Retry-After`.
///
/// ```
/// use auth_core::agent::{self, ureq};
/// use auth_core::error::Remedy;
///
/// let error = agent::error(ureq::Error::StatusCode(503));
/// assert_eq!(error.remedy(), Remedy::Retry);
/// ```
#[must_use]
pub fn error(error: ureq::Error) -> Error {
    match error_of(&error) {
        Some(found) => found.clone(),
        None => transport::of_api(error),
    }
}

/// Returns the [`Error`] because of which an agent did not send a request, or did not send it again with another token.
///
/// A [`Session::agent`](crate::Session::agent) fails with [`ureq::Error::Other`] if there is no token, if a renewal
/// fails after the API has rejected the token, or if a request goes to an origin that is not an API of the session.
/// `None` for every other error.
///
/// ```no_run
/// use auth_core::{Error, agent};
///
/// # fn run(session: auth_core::Session) -> Result<(), agent::ureq::Error> {
/// match session.agent().get("https://api.ermeo.com/api/v1/assets").call() {
///     Err(error) => match agent::error_of(&error) {
///         Some(Error::LoginRequired { .. }) => println!("log in again"),
///         _ => return Err(error),
///     },
///     Ok(response) => println!("{}", response.status()),
/// }
/// # Ok(())
/// # }
/// ```
pub fn error_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = inside(error);
    }
    None
}

/// The error inside an error; neither `ureq` nor an error of the system names it as its source.
fn inside<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let io = match error.downcast_ref() {
        Some(ureq::Error::Other(inner)) => return Some(&**inner),
        Some(ureq::Error::Io(inner)) => Some(inner),
        _ => error.downcast_ref::<io::Error>(),
    };
    match io {
        Some(io) => io.get_ref().map(|inner| inner as _),
        None => error.source(),
    }
}

/// The error for the caller of an agent.
pub(super) fn unsent(error: Error) -> ureq::Error {
    ureq::Error::Other(Box::new(Unsent {
        rejected: None,
        error,
    }))
}

/// The error of a renewal after the API has rejected the token by a status.
pub(super) fn no_other_token(error: Error, rejected: Option<u16>) -> ureq::Error {
    ureq::Error::Other(Box::new(Unsent { rejected, error }))
}

/// An error that prints its causes: `ureq` prints one line, and has no source.
#[derive(Debug)]
struct Unsent {
    /// The status by which the API rejected the token, if the request was sent once.
    rejected: Option<u16>,
    error: Error,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.rejected {
            write!(
                f,
                "the API rejected the token with status {status}, and the session has no other: "
            )?;
        }
        write!(f, "{}", self.error)?;
        let mut next = match &self.error {
            // It is printed already.
            Error::BackOff { cause, .. } => cause.source(),
            error => error.source(),
        };
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl StdError for Unsent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::{Delivery, LoginReason, NetworkFailure};

    #[test]
    fn each_cause_is_printed_once() {
        let cause = Error::network(NetworkFailure::Timeout, Delivery::NotSent);
        let login = Error::login_required(LoginReason::NoCredentials).caused_by(cause.clone());
        let wait = Duration::from_secs(3);
        let back_off = Error::BackOff {
            wait,
            cause: Box::new(cause.clone()),
        };
        for error in [login, back_off, cause] {
            let text = unsent(error).to_string();
            assert_eq!(text.matches("took too long").count(), 1, "{text}");
        }
    }
}
