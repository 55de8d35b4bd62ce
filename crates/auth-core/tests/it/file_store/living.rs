//! Liveness, as far as one process can test it; `killed` tests the rest.

use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use auth_core::store::Store;

use super::{Place, ann, attempt};

#[test]
fn an_attempt_lasts_as_long_as_its_guard() {
    let place = Place::new();
    let (here, there) = (place.open(), place.open());
    assert!(
        !there.has_exited(&ann(), attempt(1)),
        "no attempt was announced"
    );
    let guard = here.announce(&ann(), attempt(1));
    assert!(guard.is_some());
    for store in [&here, &there] {
        assert!(store.announce(&ann(), attempt(2)).is_none());
        assert!(!store.has_exited(&ann(), attempt(1)));
        assert!(
            !store.has_exited(&ann(), attempt(2)),
            "it was never announced"
        );
    }
    drop(guard);
    assert!(there.has_exited(&ann(), attempt(1)));
    assert!(!there.has_exited(&ann(), attempt(2)));
    let _next = there.announce(&ann(), attempt(3)).unwrap();
    assert!(
        !here.has_exited(&ann(), attempt(1)),
        "another attempt has replaced it"
    );
    assert!(!here.has_exited(&ann(), attempt(3)));
}

#[test]
fn has_exited_does_not_disturb_other_callers() {
    let place = Place::new();
    let store = place.open();
    drop(store.announce(&ann(), attempt(1)).unwrap());
    let asking = File::open(place.file("alive")).unwrap();
    asking.lock_shared().unwrap();
    assert!(store.has_exited(&ann(), attempt(1)));
    drop(asking);

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                place.open().has_exited(&ann(), attempt(1));
            }
        });
        let begun = (0..500).filter(|_| store.announce(&ann(), attempt(1)).is_some());
        let begun = begun.count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(begun, 500);
    });
}

#[test]
fn announcing_replaces_any_content_of_the_file() {
    let place = Place::new();
    let store = place.open();
    drop(store.announce(&ann(), attempt(1)));
    for junk in ["", "\n", "a word", &"x".repeat(5000)] {
        fs::write(place.file("alive"), junk).unwrap();
        assert!(!store.has_exited(&ann(), attempt(2)), "{junk}");
        drop(store.announce(&ann(), attempt(2)).unwrap());
        assert!(store.has_exited(&ann(), attempt(2)), "{junk}");
    }
}
