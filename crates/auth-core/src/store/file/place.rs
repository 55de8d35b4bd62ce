//! Where a store is: the directory that a path names, made if it is missing.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{self, Component, Path, PathBuf};

use crate::error::{Error, Result, StoreFailure};

use super::failure::unavailable;
use super::private;

/// The directory of a store by the path that its caller gave: absolute, there, and not a link.
///
/// Links above it are followed, as everywhere. Its last part may be one if this user or root made it:
/// the directory that it leads to is then the store's, from now on.
pub(super) fn directory(given: &Path) -> Result<PathBuf> {
    if let Some(wrong) = unexpanded(given) {
        let detail = format!("{given:?} is not the path of a `FileStore`: {wrong}");
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

/// Why this is not the path that its author meant: a shell or a reader has not done its part.
fn unexpanded(path: &Path) -> Option<&'static str> {
    let text = path.to_string_lossy();
    let is_edge = |edge: Option<char>| edge.is_some_and(|edge| EDGES.contains(&edge));
    if text.is_empty() {
        return Some("it is empty; is a variable not set? Give the directory for the logins");
    }
    if text.chars().any(char::is_control) {
        return Some("it holds a line break or another control character; trim what was read");
    }
    if is_edge(text.chars().next()) || is_edge(text.chars().last()) {
        return Some("it has quotes or spaces around it; take them away");
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
            "a shell replaces `~`, a program does not; join the path to the home directory \
             (`std::env::home_dir`), or write `./~` for a directory of that name",
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

/// What a link leads to, if it may be followed.
fn followed(link: &Path, target: &Path) -> Result<PathBuf> {
    let unsafe_to = |detail| Err(Error::store(StoreFailure::Unsafe, detail));
    if let Some(owner) = private::stranger(link) {
        return unsafe_to(format!(
            "{link:?} is a symbolic link that user {owner} made, who could lead it elsewhere; \
             open the directory that it leads to: {target:?}"
        ));
    }
    let target = link.parent().unwrap_or(link).join(target);
    if fs::symlink_metadata(&target).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return unsafe_to(format!(
            "{link:?} is a symbolic link to a directory that is not there; make it: \
             mkdir -p -m 700 {target:?}"
        ));
    }
    Ok(target.components().collect())
}

/// Why no directory was made: something above it is not a directory, or the system's error.
fn not_made(directory: &Path, error: &io::Error) -> Error {
    let mut above: Vec<&Path> = directory.ancestors().skip(1).collect();
    above.reverse();
    for path in above {
        let detail = match (fs::symlink_metadata(path), fs::metadata(path)) {
            (Ok(_), Ok(found)) if found.is_dir() => continue,
            (Ok(link), Err(_)) if link.is_symlink() => format!(
                "{path:?} is a symbolic link that leads nowhere, so {directory:?} cannot be made; \
                 make what it leads to, or keep the store elsewhere"
            ),
            (Ok(_), Ok(_)) => format!(
                "{path:?} is not a directory, so {directory:?} cannot be made; keep the store elsewhere"
            ),
            _ => break,
        };
        return Error::store(StoreFailure::Unavailable, detail);
    }
    if error.kind() == ErrorKind::NotFound {
        let detail = format!("no directory can be made at {directory:?}; keep the store elsewhere");
        return Error::store(StoreFailure::Unavailable, detail);
    }
    unavailable("making", directory, error)
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;
/// What settings files and shells leave around a path.
const EDGES: [char; 4] = ['"', '\'', ' ', '`'];
