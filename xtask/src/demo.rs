//! The demonstration, a program of `tests/demo`: it needs the crates, and this program should not.

use crate::run::{Result, Run};

/// `cargo xtask demo [--browser|--fleet]`.
///
/// It installs nothing. Without a real server or browser it shows less, and says so.
pub(crate) fn run(args: &[String]) -> Result {
    // Without the clients of databases, which only tests need, it is built in half the time.
    Run::new("cargo run --quiet --locked --package auth-tests --bin demo --no-default-features --")
        .args(args)
        .quietly()
}
