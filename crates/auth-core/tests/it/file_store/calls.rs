//! The system calls and their order; each call refused, and the process killed before each.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use auth_core::store::Store;
use tempfile::TempDir;

use super::child::{Running, with_role};
use super::{Place, ann, put, text};

/// Starts a process that replaces the record by "next next …", prints its calls, and at one of them, such as
/// "rename .record", fails or is killed. Returns its lines, and `true` if it succeeded.
fn swap(directory: &Path, at: &str) -> (Vec<String>, bool) {
    let mut child = with_role("swap next ", directory.as_os_str());
    child.env("LD_PRELOAD", SHIM.1.as_os_str());
    child.env("FILE_STORE_TEST_AT", at);
    Running::start(child).says_all()
}

/// The library that prints the calls, compiled once.
static SHIM: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let library = folder.path().join("calls.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/file_store/calls.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"].map(OsStr::new));
    compiler.args([&library, &source]).arg("-ldl");
    assert!(compiler.status().unwrap().success());
    (folder, library)
});

/// The calls of a swap that replaces a record, in their order.
const SWAP: [&str; 4] = [
    "fsync .new",
    "link .previous",
    "rename .record",
    "fsync logins",
];

/// The calls that restore the record before.
const RESTORE: [&str; 4] = [
    "fsync .new",
    "link .damaged-1",
    "rename .record",
    "fsync logins",
];

fn two_records() -> Place {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    place
}

/// The calls without the name of the identity.
fn calls(said: &[String]) -> Vec<String> {
    let short = |line: &String| line.replace(super::ANN, "");
    said.iter().map(short).collect()
}

fn next() -> Option<String> {
    Some("next ".repeat(1000))
}

#[test]
fn record_and_directory_are_synced_in_order() {
    let place = two_records();
    let (said, _) = swap(&place.directory, "");
    let (result, calls_made) = calls(&said)
        .split_last()
        .map(|(a, b)| (a.clone(), b.to_vec()))
        .unwrap();
    assert_eq!(calls_made[..1], ["mkdir logins"], "it exists already");
    assert_eq!(calls_made[1..], SWAP);
    assert_eq!(result, "Stored");
    assert_eq!(text(&place.open()), next());
}

#[test]
fn a_new_directory_is_synced_into_its_parent() {
    let place = Place::new();
    let (said, _) = swap(&place.directory.join("deep/down"), "");
    let above = place.folder.path().file_name().unwrap().to_str().unwrap();
    let synced = format!("fsync {above}");
    let made = [
        "mkdir down", // All above it are missing.
        "mkdir deep",
        "mkdir logins",
        &synced,
        "mkdir deep",
        "fsync logins",
        "mkdir down",
        "fsync deep",
        "fsync .new",
        "rename .record",
        "fsync down",
        "Stored",
    ];
    assert_eq!(calls(&said), made);
}

#[test]
fn a_failure_before_the_rename_changes_nothing() {
    for call in &SWAP[..3] {
        let place = two_records();
        let old = fs::read(place.file("record")).unwrap();
        let (said, ended_well) = swap(&place.directory, &format!("fail {call}"));
        assert!(ended_well, "{call}: {said:?}");
        let error = said.last().unwrap();
        assert!(error.contains("nothing was saved: "), "{call}: {error}");
        assert_eq!(fs::read(place.file("record")).unwrap(), old, "{call}");
        assert!(place.files_with("new").is_empty(), "{call}");
        assert_eq!(swap(&place.directory, "").0.last().unwrap(), "Stored");
    }
}

#[test]
fn a_swap_that_is_not_durable_is_not_acknowledged() {
    let place = two_records();
    for _ in 0..2 {
        let (said, _) = swap(&place.directory, "fail fsync logins");
        let error = said.last().unwrap();
        assert!(error.contains("syncing"), "{error}");
        assert!(!error.contains("nothing was saved"), "{error}");
        assert_eq!(text(&place.open()), next());
    }
    let (said, _) = swap(&place.directory, "");
    assert_eq!(said[said.len() - 2..], ["fsync logins", "Stored"]);
}

/// Closing a file does not release its lock while a child that was just forked has it open, too.
#[test]
fn a_lock_on_a_deleted_file_does_not_count() {
    let place = two_records();
    let (said, _) = swap(&place.directory, "lose lock");
    let locks: Vec<_> = calls(&said)
        .into_iter()
        .filter(|call| call.contains("lock"))
        .collect();
    let expected = [
        "lock .lock",
        "unlock .lock (deleted)",
        "lock .lock",
        "unlock .lock",
    ];
    assert_eq!(locks, expected);
    assert_eq!(said.last().unwrap(), "Stored");
}

#[test]
fn a_process_can_be_killed_at_any_call_of_a_swap() {
    for (at, call) in SWAP.iter().enumerate() {
        let place = two_records();
        let (said, ended_well) = swap(&place.directory, &format!("kill {call}"));
        assert!(!ended_well, "{call}: {said:?}");
        assert_eq!(calls(&said).last().unwrap(), call);
        assert_eq!(place.files_with("new").len(), usize::from(at < 3), "{call}");

        let loaded = place.open().load(&ann()).unwrap().unwrap();
        assert!(!loaded.is_restored(), "{call}");
        let expected = if at < 3 {
            Some("two".to_owned())
        } else {
            next()
        };
        assert_eq!(text(&place.open()), expected, "{call}");
        put(&place.open(), &["three"]);
        assert_eq!(text(&place.open()).as_deref(), Some("three"));
        assert!(place.files_with("new").is_empty(), "{call}");
    }
}

#[test]
fn a_restore_can_fail_at_any_call() {
    for verb in ["kill", "fail"] {
        for call in RESTORE {
            let place = two_records();
            fs::remove_file(place.file("record")).unwrap();
            fs::copy(place.file("lock"), place.file("record")).unwrap();
            fs::write(place.file("record"), "damaged").unwrap();
            let (said, ended_well) = swap(&place.directory, &format!("{verb} {call}"));
            assert_eq!(ended_well, verb == "fail", "{said:?}");

            let loaded = place.open().load(&ann()).unwrap().unwrap();
            assert!(loaded.is_restored(), "{verb} {call}");
            assert_eq!(text(&place.open()).as_deref(), Some("one"));
            let aside = fs::read(place.file("damaged-1")).unwrap();
            assert_eq!(aside, b"damaged", "{verb} {call}");
        }
    }
}
