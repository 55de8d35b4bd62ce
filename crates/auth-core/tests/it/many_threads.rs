//! One renewal for all threads, and no thread waits without need.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use auth_core::grant::TokenResponse;
use auth_core::{Error, Result};

use crate::script::{Script, refused, response, seconds, served, status};

const THREADS: usize = 64;

/// Results of `THREADS` threads that request a token at once.
fn all_at_once(session: &auth_core::Session) -> Vec<Result<String>> {
    let barrier = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (session, barrier) = (session.clone(), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                session.token().map(|token| token.expose().to_owned())
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

/// A response that a test holds back until it releases it.
struct Held {
    reached: Receiver<()>,
    release: Sender<()>,
}

impl Held {
    fn before(
        answer: Result<TokenResponse>,
    ) -> (
        Self,
        impl FnOnce() -> Result<TokenResponse> + Send + 'static,
    ) {
        let (tell, reached) = channel();
        let (release, wait) = channel();
        let wait = Mutex::new(wait);
        let held = move || {
            tell.send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
            answer
        };
        (Self { reached, release }, held)
    }
}

#[test]
fn sixty_four_threads_without_a_token_share_one_request() {
    let script = Script::new().token("one", "");
    let (session, _) = script.session();
    for result in all_at_once(&session) {
        assert_eq!(result.unwrap(), "one");
    }
    assert_eq!(script.asked().len(), 1);
}

#[test]
fn a_thread_serves_a_token_that_another_thread_renewed() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, _) = script.session();
    let (ask, asked) = channel();
    let (answer, answered) = channel();
    let inside = session.clone();
    let other = thread::spawn(move || {
        for () in asked {
            answer.send(served(&inside)).unwrap();
        }
    });
    let asks_the_other = || {
        ask.send(()).unwrap();
        answered.recv().unwrap()
    };
    assert_eq!(served(&session), "one");
    assert_eq!(asks_the_other(), "one");
    assert!(session.reject(&session.token().unwrap()));
    assert_eq!(served(&session), "two");
    assert_eq!(asks_the_other(), "two");
    drop(ask);
    other.join().unwrap();
}

#[test]
fn sixty_four_threads_with_an_expired_token_make_one_request() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3600));
    for result in all_at_once(&session) {
        assert_eq!(result.unwrap(), "two");
    }
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

#[test]
fn sixty_four_threads_share_one_failure() {
    for failure in [refused("invalid_client"), status(500)] {
        let script = Script::new().error(failure);
        let (session, _) = script.session();
        for result in all_at_once(&session) {
            assert!(result.is_err());
        }
        assert_eq!(script.asked().len(), 1);
    }
}

#[test]
fn waiting_threads_share_the_failure_they_waited_for() {
    let (held, answer) = Held::before(Err(status(500)));
    let script = Script::new().then(answer);
    let (session, _) = script.session();
    let first = session.clone();
    let leader = thread::spawn(move || first.token());
    held.reached.recv().unwrap();
    let second = session.clone();
    let follower = thread::spawn(move || second.token());
    held.release.send(()).unwrap();
    assert!(matches!(
        leader.join().unwrap(),
        Err(Error::Status { status: 500, .. })
    ));
    // The follower waited, or came later and got a back-off; it never sends a second request.
    let error = follower.join().unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Status { .. } | Error::BackOff { .. }),
        "{error}"
    );
    assert_eq!(script.asked().len(), 1);
}

#[test]
fn threads_with_a_valid_token_do_not_wait_for_a_renewal() {
    let (held, answer) = Held::before(Ok(response("two", "r2", 3600)));
    let script = Script::new().token("one", "r1").then(answer);
    let (session, clock) = script.session();
    assert_eq!(served(&session), "one");
    clock.advance(seconds(3000));
    let first = session.clone();
    let leader = thread::spawn(move || served(&first));
    held.reached.recv().unwrap();
    // The renewal hangs; this thread and others are served anyway.
    for _ in 0..100 {
        assert_eq!(served(&session), "one");
    }
    let other = session.clone();
    assert_eq!(thread::spawn(move || served(&other)).join().unwrap(), "one");
    held.release.send(()).unwrap();
    assert_eq!(leader.join().unwrap(), "two");
    assert_eq!(served(&session), "two");
}

#[test]
fn a_closure_that_is_lent_the_header_may_use_sessions_itself() {
    let outer = Script::new().token("outer", "");
    let inner = Script::new().token("inner", "");
    let (outer_session, _) = outer.session();
    let (inner_session, _) = inner.session();
    served(&outer_session);
    let both = outer_session
        .with_authorization(|value| {
            (
                value.clone(),
                served(&inner_session),
                served(&outer_session),
            )
        })
        .unwrap();
    assert_eq!(
        (both.0.to_str().unwrap(), &*both.1, &*both.2),
        ("Bearer outer", "inner", "outer")
    );
    assert_eq!((outer.asked().len(), inner.asked().len()), (1, 1));
}

/// A thread keeps copies of fewer tokens than that.
#[test]
fn each_of_a_hundred_sessions_serves_its_own_token() {
    let sessions: Vec<_> = (0..100)
        .map(|number| {
            let script = Script::new().then(move || Ok(response(&format!("t{number}"), "", 3600)));
            script.session().0
        })
        .collect();
    for _ in 0..3 {
        for (number, session) in sessions.iter().enumerate() {
            assert_eq!(served(session), format!("t{number}"));
        }
    }
}
