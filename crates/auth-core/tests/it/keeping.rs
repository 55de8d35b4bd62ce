//! The keeper: a token is there before anybody asks, and no renewal is cut short.

use std::sync::mpsc;
use std::thread;

use auth_core::observe;
use auth_core::testing::ManualClock;

use crate::script::{Script, response, seconds, served};

#[test]
fn a_keeper_gets_a_token_before_anybody_asks() {
    let (told, events) = mpsc::channel();
    let script = Script::new().token("one", "r1");
    let session = script
        .builder(&ManualClock::new())
        .observer(observe::from_fn(move |_, event| {
            told.send(event.name()).unwrap();
        }))
        .build()
        .unwrap();
    let keeper = session.refresh_in_background().unwrap();
    assert_eq!(events.recv().unwrap(), "logged_in");
    drop(keeper);
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked(), ["log in"]);
}

#[test]
fn dropping_a_keeper_lets_a_renewal_end_and_keeps_its_refresh_token() {
    let (asked, was_asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let script = Script::new().then(move || {
        asked.send(()).unwrap();
        answers.recv().unwrap();
        Ok(response("one", "r1", 3600))
    });
    let session = script.builder(&ManualClock::new()).build().unwrap();
    let keeper = session.refresh_in_background().unwrap();
    was_asked.recv().unwrap();
    let ending = thread::spawn(move || drop(keeper));
    answer.send(()).unwrap();
    ending.join().unwrap();
    assert_eq!(session.refresh_token().unwrap().expose(), "r1");
}

#[test]
fn a_keeper_whose_grant_panics_goes_on_and_ends_when_it_is_dropped() {
    let (asked, was_asked) = mpsc::channel();
    let script = Script::new()
        .then(move || {
            asked.send(()).unwrap();
            panic!("on purpose")
        })
        .token("one", "");
    let session = script.builder(&ManualClock::new()).build().unwrap();
    let keeper = session.refresh_in_background().unwrap();
    was_asked.recv().unwrap();
    assert_eq!(served(&session), "one");
    drop(keeper);
}

#[test]
fn a_keeper_renews_again_and_again_by_the_real_clock() {
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
    let keeper = session.refresh_in_background().unwrap();
    for name in ["one", "two", "three"] {
        assert_eq!(was_asked.recv_timeout(seconds(60)).unwrap(), name);
    }
    drop(keeper);
}
