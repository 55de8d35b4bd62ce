//! The demonstration, a program of `tests/demo`: it needs the crates, and this one should not.

use crate::needs;
use crate::run::{Result, Run};

/// `cargo xtask demo [--json]`, with `--browser` in your own, or with `--fleet` processes that share a
/// login.
pub(crate) fn run(args: &[String]) -> Result {
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let store = args.iter().skip_while(|arg| *arg != "--store").nth(1);
    let with_stores = match store.map(String::as_str) {
        Some("redis") => needs::redis().map(|()| true)?,
        Some("postgres") => needs::postgres().map(|()| true)?,
        _ => false,
    };
    let shows_a_login = !has("--fleet") && !has("--help");
    if shows_a_login {
        wish("a real server to log in at", needs::oidc_provider());
    }
    if shows_a_login && !has("--browser") {
        wish("a real browser to log in with", needs::chromium());
    }
    // Without the clients of servers that nobody asked for it is built in half the time.
    let features: &[&str] = match with_stores {
        true => &[],
        false => &["--no-default-features"],
    };
    Run::new("cargo build --locked --package auth-tests --bin demo")
        .args(features)
        .in_place()?;
    Run::new("cargo run --quiet --locked --package auth-tests --bin demo")
        .args(features)
        .arg("--")
        .args(args)
        .in_place()
}

/// What the demonstration shows more with, and does without.
fn wish(what: &str, installed: Result) {
    if let Err(why) = installed {
        eprintln!("    without {what}: {why}");
    }
}
