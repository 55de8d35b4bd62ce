#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// On docs.rs each item shows the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod args; // commands and options
mod command; // one file for each command
mod config; // the configuration, and the places that it is read from
mod failure; // messages and exit codes
mod file; // files that hold a token
mod format; // shapes of a token for other programs
mod helper; // the protocols of git, docker, kubectl, cargo and others
mod http; // requests and responses of `proxy` and `serve`
mod listen; // a port or a socket, and its connections
mod log_file; // failures and events, for callers that hide standard error
mod notify; // notes for systemd
mod output; // standard output, and the terminal
mod profile; // a profile, and the session that it describes
mod signal; // a graceful stop
mod store; // the store of the logins

use std::panic;
use std::process::ExitCode;

use failure::Failure;

/// Runs the program with the arguments and the environment of this process; returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    // The default message of a panic may quote what a value held; the place of the fault is enough for a report.
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        eprintln!(
            "auth-all: a fault of this program at {}; please report it",
            place.unwrap_or_default()
        );
    }));
    let outcome = panic::catch_unwind(|| match args::parse() {
        Ok(Some(args)) => command::run(args),
        Ok(None) => Ok(0),
        Err(failure) => Err(failure),
    });
    match outcome {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => {
            failure.print();
            ExitCode::from(failure.code())
        }
        Err(_) => ExitCode::from(Failure::BUG),
    }
}
