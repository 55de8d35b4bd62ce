//! Every crate with each of its features alone, and with none.
//!
//! Cargo unifies features, so a crate that builds in the workspace may still not build alone. Clippy
//! rather than a build: it sees the same errors, and a feature that leaves code unused as well.

use crate::metadata::{self, Package};
use crate::needs;
use crate::run::{Result, Run};
use crate::steps::Stopwatch;

/// `cargo xtask features`.
pub(crate) fn run(_: &[String]) -> Result {
    needs::native_tls()?;
    let packages = metadata::workspace()?;
    let published = packages.iter().filter(|package| package.published);
    let pairs = |package| {
        let lists = combinations(package)
            .into_iter()
            .map(|names| names.join(","));
        lists.map(|list| (&package.name, list)).collect::<Vec<_>>()
    };
    let checks: Vec<_> = published.flat_map(pairs).collect();
    let clock = Stopwatch::start();
    for (at, (name, features)) in checks.iter().enumerate() {
        let shown = if features.is_empty() {
            "no feature"
        } else {
            features
        };
        println!("    {:>2}/{} {name}: {shown}", at + 1, checks.len());
        check(name, features)?;
    }
    println!("    {} combinations, {clock}", checks.len());
    Ok(())
}

fn check(package: &str, features: &str) -> Result {
    let mut clippy = Run::new("cargo clippy --quiet --locked --lib --no-default-features");
    clippy = clippy.args(&["--package", package]);
    if !features.is_empty() {
        clippy = clippy.args(&["--features", features]);
    }
    clippy.args(&["--", "-D", "warnings"]).read()?;
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
