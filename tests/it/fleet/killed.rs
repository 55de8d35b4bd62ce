//! A process is ended with SIGKILL at a point of its renewal, and another one goes on.

use auth_tests::fleet::Point;

use super::over_each_place;
use super::place::Place;
use super::stage::{DEADLINE, LIFE, Outcome, Stage};

over_each_place! {
    killed_before_it_begins_it_costs_nothing
    killed_after_begin_and_before_the_send_it_costs_a_login
    killed_before_the_send_it_costs_a_login
    killed_after_the_send_it_is_not_repeated_and_costs_a_login
    killed_with_the_answer_in_its_hands_it_costs_a_login
    killed_before_the_answer_is_stored_it_costs_a_login
    killed_after_the_answer_is_stored_it_costs_nothing
    killed_after_the_send_without_credentials_a_person_is_asked_for
    killed_before_the_send_without_credentials_a_person_is_asked_for
    killed_while_it_logs_in_another_does
}

fn killed_before_it_begins_it_costs_nothing(place: Place) {
    let (stage, token) = killed_at(Point::BeforeBegin, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 1);
}

/// Case 29.
fn killed_after_begin_and_before_the_send_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::AfterBegin, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(0, 2);
}

/// Case 29.
fn killed_before_the_send_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::BeforeSend, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(0, 2);
}

/// Case 28.
fn killed_after_the_send_it_is_not_repeated_and_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::Handled, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

fn killed_with_the_answer_in_its_hands_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::Answered, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

fn killed_before_the_answer_is_stored_it_costs_a_login(place: Place) {
    let (stage, token) = killed_at(Point::BeforeCommit, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 2);
}

/// Case 30.
fn killed_after_the_answer_is_stored_it_costs_nothing(place: Place) {
    let (stage, token) = killed_at(Point::AfterCommit, Stage::with_password(place));
    assert!(stage.is_good(&token.unwrap()));
    stage.assert_requests(1, 1);
}

/// Case 28.
fn killed_after_the_send_without_credentials_a_person_is_asked_for(place: Place) {
    let (mut stage, token) = killed_at(Point::Handled, Stage::without_password(place));
    assert_a_person_is_asked_for(token);
    let newcomer = stage.join();
    assert_a_person_is_asked_for(stage.token(newcomer));
    // The refresh token that it was given, and the one that was lost.
    stage.assert_requests(2, 0);
}

/// Case 29.
fn killed_before_the_send_without_credentials_a_person_is_asked_for(place: Place) {
    let (mut stage, token) = killed_at(Point::AfterBegin, Stage::without_password(place));
    assert_a_person_is_asked_for(token);
    let newcomer = stage.join();
    assert_a_person_is_asked_for(stage.token(newcomer));
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

/// One of two processes is killed while it refreshes the token of both, which has expired. Answers what
/// the other gets, and a third one as well.
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

/// What a process gets after another one has ended: at once where that can be seen, else when it has
/// had its time.
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
fn assert_a_person_is_asked_for(token: Outcome) {
    let why = token.unwrap_err();
    assert!(
        why.starts_with("login required: the response to a refresh was lost"),
        "{why}"
    );
}
