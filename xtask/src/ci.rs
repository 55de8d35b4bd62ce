//! All checks that a change must pass before it is merged, the fastest ones first.

use crate::run::{self, Check, Result, Run};
use crate::{api, cargo, features, gate, package, setup, targets, tidy};

/// `cargo xtask ci [--no-test|--all]`.
pub(crate) fn run(args: &[String]) -> Result {
    let flags: Vec<_> = args.iter().map(String::as_str).collect();
    let (with_tests, all) = match flags[..] {
        [] => (true, false),
        ["--no-test"] => (false, false),
        ["--all"] => (true, true),
        _ => return Err("usage: cargo xtask ci [--no-test|--all]".into()),
    };
    setup::require(&[
        &setup::RUSTFMT,
        &setup::CLIPPY,
        &setup::DENY,
        &setup::OPENSSL,
    ])?;
    let tests: Check = ("tests", || cargo::test(&[]));
    let checks = CHECKS.iter().copied();
    let checks = checks.chain(with_tests.then_some(tests));
    run::all(checks.chain(if all { LONG } else { LEFT_OUT }))
}

const CHECKS: &[Check] = &[
    ("formatting", || {
        Run::new("cargo fmt --all --check").run()?;
        Run::new("cargo fmt --check --manifest-path fuzz/Cargo.toml").run()?;
        Run::new("cargo fmt --check --manifest-path tests/peers/Cargo.toml").run()?;
        Run::new("cargo fmt --check --manifest-path examples/your-vendor/Cargo.toml").run()
    }),
    ("rules of the repository", tidy::rules),
    ("dependencies", tidy::dependencies),
    ("advisories", || tidy::advisories(&[])),
    ("lints", || {
        Run::new("cargo clippy --locked --workspace --all-targets -- -D warnings").run()
    }),
    ("feature combinations", || features::run(&[])),
    ("TLS libraries", || cargo::tls(&[])),
    ("public items", || api::run(&[])),
    ("documentation", || cargo::doc(&[])),
    ("packages", || package::run(&[])),
    ("instructions of each operation", || gate::run(&[])),
    ("oldest Rust", || cargo::msrv(&[])),
];

/// An hour more, each with a job of its own in `.github/workflows`.
const LONG: [Check; 2] = [
    (OTHER_SYSTEMS, || targets::run(&[])),
    (FEATURES_ALONE, || features::run(&["--tests".to_owned()])),
];

/// The same, left out by name.
const LEFT_OUT: [Check; 2] = [
    (OTHER_SYSTEMS, || {
        run::not_run(
            "it takes half an hour; `cargo xtask targets` or `cargo xtask ci --all` does it",
        )
    }),
    (FEATURES_ALONE, || {
        run::not_run(
            "it takes half an hour; `cargo xtask features --tests` or `cargo xtask ci --all` does it",
        )
    }),
];

const OTHER_SYSTEMS: &str = "musl, ARM, Windows, macOS";
const FEATURES_ALONE: &str = "tests with no feature and with each";
