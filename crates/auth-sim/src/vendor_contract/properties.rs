//! The properties of a vendor. The macro makes a test of each.

#![expect(clippy::expect_used, reason = "a test that cannot continue panics")]

use std::slice;
use std::time::Duration;

use auth_core::error::LoginReason;
use auth_core::{Error, Session, agent};

use super::VendorContract;
use super::stage::Asked::{Login, Refresh};
use super::stage::{Stage, logged, shown};
use crate::Fault;

pub fn the_api_accepts_the_first_token(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let requests = stage.simulator.requests();
    assert!(requests.is_empty(), "nothing is sent before the first call");
    assert_eq!(stage.api(contract, &stage.token()), 200);
    assert_eq!(stage.asked(contract), [Login]);
}

pub fn a_second_call_sends_nothing(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let first = stage.token();
    assert_eq!(stage.token().expose(), first.expose());
    let header = stage.session.authorization().expect("held");
    assert_eq!(header, first.authorization());
    assert_eq!(stage.asked(contract), [Login]);
}

pub fn an_expired_token_is_renewed(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let first = stage.token();
    stage.expire(&first);
    let second = stage.token();
    let statuses = (stage.api(contract, &first), stage.api(contract, &second));
    assert_eq!(statuses, (contract.rejects_with, 200));
    let renewal = match contract.refresh_only {
        Some(_) => Refresh,
        None => Login,
    };
    assert_eq!(stage.asked(contract), [Login, renewal]);
}

pub fn wrong_credentials_are_tried_once(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.wrong);
    let first = stage
        .session
        .token()
        .expect_err("the credentials are wrong");
    let refused = matches!(
        first,
        Error::Refused(_) | Error::Status { .. } | Error::LoginRequired { .. }
    );
    assert!(refused, "{first:?}");
    for _ in 0..3 {
        let again = stage
            .session
            .token()
            .expect_err("the credentials are still wrong");
        let remembered = matches!(again, Error::BackOff { .. } | Error::LoginRequired { .. });
        assert!(remembered, "{again:?}");
    }
    assert_eq!(stage.asked(contract), [Login]);
}

pub fn a_rejected_request_is_sent_again_once(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let agent = agent::agent_with(&stage.session, |config| config.http_status_as_error(false));
    let echo = format!("{}/echo", stage.simulator.url());
    let post = || agent.post(&echo).send("a body").expect("an answer");
    stage.token();
    stage.simulator.revoke_access_tokens();
    stage.simulator.clear();

    let mut answer = post();
    assert_eq!(answer.status(), 200);
    let body = answer.body_mut().read_to_string().expect("text");
    assert_eq!(body, "a body");
    let statuses = || {
        let requests = stage.simulator.api_requests();
        let statuses = requests.iter().map(|it| it.status.expect("answered"));
        statuses.collect::<Vec<_>>()
    };
    assert_eq!(statuses(), [contract.rejects_with, 200]);
    assert_eq!(stage.asked(contract).len(), 1);

    // An API that rejects a new token has another reason, so there is no loop.
    stage.simulator.revoke_access_tokens();
    assert_eq!(post().status(), contract.rejects_with);
    assert_eq!(statuses(), [contract.rejects_with]);
    assert_eq!(stage.asked(contract), []);
}

pub fn a_token_is_not_sent_to_another_origin(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let other = contract.simulator().start().expect("a port");
    let agent = agent::agent_with(&stage.session, |config| config.http_status_as_error(false));
    let error = agent
        .get(format!("{}{}", other.url(), contract.api))
        .call()
        .expect_err("the token is for another origin");
    assert!(error.to_string().contains(other.url()), "{error}");
    assert!(other.requests().is_empty());

    // A redirect does not take the token along, either.
    let elsewhere = format!("{}/echo", other.url());
    stage.simulator.next_api(Fault::Redirect(elsewhere));
    let api = format!("{}{}", stage.simulator.url(), contract.api);
    agent.get(api).call().expect("an answer");
    assert_eq!(other.requests().len(), 1);
    assert_eq!(other.requests()[0].header(&contract.token_header), None);
    let signed = stage.simulator.api_requests();
    assert!(signed[0].header(&contract.token_header).is_some());
}

pub fn nothing_shows_a_secret(contract: &VendorContract) {
    let ((text, token), log) = logged(|| {
        let stage = Stage::new(contract, &contract.grant);
        let mut text = format!("{:?}", (contract.grant)(stage.simulator.url()));
        let token = stage.token();
        text += &format!("{token:?} {:?} {:?}", stage.session, token.authorization());
        stage.expire(&token);
        stage.simulator.next(Fault::Garble);
        let outcome = stage.session.token();
        text += &outcome.map_or_else(|error| shown(&error), |_| String::new());
        let wrong = Stage::new(contract, &contract.wrong);
        text += &shown(&wrong.session.token().expect_err("wrong"));
        text += &shown(&wrong.session.token().expect_err("still wrong"));
        (text, token.expose().to_owned())
    });
    assert!(log.contains("logged in"), "the log works: {log}");
    assert_no_secret(contract, &[token], &text, &log);
}

pub fn a_failing_server_is_asked_again(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    stage.simulator.next(Fault::Status(503));
    stage.simulator.next(Fault::Refuse);
    assert_eq!(stage.api(contract, &stage.token()), 200);
    assert_eq!(stage.asked(contract), [Login; 3]);
}

pub fn every_refresh_token_is_sent_once(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let mut kept = Vec::new();
    for _ in 0..4 {
        let token = stage.token();
        let refresh_token = stage.session.refresh_token().expect("one");
        kept.push(refresh_token.expose().to_owned());
        stage.expire(&token);
    }
    assert_eq!(stage.asked(contract), [Login, Refresh, Refresh, Refresh]);
    let spends = stage.simulator.spends();
    let spent: Vec<_> = kept.iter().map(|token| spends[token]).collect();
    assert_eq!(spent, [1, 1, 1, 0]);
}

pub fn a_refused_refresh_token_leads_to_a_login(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    stage.expire(&stage.token());
    stage.simulator.revoke_refresh_tokens();
    assert_eq!(stage.api(contract, &stage.token()), 200);
    assert_eq!(stage.asked(contract), [Login, Refresh, Login]);
}

pub fn a_lost_response_is_not_asked_for_again(contract: &VendorContract) {
    for fault in [
        Fault::Drop,
        Fault::Cut(80),
        Fault::Garble,
        Fault::Noise,
        Fault::Status(502),
    ] {
        let stage = Stage::refresh_only(contract);
        stage.simulator.next(fault);
        // The first error may be the server's; later ones are about the token.
        stage.session.token().expect_err("no answer, no token");
        stage.clock.advance(Duration::from_secs(3600));
        match stage.session.token().expect_err("no password") {
            Error::LoginRequired { reason, .. } => {
                assert_eq!(reason, LoginReason::RefreshTokenUncertain);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(stage.asked(contract), [Refresh]);
        assert!(stage.simulator.spends().values().all(|spends| *spends <= 1));
    }
}

pub fn a_session_begins_with_a_refresh_token(contract: &VendorContract) {
    let stage = Stage::refresh_only(contract);
    assert_eq!(stage.api(contract, &stage.token()), 200);
    assert_eq!(stage.asked(contract), [Refresh]);
}

pub fn the_next_process_takes_the_stored_login(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let first = stage.process(&contract.grant).token().expect("a token");
    let second = stage.process(&contract.grant).token();
    let second = second.expect("the same token");
    assert_eq!(second.expose(), first.expose());
    assert_eq!(second.expires_at(), first.expires_at());
    assert_eq!(second.scope(), first.scope());
    assert_eq!(stage.api(contract, &second), 200);
    assert_eq!(stage.asked(contract), [Login]);
}

pub fn one_process_renews_for_all(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let processes = [(); 4].map(|()| stage.process(&contract.grant));
    let first = processes[0].token().expect("a token");
    processes[1].token().expect("a token");
    stage.asked(contract);
    stage.expire(&first);
    let tokens = processes.map(|it| it.token().expect("a token").expose().to_owned());
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_ne!(tokens[0], first.expose());
    assert_eq!(stage.asked(contract).len(), 1);
}

pub fn processes_try_wrong_credentials_once(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.wrong);
    for _ in 0..4 {
        let process = stage.process(&contract.wrong);
        process.token().expect_err("the credentials are wrong");
    }
    assert_eq!(stage.asked(contract), [Login]);
    // Even after a refusal without a reason the server is not asked again at once.
    stage.clock.advance(Duration::from_secs(3600));
    let process = stage.process(&contract.grant);
    process.token().expect("the right credentials are tried");
    assert_eq!(stage.asked(contract), [Login]);
}

pub fn wrong_credentials_keep_within_limits(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let sessions = [(); 3].map(|()| stage.process(&contract.wrong));
    let tries = stage.ask(&sessions, Duration::from_secs(20), DAY);
    let (a_day, in_half_an_hour) = if contract.is_client {
        (60, 60)
    } else {
        (10, 3)
    };
    assert!(tries.len() <= a_day, "{tries:?}");
    let within = |begin: &Duration| {
        let window = *begin..*begin + HALF_AN_HOUR;
        tries.iter().filter(|at| window.contains(*at)).count()
    };
    let most = tries.iter().map(within).max().unwrap_or_default();
    assert!(most <= in_half_an_hour, "{tries:?}");
    assert!(contract.judges_passwords() || tries.len() > 5, "{tries:?}");
}

pub fn corrected_credentials_work_at_once(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    for _ in 0..3 {
        let wrong = stage.process(&contract.wrong);
        wrong.token().expect_err("the credentials are wrong");
    }
    let token = stage.process(&contract.grant).token().expect("a token");
    assert_eq!(stage.api(contract, &token), 200);
    assert_eq!(stage.asked(contract), [Login; 2]);
}

/// A mistake is often corrected at the server: a secret is rolled out, or a key activated.
pub fn a_refused_login_comes_back(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let session = stage.process(&contract.grant);
    stage.refuse_logins(contract, true);
    let minute = Duration::from_secs(60);
    let refused = stage.ask(slice::from_ref(&session), minute, HALF_AN_HOUR);
    assert!(!refused.is_empty());
    assert!(session.token().is_err());
    stage.refuse_logins(contract, false);
    // Accounts get unlocked; a client has no account that could be locked.
    let longest = match contract.judges_passwords() && contract.outdated.is_none() {
        true => DAY + DAY / 10 + minute,
        false => Duration::from_secs(3600),
    };
    stage.ask(slice::from_ref(&session), minute, longest + minute);
    let token = session.token().expect("a token");
    assert_eq!(stage.api(contract, &token), 200);
}

pub fn a_valid_token_outlives_errors(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let first = stage.token();
    stage.clock.advance(stage.left(&first) - LAST_MINUTES);
    stage.simulator.revoke_refresh_tokens();
    stage.refuse_logins(contract, true);
    for _ in 0..LAST_MINUTES.as_secs() {
        assert_eq!(stage.token().expose(), first.expose());
        stage.clock.advance(Duration::from_secs(1));
    }
    let requests = stage.asked(contract);
    assert!((1..=8).contains(&requests.len()), "{requests:?}");
    stage.session.token().expect_err("it has expired");
}

/// One process of a fleet has an old client secret, or one that does not work yet.
pub fn an_outdated_secret_holds_back_no_other_session(contract: &VendorContract) {
    let stage = Stage::new(contract, &contract.grant);
    let outdated = contract.outdated.as_ref();
    let outdated: Session =
        stage.process(outdated.expect("`client_secret` needs `outdated_secret`"));
    let right = stage.process(&contract.grant);
    for _ in 0..4 {
        let token = right.token().expect("a token");
        assert_eq!(stage.api(contract, &token), 200);
        let adopted = outdated.token().expect("the token of the others");
        assert_eq!(adopted.expose(), token.expose());
        stage.expire(&token);
        outdated.token().expect_err("its secret is refused");
    }
    // Its refusals cost neither a login nor a refresh token.
    let used = stage.simulator.spends().into_values();
    assert!(used.max().unwrap_or_default() <= 1);
}

pub fn a_refused_refresh_token_needs_a_user(contract: &VendorContract) {
    let stage = Stage::refresh_only(contract);
    stage.expire(&stage.token());
    stage.simulator.revoke_refresh_tokens();
    let mut refused = 0;
    while !needs_a_user(&stage) {
        refused += 1;
        assert!(refused < 3, "no login is required");
        stage.clock.advance(Duration::from_secs(150));
    }
    for _ in 0..3 {
        assert!(needs_a_user(&stage));
    }
    let refreshes = if contract.names_refresh_tokens() {
        1
    } else {
        3
    };
    assert_eq!(stage.asked(contract), vec![Refresh; 1 + refreshes]);
    // A firewall may have refused the refreshes, so they are tried again, once an hour.
    stage.clock.advance(Duration::from_secs(2 * 3600));
    for _ in 0..3 {
        assert!(needs_a_user(&stage));
    }
    let again = usize::from(!contract.names_refresh_tokens());
    assert_eq!(stage.asked(contract), vec![Refresh; again]);
}

pub fn a_refusal_shows_no_secret(contract: &VendorContract) {
    let ((text, tokens), log) = logged(|| {
        let stage = Stage::new(contract, &contract.grant);
        let token = stage.token();
        let mut tokens = vec![token.expose().to_owned()];
        tokens.extend(
            stage
                .session
                .refresh_token()
                .map(|it| it.expose().to_owned()),
        );
        stage.expire(&token);
        stage.simulator.revoke_refresh_tokens();
        stage.refuse_logins(contract, true);
        let mut text = String::new();
        for _ in 0..5 {
            text += &shown(&stage.session.token().expect_err("refused"));
            text += &stage.session.status().to_string();
            stage.clock.advance(Duration::from_secs(120));
        }
        (text, tokens)
    });
    // If a login follows the refusal, only the log shows it.
    let warned = log.contains("refused") || log.contains("the server answered 40");
    assert!(warned, "{log}");
    assert_no_secret(contract, &tokens, &text, &log);
}

/// Returns `true` if the session requires a login by the user.
fn needs_a_user(stage: &Stage) -> bool {
    match stage.session.token().expect_err("no password") {
        Error::LoginRequired { reason, .. } => {
            assert_eq!(reason, LoginReason::RefreshTokenRefused);
            true
        }
        Error::BackOff { .. } | Error::Refused(_) | Error::Status { .. } => false,
        other => panic!("{other:?}"),
    }
}

fn assert_no_secret(contract: &VendorContract, tokens: &[String], text: &str, log: &str) {
    for secret in contract.secrets.iter().chain(tokens) {
        assert!(!text.contains(secret), "{secret} in {text}");
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);
const LAST_MINUTES: Duration = Duration::from_secs(300);
