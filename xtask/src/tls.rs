//! The table of TLS handshakes with each TLS library alone, and with all of them in one program.

use crate::run::{self, Result, Run};
use crate::setup;

/// `cargo xtask tls`.
pub(crate) fn run(_: &[String]) -> Result {
    setup::require(&[&setup::OPENSSL])?;
    run::all(LIBRARIES.map(|features| (format!("TLS by {features}"), move || test(features))))
}

fn test(features: &str) -> Result {
    Run::new("cargo test --locked --package tls-tests --test it --no-default-features")
        .args(&["--features", features])
        .run()
}

/// Features of `tls-tests`; `platform-verifier` is rustls with another verifier.
const LIBRARIES: [&str; 4] = [
    "rustls",
    "native-tls",
    "platform-verifier",
    "native-tls,platform-verifier",
];
