//! The model of the protocol in full: every order of events.
//!
//! `cargo test` explores it in small bounds, and checks that every known mistake is noticed.

use crate::run::{Result, Run};

/// `cargo xtask model`; its program ends with `N passed, N failed`.
pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [] => Run::new("cargo run --locked --quiet --package auth-model").run(),
        _ => Err("usage: cargo xtask model".into()),
    }
}
