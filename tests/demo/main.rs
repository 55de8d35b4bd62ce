//! The demonstration: a login in a browser and with a device, and a fleet of processes that share a login.
//!
//! `cargo xtask demo` runs it. `auth-all try` shows each vendor's token.

#![forbid(unsafe_code)]

mod browser; // a user logs in, in a browser and with a device
mod fleet; // hours of processes that share a login
mod show; // output: steps, and the requests in each

use std::env;
use std::process::ExitCode;

use show::Show;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut show = Show::default();
    let played = match words[..] {
        // The demonstration starts its own program for each process of a fleet.
        ["worker"] => return auth_tests::fleet::work(),
        [] => browser::play(&mut show),
        ["--browser"] => browser::play_with_you(&mut show),
        ["--fleet", ..] => match fleet::Options::read(&words[1..]) {
            Some(options) => fleet::play(&options),
            None => Err(USAGE.to_owned()),
        },
        _ => Err(USAGE.to_owned()),
    };
    match played {
        Ok(()) => show.close(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "\
usage: cargo xtask demo
       cargo xtask demo --browser      log in yourself, in your own browser
       cargo xtask demo --fleet [--hours N] [--processes N] [--kills N] [--pace N] [--log FILE]";
