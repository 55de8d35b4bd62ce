//! The rules of the repository that no other tool checks, and `cargo deny` for those that it checks.
//!
//! A rule about text is a function that returns complaints. Plain `cargo test` runs them all.

mod commands;
mod language;
mod proofs;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{self, Result, Run};
use crate::setup;

/// `cargo xtask tidy`.
pub(crate) fn run(_: &[String]) -> Result {
    run::all([
        ("rules of the repository", rules as fn() -> Result),
        ("dependencies", dependencies),
    ])
}

/// Checks source files, language, the tests that documents name, and that every package uses our lints.
pub(crate) fn rules() -> Result {
    let mut complaints = Vec::new();
    let mut sources = Vec::new();
    for path in files("rs")? {
        sources.push((path.to_string_lossy().into_owned(), text(&path)?));
    }
    for (path, text) in &sources {
        complaints.extend(source::check(path, text));
        if !path.ends_with("tidy/language.rs") {
            complaints.extend(language::check(path, text));
        }
    }
    let documents = DOCUMENTS.iter().map(PathBuf::from);
    for path in files("md")?.into_iter().chain(documents) {
        let (path, text) = (path.to_string_lossy().into_owned(), text(&path)?);
        complaints.extend(language::check(&path, &text));
        complaints.extend(commands::check(&path, &text));
    }
    for path in files("yml")? {
        complaints.extend(commands::check(&path.to_string_lossy(), &text(&path)?));
    }
    complaints.extend(proofs::check(PROOFS, &text(PROOFS)?, &sources));
    for path in files("toml")? {
        let manifest = text(&path)?;
        // An example has a workspace of its own.
        let is_ours = manifest.contains("[package]") && !manifest.contains("\n[workspace]\n");
        if is_ours && !manifest.contains("[lints]\nworkspace = true") {
            complaints.push(format!("{}: not the workspace's lints", path.display()));
        }
    }
    verdict(&complaints)
}

/// Checks licences and banned crates with `cargo deny`, and counts the crates that users build.
pub(crate) fn dependencies() -> Result {
    let mut complaints = Vec::new();
    for (package, features, most) in BOUNDS {
        let tree = "cargo tree --locked --edges normal --prefix none --no-dedupe --package";
        let text = Run::new(&format!("{tree} {package} {features}")).read()?;
        let mut crates: Vec<_> = text.lines().collect();
        crates.sort_unstable();
        crates.dedup();
        println!(
            "    {package} {features}: {} crates of {most}",
            crates.len()
        );
        if crates.is_empty() || crates.len() > *most {
            complaints.push(format!("{package}: {} crates", crates.len()));
        }
    }
    verdict(&complaints)?;
    // Our crates are in the lock file of this workspace, too: a dependency that is new here is missing there.
    Run::new("cargo update --quiet --workspace --locked --manifest-path tests/peers/Cargo.toml")
        .run()?;
    setup::require(&[&setup::DENY])?;
    Run::new(&setup::deny())
        .args(&["--locked", "--offline", "check", "--hide-inclusion-graph"])
        .args(&["bans", "licenses", "sources"])
        .run()
}

/// `cargo xtask advisories`: downloads the database of `RustSec`, and does not run without the internet.
pub(crate) fn advisories(_: &[String]) -> Result {
    setup::require(&[&setup::DENY])?;
    let fetched = Run::new(&setup::deny()).args(&["fetch", "db"]).read();
    if let Err(error) = fetched {
        return run::not_run(format!(
            "the database of RustSec cannot be downloaded from github.com here; run `cargo xtask advisories` where it \
             can, or set `db-urls` in deny.toml to a mirror\n{error}"
        ));
    }
    Run::new(&setup::deny())
        .args(&["--locked", "check", "advisories"])
        .run()
}

fn verdict(complaints: &[String]) -> Result {
    match complaints {
        [] => Ok(()),
        _ => Err(format!("{} found\n  {}", complaints.len(), complaints.join("\n  ")).into()),
    }
}

fn text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Returns every file of ours with this extension, sorted, relative to the root.
fn files(extension: &str) -> Result<Vec<PathBuf>> {
    let folders = [".github", "crates", "examples", "fuzz", "tests", "xtask"];
    let mut files = Vec::new();
    for folder in folders {
        files.extend(files_below(Path::new(folder), extension)?);
    }
    Ok(files)
}

/// Returns every file below a folder with this extension, sorted.
pub(crate) fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|other| other == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Documents in the root; the others are below its folders.
const DOCUMENTS: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
];

/// Obligations of RFC 9700, and the tests that prove them.
const PROOFS: &str = "crates/oauth2-generic/RFC9700.md";

/// Package, options for its features, and the maximum number of crates that it may bring, itself included; no lint counts
/// them.
const BOUNDS: &[(&str, &str, usize)] = &[
    // ureq with rustls is 22 crates; the others are JSON, errors, `time`, 4 for a clock, jitter and two of ours.
    ("aerion-auth", "", 46),
    ("aeris-auth", "", 46),
    ("ermeo-auth", "", 46),
    // A program with `oauth2` over ureq 3 is 82 crates. Added are 5 for `time`, 4 for the clock, 2 for thiserror 2
    // (`oauth2` has its own 1), jitter, fingerprints, and 6 of ours minus the program itself.
    ("auth-all", "--features full", 100),
    // The databases' clients are half of them; arguments, TOML and signals are 27.
    ("auth-all-cli", "", 190),
    // Most of them are dependencies of `oauth2`.
    ("oauth2-generic", "", 96),
    // Every grant that sends no browser to the server.
    (
        "oauth2-generic",
        "--no-default-features --features rustls",
        48,
    ),
    // Three open a browser, one draws a code; signing uses crates that rustls has already.
    ("oauth2-generic", "--features browser,dpop,jwt,qr", 100),
    // Four fifths of them are for the session bus of Linux; on other systems there are only a few.
    ("auth-store-keyring", "", 123),
    // The client is async inside, and password authentication needs hashes; TLS is 17 of them.
    ("auth-store-postgres", "", 101),
    // A third of them support its URLs, which may contain any script.
    ("auth-store-redis", "", 83),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    #[test]
    fn the_repository_is_tidy() {
        env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        rules().unwrap();
        let files = files("rs").unwrap();
        assert!(files.contains(&PathBuf::from("xtask/src/tidy/source.rs")));
    }
}
