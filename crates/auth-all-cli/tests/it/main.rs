//! The program, run as its users run it, at simulators: output, messages and exit codes.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic fails the test and names the line"
)]

mod api; // a server whose exact requests are kept
mod arguments; // help, usage, exit codes
mod configuration; // files, keys, sources of secrets, stores
mod discovering; // discover, jwk
mod every_command; // what each command of the help shows to others
mod helping; // helper
mod identities; // clients without a secret
mod keeping; // keep
mod keyring; // secrets and logins in the keyring
mod killing; // commands that are killed
mod lasting; // proxy and serve: many connections, long bodies, a graceful end
mod logging_in; // login, import, logout
mod presets; // servers that are known by name
mod proxying; // proxy
#[cfg(all(feature = "postgres", feature = "redis"))]
mod running; // exec
mod secrecy; // where no secret may be
mod serving; // serve
mod sharing; // many processes at once
mod showing; // status, list, check, try
mod support; // the program with a home of its own
mod terminal; // what a person sees and types; pipes and disks
mod tokens; // token
