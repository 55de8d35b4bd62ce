//! Publishes all crates with one version; a second run continues where the first stopped.

use std::fs;

use crate::features;
use crate::run::{Result, Run};

/// `cargo xtask release [--publish]`.
pub(crate) fn run(args: &[String]) -> Result {
    let publishes = match args {
        [] => false,
        [flag] if flag == "--publish" => true,
        _ => return Err("usage: cargo xtask release [--publish]".into()),
    };
    let packages = features::published()?;
    let Some(version) = packages.first().map(|package| package.version.clone()) else {
        return Err("no package of this workspace is published".into());
    };
    ready(&version, &fs::read_to_string("CHANGELOG.md")?)?;
    let changes = Run::new("git status --porcelain").read()?;
    if !changes.is_empty() {
        return Err(format!("commit or remove these first:\n{}", changes.trim_end()).into());
    }

    let mut done = Vec::new();
    for package in &packages {
        let is_there = is_published(&package.name, &version)?;
        let state = if is_there { "published" } else { "to publish" };
        println!("    {:22}{version}  {state}", package.name);
        if is_there {
            done.push(package.name.as_str());
        }
    }
    if done.len() < packages.len() {
        let flags: Vec<_> = done.iter().flat_map(|name| ["--exclude", name]).collect();
        let publish = Run::new("cargo publish --locked --workspace").args(&flags);
        if publishes {
            publish.run()?;
        } else {
            publish.arg("--dry-run").arg("--no-verify").run()?;
        }
    }

    let tag = format!("v{version}");
    let is_tagged = !Run::new("git tag --list").arg(&tag).read()?.is_empty();
    match (is_tagged, publishes) {
        (true, _) => println!("    the tag {tag} is there"),
        (false, true) => Run::new("git tag --annotate --message")
            .args(&[&tag, &tag])
            .run()?,
        (false, false) => println!("    the tag {tag} is to be set"),
    }
    if !publishes {
        println!("    nothing was published; `cargo xtask release --publish` does it");
    }
    Ok(())
}

/// Checks that the changelog has a section of this version and nothing that is unreleased.
fn ready(version: &str, changelog: &str) -> Result {
    let mut sections = changelog.split("\n## ").skip(1);
    let unreleased = sections
        .clone()
        .find(|section| section.starts_with("Unreleased"))
        .and_then(|section| section.split_once('\n'));
    if unreleased.is_some_and(|(_, entries)| !entries.trim().is_empty()) {
        return Err(format!(
            "CHANGELOG.md has entries under \"Unreleased\"; name that section {version}"
        )
        .into());
    }
    match sections.any(|section| section.starts_with(version)) {
        true => Ok(()),
        false => Err(format!("CHANGELOG.md has no section {version}").into()),
    }
}

/// Returns `true` if the registry has this version.
fn is_published(name: &str, version: &str) -> Result<bool> {
    // Named with its registry, since without it cargo shows the package of this workspace.
    let asked = Run::new("cargo info --quiet --registry crates-io")
        .arg(&format!("{name}@{version}"))
        .read();
    match asked {
        Ok(_) => Ok(true),
        Err(error) if error.to_string().contains("could not find") => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_needs_its_section_in_the_changelog() {
        let verdict = |text: &str| ready("1.2.0", text).map_err(|error| error.to_string());
        let unreleased = verdict("# Changes\n\n## Unreleased\n\n- A thing.\n\n## 1.1.0\n");
        assert!(unreleased.unwrap_err().contains("name that section 1.2.0"));
        let missing = verdict("# Changes\n\n## 1.1.0\n\n- A thing.\n");
        assert!(missing.unwrap_err().contains("no section 1.2.0"));
        verdict("# Changes\n\n## Unreleased\n\n## 1.2.0\n\n- A thing.\n").unwrap();
    }
}
