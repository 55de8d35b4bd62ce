//! The dependency policy: how many crates, which ones never, one version of each, known licences.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    // `oauth2` over ureq 3 is a program of 82 crates. To these come 5 for `time`, 3 for the clock, 2
    // for thiserror 2 beside `oauth2`'s own 1, jitter, fingerprints, and 6 of ours in the program's place.
    Bound {
        package: "auth-all",
        features: "full",
        most: 99,
        never: &["mockito", "tokio"],
        one_version: false,
    },
    // What `oauth2` itself needs is most of it.
    generic("", 95),
    // Opening a browser is three, drawing a code is one; what signs is in rustls already.
    generic("browser,dpop,jwt,qr", 99),
    // Four fifths of them are for the session bus of Linux; elsewhere it is a handful.
    Bound {
        package: "auth-store-keyring",
        features: "",
        most: 123,
        never: &["mockito", "oauth2", "tokio"],
        one_version: false,
    },
    // The client is async inside, and passwords are proved by hashes; TLS is 17 of them.
    Bound {
        package: "auth-store-postgres",
        features: "",
        most: 100,
        never: &["mockito", "oauth2", "postgres", "url"],
        one_version: false,
    },
    // A third of them are for its URLs, which may be written in any script.
    Bound {
        package: "auth-store-redis",
        features: "",
        most: 82,
        never: &["mockito", "oauth2", "tokio"],
        one_version: true,
    },
];

/// ureq with rustls is 22 crates; the rest is JSON, errors, `time`, a clock, jitter and two of ours.
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

const fn generic(features: &'static str, most: usize) -> Bound {
    Bound {
        package: "oauth2-generic",
        features,
        most,
        never: &["mockito", "tokio"],
        one_version: false,
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

/// What deny.toml allows under `[licenses]`.
#[derive(Debug)]
pub(super) struct Licences {
    all: BTreeSet<String>,
    /// A crate and what it alone may have.
    exceptions: BTreeMap<String, BTreeSet<String>>,
}

impl Licences {
    pub(super) fn read(deny: &str) -> Self {
        let section = deny.split("[licenses]").nth(1).unwrap_or_default();
        let list = |name: &str, end: &str| {
            let (_, list) = section
                .split_once(&format!("\n{name} = ["))
                .unwrap_or_default();
            list.split(end)
                .next()
                .unwrap_or_default()
                .lines()
                .map(quoted)
                .collect::<Vec<_>>()
        };
        let exceptions = list("exceptions", "\n]")
            .into_iter()
            .filter_map(|mut words| {
                let name = words.pop_front()?;
                Some((name, words.into_iter().collect()))
            });
        Self {
            exceptions: exceptions.collect(),
            all: list("allow", "\n]").into_iter().flatten().collect(),
        }
    }

    /// What is wrong with the licence of a package that is not ours.
    pub(super) fn check(&self, package: &Package) -> Option<String> {
        let Package {
            name,
            version,
            license,
            ..
        } = package;
        let words = license.as_deref().unwrap_or_default();
        let none = BTreeSet::new();
        let own = self.exceptions.get(name).unwrap_or(&none);
        let fine = package.ours
            || acceptable(words, &|licence| {
                self.all.contains(licence) || own.contains(licence)
            });
        (!fine).then(|| format!("{name} {version}: licence `{words}` is not in deny.toml"))
    }
}

/// The texts in quotation marks in a line, before any comment.
fn quoted(line: &str) -> VecDeque<String> {
    let line = line.split('#').next().unwrap_or_default();
    line.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Reads an SPDX expression; an `OR` needs one side, an `AND` needs both.
fn acceptable(expression: &str, allowed: Allowed<'_>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed) && words.peek().is_none()
}

type Allowed<'a> = &'a dyn Fn(&str) -> bool;
type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: Allowed<'_>) -> bool {
    let mut fine = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        fine |= both(words, allowed);
    }
    fine
}

fn both(words: &mut Words<'_>, allowed: Allowed<'_>) -> bool {
    let mut fine = single(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        fine &= single(words, allowed);
    }
    fine
}

fn single(words: &mut Words<'_>, allowed: Allowed<'_>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        return either(words, allowed) & words.next_if_eq(&")").is_some();
    }
    let mut name = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", words.next().unwrap_or_default());
    }
    allowed(&name)
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

    const DENY: &str = "\
[bans]
allow = [\"x\"]

[licenses]
allow = [
    \"MIT\", # \"one\"
    \"ISC\",
    \"Apache-2.0 WITH LLVM-exception\",
]
exceptions = [
    { crate = \"odd\", allow = [\"MPL-2.0\"] }, # for tests
]
";

    fn complaint(name: &str, license: Option<&str>) -> Option<String> {
        let license = license.map(str::to_owned);
        Licences::read(DENY).check(&Package {
            name: name.to_owned(),
            license,
            ..Package::default()
        })
    }

    #[test]
    fn licences_are_read_as_expressions() {
        for fine in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(GPL-3.0 OR MIT) AND ISC",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(complaint("a", Some(fine)), None);
        }
        for foul in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0",
            "(MIT",
            "MIT ISC",
            "x",
            "one",
        ] {
            assert!(complaint("a", Some(foul)).is_some(), "{foul}");
        }
        assert!(complaint("a", None).is_some());
    }

    #[test]
    fn an_exception_is_for_one_crate() {
        assert_eq!(complaint("odd", Some("MPL-2.0")), None);
        assert!(complaint("even", Some("MPL-2.0")).unwrap().contains("even"));
    }

    #[test]
    fn our_own_crates_are_not_asked() {
        let ours = Package {
            ours: true,
            ..Package::default()
        };
        assert_eq!(Licences::read("").check(&ours), None);
    }
}
