//! Every crate with none of its features, each alone, each two of them, and all.
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
    features: Vec<Feature>,
}

/// A feature of a package, and the features that it enables.
#[derive(Debug)]
struct Feature {
    name: String,
    enabled: Vec<String>,
}

impl Feature {
    fn enables(&self, other: &Feature) -> bool {
        self.enabled.contains(&other.name)
    }
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
        println!("    {:>3}/{} {name}: {features:?}", at + 1, checks.len());
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
            .flatten()
            .filter(|(name, _)| *name != "default")
            .map(|(name, enabled)| Feature {
                name: name.clone(),
                enabled: texts(enabled),
            })
            .collect(),
    };
    Ok(published.map(read).collect())
}

fn texts(list: &Value) -> Vec<String> {
    let values = list.as_array().into_iter().flatten();
    values
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Returns the combinations: none, each feature alone, each two of them, and all.
///
/// Without the pairs for the facade: its features only re-export, so two of them cannot meet in code.
fn combinations(features: &[Feature]) -> Vec<String> {
    let is_facade = features.iter().any(|feature| feature.name == "full");
    let mut lists = vec![String::new()];
    for (at, feature) in features.iter().enumerate() {
        lists.push(feature.name.clone());
        let others = features[..at].iter().filter(|_| !is_facade);
        lists.extend(
            others
                .filter(|other| !feature.enables(other) && !other.enables(feature))
                .map(|other| format!("{},{}", other.name, feature.name)),
        );
    }
    if features.len() > 2 {
        let names: Vec<_> = features
            .iter()
            .map(|feature| feature.name.as_str())
            .collect();
        lists.push(names.join(","));
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_two_features_are_checked_unless_one_enables_the_other() {
        let feature = |name: &str, enabled: &[&str]| Feature {
            name: name.to_owned(),
            enabled: enabled.iter().map(|&name| name.to_owned()).collect(),
        };
        let features = [
            feature("generic", &[]),
            feature("jwt", &["generic", "oauth2-generic/jwt"]),
            feature("tls", &[]),
        ];
        let lists = combinations(&features);
        let pairs = ["generic,tls", "jwt,tls", "generic,jwt,tls"];
        assert_eq!(lists[..3], ["", "generic", "jwt"]);
        assert_eq!(lists[3..], ["tls", pairs[0], pairs[1], pairs[2]]);
    }

    #[test]
    fn tools_are_not_published() {
        let names: Vec<_> = published().unwrap().into_iter().map(|p| p.name).collect();
        assert!(names.contains(&"auth-core".to_owned()));
        assert!(!names.contains(&"xtask".to_owned()));
    }
}
