//! Files that other users could read or write, links, fifos and other users' files are refused, with the reason.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use auth_core::error::StoreFailure;
use auth_core::store::{FileStore, Store};

use super::child::{Running, under};
use super::{Place, ann, attempt, failed, put, record, text};

/// The files that a load opens, while the record is damaged.
const READ: [&str; 3] = ["record", "previous", "lock"];

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// A place with a damaged record, so that the one before it is read, too.
fn damaged() -> Place {
    let place = Place::new();
    put(&place.open(), &["one", "two"]);
    fs::write(place.file("record"), "damaged").unwrap();
    place
}

/// A load and a swap are refused for this path, and change nothing.
fn refused(place: &Place, path: &Path) -> String {
    let before = (place.files(), mode(path));
    let store = place.open();
    let why = failed(store.load(&ann()), StoreFailure::Unsafe, path);
    let swap = store.swap(&ann(), Some(&record("two")), &record("three"));
    failed(swap, StoreFailure::Unsafe, path);
    assert_eq!((place.files(), mode(path)), before);
    why
}

#[test]
fn files_open_to_other_users_are_refused() {
    for extension in READ {
        for open in [0o644, 0o640, 0o620, 0o602, 0o601, 0o666] {
            let place = damaged();
            let path = place.directory.join(&place.files_with(extension)[0]);
            set_mode(&path, open);
            let why = refused(&place, &path);
            assert!(why.contains(&format!("mode {open:04o}")), "{why}");
            let repair = format!("chmod 600 {path:?}");
            assert!(why.ends_with(&repair), "{why}");
            assert!(
                Command::new("sh")
                    .args(["-c", &repair])
                    .status()
                    .unwrap()
                    .success()
            );
            assert_eq!(text(&place.open()).as_deref(), Some("one"));
        }
    }
}

#[test]
fn directories_open_to_other_users_are_refused() {
    for open in [0o755, 0o750, 0o710, 0o770, 0o701, 0o777, 0o1777] {
        let place = Place::new();
        let store = place.open();
        put(&store, &["one"]);
        set_mode(&place.directory, open);
        let directory = &place.directory;
        let why = failed(FileStore::open(directory), StoreFailure::Unsafe, directory);
        let repair = format!("chmod 700 {directory:?}");
        assert!(why.ends_with(&repair), "{why}");
        failed(store.load(&ann()), StoreFailure::Unsafe, directory);
        let swap = store.swap(&ann(), Some(&record("one")), &record("two"));
        failed(swap, StoreFailure::Unsafe, directory);
        assert!(store.announce(&ann(), attempt(1)).is_none());
        assert!(
            Command::new("sh")
                .args(["-c", &repair])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(text(&store).as_deref(), Some("one"));
    }
}

#[test]
fn a_link_in_place_of_a_file_is_refused() {
    for extension in READ {
        for target in ["elsewhere", "nowhere"] {
            let place = damaged();
            let path = place.directory.join(&place.files_with(extension)[0]);
            let elsewhere = place.folder.path().join("elsewhere");
            fs::rename(&path, &elsewhere).unwrap();
            symlink(place.folder.path().join(target), &path).unwrap();
            let why = refused(&place, &path);
            assert!(why.contains("a symbolic link"), "{why}");
            assert!(!place.folder.path().join("nowhere").exists());
        }
    }
}

#[test]
fn a_fifo_or_directory_instead_of_a_file_is_refused() {
    for extension in READ {
        for (make, named) in [("mkfifo -m 600", "a fifo"), ("mkdir -m 700", "a directory")] {
            let place = damaged();
            let path = place.directory.join(&place.files_with(extension)[0]);
            fs::remove_file(&path).unwrap();
            let make = format!("{make} {path:?}");
            assert!(
                Command::new("sh")
                    .args(["-c", &make])
                    .status()
                    .unwrap()
                    .success()
            );
            let why = refused(&place, &path);
            assert!(why.contains(named), "{why}");
            let repair = why.rsplit_once(": ").unwrap().1;
            assert!(
                Command::new("sh")
                    .args(["-c", repair])
                    .status()
                    .unwrap()
                    .success()
            );
            assert!(!path.exists());
        }
    }
}

#[test]
fn another_users_directory_is_refused() {
    let place = Place::new();
    place.open();
    let path = if is_root(&place) {
        chown(&place.directory, Some(OTHER_USER), None).unwrap();
        place.directory.as_path()
    } else {
        Path::new("/")
    };
    let why = failed(FileStore::open(path), StoreFailure::Unsafe, path);
    assert!(why.contains("belongs to user"), "{why}");
}

#[test]
fn another_users_file_is_refused() {
    for extension in READ {
        let place = damaged();
        let path = place.directory.join(&place.files_with(extension)[0]);
        if !is_root(&place) {
            // Only root can give a file away.
            return;
        }
        chown(&path, Some(OTHER_USER), None).unwrap();
        let why = refused(&place, &path);
        assert!(
            why.contains("belongs to user 65534, and this program runs as user 0"),
            "{why}"
        );
        let repair = why.rsplit_once(": ").unwrap().1;
        assert!(
            Command::new("sh")
                .args(["-c", repair])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(text(&place.open()).as_deref(), Some("one"));
    }
}

#[test]
fn liveness_in_an_open_file_is_not_trusted() {
    let place = Place::new();
    let store = place.open();
    drop(store.announce(&ann(), attempt(1)).unwrap());
    assert!(store.has_exited(&ann(), attempt(1)));
    set_mode(&place.file("alive"), 0o622);
    assert!(!store.has_exited(&ann(), attempt(1)));
    assert!(store.announce(&ann(), attempt(2)).is_none());
}

/// Another thread looks at each new file and directory all the time while they are made.
#[test]
fn nothing_is_ever_open_under_a_permissive_umask() {
    let place = Place::new();
    fs::create_dir(&place.directory).unwrap();
    let permissive = ["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
    let child = under(&permissive, "make 150", place.directory.as_os_str());
    let ended = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut seen = Seen::default();
            while !ended.load(Ordering::Relaxed) {
                seen.look(&place.directory);
            }
            seen.look(&place.directory);
            seen
        });
        let child = Running::start(child);
        let ended_well = thread::Builder::new();
        let outcome = ended_well
            .spawn_scoped(scope, || child.ends_well())
            .unwrap()
            .join();
        ended.store(true, Ordering::Relaxed);
        outcome.unwrap();
        watching.join().unwrap()
    });
    assert_eq!(seen.open, Vec::<String>::new());
    assert!(seen.closed > 1000, "looked at {} entries only", seen.closed);
    let fresh = place.directory.join("0/logins");
    let kinds = fs::read_dir(&fresh)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut modes: Vec<_> = kinds.map(|path| mode(&path)).collect();
    modes.push(mode(&fresh) & 0o677);
    assert_eq!(
        modes, [0o600; 5],
        "record, previous, lock, alive, directory"
    );
}

#[derive(Default)]
struct Seen {
    open: Vec<String>,
    closed: usize,
}

impl Seen {
    /// Looks at all entries of a directory; they may vanish meanwhile.
    fn look(&mut self, directory: &Path) {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            match metadata.mode() & 0o077 {
                0 => self.closed += 1,
                _ => self.open.push(format!("{path:?}: {:o}", metadata.mode())),
            }
            if metadata.is_dir() {
                self.look(&path);
            }
        }
    }
}

/// Returns `true` if this test runs as root, which alone can give files away.
pub(super) fn is_root(place: &Place) -> bool {
    fs::metadata(place.folder.path()).unwrap().uid() == 0
}

pub(super) const OTHER_USER: u32 = 65534;
