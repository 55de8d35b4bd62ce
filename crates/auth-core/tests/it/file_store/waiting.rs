//! Waiting for another store's swap.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome, WaitOutcome};

use super::{Place, ann, put, record};

#[test]
fn a_wait_ends_with_another_stores_swap() {
    let place = Place::new();
    let (waiter, store) = (place.open(), place.open());
    let bob = Identity::new("ermeo").with("username", "bob");
    let mut seen = None;
    for round in 0..10 {
        let next = record(format!("round {round}"));
        let together = Barrier::new(2);
        let (waited, found) = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                together.wait();
                let waited = waiter.wait(&ann(), seen.as_ref(), Duration::from_secs(60));
                (waited.unwrap(), waiter.load(&ann()).unwrap())
            });
            together.wait();
            // This takes a while, so that the other thread is waiting by then.
            let _ = store.swap(&bob, None, &next).unwrap();
            let swap = store.swap(&ann(), seen.as_ref(), &next);
            assert_eq!(swap.unwrap(), SwapOutcome::Stored);
            waiting.join().unwrap()
        });
        assert_eq!(waited, WaitOutcome::Changed);
        assert_eq!(found.as_ref(), Some(&next), "round {round}");
        seen = Some(next);
    }
}

#[test]
fn a_wait_is_bounded_and_ends_for_other_records() {
    let place = Place::new();
    let waiter = place.open();
    let shortly = Duration::from_millis(20);
    let wait = |seen: Option<&Record>, at_most| waiter.wait(&ann(), seen, at_most).unwrap();
    assert_eq!(wait(None, shortly), WaitOutcome::TimedOut);
    put(&waiter, &["one"]);
    assert_eq!(wait(Some(&record("one")), shortly), WaitOutcome::TimedOut);
    for gone in [None, Some(record("other"))] {
        assert_eq!(wait(gone.as_ref(), Duration::MAX), WaitOutcome::Changed);
    }
}
