//! One agent per session: it keeps its connections, and neither agent nor session keeps the other alive.

use std::sync::Arc;

use auth_core::http::Response;
use auth_core::{Session, agent, transport};

use super::stage::{Api, Batch, redirect, session};

#[test]
fn ten_requests_of_ten_agents_take_one_connection() {
    let api = Api::content();
    let (session, _) = session(&[&api]);
    for _ in 0..10 {
        let mut answer = session.clone().agent().get(api.url()).call().unwrap();
        answer.body_mut().read_to_string().unwrap();
    }
    assert_eq!((api.visits().len(), api.connections()), (10, 1));
}

/// A request that is sent again uses connections of its own.
#[test]
fn ten_redirected_requests_take_two_connections() {
    let api = Api::start(|visit| match visit.path() {
        "/orders" => redirect(307, "/orders/"),
        _ => super::stage::answer(200),
    });
    let (session, _) = session(&[&api]);
    for _ in 0..10 {
        let mut answer = session.agent().get(api.at("/orders")).call().unwrap();
        answer.body_mut().read_to_string().unwrap();
    }
    assert_eq!((api.visits().len(), api.connections()), (20, 2));
}

#[test]
fn an_agent_with_settings_has_connections_of_its_own() {
    let api = Api::content();
    let (session, _) = session(&[&api]);
    for _ in 0..2 {
        let agent = agent::agent_with(&session, |config| config.user_agent("gateway/7"));
        agent.get(api.url()).call().unwrap();
    }
    assert_eq!(api.connections(), 2);
    assert_eq!(api.visits()[1].header("user-agent"), "gateway/7");
}

#[test]
fn a_session_is_dropped_with_its_agents() {
    let api = Api::content();
    let alive = Arc::new(());
    let kept = Arc::clone(&alive);
    let issue = transport::from_fn(move |_| {
        let _ = &kept;
        let body = r#"{"access_token":"t1","token_type":"Bearer","expires_in":3600}"#;
        Ok(Response::new(body.into()))
    });
    let builder = Session::builder(Batch::of(&[&api])).transport(issue);
    let session = builder.build().unwrap();
    let agent = session.agent();
    let other = agent::agent_with(&session, |config| config);
    drop(session);
    for agent in [&agent, &other] {
        agent
            .get(api.url())
            .call()
            .expect("an agent outlives its session");
    }
    assert_eq!(Arc::strong_count(&alive), 2);
    drop((agent, other));
    assert_eq!(
        Arc::strong_count(&alive),
        1,
        "the session's transport is dropped"
    );
}
