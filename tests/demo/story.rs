//! The steps that every vendor goes through; each checks what it shows.

use std::fmt::{Debug, Display};
use std::time::Duration;

use auth_all::agent::ureq;
use auth_all::error::{ErrorCode, LoginReason};
use auth_all::{Error, Result, Secret, Session};

use crate::stage::Stage;

/// The first token.
pub(crate) fn obtain(stage: &mut Stage<'_>, session: &Session, how: &str) {
    stage.step("obtain", |stage| {
        let token = session.token().map_err(instead_of("a token"))?;
        requests(stage, 1)?;
        Ok(format!("{how} a token{}", until(&token)))
    });
}

/// A call to the vendor's API, through the session's own agent.
pub(crate) fn use_it(stage: &mut Stage<'_>, session: &Session, path: &str) {
    stage.step("use", |stage| {
        let answer = stage.get(&session.agent(), &stage.url(path), None)?;
        same("the API's status", &answer.status, &200)?;
        requests(stage, 0)?;
        Ok("the session's agent signed the request; no token had to be asked for".to_owned())
    });
}

/// Time passes, and the API refuses the old token.
pub(crate) fn expire(
    stage: &mut Stage<'_>,
    session: &Session,
    path: &str,
    life: Duration,
    refusal: u16,
) {
    stage.step("expire", |stage| {
        let token = session.token().map_err(instead_of("the held token"))?;
        requests(stage, 0)?;
        stage.advance(life);
        let old = format!("Bearer {}", token.expose());
        let answer = stage.get(
            &ureq::Agent::new_with_defaults(),
            &stage.url(path),
            Some(&old),
        )?;
        same("the API's status", &answer.status, &refusal)?;
        Ok(format!(
            "{} later the API refuses the old token",
            words(life)
        ))
    });
}

/// The next token; with a refresh token where there is one.
pub(crate) fn refresh(stage: &mut Stage<'_>, session: &Session, how: &str) {
    stage.step("refresh", |stage| {
        let before = session.refresh_token();
        let token = session.token().map_err(instead_of("a new token"))?;
        requests(stage, 1)?;
        let rotated = match (before, session.refresh_token()) {
            (Some(before), Some(after)) if before.expose() == after.expose() => {
                return Err("expected a new refresh token, got the old one again".to_owned());
            }
            (Some(_), Some(_)) => " and the next refresh token",
            _ => "",
        };
        Ok(format!("{how} a new token{}{rotated}", until(&token)))
    });
}

/// A refresh token that was used before, presented by somebody who has nothing else.
pub(crate) fn reuse(stage: &mut Stage<'_>, thief: &Session) {
    stage.step("reuse", |stage| {
        let error = refused(thief.token())?;
        requests(stage, 1)?;
        is_reason(&error, LoginReason::RefreshTokenRefused)?;
        is_code(&error, &ErrorCode::InvalidGrant)?;
        Ok(format!("a refresh token works once: {error}"))
    });
}

/// Credentials that are wrong, twice: the second time nothing is sent. A person has to correct a password;
/// a client that logs in for itself backs off only.
pub(crate) fn wrong_credentials(stage: &mut Stage<'_>, session: &Session, code: &ErrorCode) {
    stage.step("wrong secret", |stage| {
        let error = refused(session.token())?;
        requests(stage, 1)?;
        is_code(&error, code)?;
        Ok(error.to_string())
    });
    stage.step("once more", |stage| {
        let error = refused(session.token())?;
        requests(stage, 0)?;
        if *code == ErrorCode::InvalidGrant {
            is_reason(&error, LoginReason::CredentialsRefused)?;
        } else {
            is_held_back(&error)?;
        }
        Ok(format!("no request: {error}"))
    });
}

/// The API rejects a token that should be good; the call gets another one and is sent again.
pub(crate) fn retry(stage: &mut Stage<'_>, session: &Session, path: &str, refusal: u16) {
    let name = if refusal == 403 {
        "403 retry"
    } else {
        "401 retry"
    };
    stage.step(name, |stage| {
        session.token().map_err(instead_of("the held token"))?;
        stage.simulator.revoke_access_tokens();
        let answer = stage.get(&session.agent(), &stage.url(path), None)?;
        same("the API's status", &answer.status, &200)?;
        requests(stage, 1)?;
        let calls = stage.simulator.api_requests();
        let statuses: Vec<_> = calls.iter().map(|call| call.status).collect();
        same(
            "the API's statuses",
            &statuses,
            &vec![Some(refusal), Some(200)],
        )?;
        Ok(
            "the token was revoked early; the agent got another one and sent the request again"
                .to_owned(),
        )
    });
}

/// A session that begins with a refresh token from elsewhere, and no password.
pub(crate) fn seed(stage: &mut Stage<'_>, session: &Session, from: &str) {
    stage.step("seed", |stage| {
        let token = session.token().map_err(instead_of("a token"))?;
        requests(stage, 1)?;
        Ok(format!(
            "{from}, without a password: a token{}",
            until(&token)
        ))
    });
}

/// The refresh token that a session would send next, to be kept or to be stolen.
pub(crate) fn kept(session: &Session) -> Secret {
    session.refresh_token().unwrap_or_default()
}

/// Exactly this many requests have come to the token endpoint.
pub(crate) fn requests(stage: &Stage<'_>, expected: usize) -> std::result::Result<(), String> {
    same(
        "requests to the token endpoint",
        &stage.token_requests(),
        &expected,
    )
}

pub(crate) fn refused<T>(result: Result<T>) -> std::result::Result<Error, String> {
    match result {
        Ok(_) => Err("expected an error, got a token".to_owned()),
        Err(error) => Ok(error),
    }
}

pub(crate) fn is_reason(error: &Error, expected: Reason) -> std::result::Result<(), String> {
    match error {
        Error::LoginRequired { reason, .. } => same("the reason", reason, &expected),
        other => Err(format!(
            "expected `reauthentication required`, got: {other}"
        )),
    }
}

pub(crate) fn is_held_back(error: &Error) -> std::result::Result<(), String> {
    match error {
        Error::BackOff { .. } => Ok(()),
        other => Err(format!("expected a back-off, got: {other}")),
    }
}

pub(crate) fn is_code(error: &Error, expected: &ErrorCode) -> std::result::Result<(), String> {
    match error.refusal() {
        Some(refusal) => same("the error code", &refusal.code, expected),
        None => Err(format!("expected the server's refusal, got: {error}")),
    }
}

pub(crate) fn same<T: PartialEq + Debug>(
    what: &str,
    got: &T,
    expected: &T,
) -> std::result::Result<(), String> {
    if got == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, got {got:?}"))
    }
}

pub(crate) fn instead_of<E: Display>(expected: &str) -> impl Fn(E) -> String {
    move |error| format!("expected {expected}, got: {error}")
}

fn until(token: &auth_all::Token) -> String {
    let at = token.expires_at();
    at.map(|at| format!(" until {} {:02}:{:02}", at.date(), at.hour(), at.minute()))
        .unwrap_or_default()
}

fn words(life: Duration) -> String {
    match life.as_secs() {
        seconds if seconds % DAY == 0 => format!("{} days", seconds / DAY),
        3600 => "an hour".to_owned(),
        seconds => format!("{} hours", seconds / 3600),
    }
}

const DAY: u64 = 24 * 3600;
