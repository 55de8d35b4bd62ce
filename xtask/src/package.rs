//! The packages as users get them: what each one holds, that it builds outside this workspace, and that
//! `cargo install` makes the command.
//!
//! They are built with the oldest versions of their dependencies that they allow, so that one build
//! shows both.

use std::fs;
use std::path::Path;

use crate::run::{Result, Run, target};
use crate::{cargo, features};

/// `cargo xtask package`.
pub(crate) fn run(_: &[String]) -> Result {
    Run::new("cargo publish --workspace --dry-run --no-verify --allow-dirty --locked --quiet")
        .run()?;
    let folder = target().join("packages");
    let packages = unpack(&folder)?;
    for package in &packages {
        examine(&folder.join(package))?;
    }
    build(&folder, &packages)
}

/// Packs each crate and unpacks it below `folder`; returns the packages as `name-version`.
fn unpack(folder: &Path) -> Result<Vec<String>> {
    let published = features::published()?;
    Run::new("cargo package --no-verify --allow-dirty --locked --quiet")
        .args(&cargo::each_published()?)
        .read()?;
    fs::create_dir_all(folder)?;
    let mut packages = Vec::new();
    for package in &published {
        let packed = format!("{}-{}", package.name, package.version);
        let unpacked = folder.join(&packed);
        if unpacked.exists() {
            fs::remove_dir_all(&unpacked)?;
        }
        let archive = target().join(format!("package/{packed}.crate"));
        let size = fs::metadata(&archive)?.len();
        println!("    {:22}{:>4} KiB", package.name, size.div_ceil(1024));
        Run::new("tar --extract --gzip")
            .args(&["--file", &archive.to_string_lossy()])
            .args(&["--directory", &folder.to_string_lossy()])
            .read()?;
        packages.push(packed);
    }
    Ok(packages)
}

/// Checks that a package has what its licence and its readers require.
fn examine(package: &Path) -> Result {
    for (file, phrase) in CONTENTS {
        let path = package.join(file);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !text.contains(phrase) {
            return Err(format!("{} does not say \"{phrase}\"", path.display()).into());
        }
    }
    Ok(())
}

/// Builds all packages, their tests and examples, each taking the others from beside it.
fn build(folder: &Path, packages: &[String]) -> Result {
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, workspace(packages))?;
    let manifest = manifest.to_string_lossy();
    // The flag is for nightly only, and the compiler is the one that users have.
    Run::new("cargo update --quiet -Z direct-minimal-versions")
        .args(&["--manifest-path", &manifest])
        .env("RUSTC_BOOTSTRAP", "1")
        .run()?;
    let built = folder.join("target").to_string_lossy().into_owned();
    Run::new("cargo check --locked --quiet --workspace --all-targets --all-features")
        .args(&["--manifest-path", &manifest])
        .env("CARGO_TARGET_DIR", &built)
        .run()?;
    install(folder, packages, &built)
}

/// Installs the command as a user does, from its package, and runs it.
fn install(folder: &Path, packages: &[String], built: &str) -> Result {
    let package = packages.iter().find(|it| it.starts_with("auth-all-cli-"));
    let package = folder.join(package.ok_or("`auth-all-cli` is not published")?);
    let root = folder.join("installed");
    Run::new("cargo install --locked --quiet --debug --force")
        .args(&["--path", &package.to_string_lossy()])
        .args(&["--root", &root.to_string_lossy()])
        .env("CARGO_TARGET_DIR", built)
        .run()?;
    let program = root.join("bin/auth-all");
    Run::new(&program.to_string_lossy())
        .args(&["try", "generic"])
        .read()
        .map(drop)
}

fn workspace(packages: &[String]) -> String {
    let mut text =
        format!("[workspace]\nresolver = \"3\"\nmembers = {packages:?}\n\n[patch.crates-io]\n");
    for package in packages {
        if let Some((name, _)) = package.rsplit_once('-') {
            text.push_str(&format!("{name} = {{ path = \"{package}\" }}\n"));
        }
    }
    text
}

/// Files of each package, and a phrase of theirs.
const CONTENTS: &[(&str, &str)] = &[
    ("LICENSE-APACHE", "TERMS AND CONDITIONS FOR USE"),
    ("LICENSE-MIT", "Permission is hereby granted"),
    ("README.md", "CHANGELOG.md"),
    ("src/lib.rs", "docsrs"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_take_each_other_from_beside_them() {
        let text = workspace(&["auth-core-0.1.0".to_owned()]);
        assert!(text.contains("members = [\"auth-core-0.1.0\"]"), "{text}");
        assert!(
            text.ends_with("auth-core = { path = \"auth-core-0.1.0\" }\n"),
            "{text}"
        );
    }
}
