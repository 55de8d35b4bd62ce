//! The dependency policy: how many crates, which ones never, one version of each, known licences.

use std::collections::{BTreeMap, BTreeSet};

use crate::metadata::Package;

/// How many crates a package may bring, itself included, and which it never brings.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) package: &'static str,
    pub(super) features: &'static str,
    most: usize,
    never: &'static [&'static str],
    /// Two versions of one crate are two crates to build.
    one_version: bool,
}

pub(super) const BOUNDS: &[Bound] = &[
    vendor("aerion-auth"),
    vendor("aeris-auth"),
    vendor("ermeo-auth"),
    // `oauth2` over ureq 3 is 82 crates; ours may add 8.
    Bound {
        package: "auth-all",
        features: "full",
        most: 90,
        never: &["tokio", "mockito"],
        one_version: false,
    },
];

/// ureq with rustls is 27 crates, serde and thiserror and time make it 41, a clock and jitter 45.
const fn vendor(package: &'static str) -> Bound {
    let never = &["mockito", "oauth2", "tokio", "url"];
    Bound {
        package,
        features: "",
        most: 46,
        never,
        one_version: true,
    }
}

/// What a tree breaks; `tree` is what `cargo tree --prefix none` prints.
pub(super) fn check(bound: &Bound, tree: &str) -> Vec<String> {
    let versions = versions(tree);
    let mut complaints = Vec::new();
    let crates: usize = versions.values().map(BTreeSet::len).sum();
    if crates == 0 {
        complaints.push("its dependencies cannot be read".to_owned());
    }
    if crates > bound.most {
        complaints.push(format!("{crates} crates, at most {} allowed", bound.most));
    }
    for name in bound
        .never
        .iter()
        .filter(|name| versions.contains_key(**name))
    {
        complaints.push(format!("depends on `{name}`"));
    }
    for (name, versions) in versions
        .iter()
        .filter(|(_, versions)| bound.one_version && versions.len() > 1)
    {
        let versions: Vec<_> = versions.iter().copied().collect();
        complaints.push(format!("two versions of `{name}`: {}", versions.join(", ")));
    }
    complaints
        .iter()
        .map(|complaint| format!("{}: {complaint}", bound.package))
        .collect()
}

/// `ermeo-auth: 45 crates of at most 46`.
pub(super) fn summary(bound: &Bound, tree: &str) -> String {
    let crates: usize = versions(tree).values().map(BTreeSet::len).sum();
    format!("{}: {crates} crates, at most {}", bound.package, bound.most)
}

/// The `allow` list under `[licenses]` in deny.toml.
pub(super) fn allowed_licences(deny: &str) -> BTreeSet<String> {
    let section = deny.split("[licenses]").nth(1).unwrap_or_default();
    let list = section.split_once("allow = [").map_or("", |(_, list)| list);
    let list = list.split(']').next().unwrap_or_default();
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// What is wrong with the licence of a package that is not ours.
pub(super) fn licence(package: &Package, allowed: &BTreeSet<String>) -> Option<String> {
    let words = package.license.as_deref().unwrap_or_default();
    let fine = package.ours || acceptable(words, allowed);
    (!fine).then(|| {
        format!(
            "{} {}: licence `{words}` is not in deny.toml",
            package.name, package.version
        )
    })
}

/// Reads an SPDX expression; an `OR` needs one side, an `AND` needs both.
fn acceptable(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed) && words.peek().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut fine = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        fine |= both(words, allowed);
    }
    fine
}

fn both(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut fine = single(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        fine &= single(words, allowed);
    }
    fine
}

fn single(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        return either(words, allowed) & words.next_if_eq(&")").is_some();
    }
    let mut name = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&name)
}

fn versions(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut versions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Bound = Bound {
        package: "small",
        features: "",
        most: 3,
        never: &["url"],
        one_version: true,
    };

    #[test]
    fn a_tree_within_its_bound_passes_and_repeated_lines_count_once() {
        let tree = "small v0.1.0 (/somewhere)\nureq v3.5.1\nhttp v1.5.0\nhttp v1.5.0\n";
        assert!(check(&SMALL, tree).is_empty());
        assert_eq!(summary(&SMALL, tree), "small: 3 crates, at most 3");
    }

    #[test]
    fn one_crate_too_many_is_found() {
        let tree = "small v0.1.0\nureq v3.5.1\nhttp v1.5.0\nlog v0.4.0\n";
        assert_eq!(check(&SMALL, tree), ["small: 4 crates, at most 3 allowed"]);
    }

    #[test]
    fn a_banned_crate_and_a_second_version_are_found() {
        assert_eq!(
            check(&SMALL, "small v0.1.0\nurl v2.5.0\n"),
            ["small: depends on `url`"]
        );
        let twice = check(&SMALL, "small v0.1.0\nhttp v0.2.0\nhttp v1.5.0\n");
        assert_eq!(twice, ["small: two versions of `http`: v0.2.0, v1.5.0"]);
    }

    #[test]
    fn a_tree_that_cannot_be_read_is_not_a_pass() {
        assert_eq!(check(&SMALL, "").len(), 1);
    }

    #[test]
    fn licences_are_read_as_expressions() {
        let deny = "[bans]\nallow = [\"x\"]\n[licenses]\nallow = [\n  \"MIT\", # one\n  \"ISC\",\n  \"Apache-2.0 WITH LLVM-exception\",\n]\n";
        let allowed = allowed_licences(deny);
        assert_eq!(allowed.len(), 3);
        for fine in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(GPL-3.0 OR MIT) AND ISC",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(acceptable(fine, &allowed), "{fine}");
        }
        for foul in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0",
            "(MIT",
            "MIT ISC",
        ] {
            assert!(!acceptable(foul, &allowed), "{foul}");
        }
    }

    #[test]
    fn an_unknown_licence_names_its_crate_and_ours_are_not_asked() {
        let allowed = allowed_licences("[licenses]\nallow = [\"MIT\"]");
        let mut package = Package {
            name: "odd".into(),
            license: Some("SSPL-1.0".into()),
            ..Package::default()
        };
        assert!(licence(&package, &allowed).unwrap().contains("odd"));
        package.ours = true;
        assert!(licence(&package, &allowed).is_none());
    }
}
