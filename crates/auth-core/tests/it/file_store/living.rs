//! Signs of life, as far as one process can show them; `killed` shows the rest.

use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use auth_core::store::Store;

use super::{Place, ann};

#[test]
fn a_second_sign_of_life_is_refused_and_an_attempt_ends_with_its_sign() {
    let place = Place::new();
    let (here, there) = (place.open(), place.open());
    assert!(!there.has_ended(&ann(), 1), "nobody has begun");
    let sign = here.sign_of_life(&ann(), 1);
    assert!(sign.is_some());
    for store in [&here, &there] {
        assert!(store.sign_of_life(&ann(), 2).is_none());
        assert!(!store.has_ended(&ann(), 1));
        assert!(!store.has_ended(&ann(), 2), "it never began");
    }
    drop(sign);
    assert!(there.has_ended(&ann(), 1));
    assert!(!there.has_ended(&ann(), 2));
    let _next = there.sign_of_life(&ann(), 3).unwrap();
    assert!(!here.has_ended(&ann(), 1), "it is another's now");
    assert!(!here.has_ended(&ann(), 3));
}

#[test]
fn asking_whether_somebody_has_ended_disturbs_neither_who_asks_nor_who_begins() {
    let place = Place::new();
    let store = place.open();
    drop(store.sign_of_life(&ann(), 1).unwrap());
    let asking = File::open(place.file("alive")).unwrap();
    asking.lock_shared().unwrap();
    assert!(store.has_ended(&ann(), 1));
    drop(asking);

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                place.open().has_ended(&ann(), 1);
            }
        });
        let begun = (0..500).filter(|_| store.sign_of_life(&ann(), 1).is_some());
        let begun = begun.count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(begun, 500);
    });
}

#[test]
fn a_sign_of_life_takes_the_place_of_whatever_is_in_its_file() {
    let place = Place::new();
    let store = place.open();
    drop(store.sign_of_life(&ann(), 1));
    for junk in ["", "\n", "a word", &"x".repeat(5000)] {
        fs::write(place.file("alive"), junk).unwrap();
        assert!(!store.has_ended(&ann(), 2), "{junk}");
        drop(store.sign_of_life(&ann(), 2).unwrap());
        assert!(store.has_ended(&ann(), 2), "{junk}");
    }
}
