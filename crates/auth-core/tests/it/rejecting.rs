//! Effect of a 401 on a token.

use crate::script::{Script, lost_answer, seconds, served};

#[test]
fn a_rejected_token_is_not_served_again() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, _) = script.session();
    let token = session.token().unwrap();
    assert!(session.reject(&token));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked(), ["log in", "refresh r1"]);
}

#[test]
fn rejecting_an_older_token_leaves_the_newer_one_alone() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, clock) = script.session();
    let old = session.token().unwrap();
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "two");
    assert!(session.reject(&old));
    assert_eq!(served(&session), "two");
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn many_rejections_of_one_token_lead_to_one_renewal() {
    let script = Script::new().token("one", "r1").token("two", "r2");
    let (session, _) = script.session();
    let token = session.token().unwrap();
    for _ in 0..10 {
        assert!(session.reject(&token));
        assert_eq!(served(&session), "two");
    }
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn an_api_that_rejects_every_token_causes_few_renewals() {
    let script = Script::new()
        .token("one", "r1")
        .token("two", "r2")
        .token("three", "r3");
    let (session, clock) = script.session();
    assert!(session.reject(&session.token().unwrap()));
    let second = session.token().unwrap();
    for _ in 0..10 {
        assert!(!session.reject(&second));
        assert_eq!(served(&session), "two");
    }
    clock.advance(seconds(60));
    assert!(session.reject(&second));
    assert_eq!(served(&session), "three");
}

#[test]
fn a_rejected_token_is_not_served_even_if_its_renewal_fails() {
    let script = Script::new().token("one", "r1").error(lost_answer());
    let (session, _) = script.session();
    assert!(session.reject(&session.token().unwrap()));
    assert!(session.token().is_err());
    assert!(session.token().is_err());
}
