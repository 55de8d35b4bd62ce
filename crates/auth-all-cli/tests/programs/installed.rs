//! Where the programs are.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A program that `cargo xtask setup` installs, by its path below `target/servers` or its name.
///
/// # Panics
/// If it is missing.
#[track_caller]
pub(crate) fn program(name: &str) -> PathBuf {
    let found = match name.contains('/') {
        true => Some(servers().join(name)).filter(|path| path.is_file()),
        false => on_path(name),
    };
    found.unwrap_or_else(|| panic!("`{name}` is missing; `cargo xtask setup` installs it"))
}

/// A program that no registry has; without it the test is skipped, and a line says so.
pub(crate) fn program_if_any(name: &str, used_for: &str) -> Option<PathBuf> {
    let found = on_path(name);
    if found.is_none() {
        skipped(name, used_for);
    }
    found
}

/// Prints that a program was not run, and counts these lines. The test runner hides only what is printed by its macros.
pub(crate) fn skipped(name: &str, used_for: &str) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    let line = format!(
        "SKIPPED, number {count}: {used_for}; this machine has no {name}, and setup cannot install it\n"
    );
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// The folder of what `tests/servers/install.py` installs.
fn servers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/servers")
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path);
    folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
}

/// The major and the minor version that a program prints.
pub(crate) fn version(program: &Path) -> (u32, u32) {
    let output = Command::new(program).arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = text
        .split(' ')
        .find(|word| word.starts_with(|it: char| it.is_ascii_digit()));
    let mut numbers = numbers
        .unwrap()
        .split('.')
        .map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn the_guide_names_the_versions_that_are_pinned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let guide = read("crates/auth-all/docs/programs.md");
    let python = read("tests/servers/python_programs/requirements.txt")
        + &read("tests/servers/old_pip/requirements.txt");
    let python = python.lines().filter_map(|line| line.split_once("=="));
    let node = read("tests/servers/node_programs/package.json");
    let node = node
        .lines()
        .filter(|line| line.contains("pnpm") && !line.contains("description"));
    let node = node.filter_map(|line| line.split_once(": \""));
    let versions: Vec<_> = python
        .chain(node)
        .map(|(_, rest)| {
            let end = rest.find(|letter: char| letter != '.' && !letter.is_ascii_digit());
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect();
    assert_eq!(versions.len(), 8, "{versions:?}");
    for version in versions {
        assert!(guide.contains(version), "{version}");
    }
}
