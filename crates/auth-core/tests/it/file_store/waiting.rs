//! Waiting for what another store writes.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::store::{Store, SwapOutcome};

use super::{Place, ann, put, record};

#[test]
fn waiting_ends_with_the_swap_of_another_store() {
    let place = Place::new();
    let (waiter, store) = (place.open(), place.open());
    let bob = Identity::new("ermeo").with("username", "bob");
    let mut seen = None;
    for round in 0..10 {
        let next = record(format!("round {round}"));
        let together = Barrier::new(2);
        let (is_able, found) = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                together.wait();
                let waited = waiter.wait(&ann(), seen.as_ref(), Duration::from_secs(60));
                (waited.unwrap(), waiter.load(&ann()).unwrap())
            });
            together.wait();
            // Something that takes a while, for the other to be waiting by then.
            let _ = store.swap(&bob, None, &next).unwrap();
            let swap = store.swap(&ann(), seen.as_ref(), &next);
            assert_eq!(swap.unwrap(), SwapOutcome::Stored);
            waiting.join().unwrap()
        });
        assert!(is_able);
        assert_eq!(found.as_ref(), Some(&next), "round {round}");
        seen = Some(next);
    }
}

#[test]
fn waiting_is_bounded_and_does_not_begin_for_what_is_gone_already() {
    let place = Place::new();
    let waiter = place.open();
    let shortly = Duration::from_millis(20);
    assert!(waiter.wait(&ann(), None, shortly).unwrap());
    put(&waiter, &["one"]);
    assert!(waiter.wait(&ann(), Some(&record("one")), shortly).unwrap());
    let for_ever = Duration::MAX;
    for gone in [None, Some(record("other"))] {
        assert!(waiter.wait(&ann(), gone.as_ref(), for_ever).unwrap());
    }
}
