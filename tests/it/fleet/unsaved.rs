//! The store fails before a request or before its response.

use std::time::Duration;

use auth_tests::fleet::{Order, Point, Report};

use super::over_each_place;
use super::place::Place;
use super::stage::{DEADLINE, LIFE, Stage, UNTIL_DUE};

over_each_place! {
    without_a_store_the_valid_token_is_served
    an_unsaved_token_is_served_and_stored_by_a_later_call
    an_unsaved_token_is_stored_when_the_process_ends
    a_token_never_stored_costs_a_login
}

/// No request is sent while the store fails.
fn without_a_store_the_valid_token_is_served(place: Place) {
    let mut stage = Stage::with_password(place.alone());
    let [member, other] = stage.join_with_token();
    let old = stage.token(member);
    stage.place.take_away();
    stage.later(UNTIL_DUE);
    assert_eq!(stage.token(member), old);
    stage.later(LIFE);
    let why = stage.token(member).unwrap_err();
    assert!(why.contains("the store failed"), "{why}");
    stage.assert_requests(0, 1);
    stage.place.bring_back();
    assert!(stage.token(other).is_ok());
    assert_eq!(stage.token(member), stage.token(other));
    stage.assert_requests(1, 1);
}

fn an_unsaved_token_is_served_and_stored_by_a_later_call(place: Place) {
    let (mut stage, [member, other], token) = not_stored(place);
    stage.later(Duration::from_secs(3));
    assert_eq!(stage.token(member).as_ref(), Ok(&token));
    let why = stage.token(other).unwrap_err();
    assert!(why.contains("the store failed"), "{why}");
    stage.place.bring_back();
    stage.later(Duration::from_secs(3));
    assert_eq!(stage.token(member).as_ref(), Ok(&token));
    stage.wait_for(member, &Report::Event("stored".to_owned()));
    assert_eq!(stage.token(other), Ok(token));
    stage.assert_requests(1, 1);
}

fn an_unsaved_token_is_stored_when_the_process_ends(place: Place) {
    let (mut stage, [member, other], token) = not_stored(place);
    stage.place.bring_back();
    stage.fleet.tell(member, &Order::End);
    stage.wait_for(member, &Report::Event("stored".to_owned()));
    stage.wait_for(member, &Report::Ended);
    assert_eq!(stage.token(other), Ok(token));
    stage.assert_requests(1, 1);
}

fn a_token_never_stored_costs_a_login(place: Place) {
    let (mut stage, [member, other], _) = not_stored(place);
    stage.place.bring_back();
    stage.fleet.kill(member);
    stage.later(DEADLINE);
    assert!(stage.token(other).is_ok());
    stage.assert_requests(1, 2);
}

/// A process gets a token after the store has failed.
fn not_stored(place: Place) -> (Stage, [usize; 2], String) {
    let mut stage = Stage::with_password(place.alone());
    let [member, other] = stage.join_with_token();
    stage.later(LIFE);
    stage.ask_until(member, Point::Answered);
    stage.place.take_away();
    stage.resume(member);
    let token = stage.answer(member).unwrap();
    stage.wait_for(member, &Report::Event("not stored".to_owned()));
    assert!(stage.is_good(&token));
    (stage, [member, other], token)
}
