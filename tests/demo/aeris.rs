//! Aeris: a GET whose query is full of secrets, and an expiry that is a date.

use std::io;
use std::time::Duration;

use auth_all::aeris::Aeris;
use auth_all::{Error, Secret};
use auth_sim::{Vendor, aeris};

use crate::report::Report;
use crate::stage::Stage;
use crate::story;

pub(crate) fn play(report: &mut Report) -> io::Result<()> {
    let stage = &mut Stage::open(report, Vendor::Aeris)?;
    stage.heading(
        "Aeris",
        "a GET with the secrets in its query, an expiry that is a date",
    );
    let account = Aeris::new(aeris::CLIENT_ID, Secret::new(aeris::CLIENT_SECRET))
        .account(aeris::ACCOUNT_ID, Secret::new(aeris::ACCOUNT_SECRET))
        .requester(aeris::REQUESTER_ID)
        .base(stage.url(""));
    let usage = format!(
        "/devicesQuery/{}/devices/cellUtilization",
        aeris::ACCOUNT_ID
    );
    let session = stage.session(account.clone());

    story::obtain(stage, &session, "a client and an account become");
    story::use_it(stage, &session, &usage);
    story::expire(stage, &session, &usage, LIFE, 401);
    story::refresh(
        stage,
        &session,
        "Aeris has no refresh tokens, so the same request brings",
    );
    story::retry(stage, &session, &usage, 401);
    let guess = Secret::from("a guess");
    wrong_secret(
        stage,
        Aeris {
            account_secret: guess,
            ..account
        },
    );
    Ok(())
}

/// Aeris documents no errors: a bare 401 may be a wrong secret or a broken proxy, so it rests only.
fn wrong_secret(stage: &mut Stage<'_>, grant: Aeris) {
    let session = stage.session(grant);
    stage.step("wrong secret", |stage| {
        let error = story::refused(session.token())?;
        story::requests(stage, 1)?;
        match error {
            Error::Status { status: 401, .. } => Ok(error.to_string()),
            other => Err(format!("expected a bare 401, got: {other}")),
        }
    });
    stage.step("once more", |stage| {
        let error = story::refused(session.token())?;
        story::requests(stage, 0)?;
        story::is_held_back(&error)?;
        Ok(format!("no request: {error}"))
    });
}

const LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
