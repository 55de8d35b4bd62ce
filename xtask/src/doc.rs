//! The documentation, built as docs.rs will build it, warnings being errors.

use crate::metadata;
use crate::run::{Result, Run};

/// `cargo xtask doc`.
pub(crate) fn run(_: &[String]) -> Result {
    let published = metadata::workspace()?
        .into_iter()
        .filter(|package| package.published);
    let names: Vec<String> = published
        .flat_map(|package| ["--package".to_owned(), package.name])
        .collect();
    Run::new("cargo doc --locked --no-deps --lib --features auth-all/full")
        .args(&names)
        .env("RUSTDOCFLAGS", "-Dwarnings")
        .run()?;
    let index = metadata::target_directory()?.join("doc/auth_all/index.html");
    println!("    open {}", index.display());
    Ok(())
}
