//! A process is killed at a point of its renewal, and another one continues.

use auth_tests::fleet::Point;

use super::over_each_place;
use super::place::Place;
use super::stage::{DEADLINE, LIFE, Outcome, Stage};

over_each_place! {
    killed_before_begin_it_costs_nothing
    killed_after_begin_and_before_the_send_it_costs_a_login
    killed_before_the_send_it_costs_a_login
    killed_after_the_send_it_is_not_repeated_and_costs_a_login
    killed_while_holding_the_answer_it_costs_a_login
    killed_before_the_answer_is_stored_it_costs_a_login
    killed_after_the_answer_is_stored_it_costs_nothing
    killed_after_the_send_a_user_must_log_in
    killed_before_the_send_a_user_must_log_in
    killed_while_it_logs_in_another_does
}

fn killed_before_begin_it_costs_nothing(place: Place) {
    let (stage, token) = killed_at(Point::BeforeBegin, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 1);
}

fn killed_after_begin_and_before_the_send_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::AfterBegin, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(0, 2);
}

fn killed_before_the_send_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::BeforeSend, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(0, 2);
}

fn killed_after_the_send_it_is_not_repeated_and_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::Handled, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

fn killed_while_holding_the_answer_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::Answered, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

fn killed_before_the_answer_is_stored_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::BeforeCommit, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

fn killed_after_the_answer_is_stored_it_costs_nothing(place: Place) {
    let (stage, token) = killed_at(Point::AfterCommit, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 1);
}

/// The processes have no password that could replace the lost refresh token.
fn killed_after_the_send_a_user_must_log_in(place: Place) {
    let (mut stage, token) = killed_at(Point::Handled, Stage::without_password(place));
    assert_a_user_must_log_in(token);
    let newcomer = stage.join();
    assert_a_user_must_log_in(stage.token(newcomer));
    // The seed, and the refresh token that was lost.
    stage.assert_requests(2, 0);
}

/// The record cannot show that the request was not sent.
fn killed_before_the_send_a_user_must_log_in(place: Place) {
    let (mut stage, token) = killed_at(Point::AfterBegin, Stage::without_password(place));
    assert_a_user_must_log_in(token);
    let newcomer = stage.join();
    assert_a_user_must_log_in(stage.token(newcomer));
    stage.assert_requests(1, 0);
}

fn killed_while_it_logs_in_another_does(place: Place) {
    let mut stage = Stage::with_password(place);
    let [first, second] = [(); 2].map(|()| stage.join());
    let gate = stage.ask_until_handled(first);
    stage.fleet.kill(first);
    drop(gate);
    let token = after_its_end(&mut stage, second);
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(0, 2);
}

/// Kills one of two processes while it refreshes their expired token. Returns the result for the other one,
/// which a third one gets too.
fn killed_at(point: Point, mut stage: Stage) -> (Stage, Outcome) {
    let [killed, other] = stage.join_with_token();
    stage.later(LIFE);
    let gate = match point {
        Point::Handled => Some(stage.ask_until_handled(killed)),
        _ => {
            stage.ask_until(killed, point);
            None
        }
    };
    stage.fleet.kill(killed);
    drop(gate);
    let token = after_its_end(&mut stage, other);
    let newcomer = stage.join();
    assert_eq!(stage.token(newcomer), token);
    (stage, token)
}

/// Returns the result for a process after another one has exited: at once where the store detects the exit,
/// otherwise after the deadline.
fn after_its_end(stage: &mut Stage, other: usize) -> Outcome {
    if !stage.place.sees_the_dead() {
        stage.later(DEADLINE);
    }
    stage.ask(other);
    let (token, calls) = stage.answer_and_calls(other);
    assert!(calls.waits <= 1, "{calls:?}");
    token
}

#[track_caller]
fn assert_a_user_must_log_in(token: Outcome) {
    let why = token.unwrap_err();
    assert!(
        why.starts_with("login required: the response to a refresh was lost"),
        "{why}"
    );
}
