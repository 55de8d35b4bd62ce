//! The store over a keyring in memory that hangs, is locked, full, missing, or panics.

mod fake; // the keyring

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{AttemptId, Record, Store, SwapOutcome};
use auth_core::{Error, Result};
use auth_sim::store_conformance::check;

use crate::KeyringStore;
use crate::secret::secret_over;
use fake::{Fault, Keyring, MOST};

/// A keyring, and a folder for the lock files of stores over it.
struct Desk {
    keyring: Keyring,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            keyring: Keyring::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&self) -> Result<KeyringStore> {
        KeyringStore::over(self.keyring.platform(), "desk", self.folder.path())
    }

    /// A store with this record.
    fn with(&self, bytes: &[u8]) -> KeyringStore {
        let store = self.open().unwrap();
        put(&store, &record(bytes));
        store
    }
}

fn ann() -> Identity {
    Identity::new("ermeo").with("username", "ann")
}

fn record(bytes: impl AsRef<[u8]>) -> Record {
    Record::from_bytes(bytes.as_ref().to_vec())
}

fn put(store: &KeyringStore, record: &Record) {
    let seen = store.load(&ann()).unwrap();
    let swapped = store.swap(&ann(), seen.as_ref(), record);
    assert_eq!(swapped.unwrap(), SwapOutcome::Stored);
}

#[track_caller]
fn assert_error<T>(result: Result<T>, failure: StoreFailure, why: &str) {
    let error = result.err().unwrap();
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("99, 97"),
        "{shown}"
    );
    match error {
        Error::Store {
            failure: seen,
            message,
            ..
        } => {
            assert_eq!(seen, failure, "{message}");
            assert!(message.contains(why), "{message}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn promises_are_kept_within_the_limit_of_windows() {
    let desk = Desk::new();
    check(|| desk.open().unwrap());
    assert!(desk.keyring.longest() > MOST / 2, "records were split");
    assert!(desk.keyring.longest() <= MOST);
}

#[test]
fn an_abandoned_call_writes_nothing_later() {
    let desk = Desk::new();
    let store = desk
        .with(b"canary old")
        .with_timeout(Duration::from_millis(50));
    let unlock = desk.keyring.hang();
    let swap = store.swap(&ann(), Some(&record("canary old")), &record("canary new"));
    assert_error(
        swap,
        StoreFailure::Unavailable,
        "ask the user for a password",
    );
    // No other call waits in a queue behind it.
    assert_error(
        store.load(&ann()),
        StoreFailure::Unavailable,
        "an earlier call",
    );
    let clone = store.clone();
    assert_error(
        clone.load(&ann()),
        StoreFailure::Unavailable,
        "an earlier call",
    );

    unlock.send(()).unwrap();
    let store = store.with_timeout(Duration::from_secs(60));
    assert_eq!(store.load(&ann()).unwrap(), Some(record("canary old")));
    put(&store, &record("new"));
}

#[test]
fn a_held_lock_is_an_error_of_the_store() {
    let desk = Desk::new();
    let store = desk.with(b"canary").with_timeout(Duration::from_millis(50));
    let other = desk.open().unwrap().with_timeout(Duration::from_secs(1));
    let unlock = desk.keyring.hang();
    assert_error(
        store.load(&ann()),
        StoreFailure::Unavailable,
        "did not respond",
    );
    assert_error(
        other.load(&ann()),
        StoreFailure::Unavailable,
        "another process",
    );
    unlock.send(()).unwrap();
}

#[test]
fn a_failing_keyring_is_tried_again() {
    let desk = Desk::new();
    let store = desk.with(b"canary");
    for (fault, why) in [
        (Fault::Locked, "locked"),
        (Fault::Fails, "check that it still runs"),
        (Fault::TooLong, "of this size"),
        (Fault::Panics, "panicked"),
    ] {
        desk.keyring.next(fault);
        assert_error(store.load(&ann()), StoreFailure::Unavailable, why);
        assert_eq!(store.load(&ann()).unwrap(), Some(record("canary")));
    }
    // A connection that failed is not used again.
    desk.keyring.next(Fault::Fails);
    assert_error(store.load(&ann()), StoreFailure::Unavailable, "failed");
    desk.keyring.next(Fault::Gone);
    assert_error(store.load(&ann()), StoreFailure::Unavailable, "`FileStore`");
    assert_eq!(store.load(&ann()).unwrap(), Some(record("canary")));

    desk.keyring.next(Fault::Ambiguous);
    assert_error(
        store.load(&ann()),
        StoreFailure::Unsafe,
        "all of them but one",
    );
    desk.keyring.next(Fault::Garbles);
    assert_error(store.load(&ann()), StoreFailure::Unreadable, "damaged");
}

#[test]
fn without_a_keyring_opening_fails_without_a_file() {
    let desk = Desk::new();
    desk.keyring.next(Fault::Gone);
    assert_error(
        desk.open(),
        StoreFailure::Unavailable,
        "`EncryptedStore` around it",
    );
    assert_eq!(desk.keyring.entries().len(), 0);
}

#[test]
fn no_file_holds_anything_of_a_record() {
    let desk = Desk::new();
    let store = desk.with(b"canary");
    let guard = store.announce(&ann(), SEVEN);
    for file in std::fs::read_dir(desk.folder.path().join("desk")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
    }
    drop(guard);
}

#[test]
fn a_swap_with_a_lost_result_can_be_repeated() {
    let desk = Desk::new();
    for length in [10, 10_000] {
        let store = desk.with(b"old");
        let new = record("x".repeat(length));
        desk.keyring.after_write(Fault::Fails);
        let swap = store.swap(&ann(), Some(&record("old")), &new);
        assert_error(swap, StoreFailure::Unavailable, "failed");
        let swap = store.swap(&ann(), Some(&record("old")), &new);
        assert_eq!(swap.unwrap(), SwapOutcome::Stored);
        assert_eq!(store.load(&ann()).unwrap(), Some(new));
    }
}

#[test]
fn a_half_written_record_leaves_the_old_one() {
    let desk = Desk::new();
    let large = |letter: &str| record(letter.repeat(5 * MOST));
    for old in [record("old"), large("o")] {
        let store = desk.with(old.expose());
        // Fails after each number of writes of a record in six entries.
        for writes in 0..5 {
            desk.keyring.fail_after_writes(writes);
            store.swap(&ann(), Some(&old), &large("n")).unwrap_err();
            assert_eq!(store.load(&ann()).unwrap(), Some(old.clone()));
        }
        put(&store, &record("x".repeat(MOST + 1)));
        // Its head and its two parts; those of the failed swaps are removed.
        assert_eq!(desk.keyring.entries().len(), 3);
        put(&store, &record("small"));
        assert_eq!(desk.keyring.entries().len(), 1);
    }
}

#[test]
fn a_damaged_record_is_refused_and_kept() {
    let desk = Desk::new();
    for length in [50, 3 * MOST] {
        let store = desk.with("canary ".repeat(length / 7 + 1).as_bytes());
        let good = desk.keyring.entries();
        for name in good.keys() {
            let mut bad = good.clone();
            *bad.get_mut(name).unwrap().last_mut().unwrap() ^= 1;
            desk.keyring.set_entries(bad.clone());
            assert_error(store.load(&ann()), StoreFailure::Unreadable, "damaged");
            let swap = store.swap(&ann(), None, &record("new"));
            assert_error(swap, StoreFailure::Unreadable, "remove it there");
            assert_eq!(desk.keyring.entries(), bad);
        }
        // A missing part; without its head, a record does not exist.
        let head = good.keys().min().unwrap();
        for name in good.keys().filter(|name| *name != head) {
            let mut bad = good.clone();
            bad.remove(name);
            desk.keyring.set_entries(bad);
            assert_error(store.load(&ann()), StoreFailure::Unreadable, "missing");
        }
        desk.keyring.set_entries(good);
    }
}

#[test]
fn foreign_and_newer_entries_are_refused_and_kept() {
    let desk = Desk::new();
    let store = desk.with(b"canary");
    let good = desk.keyring.entries();
    let (name, bytes) = good.iter().next().unwrap();
    let mut newer = bytes.clone();
    newer[19] = 2;
    for (entry, why) in [
        (b"hunter2".to_vec(), "another `service`"),
        (Vec::new(), "another `service`"),
        (newer, "newer version"),
        (bytes[..19].to_vec(), "damaged"),
        (bytes[..25].to_vec(), "damaged"),
    ] {
        let bad = [(name.clone(), entry)].into();
        desk.keyring.set_entries(bad);
        let bad = desk.keyring.entries();
        assert_error(store.load(&ann()), StoreFailure::Unreadable, why);
        let swap = store.swap(&ann(), None, &record("new"));
        assert_error(swap, StoreFailure::Unreadable, why);
        assert_eq!(desk.keyring.entries(), bad);
    }
}

#[test]
fn the_entry_of_another_login_is_refused() {
    let desk = Desk::new();
    let store = desk.with(b"canary");
    let bytes = desk.keyring.entries().into_values().next().unwrap();
    let bob = Identity::new("ermeo").with("username", "bob");
    assert_eq!(
        store.swap(&bob, None, &record("bob's")).unwrap(),
        SwapOutcome::Stored
    );
    let all = desk.keyring.entries();
    let moved = all.into_keys().map(|name| (name, bytes.clone()));
    desk.keyring.set_entries(moved.collect());
    assert_eq!(store.load(&ann()).unwrap(), Some(record("canary")));
    assert_error(store.load(&bob), StoreFailure::Unreadable, "damaged");
}

#[test]
fn a_record_that_is_too_large_is_refused() {
    let desk = Desk::new();
    let store = desk.with(b"canary");
    let before = desk.keyring.entries();
    let large = record("x".repeat(65 * MOST));
    let swap = store.swap(&ann(), Some(&record("canary")), &large);
    assert_error(swap, StoreFailure::Unavailable, "use `FileStore`");
    assert_eq!(desk.keyring.entries(), before);
}

#[test]
fn the_name_of_a_service_fits_a_directory() {
    let desk = Desk::new();
    let open = |name: &str| KeyringStore::over(desk.keyring.platform(), name, desk.folder.path());
    for name in [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "a b",
        "é",
        &"x".repeat(65),
    ] {
        assert!(
            matches!(open(name), Err(Error::Configuration { .. })),
            "{name}"
        );
    }
    for name in ["a", "my-app_2", "com.example.App", &"x".repeat(64)] {
        open(name).unwrap();
    }
}

#[test]
fn an_attempt_lasts_as_long_as_its_guard() {
    let desk = Desk::new();
    let [here, there] = [(); 2].map(|()| desk.open().unwrap());
    let guard = here.announce(&ann(), SEVEN).unwrap();
    assert!(!there.has_exited(&ann(), SEVEN));
    drop(guard);
    assert!(there.has_exited(&ann(), SEVEN));
    assert!(!there.has_exited(&ann(), AttemptId::from_bytes([8; 16])));
}

#[test]
fn threads_use_the_keyring_one_at_a_time() {
    let desk = Desk::new();
    let store = desk.with(b"record");
    let seen = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                store.load(&ann()).unwrap().unwrap();
                *seen.lock().unwrap() += 1;
            });
        }
    });
    assert_eq!((*seen.lock().unwrap(), desk.keyring.most_at_once()), (8, 1));
}

#[test]
fn debug_shows_no_record() {
    let desk = Desk::new();
    let store = desk.with(b"canary");
    let shown = format!("{store:?} {store:#?}");
    assert!(
        shown.contains("desk") && !shown.contains("canary"),
        "{shown}"
    );
}

const SEVEN: AttemptId = AttemptId::from_bytes([7; 16]);

/// Puts a secret where another program would.
fn put_secret(desk: &Desk, text: &[u8]) {
    use keyring_core::api::CredentialStoreApi as _;
    let modifiers = std::collections::HashMap::from([("persistence", "Local")]);
    let entry = desk.keyring.build("acme", "ermeo", Some(&modifiers));
    entry.unwrap().set_secret(text).unwrap();
}

#[test]
fn a_secret_is_read_each_time_it_is_needed() {
    let desk = Desk::new();
    let secret = secret_over(desk.keyring.platform(), "acme".into(), "ermeo".into());
    let missing = secret.read().unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the keyring's entry `ermeo` of the service `acme` is missing"
    );
    for text in ["s3cret", "rotated \u{e4}"] {
        put_secret(&desk, text.as_bytes());
        assert_eq!(secret.read().unwrap().expose(), text);
    }
    put_secret(&desk, b"");
    assert!(secret.read().unwrap_err().to_string().ends_with("is empty"));
    put_secret(&desk, b"canary\xff");
    let garbled = secret.read().unwrap_err();
    assert!(garbled.to_string().ends_with("is not a text"), "{garbled}");
    assert!(!format!("{secret:?} {garbled:?}").contains("canary"));
}

#[test]
fn a_secret_in_a_locked_keyring_is_an_error_of_the_keyring() {
    let desk = Desk::new();
    put_secret(&desk, b"s3cret");
    let secret = secret_over(desk.keyring.platform(), "acme".into(), "ermeo".into());
    desk.keyring.next(Fault::Locked);
    assert_error(secret.read(), StoreFailure::Unavailable, "locked");
    desk.keyring.next(Fault::Gone);
    assert_error(
        secret.read(),
        StoreFailure::Unavailable,
        "no keyring was found",
    );
    assert_eq!(secret.read().unwrap().expose(), "s3cret");
}
