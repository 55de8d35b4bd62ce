//! One operation, repeated: `auth-costs OPERATION TIMES`.
//!
//! `cargo xtask gate` counts the instructions of each operation under callgrind, `cargo xtask bench request` compares
//! their times with those of bare requests, and `tests/memcheck.rs` runs them all under memcheck. The server is another process, which valgrind does not follow.

#![forbid(unsafe_code)]

mod bare;
mod compare;
mod ours;
mod server;

use std::env;
use std::error::Error;
use std::process::ExitCode;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Prepares an operation with the base URL of a server, and returns it.
type Prepare = fn(&str) -> Outcome<Operation>;

/// An operation, to be called any number of times.
type Operation = Box<dyn FnMut() -> Outcome>;

const OPERATIONS: &[(&str, Prepare)] = &[
    ("with_authorization", ours::with_authorization),
    ("authorization", ours::authorization),
    ("signed_request", ours::signed_request),
    ("signed_request_bare", bare::signed_request),
    ("token_request", ours::token_request),
    ("token_request_bare", bare::token_request),
    ("renewal", ours::renewal),
    ("handshake", ours::handshake),
    ("handshake_bare", bare::handshake),
];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        [name] if *name == server::ARGUMENT => server::run(),
        [name] if *name == compare::ARGUMENT => compare::run(),
        [name, times] => run(name, times),
        _ => Err(usage().into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("auth-costs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, times: &str) -> Outcome {
    let times: usize = times.parse()?;
    let wanted = OPERATIONS
        .iter()
        .filter(|(known, _)| [known, "all"].contains(&name));
    let wanted: Vec<_> = wanted.collect();
    if wanted.is_empty() {
        return Err(usage().into());
    }
    let server = server::Server::start()?;
    for (_, prepare) in wanted {
        let mut operation = prepare(server.url())?;
        for _ in 0..times {
            operation()?;
        }
    }
    Ok(())
}

fn usage() -> String {
    let names: Vec<_> = OPERATIONS.iter().map(|(name, _)| *name).collect();
    format!(
        "usage: auth-costs OPERATION TIMES, with one of: all {}",
        names.join(" ")
    )
}
