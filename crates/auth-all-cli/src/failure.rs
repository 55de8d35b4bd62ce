//! A failure: what happened, what to do, and the exit code of `sysexits.h`.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use auth_all::Error;
use auth_all::error::Remedy;

use crate::log_file;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Message for people, and the exit code for scripts.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    /// The next thing to do, on a line of its own.
    advice: Option<String>,
    /// The time until another try may work.
    wait: Option<Duration>,
}

impl Failure {
    /// A fault of this program.
    pub(crate) const BUG: u8 = 70;
    const USAGE: u8 = 64;
    const OUTPUT: u8 = 74;
    const LATER: u8 = 75;
    const LOG_IN: u8 = 77;
    const CONFIGURATION: u8 = 78;

    fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            advice: None,
            wait: None,
        }
    }

    /// The arguments are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Self::USAGE, message)
    }

    /// A setting is wrong.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(Self::CONFIGURATION, message)
    }

    /// A person must log in.
    pub(crate) fn log_in(message: impl Into<String>) -> Self {
        Self::new(Self::LOG_IN, message)
    }

    /// Another try may work.
    pub(crate) fn later(message: impl Into<String>) -> Self {
        Self::new(Self::LATER, message)
    }

    /// The result could not be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        Self::new(Self::OUTPUT, format!("the result was not written: {error}"))
    }

    /// A file that could not be written.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::new(Self::OUTPUT, format!("{}: {error}", path.display()))
    }

    /// A command that could not be run, with a code of shells: 126 or 127.
    pub(crate) fn of_command(code: u8, message: impl Into<String>) -> Self {
        Self::new(code, message)
    }

    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The error of a profile's session.
    pub(crate) fn of(error: &Error, profile: &str) -> Self {
        let mut failure = Self::new(
            error.remedy().exit_code(),
            format!("{profile}: {}", chain(error)),
        );
        failure.wait = error.retry_after();
        match (error.remedy(), error.retry_after()) {
            (Remedy::LogIn, _) => failure.advice(format!("run: auth-all login {profile}")),
            (Remedy::Retry, Some(wait)) => {
                failure.advice(format!("try again in {} s", wait.as_secs().max(1)))
            }
            _ => failure,
        }
    }

    /// The message, for a line of a table.
    pub(crate) fn words(&self) -> &str {
        &self.message
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Returns `true` if another try may work.
    pub(crate) fn is_temporary(&self) -> bool {
        self.code == Self::LATER
    }

    /// The time until another try may work, if it is known.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// The message and the advice, as they are printed.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("auth-all: {}\n", self.message);
        if let Some(advice) = &self.advice {
            let _ = writeln!(text, "  {advice}");
        }
        text
    }

    /// Prints it on standard error, and into the log file.
    pub(crate) fn print(&self) {
        log_file::note(self.text().trim_start_matches("auth-all: "));
        // A closed standard error is no reason to fail in another way.
        let _ = io::stderr().write_all(self.text().as_bytes());
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.remedy().exit_code(), chain(&error))
    }
}

/// An error and its causes, on one line, each of them once.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth_all::error::{LoginReason, StoreFailure};

    #[test]
    fn each_remedy_has_its_exit_code() {
        let login = Error::login_required(LoginReason::NoCredentials);
        let failure = Failure::of(&login, "orders");
        assert_eq!(failure.code(), 77);
        assert_eq!(
            failure.advice.as_deref(),
            Some("run: auth-all login orders")
        );
        let store = Error::store(StoreFailure::Unsafe, "open to others");
        assert_eq!(Failure::of(&store, "orders").code(), 74);
        let wrong = Error::configuration("wrong");
        assert_eq!(Failure::from(wrong).code(), 78);
    }
}
