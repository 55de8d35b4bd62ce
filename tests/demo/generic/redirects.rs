//! The grants that send the user to the server, and read the redirect that comes back.

use auth_all::agent::ureq;
use auth_all::error::{ErrorCode, LoginReason};
use auth_all::generic::{AuthorizationCode, Implicit};
use auth_all::{Error, Session};
use auth_sim::generic;

use super::{LIFE, WHOAMI, client};
use crate::stage::Stage;
use crate::story;

pub(super) fn authorization_code(stage: &mut Stage<'_>) {
    stage.heading(
        "OAuth 2.0, authorization_code",
        "the user logs in at the server; state and PKCE",
    );
    let login = AuthorizationCode {
        client: client(stage),
        redirect_uri: generic::REDIRECT_URI.into(),
        ..AuthorizationCode::default()
    };
    let mut session = None;
    stage.step("log in", |stage| {
        let pending = login
            .begin()
            .map_err(story::instead_of("a URL for the user"))?;
        let redirect = browse(stage, pending.url())?;
        let granted = pending
            .redirected(&redirect)
            .map_err(story::instead_of("a code"))?;
        session = Some(stage.session(granted));
        Ok("the user agreed, and the browser brought a code back".to_owned())
    });
    let Some(session) = session else { return };
    story::obtain(stage, &session, "the code and its verifier become");
    story::use_it(stage, &session, WHOAMI);
    story::expire(stage, &session, WHOAMI, LIFE, 401);
    story::refresh(stage, &session, "the refresh token becomes");
    story::retry(stage, &session, WHOAMI, 401);
    code_again(stage, &session);
    stage.step("forged", |stage| {
        let pending = login
            .begin()
            .map_err(story::instead_of("a URL for the user"))?;
        let forged = format!("{}?code=stolen&state=guessed", login.redirect_uri);
        match story::refused(pending.redirected(&forged))? {
            error @ Error::Response(_) => {
                story::requests(stage, 0)?;
                Ok(format!("no request: {error}"))
            }
            other => Err(format!(
                "expected another login's redirect to be told, got: {other}"
            )),
        }
    });
    stage.step("user says no", |stage| {
        stage.simulator.user_refuses(true);
        let pending = login
            .begin()
            .map_err(story::instead_of("a URL for the user"))?;
        let redirect = browse(stage, pending.url())?;
        let error = story::refused(pending.redirected(&redirect))?;
        story::is_code(&error, &ErrorCode::AccessDenied)?;
        Ok(error.to_string())
    });
}

/// The session is logged out; its grant still holds the code, and knows that it was sent.
fn code_again(stage: &mut Stage<'_>, session: &Session) {
    stage.step("code again", |stage| {
        session.forget().map_err(|error| error.to_string())?;
        let error = story::refused(session.token())?;
        story::requests(stage, 0)?;
        story::is_reason(&error, LoginReason::CodeSpent)?;
        Ok(format!("no request: {error}"))
    });
}

pub(super) fn implicit(stage: &mut Stage<'_>) {
    stage.heading(
        "OAuth 2.0, implicit",
        "the token comes in the redirect, without a refresh token",
    );
    let login = Implicit {
        client: client(stage),
        redirect_uri: generic::REDIRECT_URI.into(),
        ..Implicit::default()
    };
    let mut session = None;
    stage.step("obtain", |stage| {
        let pending = login
            .begin()
            .map_err(story::instead_of("a URL for the user"))?;
        let redirect = browse(stage, pending.url())?;
        let answer = pending
            .redirected(&redirect)
            .map_err(story::instead_of("a token"))?;
        session = Some(stage.builder(login.clone()).response(answer).build());
        story::requests(stage, 0)?;
        Ok("the user agreed, and the browser brought a token back in the fragment".to_owned())
    });
    let Some(session) = session else { return };
    story::use_it(stage, &session, WHOAMI);
    story::expire(stage, &session, WHOAMI, LIFE, 401);
    stage.step("refresh", |stage| {
        let error = story::refused(session.token())?;
        story::requests(stage, 0)?;
        story::is_reason(&error, LoginReason::NoCredentials)?;
        Ok(format!("no request: {error}"))
    });
}

/// What a browser does: it goes to the URL and is told where to go next.
fn browse(stage: &Stage<'_>, url: &str) -> Result<String, String> {
    stage
        .get(&ureq::Agent::new_with_defaults(), url, None)?
        .location
        .ok_or_else(|| "expected a redirect, got none".to_owned())
}
