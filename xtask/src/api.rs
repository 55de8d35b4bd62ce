//! The public API of each crate, as a text for reviewers.
//!
//! `docs/api/CRATE.txt` has a line per public item. A change of the API changes that file, so it
//! is visible in the diff; until the file is updated, the task fails. The task also fails for a type, or a
//! function that can fail, without an example; `--examples` checks that alone. The listing is made by
//! `public-api` from rustdoc's JSON; both are tied to one version of Rust.

mod examples;
mod listing;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::run::{Result, Run};
use crate::setup;
use listing::{Item, Listing};

/// `cargo xtask api [--update|--examples] [crate…]`.
pub(crate) fn run(args: &[String]) -> Result {
    let (mode, names) = match args.split_first() {
        Some((flag, names)) if flag == "--update" => (Mode::Update, names),
        Some((flag, names)) if flag == "--examples" => (Mode::Examples, names),
        _ => (Mode::Check, args),
    };
    setup::require(&[&setup::OPENSSL])?;
    let workspace = Workspace::read(names)?;
    let full = workspace.describe("--all-features")?;
    let complaints = match mode {
        Mode::Update => {
            fs::create_dir_all(FOLDER)?;
            for described in &full {
                fs::write(described.snapshot(), described.listing.text())?;
            }
            Vec::new()
        }
        Mode::Examples => full.iter().flat_map(Described::without_example).collect(),
        Mode::Check => {
            let bare = workspace.describe("--no-default-features")?;
            let changed = full.iter().flat_map(Described::changes);
            let lost = bare.iter().zip(&full);
            let lost = lost.flat_map(|(bare, full)| bare.lost_in(full));
            let unshown = full.iter().flat_map(Described::without_example);
            changed.chain(lost).chain(unshown).collect()
        }
    };
    if matches!(mode, Mode::Check) && names.is_empty() {
        refused_programs()?;
    }
    let lines: usize = full
        .iter()
        .map(|described| described.listing.items.len())
        .sum();
    println!("    {} crates, {lines} lines", full.len());
    if complaints.is_empty() {
        return Ok(());
    }
    Err(format!("{} found\n  {}", complaints.len(), complaints.join("\n  ")).into())
}

enum Mode {
    Check,
    Update,
    Examples,
}

/// The crates to describe, and the folder of rustdoc's output.
struct Workspace {
    packages: Vec<String>,
    folder: PathBuf,
}

impl Workspace {
    /// Returns the published crates, or those of them with these names.
    fn read(names: &[String]) -> Result<Self> {
        let json = Run::new("cargo metadata --locked --format-version 1 --no-deps").read()?;
        let json: Value = serde_json::from_str(&json)?;
        let packages = json["packages"].as_array().into_iter().flatten();
        let published: Vec<String> = packages
            .filter(|package| package["publish"].is_null())
            .filter_map(|package| package["name"].as_str().map(str::to_owned))
            .collect();
        if let Some(name) = names.iter().find(|name| !published.contains(name)) {
            return Err(format!("no published crate is named `{name}`").into());
        }
        // Other crates show its types with the modules that define them; its own listing has the
        // paths that users write.
        let mut packages = if names.is_empty() {
            published
        } else {
            names.to_vec()
        };
        if !packages.iter().any(|name| name == CORE) {
            packages.push(CORE.to_owned());
        }
        let target = json["target_directory"].as_str().unwrap_or("target");
        Ok(Self {
            packages,
            folder: Path::new(target).join("doc"),
        })
    }

    /// Runs rustdoc on the crates with these features, and reads its output.
    fn describe(&self, features: &str) -> Result<Vec<Described>> {
        println!("    rustdoc with {features}");
        let names: Vec<&str> = self
            .packages
            .iter()
            .flat_map(|name| ["--package", name])
            .collect();
        let flags = "-Zunstable-options --output-format=json --cap-lints=allow";
        with_this_rustdoc("cargo doc --quiet --locked --no-deps --lib")?
            .arg(features)
            .args(&names)
            .env("RUSTDOCFLAGS", flags)
            .read()?;
        let file = |name: &String| self.folder.join(format!("{}.json", name.replace('-', "_")));
        let files: Vec<PathBuf> = self.packages.iter().map(file).collect();
        let paths = files.iter().map(|file| file.to_string_lossy());
        let items =
            Run::new("cargo run --quiet --locked -p xtask --features api --bin public_items --")
                .args(&paths.collect::<Vec<_>>())
                .read()?;
        let mut crates = Vec::new();
        for (at, (name, file)) in self.packages.iter().zip(&files).enumerate() {
            let json: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
            let own = items.lines().filter_map(|line| {
                let (file, item) = line.split_once('\t')?;
                (file.parse() == Ok(at))
                    .then(|| Item::parse(item))
                    .flatten()
            });
            crates.push(Described {
                name: name.clone(),
                listing: Listing::new(name, own, &json),
                json,
            });
        }
        let core = crates.iter().find(|described| described.name == CORE);
        let paths = core.map(|core| core.listing.public_paths(CORE, &core.json));
        for described in crates.iter_mut().filter(|described| described.name != CORE) {
            described
                .listing
                .rename(paths.as_deref().unwrap_or_default());
        }
        Ok(crates)
    }
}

/// A crate, as rustdoc describes it.
struct Described {
    name: String,
    listing: Listing,
    json: Value,
}

impl Described {
    fn snapshot(&self) -> PathBuf {
        Path::new(FOLDER).join(format!("{}.txt", self.name))
    }

    /// Returns the lines in which the crate differs from its snapshot.
    fn changes(&self) -> Vec<String> {
        let kept = fs::read_to_string(self.snapshot()).unwrap_or_default();
        let mut changes: Vec<String> = listing::difference(&kept, &self.listing.text())
            .map(|line| format!("{}: {line}", self.name))
            .collect();
        if !changes.is_empty() {
            changes.push(format!(
                "{}: if that is meant, run `cargo xtask api --update` and commit {}",
                self.name,
                self.snapshot().display()
            ));
        }
        changes
    }

    /// Returns the items that are missing or different in the same crate with more features.
    fn lost_in(&self, full: &Self) -> Vec<String> {
        let lost = self.listing.without(&full.listing).into_iter();
        lost.map(|line| format!("{}: a feature removes or changes: {line}", self.name))
            .collect()
    }

    fn without_example(&self) -> Vec<String> {
        let missing = examples::missing(&self.listing, &self.json).into_iter();
        missing
            .map(|name| format!("{}: {name} has no example", self.name))
            .collect()
    }
}

/// Compares the compile errors of the programs that must not compile with the codes that they list.
fn refused_programs() -> Result {
    println!("    programs that must not compile");
    with_this_rustdoc("cargo test --quiet --locked --package api-tests --doc")?.read()?;
    Ok(())
}

/// Builds a cargo command that runs this program as its rustdoc.
///
/// With `RUSTC_BOOTSTRAP` set, cargo itself would rebuild all dependencies, and rebuild them again for
/// the next ordinary command.
pub(crate) fn with_this_rustdoc(command: &str) -> Result<Run> {
    let rustdoc = env::var("RUSTDOC").unwrap_or_else(|_| "rustdoc".to_owned());
    Ok(Run::new(command)
        .env("RUSTDOC", &env::current_exe()?.to_string_lossy())
        .env(REAL_RUSTDOC, &rustdoc))
}

/// Runs the real rustdoc, if cargo started this program as its rustdoc.
pub(crate) fn as_rustdoc() -> Option<ExitCode> {
    let rustdoc = env::var_os(REAL_RUSTDOC)?;
    let status = Command::new(rustdoc)
        .args(env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1") // for JSON, codes of errors, and badges, from a stable rustdoc
        .status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// The crate whose types appear in the signatures of all others.
const CORE: &str = "auth-core";
/// The folder of the snapshots.
const FOLDER: &str = "docs/api";
/// The variable with the path of the program that [`as_rustdoc`] runs.
const REAL_RUSTDOC: &str = "XTASK_REAL_RUSTDOC";
