//! All processes need a token at once, and the server gets one request.

use auth_tests::fleet::Report;

use super::over_each_place;
use super::place::Place;
use super::stage::{LIFE, Stage, UNTIL_DUE};

over_each_place! {
    sixteen_processes_that_begin_at_once_log_in_once
    sixteen_processes_spend_each_refresh_token_once
    a_reader_during_a_refresh_loads_once_and_never_waits
}

fn sixteen_processes_that_begin_at_once_log_in_once(place: Place) {
    let mut stage = Stage::with_password(place);
    let members = [(); 16].map(|()| stage.join());
    assert_all_get_the_same(&mut stage, &members);
    stage.assert_requests(0, 1);
}

/// Ten times, the token of all sixteen expires at the same moment.
fn sixteen_processes_spend_each_refresh_token_once(place: Place) {
    let mut stage = Stage::with_password(place);
    let members = stage.join_with_token::<16>();
    for refreshes in 1..=10 {
        stage.later(LIFE);
        assert_all_get_the_same(&mut stage, &members);
        stage.assert_requests(refreshes, 1);
    }
}

/// The reader gets the old token, which is still valid, from one load of the record.
fn a_reader_during_a_refresh_loads_once_and_never_waits(place: Place) {
    let mut stage = Stage::with_password(place);
    let [sender, reader] = stage.join_with_token();
    let old = stage.token(reader).unwrap();
    stage.later(UNTIL_DUE);
    let gate = stage.ask_until_handled(sender);
    stage.ask(reader);
    let (token, calls) = stage.answer_and_calls(reader);
    assert_eq!(token.as_ref(), Ok(&old));
    assert_eq!((calls.loads, calls.swaps, calls.waits), (1, 0, 0));
    assert!(!stage.has_reported(sender, &Report::Late));
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
