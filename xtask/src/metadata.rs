//! What cargo knows of the workspace and of everything it depends on.

use std::path::PathBuf;

use serde_json::Value;

use crate::run::{Result, Run};

/// A package, ours or not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    /// Where its `Cargo.toml` stands.
    pub(crate) folder: PathBuf,
    /// In this workspace.
    pub(crate) ours: bool,
    /// May be published.
    pub(crate) published: bool,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]` table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) requirement: String,
    /// Named by a path, so a crate of this workspace.
    pub(crate) ours: bool,
    /// For tests, so without a version it is left out of what is published.
    pub(crate) dev: bool,
}

/// The workspace's own packages.
pub(crate) fn workspace() -> Result<Vec<Package>> {
    read("--no-deps")
}

/// Every package in the tree, of any platform and any feature.
pub(crate) fn everything() -> Result<Vec<Package>> {
    read("--all-features")
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let json = json("--no-deps")?;
    Ok(text(&json["target_directory"]).unwrap_or_default().into())
}

fn read(how: &str) -> Result<Vec<Package>> {
    let json = json(how)?;
    Ok(list(&json["packages"]).map(package).collect())
}

fn json(how: &str) -> Result<Value> {
    let text = Run::new("cargo metadata --locked --format-version 1")
        .arg(how)
        .read()?;
    Ok(serde_json::from_str(&text)?)
}

fn package(json: &Value) -> Package {
    let manifest = PathBuf::from(text(&json["manifest_path"]).unwrap_or_default());
    Package {
        name: text(&json["name"]).unwrap_or_default(),
        version: text(&json["version"]).unwrap_or_default(),
        license: text(&json["license"]),
        description: text(&json["description"]),
        folder: manifest.parent().map(PathBuf::from).unwrap_or_default(),
        ours: json["source"].is_null(),
        published: json["publish"].is_null(),
        features: json["features"]
            .as_object()
            .map(|features| features.keys().cloned().collect())
            .unwrap_or_default(),
        dependencies: list(&json["dependencies"]).map(dependency).collect(),
    }
}

fn dependency(json: &Value) -> Dependency {
    Dependency {
        name: text(&json["name"]).unwrap_or_default(),
        requirement: text(&json["req"]).unwrap_or_default(),
        ours: json["path"].is_string(),
        dev: json["kind"] == "dev",
    }
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn text(json: &Value) -> Option<String> {
    json.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_read_as_it_stands() {
        let packages = workspace().unwrap();
        let xtask = packages
            .iter()
            .find(|package| package.name == "xtask")
            .unwrap();
        assert!(xtask.ours && !xtask.published && xtask.folder.ends_with("xtask"));
        assert!(
            xtask
                .dependencies
                .iter()
                .any(|dependency| dependency.name == "serde_json")
        );
        let core = packages
            .iter()
            .find(|package| package.name == "auth-core")
            .unwrap();
        assert!(core.published && core.license.is_some());
    }
}
