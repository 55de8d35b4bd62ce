//! Sessions that share a login over a store, as processes do; and stores that fail.

mod ending;
pub(crate) mod failing;
mod forgetful;
mod meanwhile;
mod slow;
mod suspended;

use auth_core::Secret;
use std::sync::mpsc;
use std::thread;

use auth_core::error::{LoginReason, StoreFailure};
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::{Error, Session, SessionBuilder};

use crate::script::{
    Script, come_back_in, lost_answer, not_sent, refused, response, seconds, served,
};

/// Two sessions with grants of their own over one store.
fn two(first: &Script, second: &Script) -> (Session, Session, ManualClock) {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let build = |script: &Script| {
        let builder: SessionBuilder = script.builder(&clock).retries(0);
        builder.store(store.clone()).build().unwrap()
    };
    (build(first), build(second), clock)
}

#[test]
fn one_logs_in_and_the_other_takes_over_its_token() {
    let (first, second) = (Script::new().token("one", "r1"), Script::new());
    let (a, b, _) = two(&first, &second);
    assert_eq!(served(&a), "one");
    assert_eq!(served(&b), "one");
    assert!(second.asked().is_empty());
    assert_eq!(
        b.token().unwrap().expires_at(),
        a.token().unwrap().expires_at()
    );
}

/// One before the request, which notes it, and one with the answer: each is a sync of a disk, or a round to a server.
#[test]
fn a_renewal_loads_once_and_swaps_twice() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (clock, store) = (
        ManualClock::new(),
        failing::Failing::new(MemoryStore::new()),
    );
    let builder = script.builder(&clock).store(store.clone());
    let session = builder.build().unwrap();
    assert_eq!(served(&session), "one");
    let (loads, swaps) = (store.loads(), store.swaps());
    clock.advance(seconds(3300));
    assert_eq!(served(&session), "two");
    assert_eq!((store.loads() - loads, store.swaps() - swaps), (1, 2));
}

#[test]
fn each_refresh_token_is_spent_once_by_one_process() {
    let first = Script::new().token("one", "r1").token("three", "r3");
    let second = Script::new().token("two", "r2");
    let (a, b, clock) = two(&first, &second);
    assert_eq!(served(&a), "one");
    clock.advance(seconds(3300));
    assert_eq!(served(&b), "two");
    clock.advance(seconds(400));
    assert_eq!(served(&a), "two", "loaded from the store, not requested");
    clock.advance(seconds(2900));
    assert_eq!(served(&a), "three");
    assert_eq!(first.asked(), ["log in", "refresh r2"]);
    assert_eq!(second.asked(), ["refresh r1"]);
}

#[test]
fn a_valid_token_is_served_while_another_process_renews() {
    let (asked, was_asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let first = Script::new().token("one", "r1").then(move || {
        asked.send(()).unwrap();
        answers.recv().unwrap();
        Ok(response("two", "r2", 3600))
    });
    let second = Script::new();
    let (a, b, clock) = two(&first, &second);
    assert_eq!((served(&a), served(&b)), ("one".into(), "one".into()));
    clock.advance(seconds(3300));
    let renewing = thread::spawn(move || served(&a));
    was_asked.recv().unwrap();
    assert_eq!(served(&b), "one");
    answer.send(()).unwrap();
    assert_eq!(renewing.join().unwrap(), "two");
    clock.advance(seconds(3));
    assert_eq!(served(&b), "two");
    assert!(second.asked().is_empty());
}

#[test]
fn a_process_without_a_token_waits_for_the_one_that_gets_it() {
    let (asked, was_asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let first = Script::new().then(move || {
        asked.send(()).unwrap();
        answers.recv().unwrap();
        Ok(response("one", "r1", 3600))
    });
    let (waiting, waits) = mpsc::channel();
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let a = first.builder(&clock).store(store.clone()).build().unwrap();
    let second = Script::new();
    let b = second
        .builder(&clock)
        .store(store)
        .observer(auth_core::observe::from_fn(move |_, event| {
            waiting.send(format!("{event:?}")).unwrap();
        }))
        .build()
        .unwrap();
    let renewing = thread::spawn(move || served(&a));
    was_asked.recv().unwrap();
    let other = thread::spawn(move || served(&b));
    assert_eq!(waits.recv().unwrap(), "Waiting");
    answer.send(()).unwrap();
    assert_eq!(renewing.join().unwrap(), "one");
    assert_eq!(other.join().unwrap(), "one");
    assert!(second.asked().is_empty());
}

#[test]
fn a_wrong_password_is_tried_once_by_all_processes_together() {
    let (first, second) = (Script::new().error(refused("invalid_grant")), Script::new());
    let (a, b, _) = two(&first, &second);
    assert!(a.token().is_err());
    let error = b.token().unwrap_err();
    let Error::LoginRequired { reason, cause, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*reason, LoginReason::CredentialsRefused);
    assert!(cause.as_ref().unwrap().refusal().is_some());
    assert!(second.asked().is_empty());
}

#[test]
fn another_password_is_tried_and_its_token_is_shared() {
    let first = Script::new().error(refused("invalid_grant"));
    let second = Script::new().token("one", "r1").password("the new one");
    let (a, b, _) = two(&first, &second);
    assert!(a.token().is_err());
    assert_eq!(served(&b), "one");
    assert_eq!(served(&a), "one");
}

#[test]
fn a_failure_is_waited_out_by_all_processes() {
    let first = Script::new().error(come_back_in(600, 429));
    let second = Script::new().token("one", "");
    let (a, b, clock) = two(&first, &second);
    assert!(a.token().is_err());
    let error = b.token().unwrap_err();
    assert_eq!(error.retry_after(), Some(seconds(600)));
    assert!(second.asked().is_empty());
    clock.advance(seconds(600));
    assert_eq!(served(&b), "one");
}

#[test]
fn no_process_repeats_a_refresh_whose_response_was_lost() {
    let first = Script::new().token("one", "r1").error(lost_answer());
    let second = Script::new().without_password();
    let (a, b, clock) = two(&first, &second);
    served(&a);
    clock.advance(seconds(3600));
    assert!(a.token().is_err());
    clock.advance(seconds(60));
    let error = b.token().unwrap_err();
    assert!(
        matches!(
            error,
            Error::LoginRequired {
                reason: LoginReason::RefreshTokenUncertain,
                ..
            }
        ),
        "{error}"
    );
    assert!(second.asked().is_empty());
}

#[test]
fn a_rejected_token_is_replaced_by_that_of_another_process() {
    let first = Script::new().token("one", "r1");
    let second = Script::new().token("two", "r2");
    let (a, b, _) = two(&first, &second);
    let one = a.token().unwrap();
    served(&b);
    assert!(b.reject(&one));
    assert_eq!(served(&b), "two");
    assert!(a.reject(&one));
    assert_eq!(served(&a), "two");
    assert_eq!(first.asked(), ["log in"]);
}

#[test]
fn a_logout_ends_the_login_for_all_processes() {
    let first = Script::new().token("one", "r1");
    let second = Script::new().without_password();
    let (a, b, clock) = two(&first, &second);
    served(&a);
    served(&b);
    a.forget().unwrap();
    clock.advance(seconds(3600));
    assert!(b.token().is_err());
    assert!(second.asked().is_empty(), "there is no refresh token left");
}

/// The seed is the refresh token that a program is configured with; the stored one is newer.
#[test]
fn a_stored_login_takes_precedence_over_the_seed() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let begin = |script: &Script| {
        let builder = script.builder(&clock).retries(0).store(store.clone());
        builder.refresh_token(Secret::new("seed")).build().unwrap()
    };
    let first = Script::new().token("one", "r1");
    assert_eq!(served(&begin(&first)), "one");
    clock.advance(seconds(3600));
    let second = Script::new().token("two", "r2");
    assert_eq!(served(&begin(&second)), "two");
    assert_eq!(first.asked(), ["refresh seed"]);
    assert_eq!(second.asked(), ["refresh r1"]);
}

/// The refresh token that was refused is not sent again.
#[test]
fn a_lost_login_is_replaced_by_another_refresh_token() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let begin = |script: &Script, seed: &str| {
        let builder = script.builder(&clock).retries(0).store(store.clone());
        builder.refresh_token(Secret::new(seed)).build().unwrap()
    };
    let first = Script::new()
        .without_password()
        .error(refused("invalid_grant"));
    assert!(begin(&first, "spent").token().is_err());
    let again = Script::new().without_password();
    assert!(begin(&again, "spent").token().is_err());
    assert!(again.asked().is_empty());
    let second = Script::new().token("one", "r1");
    assert_eq!(served(&begin(&second, "fresh")), "one");
    assert_eq!(second.asked(), ["refresh fresh"]);
}

#[test]
fn a_new_login_replaces_the_stored_one_for_all_processes() {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let old = Script::new().token("old", "r1");
    let a = old.builder(&clock).store(store.clone()).build().unwrap();
    served(&a);
    let new = Script::new();
    let b = new
        .builder(&clock)
        .store(store.clone())
        .tokens(response("new", "r2", 3600))
        .build()
        .unwrap();
    assert_eq!(served(&b), "new");
    assert_eq!(b.refresh_token().unwrap().expose(), "r2");
    clock.advance(seconds(3600));
    let third = Script::new().token("three", "r3");
    let c = third.builder(&clock).store(store).build().unwrap();
    assert_eq!(served(&c), "three");
    assert_eq!(third.asked(), ["refresh r2"]);
}

#[test]
fn a_status_has_ages_and_reasons_and_no_secret() {
    let first = Script::new()
        .token("canary-a", "canary-r")
        .error(lost_answer());
    let (a, b, clock) = two(&first, &Script::new());
    assert_eq!(a.status().to_string(), "no token; the next call gets one");
    served(&a);
    let fresh = format!("{:#}", a.status());
    assert!(fresh.contains("valid for 1 h 0 min"), "{fresh}");
    assert!(fresh.contains("not sent yet"), "{fresh}");
    clock.advance(seconds(3300));
    served(&a);
    let lost = format!("{:#}", b.status());
    assert!(lost.contains("token 1 of 55 min 0 s ago"), "{lost}");
    assert!(lost.contains("refresh token: lost"), "{lost}");
    assert!(lost.contains("failed: 1 in a row"), "{lost}");
    assert!(lost.contains("took too long"), "{lost}");
    for text in [fresh, lost] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_status_shows_a_refresh_token_that_was_kept() {
    let first = Script::new()
        .token("one", "r1")
        .error(come_back_in(60, 429));
    let (a, b, clock) = two(&first, &Script::new());
    served(&a);
    clock.advance(seconds(3300));
    served(&a);
    let kept = format!("{:#}", b.status());
    assert!(kept.contains("sent, and kept"), "{kept}");
    assert!(!kept.contains("not sent yet"), "{kept}");
}

#[test]
fn a_status_of_a_refused_login_names_the_remedy() {
    let (a, ..) = two(
        &Script::new().error(refused("invalid_grant")),
        &Script::new(),
    );
    assert!(a.token().is_err());
    let refused = format!("{:#}", a.status());
    assert!(refused.contains("invalid_grant"), "{refused}");
    assert!(refused.contains("`Session::forget`"), "{refused}");
}

/// The line once promised a token of the next call during a back-off of a day.
#[test]
fn a_status_line_says_what_the_next_call_does() {
    let first = Script::new()
        .error(refused("invalid_grant"))
        .password("old");
    let (a, b, clock) = two(&first, &Script::new());
    assert!(a.token().is_err());
    for session in [&a, &b] {
        let line = session.status().to_string();
        assert!(
            line.starts_with("no token; backing off for 24 h "),
            "{line}"
        );
    }
    clock.advance(seconds(25 * 3600));
    let line = a.status().to_string();
    assert!(
        line.starts_with("no token; the next call gets one; "),
        "{line}"
    );
}

#[test]
fn a_status_line_of_an_expired_token_is_no_promise() {
    let first = Script::new()
        .token("one", "r1")
        .error(not_sent())
        .error(lost_answer());
    let (a, _, clock) = two(&first, &Script::new());
    served(&a);
    let first = first.without_password();
    let line = || a.status().to_string();
    assert!(line().starts_with("valid for 1 h 0 min; "), "{}", line());
    clock.advance(seconds(3600));
    assert_eq!(line(), "expired 0 s ago; the next call renews it");
    assert!(a.token().is_err());
    assert!(
        line().starts_with("expired 0 s ago; backing off for "),
        "{}",
        line()
    );
    clock.advance(seconds(60));
    assert!(a.token().is_err());
    clock.advance(seconds(600));
    assert!(
        line().starts_with("expired 11 min 0 s ago; login required"),
        "{}",
        line()
    );
    let details = format!("{:#}", a.status());
    assert!(!details.contains("logs in"), "{details}");
    assert_eq!(first.asked().len(), 3);
}

#[test]
fn a_status_line_without_credentials_asks_for_a_login() {
    let script = Script::new().without_password();
    let clock = ManualClock::new();
    let session = script.builder(&clock).build().unwrap();
    assert_eq!(session.status().to_string(), "no token; login required");
    let kept = script.builder(&clock).refresh_token(Secret::new("r1"));
    let line = kept.build().unwrap().status().to_string();
    assert_eq!(line, "no token; the next call gets one");
}

#[test]
fn an_unsafe_store_is_reported_and_nothing_is_sent() {
    let script = Script::new();
    let broken = failing::Failing::new(MemoryStore::new());
    broken.fail_loads(Error::store(StoreFailure::Unsafe, "others can read it"));
    let session = script
        .builder(&ManualClock::new())
        .store(broken.clone())
        .build()
        .unwrap();
    let error = session.token().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store is not safe to use: others can read it"
    );
    assert_eq!(broken.loads(), 1, "not tried again");
    assert!(session.status().to_string().contains("others can read it"));
}
