//! All logins of a directory: listed, and removed when none has changed them for long.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use auth_core::grant::Identity;
use auth_core::store::{FileStore, Store, SwapOutcome};
use auth_core::testing::ManualClock;

use super::{Place, ann, attempt, put, record, text};
use crate::script::{Script, seconds, served};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn user(name: &str) -> Identity {
    Identity::new("ermeo").user(Some(name))
}

fn store_logins(store: &FileStore, names: &[&str]) {
    for name in names {
        let swapped = store.swap(&user(name), None, &record(name)).unwrap();
        assert_eq!(swapped, SwapOutcome::Stored);
    }
}

/// Makes all records this old.
fn age(place: &Place, age: Duration) {
    for name in place.files_with("record") {
        let file = File::options().write(true).open(place.directory.join(name));
        file.unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + (since_1970() - age))
            .unwrap();
    }
}

fn since_1970() -> Duration {
    use auth_core::clock::{Clock, SystemClock};
    Duration::from_secs(SystemClock::new().seconds())
}

#[test]
fn all_logins_are_listed_with_their_times() {
    let place = Place::new();
    let store = place.open();
    assert!(store.logins().unwrap().is_empty());
    store_logins(&store, &["ann", "j smith", "größe"]);
    age(&place, DAY);
    let mut logins = store.logins().unwrap();
    logins.sort_by(|one, other| one.identity.cmp(&other.identity));
    let identities: Vec<_> = logins.iter().map(|login| login.identity.clone()).collect();
    let mut expected = [user("ann"), user("j smith"), user("größe")];
    expected.sort();
    assert_eq!(identities, expected);
    for login in logins {
        let age = SystemTime::UNIX_EPOCH + since_1970();
        let age = age.duration_since(login.changed_at).unwrap();
        assert!((DAY..DAY + seconds(60)).contains(&age), "{age:?}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_not_listed() {
    let place = Place::new();
    let store = place.open();
    store_logins(&store, &["ann", "bob"]);
    let name = &place.files_with("record")[0];
    std::fs::write(place.directory.join(name), b"damaged").unwrap();
    std::fs::write(place.directory.join("notes.txt"), b"of an operator").unwrap();
    assert_eq!(store.logins().unwrap().len(), 1);
}

#[test]
fn unused_logins_are_removed_with_all_their_files() {
    let place = Place::new();
    let store = place.open();
    put(&store, &["one", "two"]);
    drop(store.announce(&ann(), attempt(1)).unwrap());
    store_logins(&store, &["bob"]);
    age(&place, 30 * DAY);
    store_logins(&store, &["carol"]);
    assert_eq!(store.remove_unused(31 * DAY).unwrap(), 0);
    assert_eq!(store.remove_unused(29 * DAY).unwrap(), 2);
    let identities = store
        .logins()
        .unwrap()
        .into_iter()
        .map(|login| login.identity);
    assert_eq!(identities.collect::<Vec<_>>(), [user("carol")]);
    assert_eq!(store.load(&ann()).unwrap(), None);
    if cfg!(unix) {
        assert_eq!(
            place.files().len(),
            2,
            "a record and a lock: {:?}",
            place.files()
        );
    }
    put(&store, &["three"]);
    assert_eq!(text(&store).unwrap(), "three");
}

#[test]
fn a_login_that_is_locked_or_renewed_is_not_removed() {
    let place = Place::new();
    let (store, other) = (place.open(), place.open());
    put(&store, &["one"]);
    for sweeper in [&store, &other] {
        let removed = store.alone(&ann(), || sweeper.remove_unused(Duration::ZERO));
        assert_eq!(removed.unwrap().unwrap(), 0);
        let renewing = store.announce(&ann(), attempt(1)).unwrap();
        assert_eq!(sweeper.remove_unused(Duration::ZERO).unwrap(), 0);
        drop(renewing);
    }
    assert_eq!(text(&store).unwrap(), "one");
    assert_eq!(other.remove_unused(Duration::ZERO).unwrap(), 1);
}

/// A session that is in use writes its login back.
#[test]
fn a_session_in_use_survives_the_removal_of_its_login() {
    let place = Place::new();
    let clock = ManualClock::new();
    let script = Script::new().token("one", "r1").token("two", "r2");
    let session = script.builder(&clock).store(place.open()).build().unwrap();
    assert_eq!(served(&session), "one");
    assert_eq!(place.open().remove_unused(Duration::ZERO).unwrap(), 1);
    clock.advance(seconds(3500));
    session.token().unwrap();
    clock.advance(seconds(3500));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
    assert_eq!(place.open().logins().unwrap().len(), 1);
}

/// A lock is deleted by its holder alone, so no two processes ever have it at once.
#[test]
fn a_lock_stays_exclusive_while_logins_are_removed() {
    let place = Place::new();
    let (inside, over) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let sweeper = place.open();
            while !over.load(Ordering::Relaxed) {
                sweeper.remove_unused(Duration::ZERO).unwrap();
            }
        });
        let workers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let store = place.open();
                    for _ in 0..100 {
                        let current = store.load(&ann()).unwrap();
                        let swapped = store.swap(&ann(), current.as_ref(), &record("one"));
                        let _either = swapped.unwrap();
                        let alone = store.alone(&ann(), || {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            thread::yield_now();
                            assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                        });
                        alone.unwrap();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
}
