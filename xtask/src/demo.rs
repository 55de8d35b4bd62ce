//! The demonstration, a program of `tests/demo`. It depends on the crates, which xtask should not.

use crate::run::{Result, Run};

/// `cargo xtask demo [--browser|--fleet]`.
///
/// It installs nothing. Without a real server or browser it skips those parts and prints a notice.
pub(crate) fn run(args: &[String]) -> Result {
    // Without the database clients, which only tests need, it builds in half the time.
    Run::new("cargo run --quiet --locked --package auth-tests --bin demo --no-default-features --")
        .args(args)
        .quietly()
}
