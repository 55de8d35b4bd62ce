//! The rules of the repository that no other tool checks.
//!
//! Each rule is a function from text to complaints, so that each is shown to catch what it is for;
//! plain `cargo test` runs them all over the repository.

mod dependencies;
mod manifests;
mod proofs;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use crate::metadata;
use crate::run::{Result, Run};
use crate::steps::Tally;

/// `cargo xtask tidy`.
pub(crate) fn run(_: &[String]) -> Result {
    let mut tally = Tally::default();
    for (name, check) in [("rules", rules as fn() -> Result), ("dependencies", policy)] {
        match check() {
            Ok(()) => {
                println!("{name}: ok");
                tally.passed += 1;
            }
            Err(error) => {
                println!("{name}: {error}");
                tally.failed += 1;
            }
        }
    }
    tally.close()
}

/// Source files, manifests, the changelog and the lock file.
pub(crate) fn rules() -> Result {
    let mut complaints = Vec::new();
    let mut sources = Vec::new();
    for path in rust_files()? {
        sources.push((path.to_string_lossy().into_owned(), text(&path)?));
    }
    for (path, text) in &sources {
        complaints.extend(source::check(path, text));
    }
    complaints.extend(proofs::check(PROOFS, &text(PROOFS)?, &sources));
    let packages = metadata::workspace()?;
    for package in &packages {
        complaints.extend(manifests::check(package, |name| {
            fs::read_to_string(package.folder.join(name)).ok()
        }));
    }
    complaints.extend(manifests::changelog(&text("CHANGELOG.md")?, &packages));
    if Path::new(".git").exists() && Run::new("git ls-files Cargo.lock").read()?.is_empty() {
        complaints.push("Cargo.lock: not committed".to_owned());
    }
    verdict(&complaints)
}

/// How many crates a user gets, which ones, and under which licences.
pub(crate) fn policy() -> Result {
    let mut complaints = Vec::new();
    for bound in dependencies::BOUNDS {
        let tree = Run::new("cargo tree --locked --edges normal --prefix none --no-dedupe")
            .args(&["--package", bound.package, "--features", bound.features])
            .read()?;
        println!("    {}", dependencies::summary(bound, &tree));
        complaints.extend(dependencies::check(bound, &tree));
    }
    let licences = dependencies::Licences::read(&text("deny.toml")?);
    for package in metadata::everything()? {
        complaints.extend(licences.check(&package));
    }
    verdict(&complaints)
}

fn verdict(complaints: &[String]) -> Result {
    if complaints.is_empty() {
        return Ok(());
    }
    Err(format!("{} found\n  {}", complaints.len(), complaints.join("\n  ")).into())
}

fn text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Every Rust file that is ours, sorted, with paths relative to the root.
fn rust_files() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["crates", "tests", "xtask"].map(PathBuf::from).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What a best practice asks for, and the tests that prove it.
const PROOFS: &str = "crates/oauth2-generic/RFC9700.md";

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    fn in_root<T>(work: impl FnOnce() -> Result<T>) -> T {
        env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
        work().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_repository_is_tidy() {
        in_root(rules);
    }

    #[test]
    fn the_dependencies_stay_within_their_bounds() {
        in_root(policy);
    }

    #[test]
    fn every_rust_file_is_looked_at() {
        let files = in_root(rust_files);
        assert!(files.contains(&PathBuf::from("xtask/src/tidy/source.rs")));
        assert!(
            files
                .iter()
                .any(|path| path.starts_with("crates/auth-core/src"))
        );
    }
}
