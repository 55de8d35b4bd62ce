//! The documentation, with all features as docs.rs builds it; a warning is an error.

use crate::features;
use crate::run::{Result, Run, target};

/// `cargo xtask doc`.
pub(crate) fn run(_: &[String]) -> Result {
    let published = features::published()?;
    let names: Vec<String> = published
        .into_iter()
        .flat_map(|package| ["--package".to_owned(), package.name])
        .collect();
    Run::new("cargo doc --locked --no-deps --lib --all-features")
        .args(&names)
        .env("RUSTDOCFLAGS", "-Dwarnings")
        .run()?;
    let index = target().join("doc/auth_all/index.html");
    println!("    open {}", index.display());
    Ok(())
}
