//! The oldest Rust that the crates support: built with the toolchain that `rust-version` names.

use crate::features;
use crate::run::{Result, Run, target};

/// `cargo xtask msrv`.
///
/// Without that toolchain it reports so and passes: clippy's `incompatible_msrv` then remains, which
/// refuses newer items of the standard library.
pub(crate) fn run(_: &[String]) -> Result {
    let packages = features::published()?;
    let Some(version) = packages.first().map(|package| package.rust_version.clone()) else {
        return Err("no package of this workspace is published".into());
    };
    if !Run::new("rustup run")
        .args(&[&version, "cargo", "--version"])
        .succeeds()
    {
        println!(
            "    SKIPPED: no Rust {version} here; `rustup toolchain install {version}` brings it"
        );
        return Ok(());
    }
    let flags: Vec<_> = packages
        .iter()
        .flat_map(|package| ["--package", &package.name])
        .collect();
    Run::new("rustup run")
        .args(&[
            &version,
            "cargo",
            "check",
            "--locked",
            "--lib",
            "--all-features",
        ])
        .args(&flags)
        .env("CARGO_TARGET_DIR", &target().join("msrv").to_string_lossy())
        .run()
}
