//! All checks that a change must pass before it is merged, the fastest ones first.

use crate::run::{self, Check, Result, Run};
use crate::{api, cargo, features, gate, package, setup, tidy};

/// `cargo xtask ci [--no-test]`.
pub(crate) fn run(args: &[String]) -> Result {
    let with_tests = match args {
        [] => true,
        [flag] if flag == "--no-test" => false,
        _ => return Err("usage: cargo xtask ci [--no-test]".into()),
    };
    setup::require(&[
        &setup::RUSTFMT,
        &setup::CLIPPY,
        &setup::DENY,
        &setup::OPENSSL,
    ])?;
    let tests: Check = ("tests", || cargo::test(&[]));
    run::all(CHECKS.iter().copied().chain(with_tests.then_some(tests)))
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
