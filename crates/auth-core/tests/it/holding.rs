//! `held`: the token that is there, without a request.

use auth_core::error::StoreFailure;
use auth_core::grant::Identity;
use auth_core::store::{MemoryStore, Record, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Error, Result, Session};

use crate::script::{Script, lost_answer, seconds, served};

fn held(session: &Session) -> Option<String> {
    let token = session.held().unwrap();
    token.map(|token| token.expose().to_owned())
}

/// Two sessions over one store; only the first may send requests.
fn two(first: &Script) -> (Session, Session, ManualClock) {
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let build = |script: &Script| {
        let builder = script.builder(&clock).retries(0);
        builder.store(store.clone()).build().unwrap()
    };
    (build(first), build(&Script::new()), clock)
}

#[test]
fn without_a_token_nothing_is_sent() {
    let script = Script::new();
    let (session, _) = script.session();
    assert_eq!(held(&session), None);
    assert!(script.asked().is_empty());
}

#[test]
fn a_stored_token_is_held_by_a_new_session() {
    let (first, second, _) = two(&Script::new().token("one", "r1"));
    assert_eq!(held(&second), None);
    first.token().unwrap();
    assert_eq!(held(&second).as_deref(), Some("one"));
    assert!(second.status().expires_at.is_some());
    assert_eq!(served(&second), "one");
}

/// A call for a token would renew it; this one reports it until it expires.
#[test]
fn a_due_token_is_held_until_it_expires() {
    let (first, second, clock) = two(&Script::new().token("one", "r1"));
    first.token().unwrap();
    clock.advance(seconds(3599));
    assert_eq!(held(&first).as_deref(), Some("one"));
    assert_eq!(held(&second).as_deref(), Some("one"));
    clock.advance(seconds(1));
    assert_eq!(held(&first), None);
    assert_eq!(held(&second), None);
}

/// The store has it still, until the next renewal.
#[test]
fn a_rejected_token_is_not_held() {
    let script = Script::new().token("one", "r1").error(lost_answer());
    let (session, _, _) = two(&script);
    assert!(session.reject(&session.token().unwrap()));
    assert_eq!(held(&session), None);
    assert!(session.token().is_err());
    assert_eq!(held(&session), None);
}

#[test]
fn after_a_logout_no_token_is_held() {
    let (first, second, clock) = two(&Script::new().token("one", "r1"));
    first.token().unwrap();
    first.forget().unwrap();
    assert_eq!((held(&first), held(&second)), (None, None));
    clock.advance(seconds(1));
    assert_eq!(held(&second), None);
}

/// A replica that lags would have it send a refresh token that is spent.
#[test]
fn a_store_that_goes_back_is_not_believed() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let script = script.token("three", "r3");
    let (clock, store) = (ManualClock::new(), MemoryStore::new());
    let build = || script.builder(&clock).store(store.clone()).build().unwrap();
    let (first, second) = (build(), build());
    let id = first.identity();
    first.token().unwrap();
    let old = store.load(id).unwrap().unwrap();
    assert!(first.reject(&first.token().unwrap()));
    first.token().unwrap();
    assert_eq!(held(&second).as_deref(), Some("two"));
    let new = store.load(id).unwrap();
    let swapped = store.swap(id, new.as_ref(), &old).unwrap();
    assert_eq!(swapped, SwapOutcome::Stored);
    let next = second.refresh_token();
    assert_eq!(next.unwrap().expose(), "r2");
    clock.advance(seconds(3600));
    assert_eq!(second.token().unwrap().expose(), "three");
    assert_eq!(script.asked(), ["log in", "refresh r1", "refresh r2"]);
}

/// A store that cannot be read.
#[derive(Debug)]
struct Gone;

impl Store for Gone {
    fn load(&self, _: &Identity) -> Result<Option<Record>> {
        Err(Error::store(StoreFailure::Unavailable, "gone"))
    }

    fn swap(&self, _: &Identity, _: Option<&Record>, _: &Record) -> Result<SwapOutcome> {
        Err(Error::store(StoreFailure::Unavailable, "gone"))
    }
}

#[test]
fn a_store_that_fails_is_an_error() {
    let builder = Script::new().builder(&ManualClock::new());
    let session = builder.store(Gone).build().unwrap();
    assert!(matches!(session.held(), Err(Error::Store { .. })));
}
