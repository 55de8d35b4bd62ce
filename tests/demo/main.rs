//! The demonstration: every vendor's token obtained, used, expired, refreshed and refused; or a fleet
//! of processes that share a login.
//!
//! `cargo xtask demo` runs it. The servers are the simulators of `auth-sim`, in this process, on
//! loopback; the clock is moved by hand, so hours pass at once. Each step checks what it shows.

#![forbid(unsafe_code)]

mod aerion; // form bodies, a tenant header
mod aeris; // a query full of secrets, an absolute expiry
mod ermeo; // JSON bodies, refresh tokens that work once
mod exchange;
mod fleet; // thirty hours of processes that share a login
mod generic; // five grants
mod report;
mod stage;
mod story; // the steps that all have in common
mod table;

use std::env;
use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "worker") {
        return auth_tests::fleet::work();
    }
    if args.iter().any(|arg| arg == "--fleet") {
        return fleet::play(&args);
    }
    let json = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--json"] => true,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::new(json);
    report.say(INTRODUCTION);
    for play in [aerion::play, aeris::play, ermeo::play, generic::play] {
        if let Err(error) = play(&mut report) {
            eprintln!("a simulator does not start: {error}");
            return ExitCode::FAILURE;
        }
    }
    if report.close() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

const USAGE: &str = "\
usage: cargo xtask demo [--json]
       cargo xtask demo --fleet [--json] [--store file|redis|postgres] [--hours N] [--processes N]";

const INTRODUCTION: &str = "\
Every vendor's token, obtained, used, expired, refreshed and refused.

The servers are strict simulators in this process, on 127.0.0.1. The clock is moved by hand.
Of a token the last characters are shown, of passwords and client secrets nothing.
";
