//! Paths with another meaning than their author's, and relative ones.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use auth_core::Error;
use auth_core::store::FileStore;

use super::child::{Running, with_role};
use super::{Place, put, text};

/// Opens a store twice, as two starts of a program do, and uses it.
#[track_caller]
pub(super) fn works_from_the_first_start(path: &Path) {
    for next in ["one", "two"] {
        let store = FileStore::open(path).unwrap();
        put(&store, &[next]);
        assert_eq!(text(&store).as_deref(), Some(next));
    }
}

/// The message about a path that is refused before the file system is asked.
#[track_caller]
fn misread(path: impl AsRef<Path>) -> String {
    match FileStore::open(path) {
        Err(Error::Configuration { message: why, .. }) => why.into_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_relative_path_starts_at_the_working_directory() {
    let place = Place::new();
    let folder = place.folder.path().to_str().unwrap();
    for path in ["logins", "./logins", "a/../logins", "./~"] {
        let child = with_role(&format!("move {folder}"), OsStr::new(path));
        Running::start(child).ends_well();
    }
    assert_eq!(text(&place.open()).as_deref(), Some("from afar"));
    assert!(place.folder.path().join("~").is_dir());
}

#[test]
fn a_path_that_a_shell_would_replace_is_refused() {
    let before = names(Path::new("."));
    for path in ["~", "~/x", "~/.local/state/acme", "~ann/logins"] {
        let why = misread(path);
        assert!(
            why.contains("`~`") && why.contains("std::env::home_dir"),
            "{why}"
        );
    }
    for path in [
        "$HOME/logins",
        "${XDG_STATE_HOME}/acme",
        "${HOME:-/root}/logins",
        "/srv/${TENANT}-logins",
        "/var/lib/$USER",
        "%APPDATA%/acme",
    ] {
        let why = misread(path);
        assert!(why.contains("std::env::var"), "{path}: {why}");
    }
    assert_eq!(names(Path::new(".")), before, "no directory was made");
}

#[test]
fn a_text_that_is_not_a_path_is_refused() {
    for (path, about) in [
        ("", "empty"),
        ("/var/lib/acme\n", "line break"),
        ("/var/lib/acme\r", "line break"),
        ("/var/lib/a\0cme", "control character"),
        ("\"/var/lib/acme\"", "quotes"),
        ("'/var/lib/acme'", "quotes"),
        (" /var/lib/acme", "spaces"),
        ("/var/lib/acme ", "spaces"),
        ("file:///var/lib/acme", "URL"),
    ] {
        let why = misread(path);
        assert!(
            why.contains(about) && why.contains("FileStore"),
            "{path:?}: {why}"
        );
    }
}

#[test]
fn shell_characters_within_a_name_are_accepted() {
    let place = Place::new();
    for name in ["a~", "a$b", "100%", "$5", "%", "it's", "a b", "file"] {
        works_from_the_first_start(&place.directory.join(name).join("logins"));
    }
}

fn names(directory: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    names
}
