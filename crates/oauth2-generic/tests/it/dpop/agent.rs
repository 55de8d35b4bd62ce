//! The agent of a session with a key, against an API that checks every proof.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::agent::agent_with;
use auth_core::agent::ureq::{self, Agent, SendBody};
use auth_core::grant::{Identity, Policy, TokenRequest, TokenResponse};
use auth_core::http::Response;
use auth_core::{SessionBuilder, transport};
use oauth2_generic::{Client, ClientCredentials, DpopKey, Grant, Result, Secret, Session};

use crate::requests::client;

use super::api::{Api, Visit};
use super::bound;

/// A session whose tokens are `t1`, `t2` and so on, and how many there have been.
fn builder(api: &Api, client: Client) -> (SessionBuilder, Arc<AtomicUsize>) {
    let issued = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&issued);
    let grant = ClientCredentials::new(client);
    let kind = if grant.policy().binds_tokens() {
        "DPoP"
    } else {
        "Bearer"
    };
    let issue = transport::from_fn(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let answer =
            format!(r#"{{"access_token":"t{number}","token_type":"{kind}","expires_in":3600}}"#);
        Ok(Response::new(answer.into()))
    });
    let session = Session::builder(grant).transport(issue).api(api.url());
    api.state().token = "t1".into();
    (session, issued)
}

fn session(api: &Api, client: Client) -> (Session, Arc<AtomicUsize>) {
    let (builder, issued) = builder(api, client);
    (builder.build().unwrap(), issued)
}

fn proven(api: &Api) -> (Session, Arc<AtomicUsize>) {
    session(api, bound())
}

/// As ureq is by default, and with statuses as answers.
fn agents(session: &Session) -> [Agent; 2] {
    [
        session.agent(),
        agent_with(session, |config| config.http_status_as_error(false)),
    ]
}

fn status(answer: std::result::Result<Response<ureq::Body>, ureq::Error>) -> u16 {
    match answer {
        Ok(answer) => answer.status().as_u16(),
        Err(ureq::Error::StatusCode(status)) => status,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_request_has_the_token_and_a_proof_of_its_own() {
    let api = Api::start();
    let agent = proven(&api).0.agent();
    for path in ["/orders", "/orders?page=2", ""] {
        agent.get(format!("{}{path}", api.url())).call().unwrap();
    }
    agent
        .put(format!("{}/orders/1", api.url()))
        .send("an order")
        .unwrap();
    assert_eq!(api.statuses(), [200; 4]);
    assert!(
        api.state()
            .visits
            .iter()
            .all(|it| it.authorization == "DPoP t1")
    );
}

#[test]
fn a_nonce_costs_one_more_sending_and_no_token() {
    for which in 0..2 {
        let api = Api::start();
        let (session, issued) = proven(&api);
        api.state().nonce = "n1".into();
        let agent = &agents(&session)[which];
        let url = format!("{}/orders", api.url());
        assert_eq!(status(agent.post(&url).send("an order")), 200);
        assert_eq!(status(agent.get(&url).call()), 200);
        assert_eq!(api.statuses(), [401, 200, 200]);
        let bodies: Vec<String> = api
            .state()
            .visits
            .iter()
            .map(|it| it.body.clone())
            .collect();
        assert_eq!(bodies, ["an order", "an order", ""]);
        assert_eq!(issued.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_nonce_that_comes_with_a_success_is_used_from_then_on() {
    let api = Api::start();
    let agent = proven(&api).0.agent();
    let url = format!("{}/orders", api.url());
    for nonce in ["n1", "n2", ""] {
        api.state().next_nonce = nonce.into();
        agent.get(&url).call().unwrap();
    }
    assert_eq!(api.statuses(), [200; 3]);
}

#[test]
fn a_rejected_token_is_replaced_with_or_without_a_nonce() {
    for which in 0..2 {
        let api = Api::start();
        let (session, issued) = proven(&api);
        let agent = &agents(&session)[which];
        let url = format!("{}/orders", api.url());
        agent.get(&url).call().unwrap();
        api.state().token = "t2".into();
        api.state().nonce = "n1".into();
        assert_eq!(status(agent.post(&url).send("an order")), 200);
        assert_eq!(api.statuses(), [200, 401, 401, 200]);
        assert_eq!(api.state().visits[3].authorization, "DPoP t2");
        assert_eq!(issued.load(Ordering::SeqCst), 2);
    }
}

/// No new token is requested: the API rejected the proof.
#[test]
fn an_api_that_refuses_every_proof_gets_two_requests() {
    for which in 0..2 {
        let api = Api::start();
        let (session, issued) = proven(&api);
        api.state().nonce = "n".into();
        api.state().is_never_content = true;
        let agent = &agents(&session)[which];
        let answer = agent.get(format!("{}/orders", api.url())).call();
        assert_eq!(answer.is_err(), which == 0);
        assert_eq!(status(answer), 401);
        assert_eq!(api.statuses(), [401, 401]);
        assert_eq!(issued.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_status_is_an_error_or_a_response_as_configured() {
    let api = Api::start();
    let (session, _) = proven(&api);
    let [errors, answers] = agents(&session);
    let url = format!("{}/missing", api.url());
    assert!(matches!(
        errors.get(&url).call(),
        Err(ureq::Error::StatusCode(404))
    ));
    let mut answer = answers.get(&url).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "an order");

    let alone = errors
        .get(&url)
        .config()
        .http_status_as_error(false)
        .build();
    assert_eq!(alone.call().unwrap().status(), 404);
    let alone = answers
        .get(&url)
        .config()
        .http_status_as_error(true)
        .build();
    assert!(matches!(alone.call(), Err(ureq::Error::StatusCode(404))));
    // One setting of a request leaves the others to the agent.
    let alone = errors.get(&url).config().max_redirects(1).build();
    assert!(matches!(alone.call(), Err(ureq::Error::StatusCode(404))));
}

/// Only ureq can read the settings of one request; an error of its own has lost the nonce, and
/// so the request is sent once more to see it.
#[test]
fn a_request_with_settings_of_its_own_gets_its_nonce_too() {
    for (as_error, statuses) in [(true, &[401, 401, 200][..]), (false, &[401, 200])] {
        let api = Api::start();
        let (session, issued) = proven(&api);
        api.state().nonce = "n1".into();
        let request = session.agent().get(format!("{}/orders", api.url()));
        let request = request.config().http_status_as_error(as_error).build();
        assert_eq!(request.call().unwrap().status(), 200);
        assert_eq!(api.statuses(), statuses);
        assert_eq!(issued.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_streamed_body_is_sent_once() {
    for which in 0..2 {
        let api = Api::start();
        let (session, issued) = proven(&api);
        api.state().nonce = "n1".into();
        let agent = &agents(&session)[which];
        let url = format!("{}/orders", api.url());
        let stream = || {
            let post = agent.post(&url).header("transfer-encoding", "chunked");
            status(post.send(SendBody::from_owned_reader(Cursor::new("streamed"))))
        };
        assert_eq!([stream(), stream()], [401, 200]);
        let large = vec![b'x'; 1024 * 1024 + 1];
        api.state().nonce = "n2".into();
        assert_eq!(status(agent.post(&url).send(&large)), 401);
        assert_eq!(status(agent.post(&url).send(&large)), 200);
        assert_eq!(api.statuses(), [401, 200, 401, 200]);
        assert_eq!(api.state().visits[3].body.len(), large.len());
        assert_eq!(
            issued.load(Ordering::SeqCst),
            1,
            "the token was not at fault"
        );
    }
}

#[test]
fn a_redirect_elsewhere_carries_no_token_and_no_proof() {
    for which in 0..2 {
        let (api, elsewhere) = (Api::start(), Api::start());
        let (session, issued) = proven(&api);
        let agent = &agents(&session)[which];
        elsewhere.state().nonce = "elsewhere".into();
        api.state().redirect = format!("{}/orders", elsewhere.url());
        let url = format!("{}/orders", api.url());
        assert_eq!(status(agent.get(&url).call()), 401);
        let visit = elsewhere.state().visits[0].clone();
        assert_eq!((visit.authorization.as_str(), visit.has_proof), ("", false));
        assert_eq!(
            issued.load(Ordering::SeqCst),
            1,
            "the token was not rejected"
        );
        // And the nonce of the other server is not taken over.
        api.state().redirect.clear();
        assert_eq!(status(agent.get(&url).call()), 200);
    }
}

#[test]
fn a_redirect_within_the_origin_gets_a_proof_for_each_target() {
    for which in 0..2 {
        let api = Api::start();
        let (session, issued) = proven(&api);
        let agent = &agents(&session)[which];
        api.state().nonce = "n1".into();
        api.state().redirect = "/orders/".into();
        let url = format!("{}/orders", api.url());
        assert_eq!(status(agent.get(&url).call()), 200);
        assert_eq!(
            api.statuses(),
            [307, 401, 200],
            "a nonce is asked for at the end"
        );
        let bound = |visit: &Visit| visit.authorization == "DPoP t1" && visit.has_proof;
        assert!(api.state().visits.iter().all(bound));
        assert_eq!(issued.load(Ordering::SeqCst), 1);

        api.state().token = "t2".into();
        let alone = agent.get(&url).config().timeout_global(None).build();
        assert_eq!(status(alone.call()), 200);
        assert_eq!(issued.load(Ordering::SeqCst), 2);
    }
}

/// A token from before there was a key, for instance: a proof beside its `Bearer` header has no meaning.
#[test]
fn a_token_that_is_not_bound_needs_no_proof() {
    #[derive(Debug)]
    struct Unbound(DpopKey);

    impl Grant for Unbound {
        fn identity(&self) -> Identity {
            Identity::new("unbound")
        }

        fn policy(&self) -> Policy {
            Policy::for_client().prover(self.0.clone())
        }

        fn login_request(&self) -> Result<TokenRequest> {
            Ok(TokenRequest::from_fn([], |_| {
                Ok(TokenResponse::new(Secret::new("t1")))
            }))
        }
    }

    let api = Api::start();
    let session = Session::builder(Unbound(DpopKey::generate().unwrap()));
    let session = session.api(api.url()).build().unwrap();
    for agent in agents(&session) {
        let url = format!("{}/orders", api.url());
        assert_eq!(status(agent.get(&url).call()), 401);
    }
    let visits = api.state().visits.clone();
    assert!(!visits.is_empty());
    for visit in visits {
        assert_eq!(
            (visit.authorization.as_str(), visit.has_proof),
            ("Bearer t1", false)
        );
    }
}

#[test]
fn without_a_key_nothing_is_proven_and_a_401_is_what_it_was() {
    let api = Api::start();
    let (session, issued) = session(&api, client());
    for agent in agents(&session) {
        assert_eq!(
            status(agent.get(format!("{}/orders", api.url())).call()),
            401
        );
    }
    let visits = api.state().visits.clone();
    assert!(
        visits
            .iter()
            .all(|it| it.authorization.starts_with("Bearer t") && !it.has_proof)
    );
    assert_eq!(
        visits.len(),
        3,
        "two for the first, since its token is replaced"
    );
    assert_eq!(issued.load(Ordering::SeqCst), 2);
}

#[test]
fn a_request_elsewhere_is_neither_signed_nor_proven() {
    let (api, elsewhere) = (Api::start(), Api::start());
    let (builder, _) = builder(&api, bound());
    let session = builder.allow_unsigned().build().unwrap();
    assert_eq!(status(session.agent().get(elsewhere.url()).call()), 401);
    let visit = elsewhere.state().visits[0].clone();
    assert!(!visit.has_proof && visit.authorization.is_empty());
}
