//! Ermeo: JSON bodies, and refresh tokens that work once.

use std::io;
use std::time::Duration;

use auth_all::ermeo::Ermeo;
use auth_all::error::ErrorCode;
use auth_sim::{Vendor, ermeo};

use crate::report::Report;
use crate::stage::Stage;
use crate::story;

pub(crate) fn play(report: &mut Report) -> io::Result<()> {
    let stage = &mut Stage::open(report, Vendor::Ermeo)?;
    stage.heading(
        "Ermeo",
        "JSON bodies, refresh tokens that work once and replace the password",
    );
    let account = Ermeo::new(ermeo::CLIENT_ID, Secret::new(ermeo::CLIENT_SECRET))
        .password(ermeo::USERNAME, Secret::new(ermeo::PASSWORD))
        .base(stage.url(""));
    let without_password = Ermeo {
        username: String::new(),
        password: "".into(),
        ..account.clone()
    };
    let session = stage.session(account.clone());

    story::obtain(stage, &session, "a user name and a password become");
    story::use_it(stage, &session, ASSETS);
    let spent = story::kept(&session);
    story::expire(stage, &session, ASSETS, LIFE, 401);
    story::refresh(stage, &session, "the refresh token becomes");
    let thief = stage
        .builder(without_password.clone())
        .refresh_token(spent)
        .build();
    story::reuse(stage, &thief);
    story::retry(stage, &session, ASSETS, 401);
    let stored = story::kept(&session);
    let restarted = stage
        .builder(without_password)
        .refresh_token(stored)
        .build();
    story::seed(
        stage,
        &restarted,
        "the stored refresh token after a restart",
    );
    let wrong = stage.session(Ermeo {
        password: "a guess".into(),
        ..account
    });
    story::wrong_credentials(stage, &wrong, &ErrorCode::InvalidGrant);
    Ok(())
}

const ASSETS: &str = "/api/v1/assets?limit=10&page=1";
const LIFE: Duration = Duration::from_secs(2 * 3600);
