//! All processes want a token at once, and the server sees one request.

use auth_tests::fleet::Report;

use super::over_each_place;
use super::place::Place;
use super::stage::{LIFE, Stage, UNTIL_DUE};

over_each_place! {
    sixteen_processes_that_begin_at_once_log_in_once
    sixteen_processes_whose_token_expires_at_once_spend_each_refresh_token_once
    a_reader_during_the_refresh_of_another_gets_the_old_token_with_one_look_at_the_store
}

fn sixteen_processes_that_begin_at_once_log_in_once(place: Place) {
    let mut stage = Stage::with_password(place);
    let members = [(); 16].map(|()| stage.join());
    assert_all_get_the_same(&mut stage, &members);
    stage.assert_requests(0, 1);
}

/// Case 26, and 27 over Redis.
fn sixteen_processes_whose_token_expires_at_once_spend_each_refresh_token_once(place: Place) {
    let mut stage = Stage::with_password(place);
    let members = stage.join_with_token::<16>();
    for refreshes in 1..=10 {
        stage.later(LIFE);
        assert_all_get_the_same(&mut stage, &members);
        stage.assert_requests(refreshes, 1);
    }
}

/// Case 32.
fn a_reader_during_the_refresh_of_another_gets_the_old_token_with_one_look_at_the_store(
    place: Place,
) {
    let mut stage = Stage::with_password(place);
    let [sender, reader] = stage.join_with_token();
    let old = stage.token(reader).unwrap();
    stage.later(UNTIL_DUE);
    let gate = stage.ask_until_handled(sender);
    stage.ask(reader);
    let (token, calls) = stage.answer_and_calls(reader);
    assert_eq!(token.as_ref(), Ok(&old));
    assert_eq!((calls.loads, calls.swaps, calls.waits), (1, 0, 0));
    assert!(!stage.has_said(sender, &Report::Late));
    gate.release();
    assert_ne!(stage.answer(sender).unwrap(), old);
    stage.assert_requests(1, 1);
}

#[track_caller]
fn assert_all_get_the_same(stage: &mut Stage, members: &[usize]) {
    members.iter().for_each(|member| stage.ask(*member));
    let tokens: Vec<_> = members.iter().map(|member| stage.answer(*member)).collect();
    let first = tokens[0].as_ref().unwrap();
    assert!(
        tokens.iter().all(|token| token.as_ref() == Ok(first)),
        "{tokens:?}"
    );
    assert!(stage.is_good(first));
}
