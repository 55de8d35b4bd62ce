//! Pictures of the documentation, made anew in Chromium.

use std::fs;
use std::path::Path;

use crate::needs;
use crate::run::{Result, Run};

/// `cargo xtask pictures`.
pub(crate) fn run(_: &[String]) -> Result {
    needs::chromium()?;
    Run::new(
        "cargo test --locked --package auth-tests --all-features --test it real_browser::pictures",
    )
    .run()?;
    let (made, kept) = (Path::new("target/screenshots"), Path::new("docs/pictures"));
    fs::create_dir_all(kept)?;
    for name in PICTURES {
        let name = format!("{name}.png");
        fs::copy(made.join(&name), kept.join(&name))?;
        println!("    {}", kept.join(&name).display());
    }
    Ok(())
}

const PICTURES: [&str; 3] = ["page-light", "page-dark", "qr"];
