//! Where a store may be: below links, in directories that are missing; and paths that mean another one.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use auth_core::Error;
use auth_core::error::StoreFailure;
use auth_core::store::FileStore;

use super::child::{Running, with_role};
use super::refusing::{NOBODY, is_root, mode, set_mode};
use super::{Place, failed, put, text};

/// `link`, which leads to the directory `real`, both beside the place's own directory.
fn linked(place: &Place) -> (PathBuf, PathBuf) {
    let (real, link) = (
        place.folder.path().join("real"),
        place.folder.path().join("link"),
    );
    fs::create_dir(&real).unwrap();
    set_mode(&real, 0o700);
    symlink("real", &link).unwrap();
    (real, link)
}

/// Opens a store twice, as two starts of a program do, and uses it.
#[track_caller]
fn works_from_the_first_start(path: &Path) {
    for next in ["one", "two"] {
        let store = FileStore::open(path).unwrap();
        put(&store, &[next]);
        assert_eq!(text(&store).as_deref(), Some(next));
    }
}

/// What is said of a path that is not taken as it is, without a file system.
#[track_caller]
fn misread(path: impl AsRef<Path>) -> String {
    match FileStore::open(path) {
        Err(Error::Configuration { message: why, .. }) => why.into_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_start_works_below_a_link() {
    for below in ["logins", "a/b/logins", "./a/../logins/"] {
        let place = Place::new();
        let (real, link) = linked(&place);
        works_from_the_first_start(&link.join(below));
        assert!(fs::read_dir(&real).unwrap().next().is_some());
    }
}

#[test]
fn links_may_follow_each_other() {
    let place = Place::new();
    let (real, link) = linked(&place);
    let first = place.folder.path().join("first");
    symlink(&link, &first).unwrap();
    symlink(&real, real.join("again")).unwrap();
    works_from_the_first_start(&first.join("again/again/logins"));
    assert!(real.join("logins").is_dir());
}

#[test]
fn the_directory_itself_may_be_a_link_of_this_user() {
    let place = Place::new();
    let (real, link) = linked(&place);
    for ending in ["", "/", "/.", "//"] {
        let mut path = link.clone().into_os_string();
        path.push(ending);
        works_from_the_first_start(Path::new(&path));
    }
    assert!(real.join(format!("{}.record", super::ANN)).is_file());

    set_mode(&real, 0o755);
    let why = failed(FileStore::open(&link), StoreFailure::Unsafe, &real);
    assert!(why.contains("open to others"), "{why}");
}

#[test]
fn a_store_stays_where_its_link_led_when_it_was_opened() {
    let place = Place::new();
    let (real, link) = linked(&place);
    let store = FileStore::open(&link).unwrap();
    put(&store, &["one"]);
    fs::remove_file(&link).unwrap();
    symlink("/nowhere", &link).unwrap();
    assert_eq!(text(&store).as_deref(), Some("one"));
    assert_eq!(
        text(&FileStore::open(real).unwrap()).as_deref(),
        Some("one")
    );
}

#[test]
fn a_link_that_another_user_made_is_refused() {
    let place = Place::new();
    let (_, link) = linked(&place);
    if !is_root(&place) {
        // Only root can give a link away.
        return;
    }
    lchown(&link, Some(NOBODY), None).unwrap();
    let why = failed(FileStore::open(&link), StoreFailure::Unsafe, &link);
    assert!(why.contains("that user 65534 made"), "{why}");
    // Above the last part it is the kernel's to follow.
    works_from_the_first_start(&link.join("logins"));
}

#[test]
fn a_link_that_leads_nowhere_is_told_and_followed_no_further() {
    let place = Place::new();
    let (nowhere, link) = (
        place.folder.path().join("nowhere"),
        place.folder.path().join("link"),
    );
    symlink(&nowhere, &link).unwrap();
    let why = failed(FileStore::open(&link), StoreFailure::Unsafe, &link);
    assert!(
        why.ends_with(&format!("mkdir -p -m 700 {nowhere:?}")),
        "{why}"
    );
    for below in ["logins", "a/b/logins"] {
        let opened = FileStore::open(link.join(below));
        let why = failed(opened, StoreFailure::Unavailable, &link);
        assert!(why.contains("leads nowhere"), "{why}");
    }
    assert!(!nowhere.exists());
    fs::remove_file(&link).unwrap();
    symlink("link", &link).unwrap();
    let why = failed(FileStore::open(&link), StoreFailure::Unsafe, &link);
    assert!(why.contains("leads to itself"), "{why}");
}

/// Root made it, as systemd's `DynamicUser=` does for the user of a service.
#[test]
fn a_link_that_root_made_is_followed() {
    let place = Place::new();
    let (real, link) = linked(&place);
    if !is_root(&place) {
        return;
    }
    chown(&real, Some(NOBODY), None).unwrap();
    let Some(child) = as_nobody(&place, &link) else {
        return;
    };
    let (said, _) = Running::start(child).says_all();
    assert_eq!(said, ["Stored"]);
    assert!(real.join(format!("{}.record", super::ANN)).is_file());
}

/// It cannot be synced then. Root may list everything, so a child becomes another user for this.
#[test]
fn the_first_start_works_where_nothing_may_be_listed() {
    let place = Place::new();
    fs::create_dir(&place.directory).unwrap();
    set_mode(&place.directory, 0o300);
    let path = place.directory.join("logins");
    let child = if is_root(&place) {
        chown(&place.directory, Some(NOBODY), None).unwrap();
        as_nobody(&place, &path)
    } else {
        Some(with_role("swap next ", path.as_os_str()))
    };
    let Some(child) = child else {
        return;
    };
    let (said, _) = Running::start(child).says_all();
    set_mode(&place.directory, 0o700);
    assert_eq!(said, ["Stored"]);
}

/// A child of root that is another user and swaps there, if that user may run this binary.
fn as_nobody(place: &Place, directory: &Path) -> Option<Command> {
    set_mode(place.folder.path(), 0o711);
    let binary = env::current_exe().unwrap();
    let may_run = Command::new("test")
        .args([OsStr::new("-x"), binary.as_os_str()])
        .uid(NOBODY)
        .status();
    let mut child = with_role("swap next ", directory.as_os_str());
    child.uid(NOBODY);
    may_run.unwrap().success().then_some(child)
}

#[test]
fn a_relative_path_begins_at_the_working_directory() {
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
fn what_a_shell_would_have_replaced_is_refused() {
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
    assert_eq!(names(Path::new(".")), before, "nothing was made");
}

#[test]
fn a_path_that_is_none_is_refused() {
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
fn signs_of_shells_within_a_name_are_a_name() {
    let place = Place::new();
    for name in ["a~", "a$b", "100%", "$5", "%", "it's", "a b", "file"] {
        works_from_the_first_start(&place.directory.join(name).join("logins"));
    }
}

#[test]
fn a_file_in_place_of_a_directory_is_named() {
    let place = Place::new();
    fs::write(&place.directory, "").unwrap();
    set_mode(&place.directory, 0o600);
    for ending in ["", "/"] {
        let mut path = place.directory.clone().into_os_string();
        path.push(ending);
        let why = failed(
            FileStore::open(path),
            StoreFailure::Unsafe,
            &place.directory,
        );
        assert!(why.contains("is a file and must be a directory"), "{why}");
    }
    for below in ["logins", "a/b"] {
        let path = place.directory.join(below);
        let why = failed(
            FileStore::open(path),
            StoreFailure::Unavailable,
            &place.directory,
        );
        assert!(why.contains("is not a directory"), "{why}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_directory_can_be_made_that_is_said() {
    for path in ["/proc/logins", "/proc/a/logins"] {
        let why = failed(
            FileStore::open(path),
            StoreFailure::Unavailable,
            Path::new(path),
        );
        assert!(why.contains("keep the store elsewhere"), "{why}");
    }
    let why = FileStore::open("/dev/null/logins").unwrap_err().to_string();
    assert!(why.contains("\"/dev/null\" is not a directory"), "{why}");
}

#[test]
fn missing_directories_are_made_for_the_owner_alone() {
    let place = Place::new();
    let path = place.directory.join("deep/down/here");
    FileStore::open(&path).unwrap();
    for path in path.ancestors().take(4) {
        assert_eq!(mode(path), 0o700, "{path:?}");
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
