//! Redis has lost everything, in the middle of a renewal.

use auth_sim::Gate;
use auth_tests::fleet::Report;

use super::over_each_place;
use super::place::Place;
use super::stage::{LIFE, Stage};

over_each_place! { over_real_redis redis:
    an_answer_that_comes_after_everything_was_lost_is_stored
    an_answer_that_comes_after_another_has_written_its_record_back_is_stored
    an_answer_that_comes_after_somebody_new_has_logged_in_gives_way_to_that
}

fn an_answer_that_comes_after_everything_was_lost_is_stored(place: Place) {
    let (mut stage, [sender, other], gate) = flushed_in_flight(place);
    gate.release();
    let token = stage.answer(sender);
    assert_eq!(stage.token(other), token);
    let newcomer = stage.join();
    assert_eq!(stage.token(newcomer), token);
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 1);
}

/// What it knows is older than what was lost: it must not send the refresh token, which may be on its
/// way.
fn an_answer_that_comes_after_another_has_written_its_record_back_is_stored(place: Place) {
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

fn an_answer_that_comes_after_somebody_new_has_logged_in_gives_way_to_that(place: Place) {
    let (mut stage, [sender, other], gate) = flushed_in_flight(place);
    let newcomer = stage.join();
    let token = stage.token(newcomer);
    gate.release();
    assert_eq!(stage.answer(sender), token);
    assert_eq!(stage.token(other), token);
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

/// One of two processes has sent the refresh token of both, which have no valid token, and the record
/// that says so is gone.
fn flushed_in_flight(place: Place) -> (Stage, [usize; 2], Gate) {
    let mut stage = Stage::with_password(place);
    let [sender, other] = stage.join_with_token();
    stage.later(LIFE);
    let gate = stage.ask_until_handled(sender);
    stage.place.flush();
    (stage, [sender, other], gate)
}
