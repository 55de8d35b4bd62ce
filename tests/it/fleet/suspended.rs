//! A process is stopped in the middle of a renewal, and woken after its deadline, when others have given it up.

use auth_tests::fleet::{Fleet, Point, Report};
use rustix::process::{Pid, Signal, kill_process};

use super::over_each_place;
use super::place::Place;
use super::stage::{DEADLINE, LIFE, Stage};

over_each_place! {
    a_late_answer_is_stored_while_another_logs_in
    a_late_answer_is_shared_if_the_other_is_killed
    a_late_answer_yields_to_a_finished_login
    a_process_woken_before_the_send_does_not_send
    a_late_answer_revives_a_login_given_up
}

/// The other process's login succeeds too; afterwards both processes share one login.
fn a_late_answer_is_stored_while_another_logs_in(place: Place) {
    let mut stage = Stage::with_password(place);
    let [sender, other] = suspended_with_an_answer(&mut stage);
    stage.ask_until(other, Point::BeforeSend);
    wake(&stage, sender);
    let late = stage.answer(sender).unwrap();
    stage.wait_for(sender, &Report::Late);
    assert!(stage.is_good(&late));
    stage.resume(other);
    assert!(stage.answer(other).is_ok());
    stage.assert_requests(1, 2);
    stage.later(LIFE);
    assert_eq!(stage.token(sender), stage.token(other));
    stage.assert_requests(2, 2);
}

/// The other process is killed before it sends its login.
fn a_late_answer_is_shared_if_the_other_is_killed(place: Place) {
    let mut stage = Stage::with_password(place);
    let [sender, other] = suspended_with_an_answer(&mut stage);
    stage.ask_until(other, Point::BeforeSend);
    wake(&stage, sender);
    let late = stage.answer(sender);
    stage.fleet.kill(other);
    let newcomer = stage.join();
    assert_eq!(stage.token(newcomer), late);
    assert!(stage.is_good(&late.unwrap()));
    stage.assert_requests(1, 1);
}

/// The woken process serves the token of the new login.
fn a_late_answer_yields_to_a_finished_login(place: Place) {
    let mut stage = Stage::with_password(place);
    let [sender, other] = suspended_with_an_answer(&mut stage);
    let token = stage.token(other);
    assert!(token.is_ok());
    wake(&stage, sender);
    assert_eq!(stage.answer(sender), token);
    stage.assert_requests(1, 2);
}

fn a_process_woken_before_the_send_does_not_send(place: Place) {
    let mut stage = Stage::with_password(place);
    let [sender, other] = stage.join_with_token();
    stage.later(LIFE);
    stage.ask_until(sender, Point::AfterBegin);
    suspend(&stage, sender);
    stage.later(DEADLINE);
    let token = stage.token(other);
    assert!(token.is_ok());
    stage.resume(sender);
    wake(&stage, sender);
    assert_eq!(stage.answer(sender), token);
    stage.assert_requests(0, 2);
}

fn a_late_answer_revives_a_login_given_up(place: Place) {
    let mut stage = Stage::without_password(place);
    let [sender, other] = suspended_with_an_answer(&mut stage);
    let why = stage.token(other).unwrap_err();
    assert!(why.starts_with("login required"), "{why}");
    wake(&stage, sender);
    let late = stage.answer(sender);
    assert_eq!(stage.token(other), late);
    assert!(stage.is_good(&late.unwrap()));
    // The seed, and the refresh token whose response came late.
    stage.assert_requests(2, 0);
}

/// Suspends one of two processes after it has sent their refresh token and before it reads the response. The
/// other has no valid token, and the deadline of the first has passed.
fn suspended_with_an_answer(stage: &mut Stage) -> [usize; 2] {
    let [sender, other] = stage.join_with_token();
    stage.later(LIFE);
    let gate = stage.ask_until_handled(sender);
    suspend(stage, sender);
    gate.release();
    stage.later(DEADLINE);
    [sender, other]
}

fn suspend(stage: &Stage, member: usize) {
    signal(&stage.fleet, member, Signal::STOP);
}

fn wake(stage: &Stage, member: usize) {
    signal(&stage.fleet, member, Signal::CONT);
}

pub(super) fn signal(fleet: &Fleet, member: usize, signal: Signal) {
    let id = fleet.process_id(member).unwrap();
    let id = Pid::from_raw(id.try_into().unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}
