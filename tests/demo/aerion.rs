//! Aerion: form bodies, and a header that says whose account is meant.

use std::io;
use std::time::Duration;

use auth_all::aerion::Aerion;
use auth_all::error::ErrorCode;
use auth_sim::{Vendor, aerion};

use crate::report::Report;
use crate::stage::Stage;
use crate::story;

pub(crate) fn play(report: &mut Report) -> io::Result<()> {
    let stage = &mut Stage::open(report, Vendor::Aerion)?;
    stage.heading(
        "Aerion",
        "form bodies, a header that names the company, a refresh token",
    );
    let account = Aerion::new(aerion::COMPANY)
        .password(aerion::USERNAME, Secret::new(aerion::PASSWORD))
        .app("demo", Secret::new("unused"))
        .base(stage.url(""));
    let without_password = Aerion {
        username: String::new(),
        password: "".into(),
        ..account.clone()
    };
    let session = stage.session(account.clone());

    story::obtain(stage, &session, "a user name and a password become");
    story::use_it(stage, &session, ME);
    let spent = story::kept(&session);
    story::expire(stage, &session, ME, LIFE, 403);
    story::refresh(stage, &session, "the refresh token becomes");
    let thief = stage
        .builder(without_password.clone())
        .refresh_token(spent)
        .build();
    story::reuse(stage, &thief);
    story::retry(stage, &session, ME, 403);
    let wrong = stage.session(Aerion {
        password: "a guess".into(),
        ..account
    });
    story::wrong_credentials(stage, &wrong, &ErrorCode::InvalidGrant);
    let from_sso = stage.simulator.issue_refresh_token();
    let seeded = stage
        .builder(without_password)
        .refresh_token(from_sso)
        .build();
    story::seed(stage, &seeded, "a refresh token from a web single sign-on");
    Ok(())
}

const ME: &str = "/v1/users/me";
const LIFE: Duration = Duration::from_secs(3600);
