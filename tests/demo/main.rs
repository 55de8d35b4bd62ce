//! The demonstration: every vendor's token obtained, used, expired, refreshed and refused, and a person
//! who logs in with a browser; or a fleet of processes that share a login.
//!
//! `cargo xtask demo` runs it. The servers are the simulators of `auth-sim`, in this process, on
//! loopback, and one real one for the browser; the clock is moved by hand, so hours pass at once. Each
//! step checks what it shows.

#![forbid(unsafe_code)]

mod aerion; // form bodies, a tenant header
mod aeris; // a query full of secrets, an absolute expiry
mod browser; // a person who logs in, at a real server
mod ermeo; // JSON bodies, refresh tokens that work once
mod exchange;
mod fleet; // thirty hours of processes that share a login
mod generic; // five grants
mod report;
mod stage;
mod story; // the steps that all have in common
mod table;

use std::env;
use std::io;
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
    let mut words: Vec<&str> = args.iter().map(String::as_str).collect();
    words.sort_unstable();
    let (json, with_you) = match words[..] {
        [] => (false, false),
        ["--json"] => (true, false),
        ["--browser"] => (false, true),
        ["--browser", "--json"] => (true, true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::new(json);
    let plays: &[Play] = if with_you {
        &[browser::play_with_you]
    } else {
        report.say(INTRODUCTION);
        &[
            aerion::play,
            aeris::play,
            ermeo::play,
            generic::play,
            browser::play,
        ]
    };
    for play in plays {
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

/// Some chapters.
type Play = fn(&mut Report) -> io::Result<()>;

const USAGE: &str = "\
usage: cargo xtask demo [--json]
       cargo xtask demo --browser [--json]
           to log in yourself, in your own browser
       cargo xtask demo --fleet [--json] [--store file|redis|postgres] [--hours N] [--processes N]
                 [--kills N] [--pace N] [--log FILE]";

const INTRODUCTION: &str = "\
Every vendor's token, obtained, used, expired, refreshed and refused.

The servers are strict simulators in this process, on 127.0.0.1. The clock is moved by hand.
At the end a person logs in: at a real server, in a real browser where there is one.
Of a token the last characters are shown, of passwords and client secrets nothing.
";
