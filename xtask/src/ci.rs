//! All that must hold before a change is merged, in the order in which it fails fastest.

use crate::run::{Result, Run};
use crate::steps::{Steps, Tally};
use crate::{doc, features, needs, test, tidy};

/// `cargo xtask ci [--no-test]`.
pub(crate) fn run(args: &[String]) -> Result {
    let with_tests = match args {
        [] => true,
        [flag] if flag == "--no-test" => false,
        _ => return Err("usage: cargo xtask ci [--no-test]".into()),
    };
    let mut steps = Steps::new(CHECKS.len() + usize::from(with_tests));
    let mut tally = Tally::default();
    for (name, check) in CHECKS {
        match steps.step(name, check) {
            Some(()) => tally.passed += 1,
            None => tally.failed += 1,
        }
    }
    if with_tests {
        let tests = steps.step("tests", || test::count(None));
        tally.add(tests.unwrap_or(Tally {
            failed: 1,
            ..Tally::default()
        }));
    }
    tally.close()
}

type Check = (&'static str, fn() -> Result);

const CHECKS: &[Check] = &[
    ("formatting", formatting),
    ("rules of the repository", tidy::rules),
    ("dependency policy", tidy::policy),
    ("lints", lints),
    ("feature combinations", || features::run(&[])),
    ("documentation", || doc::run(&[])),
];

fn formatting() -> Result {
    needs::components()?;
    Run::new("cargo fmt --all --check").run()
}

fn lints() -> Result {
    Run::new("cargo clippy --locked --workspace --all-targets -- -D warnings").run()
}
