//! The demonstration, a program of `tests/demo`: it needs the crates, and this one should not.

use crate::run::{Result, Run};

/// `cargo xtask demo [--json]`.
pub(crate) fn run(args: &[String]) -> Result {
    Run::new("cargo build --locked --package auth-tests --bin demo").in_place()?;
    Run::new("cargo run --quiet --locked --package auth-tests --bin demo --")
        .args(args)
        .in_place()
}
