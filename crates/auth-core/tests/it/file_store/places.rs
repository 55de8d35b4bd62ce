//! Places for a store: below links, in missing directories, for a program.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use auth_core::error::StoreFailure;
use auth_core::store::FileStore;

use super::child::{Running, with_role};
use super::paths::works_from_the_first_start;
use super::refusing::{OTHER_USER, is_root, mode, set_mode};
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
fn a_link_can_lead_to_a_link() {
    let place = Place::new();
    let (real, link) = linked(&place);
    let first = place.folder.path().join("first");
    symlink(&link, &first).unwrap();
    symlink(&real, real.join("again")).unwrap();
    works_from_the_first_start(&first.join("again/again/logins"));
    assert!(real.join("logins").is_dir());
}

#[test]
fn the_directory_can_be_a_link_of_this_user() {
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
    assert!(why.contains("open to other users"), "{why}");
}

#[test]
fn a_store_stays_when_its_link_is_changed() {
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
fn a_link_of_another_user_is_refused() {
    let place = Place::new();
    let (_, link) = linked(&place);
    if !is_root(&place) {
        // Only root can give a link away.
        return;
    }
    lchown(&link, Some(OTHER_USER), None).unwrap();
    let why = failed(FileStore::open(&link), StoreFailure::Unsafe, &link);
    assert!(why.contains("a symbolic link of user 65534"), "{why}");
    // Above the last part, the kernel follows it.
    works_from_the_first_start(&link.join("logins"));
}

#[test]
fn a_link_to_nothing_is_named_and_not_followed() {
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

/// systemd's `DynamicUser=` makes such a link for the user of a service.
#[test]
fn a_link_of_root_is_followed() {
    let place = Place::new();
    let (real, link) = linked(&place);
    if !is_root(&place) {
        return;
    }
    chown(&real, Some(OTHER_USER), None).unwrap();
    let Some(child) = as_other_user(&place, &link) else {
        return;
    };
    let (said, _) = Running::start(child).says_all();
    assert_eq!(said, ["Stored"]);
    assert!(real.join(format!("{}.record", super::ANN)).is_file());
}

/// Such a directory cannot be synced. Root can list every directory, so a child becomes another user for this.
#[test]
fn the_first_start_works_in_an_unlisted_directory() {
    let place = Place::new();
    fs::create_dir(&place.directory).unwrap();
    set_mode(&place.directory, 0o300);
    let path = place.directory.join("logins");
    let child = if is_root(&place) {
        chown(&place.directory, Some(OTHER_USER), None).unwrap();
        as_other_user(&place, &path)
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

/// A child of root that runs as another user and swaps, if that user can run this binary.
fn as_other_user(place: &Place, directory: &Path) -> Option<Command> {
    set_mode(place.folder.path(), 0o711);
    let binary = env::current_exe().unwrap();
    let may_run = Command::new("test")
        .args([OsStr::new("-x"), binary.as_os_str()])
        .uid(OTHER_USER)
        .status();
    let mut child = with_role("swap next ", directory.as_os_str());
    child.uid(OTHER_USER);
    may_run.unwrap().success().then_some(child)
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
            StoreFailure::Unsafe,
            &place.directory,
        );
        assert!(why.contains("is not a directory"), "{why}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_impossible_directory_is_named() {
    for path in ["/proc/logins", "/proc/a/logins"] {
        let why = failed(FileStore::open(path), StoreFailure::Unsafe, Path::new(path));
        assert!(why.contains("keep the store elsewhere"), "{why}");
    }
    let why = FileStore::open("/dev/null/logins").unwrap_err().to_string();
    assert!(why.contains("\"/dev/null\" is not a directory"), "{why}");
}

#[test]
fn missing_directories_are_for_the_owner_alone() {
    let place = Place::new();
    let path = place.directory.join("deep/down/here");
    FileStore::open(&path).unwrap();
    for path in path.ancestors().take(4) {
        assert_eq!(mode(path), 0o700, "{path:?}");
    }
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn a_program_has_logins_in_the_state_directory() {
    let place = Place::new();
    let (home, state) = (place.folder.path(), place.folder.path().join("state"));
    for (variables, directory) in [
        (vec![("HOME", home)], ".local/state/acme-sync/logins"),
        (
            vec![("HOME", home), ("XDG_STATE_HOME", &state)],
            "state/acme-sync/logins",
        ),
    ] {
        let mut child = with_role("program acme-sync", OsStr::new("unused"));
        child.env_remove("XDG_STATE_HOME").envs(variables);
        Running::start(child).ends_well();
        let directory = home.join(directory);
        let store = FileStore::open(&directory).unwrap();
        assert_eq!(text(&store).as_deref(), Some("of a program"));
        assert_eq!(mode(directory.parent().unwrap()), 0o700);
    }
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn a_program_without_a_home_gets_a_clear_error() {
    let mut child = with_role("homeless acme-sync", OsStr::new("unused"));
    child.env_remove("XDG_STATE_HOME").env_remove("HOME");
    let mut child = Running::start(child);
    let said = child.says().unwrap();
    for part in ["`XDG_STATE_HOME` or `HOME`", "`FileStore::open`"] {
        assert!(said.contains(part), "{said}");
    }
    child.ends_well();
}
