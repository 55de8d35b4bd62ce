//! Lives, windows, jumps and suspends.

use auth_core::Secret;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use auth_core::clock::{Clock, Moment};
use auth_core::grant::{Lifetime, TokenResponse};
use auth_core::testing::ManualClock;

use crate::script::{Script, response, seconds, served};

fn new_year() -> SystemTime {
    SystemTime::UNIX_EPOCH + seconds(1_767_225_600)
}

#[test]
fn renewal_begins_in_the_last_fifth_of_the_life() {
    let script = Script::new().token("one", "").token("two", "");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(2800));
    assert_eq!(served(&session), "one");
    clock.advance(seconds(160));
    assert_eq!(served(&session), "two");
}

#[test]
fn a_fleet_does_not_renew_at_the_same_second() {
    let mut ends: Vec<u64> = (0..40)
        .map(|_| {
            let script = Script::new().token("one", "").token("two", "");
            let (session, clock) = script.session();
            served(&session);
            clock.advance(seconds(2700));
            (2700..3600).find(|_| {
                clock.advance(seconds(1));
                served(&session) == "two"
            })
        })
        .map(Option::unwrap)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    assert!(ends.len() > 10, "{ends:?}");
}

#[test]
fn a_life_of_ten_seconds_is_not_eaten_by_a_window_of_a_minute() {
    let script = Script::new()
        .then(|| Ok(response("one", "", 10)))
        .token("two", "");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(4));
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked().len(), 1);
}

#[test]
fn a_life_of_zero_is_good_for_one_call_each_and_does_not_loop() {
    let script = Script::new()
        .then(|| Ok(response("one", "", 0)))
        .then(|| Ok(response("two", "", 0)));
    let (session, _) = script.session();
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked().len(), 1);
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn an_unknown_life_is_five_minutes_and_never_for_ever() {
    let script = Script::new()
        .then(|| Ok(TokenResponse::new(Secret::new("one"))))
        .token("two", "");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    assert_eq!(session.token().unwrap().expires_at(), None);
    clock.advance(seconds(230));
    assert_eq!(served(&session), "one");
    clock.advance(seconds(70));
    assert_eq!(served(&session), "two");
}

#[test]
fn the_life_counts_from_the_request_and_not_from_the_answer() {
    let clock = ManualClock::new();
    let slow = clock.clone();
    let script = Script::new()
        .then(move || {
            slow.advance(seconds(20));
            Ok(response("one", "", 3600))
        })
        .token("two", "");
    let session = script.builder(&clock).build().unwrap();
    let token = session.token().unwrap();
    assert_eq!(token.expires_at().unwrap(), new_year() + seconds(3600));
}

#[test]
fn a_machine_that_slept_does_not_serve_a_token_that_expired_meanwhile() {
    let script = Script::new().token("one", "").token("two", "");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.suspend(seconds(4000));
    assert_eq!(served(&session), "two");
}

#[test]
fn a_clock_set_back_before_the_issue_leads_to_a_renewal() {
    let script = Script::new().token("one", "").token("two", "");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.set(new_year() - seconds(10800));
    assert_eq!(served(&session), "two");
    assert_eq!(served(&session), "two");
}

#[test]
fn a_clock_set_back_while_the_server_is_down_costs_nobody_a_valid_token() {
    let script = Script::new()
        .token("one", "")
        .error(crate::script::not_sent());
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.set(new_year() - seconds(10800));
    assert_eq!(served(&session), "one");
}

#[test]
fn a_clock_set_back_a_little_does_not_make_a_token_live_longer_where_both_clocks_are_asked() {
    let script = Script::new()
        .token("one", "")
        .error(crate::script::not_sent());
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3700));
    clock.set(new_year() + seconds(3500));
    assert!(session.token().is_err());
}

#[test]
fn a_gateway_that_boots_in_1970_renews_once_when_its_clock_is_set() {
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH);
    let script = Script::new().token("one", "").token("two", "");
    let session = script.builder(&clock).build().unwrap();
    assert_eq!(served(&session), "one");
    clock.set(new_year());
    assert_eq!(served(&session), "two");
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn an_absolute_expiry_without_a_date_is_measured_by_this_machine() {
    let script = Script::new()
        .then(|| {
            let mut response = TokenResponse::new(Secret::new("one"));
            response.lifetime = Lifetime::Until(new_year() + seconds(3600));
            Ok(response)
        })
        .token("two", "");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    assert_eq!(
        session.token().unwrap().expires_at().unwrap(),
        new_year() + seconds(3600)
    );
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "two");
}

#[test]
fn an_absolute_expiry_in_the_past_is_an_error_with_a_hint_and_no_second_request_follows_at_once() {
    let script = Script::new().then(|| {
        let mut response = TokenResponse::new(Secret::new("one"));
        response.lifetime = Lifetime::Until(new_year() - seconds(3600));
        Ok(response)
    });
    let (session, _) = script.session();
    let error = session.token().unwrap_err();
    assert!(error.to_string().contains("set the clock"), "{error}");
    assert!(session.token().is_err());
    assert_eq!(script.asked().len(), 1);
}

#[test]
fn the_longest_life_neither_panics_nor_overflows() {
    let script = Script::new().then(|| {
        let mut response = TokenResponse::new(Secret::new("one"));
        response.lifetime = Lifetime::For(Duration::MAX);
        Ok(response)
    });
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(1_000_000_000));
    assert_eq!(served(&session), "one");
    assert!(script.asked().len() == 1);
}

/// A clock that is hours ahead for one look, as it seems to a thread that looked before another
/// thread renewed.
#[derive(Debug)]
struct Hiccup(ManualClock, Arc<AtomicBool>);

impl Clock for Hiccup {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn seconds(&self) -> u64 {
        let ahead = if self.1.swap(false, Ordering::Relaxed) {
            10_000
        } else {
            0
        };
        self.0.seconds() + ahead
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
    }
}

#[test]
fn whoever_comes_to_renew_looks_once_more_whether_somebody_has_done_so() {
    let script = Script::new().token("one", "");
    let hiccup = Arc::new(AtomicBool::new(false));
    let clock = ManualClock::new();
    let builder = script
        .builder(&clock)
        .clock(Hiccup(clock.clone(), Arc::clone(&hiccup)));
    let session = builder.build().unwrap();
    assert_eq!(served(&session), "one");
    hiccup.store(true, Ordering::Relaxed);
    assert_eq!(served(&session), "one");
    assert_eq!(script.asked(), ["log in"]);
}
