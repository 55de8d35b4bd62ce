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
fn a_token_of_unknown_life_lives_five_minutes() {
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
fn a_token_that_expired_during_a_suspend_is_not_served() {
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

/// The clock is set back while the server is down.
#[test]
fn a_clock_set_back_costs_no_valid_token() {
    let script = Script::new()
        .token("one", "")
        .error(crate::script::not_sent());
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.set(new_year() - seconds(10800));
    assert_eq!(served(&session), "one");
}

/// The wall clock alone would find the token valid; the monotonic clock is consulted too.
#[test]
fn a_clock_set_back_does_not_extend_a_token() {
    let script = Script::new()
        .token("one", "")
        .error(crate::script::not_sent());
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3700));
    clock.set(new_year() + seconds(3500));
    assert!(session.token().is_err());
}

/// A gateway without a battery boots in 1970 and sets its clock later.
#[test]
fn a_clock_set_from_1970_causes_one_renewal() {
    let clock = ManualClock::at(SystemTime::UNIX_EPOCH);
    let script = Script::new().token("one", "").token("two", "");
    let session = script.builder(&clock).build().unwrap();
    assert_eq!(served(&session), "one");
    clock.set(new_year());
    assert_eq!(served(&session), "two");
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked().len(), 2);
}

/// The response has no `Date` to measure it by.
#[test]
fn an_absolute_expiry_is_measured_by_the_local_clock() {
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

/// No second request follows at once.
#[test]
fn an_expiry_in_the_past_is_an_error_with_a_hint() {
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

/// A clock that is hours ahead for one reading, as for a thread that found the token due before another
/// thread renewed it.
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

/// Another thread may have renewed since this one found the token due.
#[test]
fn a_thread_looks_again_before_it_renews() {
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
