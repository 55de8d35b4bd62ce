//! Every crate with each of its features alone, and with none.
//!
//! Cargo unifies features, so a crate that builds in the workspace may still not build alone. Clippy
//! rather than a build: it sees the same errors, and a feature that leaves code unused as well.

use crate::metadata::{self, Package};
use crate::needs;
use crate::run::{Result, Run, Stopwatch};

/// `cargo xtask features`.
pub(crate) fn run(_: &[String]) -> Result {
    needs::native_tls()?;
    let mut lines = Vec::new();
    for package in metadata::workspace()?
        .iter()
        .filter(|package| package.published)
    {
        lines.extend(
            combinations(package)
                .iter()
                .map(|features| (package.name.clone(), features.join(","))),
        );
    }
    let clock = Stopwatch::start();
    for (at, (name, features)) in lines.iter().enumerate() {
        let shown = if features.is_empty() {
            "no feature"
        } else {
            features
        };
        println!("    {:>2}/{} {name}: {shown}", at + 1, lines.len());
        Run::new("cargo clippy --quiet --locked --lib --no-default-features")
            .args(&[
                "--package",
                name,
                "--features",
                features,
                "--",
                "-D",
                "warnings",
            ])
            .read()?;
    }
    println!("    {} combinations, {clock}", lines.len());
    Ok(())
}

/// None, each alone, and for the facade `full` with every other way to do TLS.
fn combinations(package: &Package) -> Vec<Vec<&str>> {
    let named = || {
        package
            .features
            .iter()
            .map(String::as_str)
            .filter(|name| *name != "default")
    };
    let mut combinations = vec![Vec::new()];
    combinations.extend(named().map(|name| vec![name]));
    if named().any(|name| name == "full") {
        combinations.extend(
            named()
                .filter(|name| TLS.contains(name))
                .map(|tls| vec!["full", tls]),
        );
    }
    combinations
}

const TLS: [&str; 3] = ["native-tls", "platform-verifier", "rustls"];

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &[&str]) -> Package {
        Package {
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            ..Package::default()
        }
    }

    #[test]
    fn a_vendor_is_checked_without_features_and_with_each_alone() {
        let vendor = package(&["default", "native-tls", "rustls"]);
        assert_eq!(
            combinations(&vendor),
            [vec![], vec!["native-tls"], vec!["rustls"]]
        );
    }

    #[test]
    fn the_facade_is_also_checked_in_full_with_every_way_to_do_tls() {
        let facade = package(&["ermeo", "full", "native-tls", "platform-verifier"]);
        let combinations = combinations(&facade);
        assert!(combinations.contains(&vec!["full", "native-tls"]));
        assert!(combinations.contains(&vec!["full", "platform-verifier"]));
        assert_eq!(combinations.len(), 7);
    }
}
