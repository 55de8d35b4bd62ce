//! Volumes with `fsGroup`: each start of a pod opens everything on them to a group.

use std::fs;
use std::os::unix::fs::chown;

use auth_core::error::StoreFailure;
use auth_core::store::{FileStore, Store};

use super::refusing::{OTHER_USER, is_root, set_mode};
use super::{Place, ann, failed, put, text};

/// Changes modes as the kubelet does on a volume before a pod starts.
fn mounted(place: &Place) {
    set_mode(place.folder.path(), 0o2770);
    set_mode(&place.directory, 0o2770);
    for file in place.files() {
        set_mode(&place.directory.join(file), 0o660);
    }
}

#[track_caller]
fn names_the_setting(why: &str) {
    for part in ["`fsGroup`", "`fsGroupChangePolicy: OnRootMismatch`"] {
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn the_error_of_the_second_pod_names_the_setting() {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    mounted(&place);
    let directory = &place.directory;
    let why = failed(FileStore::open(directory), StoreFailure::Unsafe, directory);
    names_the_setting(&why);
    assert!(why.ends_with(&format!("chmod 700 {directory:?}")), "{why}");

    // As an init container would do, by the command of the message.
    set_mode(directory, 0o700);
    let file = place.file("record");
    let why = failed(place.open().load(&ann()), StoreFailure::Unsafe, &file);
    names_the_setting(&why);
    assert!(why.ends_with(&format!("chmod 600 {file:?}")), "{why}");
    for file in place.files() {
        set_mode(&directory.join(file), 0o600);
    }
    assert_eq!(text(&place.open()).as_deref(), Some("two"));
}

#[test]
fn a_directory_in_a_volume_works_its_root_does_not() {
    for open in [0o2770, 0o2775, 0o2777] {
        let place = Place::new();
        let volume = place.folder.path();
        set_mode(volume, open);
        let why = failed(FileStore::open(volume), StoreFailure::Unsafe, volume);
        names_the_setting(&why);
        // `OnRootMismatch`: everything below the root stays as the store made it.
        put(&place.open(), &["one"]);
        assert_eq!(text(&place.open()).as_deref(), Some("one"));
    }
}

#[test]
fn the_root_of_a_volume_belongs_to_another_user() {
    let place = Place::new();
    if !is_root(&place) {
        // Only root can give a directory away.
        return;
    }
    fs::create_dir(&place.directory).unwrap();
    chown(&place.directory, Some(OTHER_USER), None).unwrap();
    set_mode(&place.directory, 0o2775);
    let directory = &place.directory;
    let why = failed(FileStore::open(directory), StoreFailure::Unsafe, directory);
    names_the_setting(&why);
    assert!(why.contains("open a new directory in it"), "{why}");
    put(
        &FileStore::open(directory.join("logins")).unwrap(),
        &["one"],
    );
}

/// Without the set-group-ID bit, such a directory is any directory that was left open.
#[test]
fn other_modes_are_not_blamed_on_kubernetes() {
    for open in [0o755, 0o770, 0o777] {
        let place = Place::new();
        place.open();
        set_mode(&place.directory, open);
        let directory = &place.directory;
        let why = failed(FileStore::open(directory), StoreFailure::Unsafe, directory);
        assert!(!why.contains("fsGroup"), "{why}");
        assert_eq!(why.contains("file system"), open == 0o777, "{why}");
    }
}
