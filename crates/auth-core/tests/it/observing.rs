//! Events that an observer receives.

use std::sync::{Arc, Mutex, OnceLock};

use auth_core::grant::Identity;
use auth_core::observe::{self, Event, Observer};
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::{Error, Session};

use crate::file_store::damage::{SAID, listen};
use crate::script::{Script, refused, response, seconds, served, status};

/// Notes the names of the events, in order.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn observer(&self) -> impl Observer + use<> {
        let notes = Arc::clone(&self.0);
        observe::from_fn(move |identity, event| {
            assert_eq!(identity.as_str(), "script");
            notes.lock().unwrap().push(event.name().to_owned());
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn an_observer_receives_every_change() {
    let clock = ManualClock::new();
    let notes = Notes::default();
    let script = Script::new()
        .error(status(502))
        .token("one", "r1")
        .token("two", "r2")
        .error(status(500))
        .error(refused("invalid_grant"));
    let session = script
        .builder(&clock)
        .observer(notes.observer())
        .build()
        .unwrap();

    served(&session);
    assert_eq!(notes.take(), ["retry", "logged_in"]);
    clock.advance(seconds(3600));
    served(&session);
    assert_eq!(notes.take(), ["refreshed"]);
    clock.advance(seconds(3000));
    served(&session);
    assert_eq!(notes.take(), ["renewal_failed"]);
    assert!(session.reject(&session.token().unwrap()));
    assert_eq!(notes.take(), ["rejected"]);
    clock.advance(seconds(60));
    assert!(session.token().is_err());
    assert_eq!(notes.take(), ["refused"]);
    assert!(session.token().is_err());
    assert_eq!(notes.take(), ["login_required"]);
    assert!(session.token().is_err());
    assert!(notes.take().is_empty(), "it is reported once");
}

#[test]
fn login_required_is_reported_once_no_token_is_left() {
    let clock = ManualClock::new();
    let notes = Notes::default();
    let script = Script::new()
        .token("one", "r1")
        .error(refused("invalid_grant"));
    let session = script
        .builder(&clock)
        .observer(notes.observer())
        .build()
        .unwrap();
    served(&session);
    let _script = script.without_password();
    clock.advance(seconds(3000));
    served(&session);
    assert_eq!(notes.take(), ["logged_in", "refused", "renewal_failed"]);
    for _ in 0..5 {
        assert_eq!(served(&session), "one");
    }
    assert!(notes.take().is_empty(), "it is not reported by every call");
    clock.advance(seconds(600));
    for _ in 0..3 {
        assert!(session.token().is_err());
    }
    assert_eq!(notes.take(), ["login_required"]);
}

/// Without a token the call would wait for itself.
#[test]
fn an_observer_that_calls_its_own_session_gets_an_error() {
    let clock = ManualClock::new();
    let place: Arc<OnceLock<Session>> = Arc::default();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let (inside, notes) = (Arc::clone(&place), Arc::clone(&told));
    let script = Script::new().error(status(500)).token("one", "");
    let ask = move |_: &Identity, _: &Event<'_>| {
        let asked = inside.get().unwrap().token();
        let told = asked.map_or_else(|error| error.to_string(), |token| token.expose().to_owned());
        notes.lock().unwrap().push(told);
    };
    let session = place.get_or_init(|| {
        script
            .builder(&clock)
            .retries(1)
            .observer(observe::from_fn(ask))
            .build()
            .unwrap()
    });
    assert_eq!(served(session), "one");
    let told = told.lock().unwrap();
    assert!(
        told[0].contains("its own session"),
        "while there is no token: {told:?}"
    );
    assert_eq!(told[1], "one", "once there is one");
}

#[test]
fn a_token_served_during_its_renewal_is_reported() {
    let clock = ManualClock::new();
    let notes = Notes::default();
    let place: Arc<OnceLock<Session>> = Arc::default();
    let inside = Arc::clone(&place);
    let script = Script::new().token("one", "").then(move || {
        // Another thread requests a token while this one renews.
        let session = inside.get().unwrap().clone();
        assert_eq!(
            std::thread::spawn(move || served(&session)).join().unwrap(),
            "one"
        );
        Ok(response("two", "", 3600))
    });
    let session = place.get_or_init(|| {
        script
            .builder(&clock)
            .observer(notes.observer())
            .build()
            .unwrap()
    });
    served(session);
    notes.take();
    clock.advance(seconds(3000));
    assert_eq!(served(session), "two");
    assert_eq!(notes.take(), ["served_while_renewing", "logged_in"]);
}

#[test]
fn login_required_is_not_reported_during_a_login() {
    let (clock, store, notes) = (ManualClock::new(), MemoryStore::new(), Notes::default());
    let wrong = Script::new().error(refused("invalid_grant"));
    let session = wrong.builder(&clock).store(store.clone()).build().unwrap();
    assert!(session.token().is_err());
    assert!(session.token().is_err());
    let right = Script::new().token("one", "r1").password("the new one");
    let builder = right.builder(&clock).store(store);
    let session = builder.observer(notes.observer()).build().unwrap();
    assert_eq!(served(&session), "one");
    assert_eq!(notes.take(), ["logged_in"]);
}

#[test]
fn an_unusable_response_is_logged_as_an_event_is() {
    listen();
    let script = Script::new().error(Error::response("no response to any other test"));
    assert!(script.session().0.token().is_err());
    let said = SAID.lock().unwrap();
    let about_it = |line: &&String| line.contains("no response to any other test");
    let lines: Vec<_> = said.iter().filter(about_it).collect();
    assert_eq!(lines.len(), 1, "{said:?}");
    assert!(
        lines[0].starts_with("WARN auth_core::observe: script: "),
        "{lines:?}"
    );
}
