//! What holds for every vendor alike, against the simulators: one suite, stamped for each vendor in
//! the words that it documents and in every dialect.

mod nameless; // no login without a name in a store
mod refusals; // in whatever words
mod sharing; // one login for more than one process
mod stage; // a simulator and a session
mod subject; // the vendors, each with its grants

use std::time::Duration;

use auth_core::error::LoginReason;
use auth_core::grant::TokenRequest;
use auth_core::http::{Request, Response};
use auth_core::transport::Transport;
use auth_core::{Error, Grant, Result, Session, Token, agent};
use auth_sim::Fault;

use crate::support::{journal, shown};
use refusals::{
    a_refusal_shows_no_secret, a_refused_login_comes_back,
    a_refused_refresh_token_without_credentials_needs_a_person,
    a_valid_token_is_never_replaced_by_an_error, an_outdated_client_secret_holds_back_nobody_else,
    corrected_credentials_work_at_once, wrong_credentials_are_tried_within_their_limits,
};
use sharing::{
    a_stored_login_is_taken_over_by_the_next_process, one_process_renews_for_all,
    wrong_credentials_are_tried_once_by_all_processes_together,
};
use stage::Stage;
use subject::Subject;

/// Stamps the suite: what every vendor does, what those do that give out refresh tokens, and what those
/// do that look at the client's secret.
macro_rules! contract {
    ($vendor:ident with refresh tokens and a client secret) => {
        contract! { $vendor with refresh tokens:
            an_outdated_client_secret_holds_back_nobody_else
        }
    };
    ($vendor:ident with refresh tokens) => {
        contract! { $vendor with refresh tokens: }
    };
    ($vendor:ident with refresh tokens: $($more:ident)*) => {
        contract! { $vendor:
            $($more)*
            every_refresh_token_is_sent_once_and_its_successor_kept
            a_refused_refresh_token_leads_to_a_login
            a_refused_refresh_token_without_credentials_needs_a_person
            a_refresh_token_whose_answer_was_lost_is_not_sent_again
            a_session_begins_with_a_refresh_token_from_elsewhere
        }
    };
    ($vendor:ident with a client secret) => {
        contract! { $vendor:
            an_outdated_client_secret_holds_back_nobody_else
        }
    };
    ($vendor:ident: $($more:ident)*) => {
        contract! { @stamp $vendor:
            the_first_token_is_accepted_by_the_api
            a_second_call_sends_nothing
            an_expired_token_is_renewed_and_the_old_one_gone
            wrong_credentials_are_tried_once
            a_rejected_request_is_sent_again_with_another_token_once
            a_token_is_not_sent_to_another_origin
            nothing_of_it_shows_a_secret
            a_server_that_fails_for_a_moment_is_asked_again
            a_stored_login_is_taken_over_by_the_next_process
            one_process_renews_for_all
            wrong_credentials_are_tried_once_by_all_processes_together
            wrong_credentials_are_tried_within_their_limits
            corrected_credentials_work_at_once
            a_refused_login_comes_back
            a_valid_token_is_never_replaced_by_an_error
            a_refusal_shows_no_secret
            $($more)*
        }
    };
    (@stamp $vendor:ident: $($test:ident)*) => {
        mod $vendor {
            contract! { @words None, $vendor: $($test)* }
            mod with_codes_of_the_rfc {
                contract! { @words Some(auth_sim::Dialect::Rfc), $vendor: $($test)* }
            }
            mod with_a_bare_status {
                contract! { @words Some(auth_sim::Dialect::BareStatus), $vendor: $($test)* }
            }
            mod with_the_page_of_a_framework {
                contract! { @words Some(auth_sim::Dialect::FrameworkPage), $vendor: $($test)* }
            }
            mod with_words_of_a_vendor {
                contract! { @words Some(auth_sim::Dialect::VendorWords), $vendor: $($test)* }
            }
            mod with_a_status_of_success {
                contract! { @words Some(auth_sim::Dialect::SuccessStatus), $vendor: $($test)* }
            }
        }
    };
    (@words $dialect:expr, $vendor:ident: $($test:ident)*) => {
        $(#[test]
        fn $test() {
            crate::contract::$test(&crate::contract::subject::$vendor($dialect));
        })*
    };
}

contract! { aerion with refresh tokens }
contract! { aeris with a client secret }
contract! { ermeo with refresh tokens and a client secret }
contract! { generic with refresh tokens and a client secret }

fn the_first_token_is_accepted_by_the_api(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    assert!(
        stage.simulator.requests().is_empty(),
        "nothing before it is asked for"
    );
    assert_eq!(stage.api(subject, &stage.token()), 200);
    assert_eq!(stage.grants(), [subject.login]);
}

fn a_second_call_sends_nothing(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    let first = stage.token();
    assert_eq!(stage.token().expose(), first.expose());
    assert_eq!(
        stage.session.authorization().expect("held"),
        first.authorization()
    );
    assert_eq!(stage.grants(), [subject.login]);
}

fn an_expired_token_is_renewed_and_the_old_one_gone(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    let first = stage.token();
    stage.expire(&first);
    let second = stage.token();
    assert_eq!(
        (stage.api(subject, &first), stage.api(subject, &second)),
        (subject.rejects_with, 200)
    );
    let renewal = if subject.keeper.is_some() {
        "refresh_token"
    } else {
        subject.login
    };
    assert_eq!(stage.grants(), [subject.login, renewal]);
}

fn wrong_credentials_are_tried_once(subject: &Subject) {
    let stage = Stage::new(subject, subject.wrong);
    let first = stage.session.token().expect_err("they are wrong");
    let refused = matches!(
        first,
        Error::Refused(_) | Error::Status { .. } | Error::LoginRequired { .. }
    );
    assert!(refused, "{first:?}");
    for _ in 0..3 {
        let again = stage.session.token().expect_err("they still are");
        let remembered = matches!(again, Error::BackOff { .. } | Error::LoginRequired { .. });
        assert!(remembered, "{again:?}");
    }
    assert_eq!(stage.grants(), [subject.login]);
}

fn a_rejected_request_is_sent_again_with_another_token_once(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    let agent = agent::agent_with(&stage.session, |config| config.http_status_as_error(false));
    let echo = format!("{}/echo", stage.simulator.url());
    let post = || agent.post(&echo).send("a body").expect("an answer");
    stage.token();
    stage.simulator.revoke_access_tokens();
    stage.simulator.clear();

    let mut answer = post();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body_mut().read_to_string().expect("text"), "a body");
    let statuses = |stage: &Stage| -> Vec<_> {
        stage
            .simulator
            .api_requests()
            .iter()
            .map(|it| it.status.expect("answered"))
            .collect()
    };
    assert_eq!(statuses(&stage), [subject.rejects_with, 200]);
    assert_eq!(stage.grants().len(), 1);

    // An API that rejects a brand-new token has another reason: no loop.
    stage.simulator.revoke_access_tokens();
    assert_eq!(post().status(), subject.rejects_with);
    assert_eq!(statuses(&stage), [subject.rejects_with]);
    assert_eq!(stage.grants().len(), 0);
}

fn a_token_is_not_sent_to_another_origin(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    let other = subject.simulator().start().expect("a port");
    let agent = agent::agent_with(&stage.session, |config| config.http_status_as_error(false));
    let error = agent
        .get(format!("{}{}", other.url(), subject.api))
        .call()
        .expect_err("an origin that the token is not for");
    assert!(error.to_string().contains(other.url()), "{error}");
    assert!(other.requests().is_empty());

    // Nor does it go along with a redirect.
    stage
        .simulator
        .next_api(Fault::Redirect(format!("{}/echo", other.url())));
    agent
        .get(format!("{}{}", stage.simulator.url(), subject.api))
        .call()
        .expect("an answer");
    assert_eq!(other.requests().len(), 1);
    assert_eq!(other.requests()[0].header("authorization"), None);
    let signed = stage.simulator.api_requests();
    assert!(
        signed[0]
            .header("authorization")
            .is_some_and(|it| it.starts_with("Bearer "))
    );
}

fn nothing_of_it_shows_a_secret(subject: &Subject) {
    let (text, log) = journal::of(|| {
        let stage = Stage::new(subject, subject.grant);
        let mut text = format!("{:?}", (subject.grant)(stage.simulator.url()));
        let token = stage.token();
        text += &format!("{token:?} {:?} {:?}", stage.session, token.authorization());
        stage.expire(&token);
        stage.simulator.next(Fault::Garble);
        text += &stage
            .session
            .token()
            .map_or_else(|error| shown(&error), |_| String::new());
        let wrong = Stage::new(subject, subject.wrong);
        text += &shown(&wrong.session.token().expect_err("wrong"));
        text += &shown(&wrong.session.token().expect_err("still wrong"));
        (text, token.expose().to_owned())
    });
    let (text, token) = text;
    assert!(log.contains("obtained a token"), "the log works: {log}");
    for secret in subject.secrets.iter().chain([&token.as_str()]) {
        assert!(!text.contains(secret), "{secret} in {text}");
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

fn a_server_that_fails_for_a_moment_is_asked_again(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    stage.simulator.next(Fault::Status(503));
    stage.simulator.next(Fault::Refuse);
    assert_eq!(stage.api(subject, &stage.token()), 200);
    assert_eq!(stage.grants(), [subject.login; 3]);
}

fn every_refresh_token_is_sent_once_and_its_successor_kept(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    let mut kept = Vec::new();
    for _ in 0..4 {
        let token = stage.token();
        kept.push(
            stage
                .session
                .refresh_token()
                .expect("one")
                .expose()
                .to_owned(),
        );
        stage.expire(&token);
    }
    assert_eq!(
        stage.grants(),
        [
            subject.login,
            "refresh_token",
            "refresh_token",
            "refresh_token"
        ]
    );
    let spends = stage.simulator.spends();
    let spent: Vec<_> = kept.iter().map(|token| spends[token]).collect();
    assert_eq!(spent, [1, 1, 1, 0]);
}

fn a_refused_refresh_token_leads_to_a_login(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    stage.expire(&stage.token());
    stage.simulator.revoke_refresh_tokens();
    assert_eq!(stage.api(subject, &stage.token()), 200);
    assert_eq!(
        stage.grants(),
        [subject.login, "refresh_token", subject.login]
    );
}

fn a_refresh_token_whose_answer_was_lost_is_not_sent_again(subject: &Subject) {
    for fault in [
        Fault::Drop,
        Fault::Cut(80),
        Fault::Garble,
        Fault::Noise,
        Fault::Status(502),
    ] {
        let stage = Stage::seeded(subject, subject.keeper(), |sim| {
            Some(sim.issue_refresh_token())
        });
        stage.simulator.next(fault);
        // The first error may be the server's; from then on it is the token's.
        let _ = stage.session.token().expect_err("no answer, no token");
        stage.clock.advance(Duration::from_secs(3600));
        assert_reauthentication(&stage, LoginReason::RefreshTokenUncertain);
        assert_eq!(stage.grants(), ["refresh_token"]);
        assert!(stage.simulator.spends().values().all(|spends| *spends <= 1));
    }
}

fn a_session_begins_with_a_refresh_token_from_elsewhere(subject: &Subject) {
    let stage = Stage::seeded(subject, subject.keeper(), |sim| {
        Some(sim.issue_refresh_token())
    });
    assert_eq!(stage.api(subject, &stage.token()), 200);
    assert_eq!(stage.grants(), ["refresh_token"]);
}

#[track_caller]
fn assert_reauthentication(stage: &Stage, expected: Reason) {
    match stage.session.token().expect_err("nobody can log in") {
        Error::LoginRequired { reason, .. } => assert_eq!(reason, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_can_go_to_any_thread_and_a_boxed_grant_is_a_grant() {
    fn is_shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn is_grant<G: Grant>(grant: G) -> impl Grant {
        grant
    }
    let boxed = is_grant((subject::ermeo(None).grant)("https://api.ermeo.com"));
    let identity = boxed.identity();
    let session = Session::new(boxed);
    is_shareable(&session);
    assert_eq!(session.identity(), &identity);
    assert_eq!(identity.as_str().split(' ').next(), Some("ermeo"));
}

#[test]
fn an_error_fits_into_64_bytes() {
    assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    assert!(
        size_of::<Result<Token>>() <= 64,
        "{}",
        size_of::<Result<Token>>()
    );
}

#[test]
fn a_closure_is_a_transport() {
    let closure = |request: Request<Vec<u8>>| -> Result<Response<Vec<u8>>> {
        assert_eq!(request.uri(), "https://as.example/token");
        Ok(Response::new(
            br#"{"access_token":"a1","token_type":"bearer"}"#.to_vec(),
        ))
    };
    let transport: &dyn Transport = &closure;
    let response = TokenRequest::form("https://as.example/token").send(transport);
    assert_eq!(response.expect("a token").access_token.expose(), "a1");
}
