//! Every crate with none of its features, each alone, each two that meet in its code, and all.
//!
//! Cargo unifies features, so a crate that builds in the workspace may fail to build alone. Clippy
//! is used because it reports the same errors as a build, and also code that a feature leaves unused.

use std::iter;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::run::{self, Result, Run};
use crate::{setup, tidy};

/// A package of this workspace that is published.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rust_version: String,
    /// The features, except `default`.
    features: Vec<Feature>,
    /// The dependencies with their features, as cargo describes them.
    dependencies: Vec<Value>,
}

/// A feature of a package, and the features that it enables.
#[derive(Debug, PartialEq)]
struct Feature {
    name: String,
    enabled: Vec<String>,
    /// `false` if it only enables others, so that it cannot meet another one in the code.
    is_in_code: bool,
}

impl Package {
    /// Returns `true` if cargo can build both at once, and unifies nothing that differs.
    fn has_the_manifest_of(&self, other: &Self) -> bool {
        self.features == other.features && self.dependencies == other.dependencies
    }
}

impl Feature {
    fn enables(&self, other: &Feature) -> bool {
        self.enabled.contains(&other.name)
    }

    /// Returns `true` if both together may select code that neither selects alone.
    fn meets(&self, other: &Feature) -> bool {
        let is_implied = self.enables(other) || other.enables(self);
        self.is_in_code && other.is_in_code && !is_implied
    }
}

/// `cargo xtask features [--tests]`.
pub(crate) fn run(args: &[String]) -> Result {
    match args {
        [] => check(),
        [flag] if flag == "--tests" => test(),
        _ => Err("usage: cargo xtask features [--tests]".into()),
    }
}

fn check() -> Result {
    setup::require(&[&setup::CLIPPY, &setup::OPENSSL])?;
    let mut groups: Vec<Vec<Package>> = Vec::new();
    for package in published()? {
        match groups
            .iter_mut()
            .find(|group| group[0].has_the_manifest_of(&package))
        {
            Some(group) => group.push(package),
            None => groups.push(vec![package]),
        }
    }
    let mut checks = Vec::new();
    for group in &groups {
        let names: Vec<_> = group.iter().map(|package| package.name.as_str()).collect();
        let lists = combinations(&group[0].features).into_iter();
        checks.extend(lists.map(|list| (names.clone(), list)));
    }
    let next = AtomicUsize::new(0);
    // Most of a check uses one core. A second one needs a folder of its own: cargo locks each.
    let second = run::target().join("features");
    let done: Vec<std::result::Result<(), String>> = thread::scope(|scope| {
        let workers = [None, Some(&second)].map(|folder| {
            let (next, checks) = (&next, &checks);
            scope.spawn(move || {
                let ours = iter::from_fn(|| {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    checks.get(at).map(|check| (at, check))
                });
                ours.map(|(at, (names, features))| {
                    let shown = names.join(" ");
                    println!("    {:>3}/{} {shown}: {features:?}", at + 1, checks.len());
                    check_one(names, features, folder).map_err(|error| error.to_string())
                })
                .collect::<Vec<_>>()
            })
        });
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| vec![Err("panicked".into())])
            })
            .collect()
    });
    let failed: Vec<String> = done
        .into_iter()
        .filter_map(std::result::Result::err)
        .collect();
    if !failed.is_empty() {
        return Err(failed.join("\n").into());
    }
    let combinations: usize = checks.iter().map(|(names, _)| names.len()).sum();
    println!("    {combinations} combinations");
    Ok(())
}

fn check_one(names: &[&str], features: &str, folder: Option<&PathBuf>) -> Result {
    let packages: Vec<_> = names.iter().flat_map(|name| ["--package", name]).collect();
    let run = Run::new("cargo clippy --quiet --locked --lib --no-default-features")
        .args(&packages)
        .args(&["--features", features, "--", "-D", "warnings"]);
    let run = match folder {
        Some(folder) => run.quiet_env("CARGO_TARGET_DIR", &folder.to_string_lossy()),
        None => run,
    };
    run.read().map(drop)
}

/// Runs the tests of each crate with none of its features and with each alone; `test` runs them with all.
fn test() -> Result {
    setup::require(setup::FOR_TESTS)?;
    let mut tests = Vec::new();
    for package in published()? {
        let alone = package.features.into_iter().map(|feature| feature.name);
        let lists = [String::new()].into_iter().chain(alone);
        tests.extend(lists.map(|list| (package.name.clone(), list)));
    }
    run::all(tests.iter().map(|(name, features)| {
        let test = move || {
            Run::new("cargo test --quiet --locked --no-fail-fast --no-default-features")
                .args(&["--package", name, "--features", features])
                .quietly()
        };
        (format!("{name}: {features:?}"), test)
    }))
}

/// Returns the packages of this workspace that are published, with their features.
pub(crate) fn published() -> Result<Vec<Package>> {
    let text = Run::new("cargo metadata --locked --format-version 1 --no-deps").read()?;
    let json: Value = serde_json::from_str(&text)?;
    let packages = json["packages"].as_array().into_iter().flatten();
    let published = packages.filter(|package| package["publish"].is_null());
    published.map(Package::read).collect()
}

impl Package {
    fn read(package: &Value) -> Result<Self> {
        let text = |member: &str| package[member].as_str().unwrap_or_default().to_owned();
        let manifest = text("manifest_path");
        let folder = Path::new(&manifest).with_file_name("src");
        let code: Vec<String> = tidy::files_below(&folder, "rs")?
            .into_iter()
            .map(std::fs::read_to_string)
            .collect::<std::result::Result<_, _>>()?;
        let features = package["features"].as_object().into_iter().flatten();
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        Ok(Self {
            name: text("name"),
            version: text("version"),
            rust_version: text("rust_version"),
            features: features
                .filter(|(name, _)| *name != "default")
                .map(|(name, enabled)| Feature {
                    name: name.clone(),
                    enabled: texts(enabled),
                    is_in_code: {
                        let condition = format!("feature = \"{name}\"");
                        code.iter().any(|text| text.contains(&condition))
                    },
                })
                .collect(),
            dependencies: dependencies
                .filter(|dependency| dependency["kind"].is_null())
                .cloned()
                .collect(),
        })
    }
}

fn texts(list: &Value) -> Vec<String> {
    let values = list.as_array().into_iter().flatten();
    values
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Returns the combinations: none, each feature alone, each two that meet, and all.
///
/// The facade's features only re-export, so two of them never meet.
fn combinations(features: &[Feature]) -> Vec<String> {
    let is_facade = features.iter().any(|feature| feature.name == "full");
    let mut lists = vec![String::new()];
    for (at, feature) in features.iter().enumerate() {
        lists.push(feature.name.clone());
        let others = features[..at].iter().filter(|_| !is_facade);
        lists.extend(
            others
                .filter(|other| feature.meets(other))
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
    fn two_features_are_checked_together_if_they_meet_in_code() {
        let feature = |name: &str, enabled: &[&str], is_in_code| Feature {
            name: name.to_owned(),
            enabled: enabled.iter().map(|&name| name.to_owned()).collect(),
            is_in_code,
        };
        let features = [
            feature("generic", &[], true),
            feature("jwt", &["generic", "oauth2-generic/jwt"], true),
            feature("passed_on", &["auth-core/passed_on"], false),
            feature("tls", &[], true),
        ];
        let lists = combinations(&features);
        assert_eq!(lists[..4], ["", "generic", "jwt", "passed_on"]);
        let rest = ["tls", "generic,tls", "jwt,tls", "generic,jwt,passed_on,tls"];
        assert_eq!(lists[4..], rest);
    }

    #[test]
    fn a_feature_is_in_code_if_a_condition_names_it() {
        let packages = published().unwrap();
        let is_in_code = |package: &str, name: &str| {
            let package = packages.iter().find(|it| it.name == package).unwrap();
            let feature = package.features.iter().find(|it| it.name == name);
            feature.unwrap().is_in_code
        };
        assert!(is_in_code("oauth2-generic", "dpop"));
        assert!(is_in_code("auth-core", "rustls"));
        assert!(!is_in_code("oauth2-generic", "rustls"));
    }

    #[test]
    fn tools_are_not_published() {
        let names: Vec<_> = published().unwrap().into_iter().map(|p| p.name).collect();
        assert!(names.contains(&"auth-core".to_owned()));
        assert!(!names.contains(&"xtask".to_owned()));
    }
}
