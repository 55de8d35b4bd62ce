//! The tests: plain `cargo test`, after a check that the programs they need are installed.

use crate::run::{Result, Run};
use crate::{model, setup};

/// `cargo xtask test [arguments of cargo test]`.
///
/// With arguments it checks nothing beforehand; a test whose server is missing reports that itself.
pub(crate) fn run(args: &[String]) -> Result {
    if !args.is_empty() {
        return cargo().args(args).run();
    }
    setup::require(setup::FOR_TESTS)?;
    // Both run, so that one failure does not hide the other.
    let tested = cargo()
        .args(&["--workspace", "--features", OTHER_TLS])
        .run();
    let explored = model::run(&[]);
    tested.and(explored)
}

/// The TLS libraries that are not the default, for the table of handshakes.
const OTHER_TLS: &str = "tls-tests/native-tls,tls-tests/platform-verifier";

fn cargo() -> Run {
    Run::new("cargo test --locked --no-fail-fast")
}
