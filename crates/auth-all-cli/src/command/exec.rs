//! `auth-all exec`: a command with the token in its environment, on a descriptor or in a file.

mod descriptor;
mod in_file;

use std::io::ErrorKind;
use std::process::Command;

use auth_all::Token;

use crate::args;
use crate::failure::{Failure, Result};
use crate::profile::Profile;

use super::Context;
use descriptor::Pipe;

pub(super) fn run(context: &Context, options: &args::Exec) -> Result<u8> {
    let profile = context.profile(&options.one)?;
    let Some((program, arguments)) = options.command.split_first() else {
        return Err(Failure::usage("which command? Name it after `--`"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    // The command gets the token, and not the secrets that it was made with.
    for variable in context.config.profiles().flat_map(Profile::variables) {
        command.env_remove(variable);
    }
    let started = match (&options.file, options.fd) {
        (Some(variable), _) => in_file::run(command, context, profile, variable)?,
        (None, Some(number)) => {
            let pipe = Pipe::reserve(number)?;
            let token = token(context, profile)?;
            let _inherited = pipe.fill(token.expose(), &mut command)?;
            start(command)
        }
        (None, None) => {
            let variable = options.env.as_deref().unwrap_or("API_TOKEN");
            command.env(variable, token(context, profile)?.expose());
            start(command)
        }
    };
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

/// The token. The session ends here: it stores what is not stored yet, and this process may end with the next line.
fn token(context: &Context, profile: &Profile) -> Result<Token> {
    let token = context.session(profile)?.token();
    token.map_err(|error| profile.failed(&error))
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
