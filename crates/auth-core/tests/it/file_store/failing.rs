//! A write that fails changes nothing: the old file stays, no other is left beside it.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use auth_core::error::StoreFailure;
use auth_core::store::Store;

use super::child::{LONG, Running, under, with_role};
use super::{Place, ann, failed, put, record, text};

fn two_records() -> Place {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    place
}

#[test]
fn a_disk_that_becomes_full_changes_nothing() {
    let place = two_records();
    let read = |extension| fs::read(place.file(extension)).unwrap();
    let before = (place.files(), read("record"), read("previous"));
    let child = under(&FULL, "swap next", place.directory.as_os_str());
    let mut child = Running::start(child);
    let said = child.says().unwrap();
    assert!(said.contains("nothing was saved: writing"), "{said}");
    assert!(said.contains("free some space"), "{said}");
    child.ends_well();
    assert_eq!((place.files(), read("record"), read("previous")), before);
    put(&place.open(), &["later"]);
    assert_eq!(text(&place.open()).as_deref(), Some("later"));
}

#[test]
fn a_full_disk_leaves_a_damaged_record_in_place() {
    let place = two_records();
    let long = "before ".repeat(1000);
    put(&place.open(), &[&long, "newest"]);
    fs::write(place.file("record"), "damaged").unwrap();
    for _ in 0..3 {
        let child = under(&FULL, "swap next", place.directory.as_os_str());
        let mut child = Running::start(child);
        let said = child.says().unwrap();
        assert!(said.contains("free some space"), "{said}");
        child.ends_well();
        assert_eq!(fs::read(place.file("record")).unwrap(), b"damaged");
        assert_eq!(place.files().len(), 3, "{:?}", place.files());
    }
    assert_eq!(text(&place.open()), Some(long));
}

/// Fills a real disk, if this user can mount one.
#[test]
fn a_full_disk_changes_nothing() {
    let place = Place::new();
    fs::create_dir(&place.directory).unwrap();
    let script = r#"set -e
mount -t tmpfs -o size=16k,mode=0700 tmpfs "$FILE_STORE_TEST_DIRECTORY"
export FILE_STORE_TEST_DIRECTORY="$FILE_STORE_TEST_DIRECTORY/logins"
"$0" "$@" < /dev/null
cd "$FILE_STORE_TEST_DIRECTORY"
before=$(cat ./*.record | cksum)
head -c 1m /dev/zero > ../rest 2> ../why && exit 3
export FILE_STORE_TEST_ROLE="swap other"
"$0" "$@" < /dev/null
test "$before" = "$(cat ./*.record | cksum)"
printf '\nchild: left %s\n' "$(echo *)"
rm ../rest
"$0" "$@" < /dev/null
"#;
    let unshared = [
        "unshare",
        "-m",
        "--propagation",
        "private",
        "sh",
        "-c",
        script,
    ];
    if !can_mount(&unshared[..4]) {
        // Only root can, and not in every container. The test above needs no root.
        return;
    }
    let child = under(&unshared, "swap next", place.directory.as_os_str());
    let mut child = Running::start(child);
    assert_eq!(child.says().as_deref(), Some("Stored"));
    let said = child.says().unwrap();
    assert!(
        said.contains("nothing was saved") && said.contains("free some space"),
        "{said}"
    );
    let left = child.says().unwrap();
    let files: Vec<_> = left.split(' ').skip(1).collect();
    assert!(files.len() == 2 && files[0].ends_with(".lock"), "{left}");
    assert!(files[1].ends_with(".record"), "{left}");
    assert_eq!(child.says().as_deref(), Some("Stored"));
    child.ends_well();
}

fn can_mount(unshare: &[&str]) -> bool {
    let mut command = Command::new(unshare[0]);
    command
        .args(&unshare[1..])
        .args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_read_only_directory_changes_nothing() {
    let place = two_records();
    let read_only = Permissions::from_mode(0o500);
    fs::set_permissions(&place.directory, read_only).unwrap();
    // Root has every permission, unless it gives up its capabilities.
    let lesser = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    let is_root = fs::metadata(&place.directory).unwrap().uid() == 0;
    let directory = place.directory.as_os_str();
    let child = match is_root {
        true => under(&lesser, "swap next", directory),
        false => with_role("swap next", directory),
    };
    let mut child = Running::start(child);
    let said = child.says().unwrap();
    assert!(said.contains("nothing was saved"), "{said}");
    assert!(
        said.contains("allow this user to write in its directory"),
        "{said}"
    );
    child.ends_well();
    assert_eq!(place.files().len(), 3, "{:?}", place.files());
    assert_eq!(text(&place.open()).as_deref(), Some("two"));
    fs::set_permissions(&place.directory, Permissions::from_mode(0o700)).unwrap();
    put(&place.open(), &["three"]);
    assert_eq!(text(&place.open()).as_deref(), Some("three"));
}

#[test]
fn a_missing_directory_is_named() {
    let place = two_records();
    let store = place.open();
    fs::remove_dir_all(&place.directory).unwrap();
    let why = failed(
        store.load(&ann()),
        StoreFailure::Unavailable,
        &place.directory,
    );
    assert!(
        why.contains("directory is missing: open the store again"),
        "{why}"
    );
    place.open();
    assert_eq!(store.load(&ann()).unwrap(), None);
}

#[test]
fn a_directory_cannot_be_made_below_a_file() {
    let place = two_records();
    let below = place.file("record").join("logins");
    let opened = auth_core::store::FileStore::open(&below);
    failed(opened, StoreFailure::Unsafe, &below);
}

/// Interferes as soon as a new record is being written, so that it cannot be renamed.
fn meanwhile<T>(place: &Place, interfere: impl FnOnce() + Send, swap: impl FnOnce() -> T) -> T {
    let new = place.file("new");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !new.exists() && !over.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            interfere();
        });
        let result = swap();
        over.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn a_failed_first_rename_leaves_nothing_behind() {
    let place = Place::new();
    let store = place.open();
    let newest = place.file("record");
    // It takes a while to write, but the other thread may come too late anyway.
    let swap = (0..100).find_map(|_| {
        let make = || drop(fs::create_dir(&newest));
        let long = record(vec![b'x'; LONG]);
        let swap = meanwhile(&place, make, || store.swap(&ann(), None, &long));
        if swap.is_ok() {
            fs::remove_file(&newest).unwrap();
        }
        swap.is_err().then_some(swap)
    });
    let why = failed(swap.unwrap(), StoreFailure::Unavailable, &newest);
    assert!(why.starts_with("nothing was saved: replacing"), "{why}");
    assert_eq!(place.files_with("new"), Vec::<String>::new());
    fs::remove_dir(&newest).unwrap();
    put(&store, &["one"]);
    assert_eq!(text(&store).as_deref(), Some("one"));
}

#[test]
fn a_record_that_cannot_be_kept_is_not_replaced() {
    let place = two_records();
    let store = place.open();
    let before = place.file("previous");
    fs::remove_file(&before).unwrap();
    fs::create_dir(&before).unwrap();
    let newest = fs::read(place.file("record")).unwrap();
    let swap = store.swap(&ann(), Some(&record("two")), &record("three"));
    let why = failed(swap, StoreFailure::Unavailable, &before);
    assert!(why.starts_with("nothing was saved: removing"), "{why}");
    assert_eq!(fs::read(place.file("record")).unwrap(), newest);
    assert_eq!(place.files_with("new"), Vec::<String>::new());
}

#[test]
fn errors_hold_nothing_of_a_record() {
    let place = two_records();
    let mut file = fs::File::create(place.file("record")).unwrap();
    file.write_all(b"canary").unwrap();
    fs::remove_file(place.file("previous")).unwrap();
    let error = place.open().load(&ann()).unwrap_err();
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(!shown.contains("canary"), "{shown}");
    }
}

/// A command that starts another with a limit on the size of files. Without `trap`, a signal would kill that one before
/// it could print the error.
const FULL: [&str; 3] = ["sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""];
