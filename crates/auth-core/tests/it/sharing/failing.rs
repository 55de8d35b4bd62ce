//! A store that is down at the moment that a test chooses.

use auth_core::error::Remedy;
use std::sync::{Arc, Mutex};

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{MemoryStore, Record, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Error, Result, Session};

use crate::script::{Script, seconds, served};

/// Another store, with failures.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    store: MemoryStore,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    loads: usize,
    swaps: usize,
    load_error: Option<Error>,
    swap_error: Option<Error>,
    /// How many swaps succeed before they fail.
    swaps_left: usize,
    /// `true` if a swap that fails is applied anyway.
    is_applied: bool,
}

impl Failing {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self {
            store,
            state: Arc::default(),
        }
    }

    pub(crate) fn fail_loads(&self, error: Error) {
        self.state.lock().unwrap().load_error = Some(error);
    }

    /// Fails all swaps after so many.
    pub(crate) fn fail_swaps_after(&self, swaps_left: usize) {
        let mut state = self.state.lock().unwrap();
        state.swap_error = Some(down());
        state.swaps_left = swaps_left;
    }

    pub(crate) fn lose_answers_of_swaps(&self) {
        self.fail_swaps_after(0);
        self.state.lock().unwrap().is_applied = true;
    }

    pub(crate) fn work_again(&self) {
        let mut state = self.state.lock().unwrap();
        *state = State {
            loads: state.loads,
            swaps: state.swaps,
            ..State::default()
        };
    }

    pub(crate) fn loads(&self) -> usize {
        self.state.lock().unwrap().loads
    }

    pub(crate) fn swaps(&self) -> usize {
        self.state.lock().unwrap().swaps
    }
}

impl Store for Failing {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        let mut state = self.state.lock().unwrap();
        state.loads += 1;
        match &state.load_error {
            Some(error) => Err(error.clone()),
            None => self.store.load(identity),
        }
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        let mut state = self.state.lock().unwrap();
        state.swaps += 1;
        if state.swaps_left > 0 {
            state.swaps_left -= 1;
        } else if let Some(error) = state.swap_error.clone() {
            if state.is_applied {
                let _ = self.store.swap(identity, expected, record)?;
            }
            return Err(error);
        }
        self.store.swap(identity, expected, record)
    }
}

fn down() -> Error {
    Error::store(StoreFailure::Unavailable, "it does not answer")
}

/// A session over a store that works so far, and the events that its observer receives.
fn session(script: &Script) -> (Session, Failing, ManualClock, Arc<Mutex<Vec<String>>>) {
    let (clock, store) = (ManualClock::new(), Failing::new(MemoryStore::new()));
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = Arc::clone(&told);
    let session = script
        .builder(&clock)
        .store(store.clone())
        .observer(auth_core::observe::from_fn(move |_, event| {
            notes.lock().unwrap().push(event.name().to_owned());
        }))
        .build()
        .unwrap();
    (session, store, clock, told)
}

/// No request is sent while the attempt cannot be stored.
#[test]
fn a_store_that_is_down_costs_no_valid_token() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, store, clock, _) = session(&script);
    served(&session);
    store.fail_swaps_after(0);
    clock.advance(seconds(3300));
    assert_eq!(served(&session), "one");
    clock.advance(seconds(300));
    let error = session.token().unwrap_err();
    assert_eq!(error.to_string(), "the store failed: it does not answer");
    assert!(error.remedy() == Remedy::Retry);
    assert_eq!(script.asked(), ["log in"]);
    store.work_again();
    clock.advance(seconds(60));
    assert_eq!(
        served(&session),
        "two",
        "the refresh token was not given up"
    );
}

#[test]
fn a_call_without_a_token_retries_a_store_that_is_down() {
    let script = Script::new();
    let (session, store, ..) = session(&script);
    store.fail_loads(down());
    assert!(session.token().is_err());
    assert_eq!(store.loads(), 3, "two retries are the default");
}

/// The token is served meanwhile.
#[test]
fn a_later_call_stores_a_token_that_could_not_be_stored() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, store, clock, told) = session(&script);
    served(&session);
    clock.advance(seconds(3600));
    store.fail_swaps_after(1);
    told.lock().unwrap().clear();
    assert_eq!(served(&session), "two");
    assert_eq!(*told.lock().unwrap(), ["not_stored", "refreshed"]);
    assert!(
        format!("{:#}", session.status()).contains("not stored"),
        "{}",
        session.status()
    );
    clock.advance(seconds(3));
    assert_eq!(served(&session), "two", "still down");
    store.work_again();
    clock.advance(seconds(3));
    told.lock().unwrap().clear();
    assert_eq!(served(&session), "two");
    assert_eq!(told.lock().unwrap()[0], "stored");
    assert_eq!(script.asked(), ["log in", "refresh r1"]);

    let other = Script::new();
    let sibling = other.builder(&clock).store(store).build().unwrap();
    assert_eq!(served(&sibling), "two");
    assert_eq!(sibling.refresh_token().unwrap().expose(), "r2");
}

#[test]
fn dropping_a_session_stores_an_unstored_token() {
    let script = Script::new().token("one", "r1");
    let (session, store, clock, told) = session(&script);
    store.fail_swaps_after(1);
    assert_eq!(served(&session), "one");
    store.work_again();
    drop(session);
    assert_eq!(told.lock().unwrap().last().unwrap(), "stored");
    let other = Script::new();
    assert_eq!(
        served(&other.builder(&clock).store(store).build().unwrap()),
        "one"
    );
}

#[test]
fn dropping_a_session_reports_a_token_it_cannot_store() {
    let script = Script::new().token("one", "r1");
    let (session, store, _, told) = session(&script);
    store.fail_swaps_after(1);
    assert_eq!(served(&session), "one");
    drop(session);
    assert_eq!(told.lock().unwrap().last().unwrap(), "not_stored");
}

#[test]
fn a_swap_whose_answer_was_lost_does_not_burn_the_refresh_token() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, store, clock, _) = session(&script);
    served(&session);
    clock.advance(seconds(3300));
    store.lose_answers_of_swaps();
    assert_eq!(served(&session), "one");
    store.work_again();
    clock.advance(seconds(10));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

#[test]
fn a_commit_whose_response_was_lost_is_recognised() {
    let script = Script::new().token("one", "r1");
    let (session, store, clock, _) = session(&script);
    let applied = store.clone();
    let store_for_grant = store.clone();
    let script = script.then(move || {
        store_for_grant.lose_answers_of_swaps();
        Ok(crate::script::response("two", "r2", 3600))
    });
    served(&session);
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "two");
    applied.work_again();
    clock.advance(seconds(3));
    assert_eq!(served(&session), "two");
    assert_eq!(session.refresh_token().unwrap().expose(), "r2");
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn a_refresh_token_lost_while_the_store_was_down_stays_lost() {
    let script = Script::new().token("one", "r1");
    let (session, store, clock, _) = session(&script);
    let breaks = store.clone();
    let script = script.then(move || {
        breaks.fail_swaps_after(0);
        Err(crate::script::lost_answer())
    });
    served(&session);
    let script = script.without_password();
    clock.advance(seconds(3600));
    assert!(session.token().is_err());
    store.work_again();
    clock.advance(seconds(120));
    assert!(session.token().is_err());
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

#[test]
fn a_logout_that_cannot_be_stored_changes_nothing() {
    let script = Script::new().token("one", "r1");
    let (session, store, ..) = session(&script);
    served(&session);
    store.fail_swaps_after(0);
    assert!(matches!(session.forget(), Err(Error::Store { .. })));
    assert_eq!(served(&session), "one");
    store.work_again();
    session.forget().unwrap();
    assert!(session.refresh_token().is_none());
}
