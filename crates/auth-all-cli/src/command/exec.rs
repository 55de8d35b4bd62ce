//! `auth-all exec`: a command with the token in its environment.

use std::io::ErrorKind;
use std::process::Command;

use crate::args;
use crate::failure::{Failure, Result};
use crate::profile::Profile;

use super::Context;

pub(super) fn run(context: &Context, options: &args::Exec) -> Result<u8> {
    let profile = context.profile(&options.one)?;
    let session = context.session(profile)?;
    let token = session.token().map_err(|error| profile.failed(&error))?;
    // Stores what is not stored yet: this process may end with the next line.
    drop(session);
    let Some((program, arguments)) = options.command.split_first() else {
        return Err(Failure::usage("which command? Name it after `--`"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    // The command gets the token, and not the secrets that it was made with.
    for variable in context.config.profiles().flat_map(Profile::variables) {
        command.env_remove(variable);
    }
    command.env(&options.env, token.expose());
    let started = start(command);
    let error = match started {
        Ok(code) => return Ok(code),
        Err(error) => error,
    };
    // As shells report it.
    let code = match error.kind() {
        ErrorKind::NotFound => 127,
        _ => 126,
    };
    let message = format!("{}: {error}", program.display());
    Err(Failure::of_command(code, message))
}

/// Becomes the command: its exit code, its signals and its terminal are its own.
#[cfg(unix)]
fn start(mut command: Command) -> std::io::Result<u8> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

/// Runs the command and waits for it.
#[cfg(not(unix))]
fn start(mut command: Command) -> std::io::Result<u8> {
    let code = command.status()?.code();
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
