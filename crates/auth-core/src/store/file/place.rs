//! The directory of a store: named by a path or by a program, and made if it is missing.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{self, Component, Path, PathBuf};

use crate::error::{Error, Result, StoreFailure};

use super::failure::unavailable;
use super::private;

/// Returns the directory at the path that the caller gave: absolute, existing, and not a link.
///
/// Links above it are followed. Its last part may be one if this user or root made it: the directory that it leads to
/// is then the store's, from now on.
pub(super) fn directory(given: &Path) -> Result<PathBuf> {
    if let Some(wrong) = unexpanded(given) {
        let detail = format!("{given:?} cannot be the directory of a `FileStore`: {wrong}");
        return Err(Error::configuration(detail));
    }
    let absolute = path::absolute(given).map_err(|error| unavailable("opening", given, &error))?;
    // Without a slash at its end, which would have a link followed.
    let mut directory: PathBuf = absolute.components().collect();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&directory) else {
            private::make_directory(&directory).map_err(|error| not_made(&directory, &error))?;
            return Ok(directory);
        };
        directory = followed(&directory, &target)?;
    }
    let detail = format!("{given:?} is a symbolic link that leads to itself; remove it");
    Err(Error::store(StoreFailure::Unsafe, detail))
}

/// Returns the directory of a program's logins, below the user's state directory.
pub(super) fn for_program(
    program: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf> {
    let here = if cfg!(windows) {
        System::Windows
    } else if cfg!(target_vendor = "apple") {
        System::Apple
    } else {
        System::Unix
    };
    Ok(state(here, variable)?.join(named(program)?).join("logins"))
}

#[derive(Clone, Copy)]
enum System {
    Unix,
    Apple,
    Windows,
}

/// Returns the user's directory for data that a program keeps and the user does not read.
fn state(system: System, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    // The XDG specification has a relative path ignored.
    let absolute = |name| {
        let path = variable(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let (found, needed) = match system {
        System::Unix => (
            absolute("XDG_STATE_HOME")
                .or_else(|| Some(absolute("HOME")?.join(".local").join("state"))),
            "`XDG_STATE_HOME` or `HOME`",
        ),
        System::Apple => (
            absolute("HOME").map(|home| home.join("Library").join("Application Support")),
            "`HOME`",
        ),
        System::Windows => (absolute("LOCALAPPDATA"), "`LOCALAPPDATA`"),
    };
    found.ok_or_else(|| {
        Error::configuration(format!(
            "`FileStore::for_program` needs an absolute path in the environment variable {needed}; \
             set it, or name the directory with `FileStore::open`"
        ))
    })
}

/// Accepts a program's name that is a directory's name on every system.
fn named(program: &str) -> Result<&str> {
    let plain = |letter: char| letter.is_alphanumeric() || "-_. ".contains(letter);
    let is_name = !program.is_empty()
        && program.chars().all(plain)
        && !program.starts_with(['.', ' '])
        && !program.ends_with(['.', ' ']);
    match is_name {
        true => Ok(program),
        false => Err(Error::configuration(format!(
            "`FileStore::for_program` needs a name of letters, digits, `-`, `_`, `.` and spaces, such as \
             `acme-sync`, and {program:?} is not one"
        ))),
    }
}

/// Returns the reason why this is not the path that its author meant: a shell would have changed it.
fn unexpanded(path: &Path) -> Option<&'static str> {
    let text = path.to_string_lossy();
    let is_edge = |edge: Option<char>| edge.is_some_and(|edge| EDGES.contains(&edge));
    if text.is_empty() {
        return Some("it is empty (is a variable not set?); name a directory for the logins");
    }
    if text.chars().any(char::is_control) {
        return Some("it holds a line break or another control character; trim what was read");
    }
    if is_edge(text.chars().next()) || is_edge(text.chars().last()) {
        return Some("it has quotes or spaces around it; remove them");
    }
    if text
        .get(..5)
        .is_some_and(|text| text.eq_ignore_ascii_case("file:"))
    {
        return Some("it is a URL; write the path alone");
    }
    let mut names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    if text.starts_with('~') {
        return Some(
            "a shell replaces `~`, a program does not; use `FileStore::for_program`, join the path to \
             `std::env::home_dir()`, or write `./~` for a directory of that name",
        );
    }
    let has_variable = text.contains("${") || names.any(|name| is_variable(&name));
    has_variable.then_some(
        "a shell replaces the variable in it, a program does not; read it with `std::env::var`",
    )
}

/// `$NAME` or `%NAME%`.
fn is_variable(name: &str) -> bool {
    let inner = name
        .strip_prefix('$')
        .or_else(|| name.strip_prefix('%')?.strip_suffix('%'));
    inner.is_some_and(|inner| {
        inner.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && inner
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

/// Returns the target of a link, if it may be followed.
fn followed(link: &Path, target: &Path) -> Result<PathBuf> {
    let unsafe_to = |detail| Err(Error::store(StoreFailure::Unsafe, detail));
    if let Some(owner) = private::stranger(link) {
        return unsafe_to(format!(
            "{link:?} is a symbolic link of user {owner}, who could change it; open the directory \
             that it leads to: {target:?}"
        ));
    }
    let target = link.parent().unwrap_or(link).join(target);
    if fs::symlink_metadata(&target).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return unsafe_to(format!(
            "{link:?} is a symbolic link to a directory that does not exist; make it: \
             mkdir -p -m 700 {target:?}"
        ));
    }
    Ok(target.components().collect())
}

/// Returns the reason why no directory was made: a part above it is not a directory, or the system's error.
fn not_made(directory: &Path, error: &io::Error) -> Error {
    let mut above: Vec<&Path> = directory.ancestors().skip(1).collect();
    above.reverse();
    for path in above {
        return match (fs::symlink_metadata(path), fs::metadata(path)) {
            (Ok(_), Ok(found)) if found.is_dir() => continue,
            // A file system that is mounted later may have its target.
            (Ok(link), Err(_)) if link.is_symlink() => Error::store(
                StoreFailure::Unavailable,
                format!(
                    "{path:?} is a symbolic link that leads nowhere, so {directory:?} cannot be made; \
                     make its target, or keep the store elsewhere"
                ),
            ),
            (Ok(_), Ok(_)) => Error::store(
                StoreFailure::Unsafe,
                format!(
                    "{path:?} is not a directory, so {directory:?} cannot be made; keep the store elsewhere"
                ),
            ),
            _ => break,
        };
    }
    if error.kind() == ErrorKind::NotFound {
        let detail = format!("no directory can be made at {directory:?}; keep the store elsewhere");
        return Error::store(StoreFailure::Unsafe, detail);
    }
    unavailable("making", directory, error)
}

/// The number of links that Linux follows.
const MOST_LINKS: usize = 40;
/// Characters that settings files and shells leave around a path.
const EDGES: [char; 4] = ['"', '\'', ' ', '`'];

#[cfg(test)]
mod tests {
    use super::*;

    fn state_of(system: System, variables: &[(&str, &str)]) -> Result<PathBuf> {
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name);
        state(system, |name| {
            value(name).map(|(_, value)| absolute(value).into())
        })
    }

    /// Makes a path that is absolute on Unix absolute on this system.
    fn absolute(path: &str) -> String {
        let drive = match cfg!(windows) && path.starts_with('/') {
            true => "C:",
            false => "",
        };
        format!("{drive}{path}")
    }

    #[test]
    fn state_directory_of_each_system() {
        let both = [("XDG_STATE_HOME", "/state"), ("HOME", "/home/ann")];
        for (system, variables, expected) in [
            (System::Unix, &both[..], "/state"),
            (System::Unix, &both[1..], "/home/ann/.local/state"),
            (
                System::Apple,
                &both,
                "/home/ann/Library/Application Support",
            ),
            (System::Windows, &[("LOCALAPPDATA", "/local")], "/local"),
        ] {
            let found = state_of(system, variables).unwrap();
            assert_eq!(found, Path::new(&absolute(expected)));
        }
    }

    #[test]
    fn empty_and_relative_variables_are_ignored() {
        for odd in ["", "state", "./state"] {
            let variables = [("XDG_STATE_HOME", odd), ("HOME", "/home/ann")];
            let found = state_of(System::Unix, &variables).unwrap();
            assert_eq!(found, Path::new(&absolute("/home/ann/.local/state")));
        }
    }

    #[test]
    fn missing_variables_are_named() {
        for (system, variable) in [
            (System::Unix, "`XDG_STATE_HOME` or `HOME`"),
            (System::Apple, "`HOME`"),
            (System::Windows, "`LOCALAPPDATA`"),
        ] {
            for variables in [&[][..], &[("HOME", "ann"), ("LOCALAPPDATA", "")]] {
                let error = state_of(system, variables).unwrap_err();
                assert!(matches!(error, Error::Configuration { .. }));
                assert!(error.to_string().contains(variable), "{error}");
            }
        }
    }

    #[test]
    fn a_program_has_a_plain_name() {
        for name in ["acme-sync", "Acme Sync", "größe_2.0", "a"] {
            assert_eq!(named(name).unwrap(), name);
        }
        for name in [
            "", ".", "..", ".acme", "acme.", " acme", "acme ", "a/b", "a\\b", "C:", "$HOME", "~",
            "a\nb",
        ] {
            let error = named(name).unwrap_err();
            assert!(matches!(error, Error::Configuration { .. }), "{name:?}");
        }
    }
}
