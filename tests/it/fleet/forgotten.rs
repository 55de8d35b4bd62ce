//! Redis loses everything in the middle of a renewal.

use auth_sim::Gate;
use auth_tests::fleet::Report;

use super::over_each_place;
use super::place::Place;
use super::stage::{LIFE, Stage};

over_each_place! { over_real_redis redis:
    a_late_answer_is_stored_after_everything_was_lost
    a_late_answer_is_stored_over_a_record_written_back
    a_late_answer_gives_way_to_a_newer_login
}

fn a_late_answer_is_stored_after_everything_was_lost(place: Place) {
    let (mut stage, [sender, other], gate) = flushed_in_flight(place);
    gate.release();
    let token = stage.answer(sender);
    assert_eq!(stage.token(other), token);
    let newcomer = stage.join();
    assert_eq!(stage.token(newcomer), token);
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 1);
}

/// The other process writes back a record older than the lost one: it must not send the refresh token, which
/// may be in flight.
fn a_late_answer_is_stored_over_a_record_written_back(place: Place) {
    let (mut stage, [sender, other], gate) = flushed_in_flight(place);
    stage.ask(other);
    stage.wait_for(other, &Report::Event("store went back".to_owned()));
    stage.wait_for(other, &Report::Event("waiting".to_owned()));
    gate.release();
    let token = stage.answer(sender);
    assert_eq!(stage.answer(other), token);
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 1);
}

fn a_late_answer_gives_way_to_a_newer_login(place: Place) {
    let (mut stage, [sender, other], gate) = flushed_in_flight(place);
    let newcomer = stage.join();
    let token = stage.token(newcomer);
    gate.release();
    assert_eq!(stage.answer(sender), token);
    assert_eq!(stage.token(other), token);
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

/// Neither of two processes has a valid token; one has sent their refresh token, and the record of that
/// is lost.
fn flushed_in_flight(place: Place) -> (Stage, [usize; 2], Gate) {
    let mut stage = Stage::with_password(place);
    let [sender, other] = stage.join_with_token();
    stage.later(LIFE);
    let gate = stage.ask_until_handled(sender);
    stage.place.flush();
    (stage, [sender, other], gate)
}
