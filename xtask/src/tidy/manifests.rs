//! Rules on the manifests of our packages, and on what must stand beside them.

use crate::metadata::{Dependency, Package};

/// What is wrong with a package; `read` gives the text of a file in its folder.
pub(super) fn check(package: &Package, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    let manifest = read("Cargo.toml").unwrap_or_default();
    if !manifest.contains("[lints]\nworkspace = true") {
        complaints.push("its lints are not the workspace's".to_owned());
    }
    if package.license.is_none() {
        complaints.push("it has no licence".to_owned());
    }
    if package
        .description
        .as_deref()
        .is_none_or(|text| text.trim().is_empty())
    {
        complaints.push("it has no description".to_owned());
    }
    complaints.extend(
        package
            .dependencies
            .iter()
            .filter_map(|dependency| misplaced(package, dependency)),
    );
    if package.published {
        complaints.extend(published(package, &read));
    }
    complaints
        .iter()
        .map(|complaint| format!("{}: {complaint}", package.name))
        .collect()
}

/// A heading for the version that is being written.
pub(super) fn changelog(text: &str, packages: &[Package]) -> Vec<String> {
    let versions = packages
        .iter()
        .filter(|package| package.published)
        .map(|package| &package.version);
    let heading = |version: &str| {
        let starts = |line: &str| {
            line.strip_prefix("## ")
                .is_some_and(|rest| rest.starts_with(version))
        };
        text.lines().any(starts)
    };
    let mut complaints: Vec<String> = versions
        .filter(|version| !heading("Unreleased") && !heading(version))
        .map(|version| format!("CHANGELOG.md: no heading `## {version}` or `## Unreleased`"))
        .collect();
    complaints.dedup();
    complaints
}

fn published(package: &Package, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    if !package.folder.ends_with(&package.name) {
        complaints.push("its folder has another name".to_owned());
    }
    if read("README.md").is_none_or(|text| text.trim().is_empty()) {
        complaints.push("it has no README.md".to_owned());
    }
    let library = read("src/lib.rs").unwrap_or_default();
    for line in [
        "#![doc = include_str!(\"../README.md\")]",
        "#![forbid(unsafe_code)]",
    ] {
        if !library.lines().any(|other| other == line) {
            complaints.push(format!("src/lib.rs lacks `{line}`"));
        }
    }
    complaints
}

/// A dependency that only one package may have, or one of ours with another version.
fn misplaced(package: &Package, dependency: &Dependency) -> Option<String> {
    let Dependency {
        name,
        requirement,
        ours,
        dev,
    } = dependency;
    if let Some((_, home)) = AT_HOME.iter().find(|(only, _)| only == name) {
        return (package.name != *home).then(|| format!("`{name}` belongs to {home} alone"));
    }
    let version = requirement.trim_start_matches('^');
    let left_out = *dev && requirement == "*";
    let wrong = *ours && package.published && version != package.version && !left_out;
    wrong.then(|| {
        format!(
            "`{name}` is required as `{requirement}`, not `{}`",
            package.version
        )
    })
}

/// Dependencies that one package has and no other.
const AT_HOME: [(&str, &str); 4] = [
    ("keyring-core", "auth-store-keyring"),
    ("mockito", "auth-tests"),
    ("oauth2", "oauth2-generic"),
    ("redis", "auth-store-redis"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Package {
        Package {
            name: "a-auth".to_owned(),
            version: "0.1.0".to_owned(),
            license: Some("MIT".to_owned()),
            description: Some("Tokens".to_owned()),
            folder: "crates/a-auth".into(),
            ours: true,
            published: true,
            ..Package::default()
        }
    }

    fn files(name: &str) -> Option<String> {
        let text = match name {
            "Cargo.toml" => "[lints]\nworkspace = true\n",
            "README.md" => "# a-auth",
            "src/lib.rs" => "#![doc = include_str!(\"../README.md\")]\n#![forbid(unsafe_code)]\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn with(name: &str, requirement: &str, ours: bool) -> Package {
        let dependency = Dependency {
            name: name.to_owned(),
            requirement: requirement.to_owned(),
            ours,
            dev: false,
        };
        Package {
            dependencies: vec![dependency],
            ..package()
        }
    }

    #[test]
    fn a_complete_package_passes() {
        assert!(check(&package(), files).is_empty());
    }

    #[test]
    fn lints_licence_and_description_are_required() {
        let bare = Package {
            license: None,
            description: Some(" ".to_owned()),
            ..package()
        };
        let complaints =
            check(&bare, |name| files(name).filter(|_| name != "Cargo.toml")).join("\n");
        for what in ["lints", "licence", "description"] {
            assert!(complaints.contains(what), "{complaints}");
        }
    }

    #[test]
    fn a_published_package_needs_its_readme_its_folder_and_no_unsafe_code() {
        let moved = Package {
            folder: "crates/a".into(),
            ..package()
        };
        let complaints =
            check(&moved, |name| files(name).filter(|_| name == "Cargo.toml")).join("\n");
        for what in [
            "folder",
            "no README.md",
            "include_str!",
            "forbid(unsafe_code)",
        ] {
            assert!(complaints.contains(what), "{complaints}");
        }
        let private = Package {
            published: false,
            ..moved
        };
        assert!(
            check(&private, |name| files(name)
                .filter(|_| name == "Cargo.toml"))
            .is_empty()
        );
    }

    #[test]
    fn mockito_and_oauth2_stay_where_they_belong() {
        assert_eq!(
            check(&with("mockito", "^1", false), files),
            ["a-auth: `mockito` belongs to auth-tests alone"]
        );
        assert!(check(&with("oauth2", "^5", false), files)[0].contains("oauth2-generic alone"));
        let home = Package {
            name: "oauth2-generic".into(),
            folder: "oauth2-generic".into(),
            ..with("oauth2", "^5", false)
        };
        assert!(check(&home, files).is_empty());
    }

    #[test]
    fn our_crates_require_each_other_in_lock_step() {
        assert!(check(&with("auth-core", "^0.1.0", true), files).is_empty());
        assert!(check(&with("auth-core", "^0.0.9", true), files)[0].contains("^0.0.9"));
        assert!(check(&with("auth-core", "*", true), files)[0].contains("`*`"));
        assert!(check(&with("serde", "^1", false), files).is_empty());
    }

    #[test]
    fn a_crate_that_only_tests_use_needs_no_version() {
        let mut package = with("auth-services", "*", true);
        package.dependencies[0].dev = true;
        assert!(check(&package, files).is_empty());
        package.dependencies[0].requirement = "^0.0.9".to_owned();
        assert!(check(&package, files)[0].contains("^0.0.9"));
    }

    #[test]
    fn the_changelog_names_the_version_or_what_is_unreleased() {
        let packages = [package(), package()];
        assert!(changelog("# Changes\n\n## 0.1.0 (2030-01-01)\n", &packages).is_empty());
        assert!(changelog("## Unreleased\n", &packages).is_empty());
        assert_eq!(changelog("## 0.0.9\n", &packages).len(), 1);
    }
}
