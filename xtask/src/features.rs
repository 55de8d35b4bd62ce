//! Every crate with each of its features alone, and with none.
//!
//! Cargo unifies features, so a crate that builds in the workspace may fail to build alone. Clippy
//! is used because it reports the same errors as a build, and also code that a feature leaves unused.

use serde_json::Value;

use crate::run::{Result, Run};
use crate::setup;

/// A package of this workspace that is published.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rust_version: String,
    /// The features, except `default`.
    features: Vec<String>,
}

/// `cargo xtask features`.
pub(crate) fn run(_: &[String]) -> Result {
    setup::require(&[&setup::CLIPPY, &setup::OPENSSL])?;
    let mut checks = Vec::new();
    for package in published()? {
        checks.extend(
            combinations(&package.features)
                .into_iter()
                .map(|list| (package.name.clone(), list)),
        );
    }
    for (at, (name, features)) in checks.iter().enumerate() {
        println!("    {:>2}/{} {name}: {features:?}", at + 1, checks.len());
        Run::new("cargo clippy --quiet --locked --lib --no-default-features")
            .args(&["--package", name, "--features", features])
            .args(&["--", "-D", "warnings"])
            .read()?;
    }
    println!("    {} combinations", checks.len());
    Ok(())
}

/// Returns the packages of this workspace that are published, with their features.
pub(crate) fn published() -> Result<Vec<Package>> {
    let text = Run::new("cargo metadata --locked --format-version 1 --no-deps").read()?;
    let json: Value = serde_json::from_str(&text)?;
    let packages = json["packages"].as_array().into_iter().flatten();
    let published = packages.filter(|package| package["publish"].is_null());
    let read = |package: &Value| Package {
        name: package["name"].as_str().unwrap_or_default().to_owned(),
        version: package["version"].as_str().unwrap_or_default().to_owned(),
        rust_version: package["rust_version"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        features: package["features"]
            .as_object()
            .into_iter()
            .flat_map(|features| features.keys().cloned())
            .filter(|name| name != "default")
            .collect(),
    };
    Ok(published.map(read).collect())
}

/// Returns the combinations: none, each feature alone, and for the facade `full` with each other TLS library.
fn combinations(features: &[String]) -> Vec<String> {
    let mut lists = vec![String::new()];
    lists.extend_from_slice(features);
    if features.iter().any(|name| name == "full") {
        let tls = features.iter().filter(|name| TLS.contains(&name.as_str()));
        lists.extend(tls.map(|tls| format!("full,{tls}")));
    }
    lists
}

const TLS: [&str; 3] = ["native-tls", "platform-verifier", "rustls"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facade_is_checked_in_full_with_each_tls() {
        let lists = combinations(&["ermeo", "full", "native-tls"].map(str::to_owned));
        assert_eq!(
            lists,
            ["", "ermeo", "full", "native-tls", "full,native-tls"]
        );
    }

    #[test]
    fn tools_are_not_published() {
        let names: Vec<_> = published().unwrap().into_iter().map(|p| p.name).collect();
        assert!(names.contains(&"auth-core".to_owned()));
        assert!(!names.contains(&"xtask".to_owned()));
    }
}
