//! The demonstration, a program of `tests/demo`: it needs the crates, and this program should not.

use crate::run::{Result, Run};

/// `cargo xtask demo [--browser|--fleet] [--json]`.
///
/// It installs nothing. Without a real server or browser it shows less, and says so.
pub(crate) fn run(args: &[String]) -> Result {
    // Without the clients of databases that nobody asked for it is built in half the time.
    let features: &[&str] = match args.iter().any(|arg| arg == "redis" || arg == "postgres") {
        true => &[],
        false => &["--no-default-features"],
    };
    Run::new("cargo run --quiet --locked --package auth-tests --bin demo")
        .args(features)
        .arg("--")
        .args(args)
        .quietly()
}
