//! `refresh_in_background`: a token is obtained before the first call, and no renewal is cut short. One for many sessions.

use std::sync::{Mutex, mpsc};
use std::thread;

use auth_core::Sessions;
use auth_core::observe;
use auth_core::testing::ManualClock;

use crate::script::{Script, response, seconds, served};

#[test]
fn a_token_is_obtained_before_the_first_call() {
    let (told, events) = mpsc::channel();
    let script = Script::new().token("one", "r1");
    let session = script
        .builder(&ManualClock::new())
        .observer(observe::from_fn(move |_, event| {
            told.send(event.name()).unwrap();
        }))
        .build()
        .unwrap();
    let background = session.refresh_in_background().unwrap();
    assert_eq!(events.recv().unwrap(), "logged_in");
    drop(background);
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked(), ["log in"]);
}

/// The refresh token of that renewal is kept.
#[test]
fn dropping_a_background_refresh_lets_a_renewal_end() {
    let (asked, was_asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let script = Script::new().then(move || {
        asked.send(()).unwrap();
        answers.recv().unwrap();
        Ok(response("one", "r1", 3600))
    });
    let session = script.builder(&ManualClock::new()).build().unwrap();
    let background = session.refresh_in_background().unwrap();
    was_asked.recv().unwrap();
    let ending = thread::spawn(move || drop(background));
    answer.send(()).unwrap();
    ending.join().unwrap();
    assert_eq!(session.refresh_token().unwrap().expose(), "r1");
}

/// It also ends when it is dropped.
#[test]
fn a_background_refresh_survives_a_panic_in_its_grant() {
    let (asked, was_asked) = mpsc::channel();
    let script = Script::new()
        .then(move || {
            asked.send(()).unwrap();
            panic!("on purpose")
        })
        .token("one", "");
    let session = script.builder(&ManualClock::new()).build().unwrap();
    let background = session.refresh_in_background().unwrap();
    was_asked.recv().unwrap();
    assert_eq!(served(&session), "one");
    drop(background);
}

#[test]
fn a_background_refresh_renews_by_the_real_clock() {
    let (asked, was_asked) = mpsc::channel();
    let renewal = |name: &'static str| {
        let asked = asked.clone();
        move || {
            asked.send(name).unwrap();
            Ok(response(name, name, 4))
        }
    };
    let script = Script::new()
        .then(renewal("one"))
        .then(renewal("two"))
        .then(renewal("three"))
        .token("for an hour", "");
    let session = auth_core::Session::new(script);
    let background = session.refresh_in_background().unwrap();
    for name in ["one", "two", "three"] {
        assert_eq!(was_asked.recv_timeout(seconds(60)).unwrap(), name);
    }
    drop(background);
}

#[test]
fn one_thread_renews_for_all_customers_until_it_is_dropped() {
    let (asked, was_asked) = mpsc::channel();
    let script = Script::new().token("one", "").then(move || {
        asked.send(thread::current().id()).unwrap();
        Ok(response("two", "", 3600))
    });
    let clock = ManualClock::new();
    let builder = Mutex::new(Some(script.builder(&clock)));
    let sessions = Sessions::new(move |_: &u8| builder.lock().unwrap().take().unwrap().build());
    let session = sessions.get(&1).unwrap();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(2850));
    let background = sessions.refresh_in_background().unwrap();
    assert_ne!(was_asked.recv().unwrap(), thread::current().id());
    drop(background);
    assert_eq!(served(&session), "two");
    assert_eq!(sessions.counts().renewed, 1);
    assert_eq!(script.asked().len(), 2);
}
