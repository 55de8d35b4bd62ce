//! A process that is suspended between storing its attempt and sending the request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::meanwhile::two;
use crate::script::{Script, response, seconds, served};

#[test]
fn a_refresh_is_not_sent_after_its_deadline() {
    let first = Script::new().token("one", "r1");
    let second = Script::new().token("two", "r2");
    let (a, b, store, clock) = two(&first, &second);
    served(&a);
    clock.advance(seconds(3600));
    store.after_the_next_swap(move || {
        clock.advance(LONG);
        // The other process takes the refresh token for lost.
        assert_eq!(served(&b), "two");
    });
    assert_eq!(served(&a), "two");
    assert_eq!(first.asked(), ["log in"]);
    assert_eq!(second.asked(), ["log in"]);
}

#[test]
fn a_login_is_not_sent_after_its_deadline() {
    let first = Script::new();
    let second = Script::new().token("two", "r2");
    let (a, b, store, clock) = two(&first, &second);
    store.after_the_next_swap(move || {
        clock.advance(LONG);
        assert_eq!(served(&b), "two");
    });
    assert_eq!(served(&a), "two");
    assert!(first.asked().is_empty());
}

#[test]
fn a_suspended_machine_notes_a_new_attempt_first() {
    assert!(notes_again_after(LONG));
    assert!(!notes_again_after(seconds(1)));
}

/// Suspends the machine between the note of an attempt and its refresh; only the wall clock moves then.
///
/// Returns `true` if the record is another one when the refresh is sent.
fn notes_again_after(suspension: Duration) -> bool {
    let script = Script::new().token("one", "r1");
    let (a, _, store, clock) = two(&script, &Script::new());
    served(&a);
    clock.advance(seconds(3600));
    let (noted, sent) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
    let (seen, sees) = (store.clone(), Arc::clone(&noted));
    store.after_the_next_swap(move || {
        *sees.lock().unwrap() = seen.record();
        clock.suspend(suspension);
    });
    let sees = Arc::clone(&sent);
    let script = script.then(move || {
        *sees.lock().unwrap() = store.record();
        Ok(response("two", "r2", 3600))
    });
    assert_eq!(served(&a), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
    let (noted, sent) = (noted.lock().unwrap(), sent.lock().unwrap());
    assert!(noted.is_some() && sent.is_some());
    *noted != *sent
}

/// Longer than any attempt may take.
const LONG: Duration = seconds(600);
