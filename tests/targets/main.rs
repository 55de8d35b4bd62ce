//! Checks on one system, as a program: `targets [CHECK…]`, each on a line of its own.
//!
//! `cargo xtask targets` builds it for other systems and runs it there. It is a program and not a test, because it
//! starts itself again: most checks need several processes.

mod logins; // sessions in several processes over one store
mod network; // connections that fail, a login in the browser, keys
mod process; // this program as another process
mod stores; // the promises of every store, and what differs between systems

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use auth_core::clock::{Clock, SystemClock};

/// A remark about what was seen, or the reason of the failure.
type Outcome = Result<String, Box<dyn Error + Send + Sync>>;

/// A check gets an unused directory.
type Check = fn(&Path) -> Outcome;

const CHECKS: &[(&str, Check)] = &[
    ("clock", clock),
    ("open-record", stores::replaced_while_open),
    ("one-login", logins::one_login),
    ("cold-fleet", logins::cold_fleet),
    ("rotation", logins::rotation),
    ("occupied", logins::occupied),
    ("killed", logins::killed),
    ("refused-port", network::refused_port),
    ("name-lookup", network::name_lookup),
    ("browser", network::browser),
    ("system-browser", network::system_browser),
    ("keys", network::keys),
    ("promises", stores::promises),
    ("promises-encrypted", stores::promises_encrypted),
    #[cfg(any(windows, target_os = "macos"))]
    ("promises-keyring", stores::promises_keyring),
];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if let Some((process::ROLE, rest)) = args.split_first().map(|(a, b)| (a.as_str(), b)) {
        return process::play(rest);
    }
    let unknown = |name: &&String| !CHECKS.iter().any(|(check, _)| check == name);
    if let Some(name) = args.iter().find(unknown) {
        eprintln!("`{name}` is not a check");
        return ExitCode::FAILURE;
    }
    let wanted = |name: &str| args.is_empty() || args.iter().any(|arg| arg == name);
    let chosen: Vec<_> = CHECKS.iter().filter(|(name, _)| wanted(name)).collect();
    let failed = chosen.iter().filter(|(name, check)| !passes(name, *check));
    let failed = failed.count();
    let system = format!("{} on {}", env::consts::OS, env::consts::ARCH);
    println!("{system}: {} checks, {failed} failed", chosen.len());
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Runs a check and prints its line.
fn passes(name: &str, check: Check) -> bool {
    let begun = SystemClock::new().now();
    let folder = tempfile::tempdir();
    let outcome = folder.map_err(Into::into).and_then(|folder| {
        std::panic::catch_unwind(|| check(&folder.path().join("logins")))
            .unwrap_or_else(|_| Err("it panicked".into()))
    });
    let took = SystemClock::new().now().since(begun).as_millis();
    match &outcome {
        Ok(remark) => println!("ok    {name:<19} {took:>6} ms  {remark}"),
        Err(reason) => println!("FAIL  {name:<19} {took:>6} ms  {reason}"),
    }
    outcome.is_ok()
}

fn must(fine: bool, otherwise: impl Into<String>) -> Result<(), Box<dyn Error + Send + Sync>> {
    match fine {
        true => Ok(()),
        false => Err(otherwise.into().into()),
    }
}

/// Both clocks run, and the cheap one agrees with them.
fn clock(_: &Path) -> Outcome {
    let clock = SystemClock::new();
    let begun = clock.now();
    clock.sleep(std::time::Duration::from_millis(100));
    let (now, seconds) = (clock.now(), clock.seconds());
    let walked = now.wall.since(begun.wall).as_millis();
    let passed = now.monotonic.saturating_sub(begun.monotonic).as_millis();
    must(passed >= 99, format!("a sleep of 100 ms took {passed} ms"))?;
    must(
        walked.abs_diff(passed) < 100,
        format!("{passed} ms are {walked} ms on the wall"),
    )?;
    must(
        now.wall.seconds().abs_diff(seconds) <= 1,
        format!("{seconds} s instead of {} s", now.wall.seconds()),
    )?;
    Ok(format!("100 ms took {passed} ms"))
}
