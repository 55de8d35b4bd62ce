//! Any OAuth 2.0 server: five grants; forms, JSON and HTTP Basic.

mod redirects; // the two grants that send the user to the server

use std::io;
use std::time::Duration;

use auth_all::error::ErrorCode;
use auth_all::generic::{Client, ClientAuth, ClientCredentials, Encoding, Password, RefreshToken};
use auth_sim::{Vendor, generic};

use crate::report::Report;
use crate::stage::Stage;
use crate::story;

pub(crate) fn play(report: &mut Report) -> io::Result<()> {
    redirects::authorization_code(&mut Stage::open(report, Vendor::Generic)?);
    redirects::implicit(&mut Stage::open(report, Vendor::Generic)?);
    password(&mut Stage::open(report, Vendor::Generic)?);
    client_credentials(&mut Stage::open(report, Vendor::Generic)?);
    refresh_token(&mut Stage::open(report, Vendor::Generic)?);
    Ok(())
}

fn password(stage: &mut Stage<'_>) {
    stage.heading(
        "OAuth 2.0, password",
        "JSON bodies; a server that revokes a login whose refresh token is reused",
    );
    let grant = Password::new(
        Client {
            body: Encoding::Json,
            ..client(stage)
        },
        generic::USERNAME,
        Secret::new(generic::PASSWORD),
    );
    let session = stage.session(grant.clone());
    story::obtain(stage, &session, "a user name and a password become");
    story::use_it(stage, &session, WHOAMI);
    let spent = story::kept(&session);
    story::expire(stage, &session, WHOAMI, LIFE, 401);
    story::refresh(stage, &session, "the refresh token becomes");
    let thief = RefreshToken {
        client: grant.client.clone(),
        ..RefreshToken::default()
    };
    let thief = stage.builder(thief).refresh_token(spent).build();
    story::reuse(stage, &thief);
    stage.step("recover", |stage| {
        let answer = stage.get(&session.agent(), &stage.url(WHOAMI), None)?;
        story::same("the API's status", &answer.status, &200)?;
        story::requests(stage, 2)?;
        Ok("the server had revoked the whole login; the agent logged in anew, within the same call".to_owned())
    });
    let wrong = stage.session(Password {
        password: "a guess".into(),
        ..grant
    });
    story::wrong_credentials(stage, &wrong, &ErrorCode::InvalidGrant);
}

fn client_credentials(stage: &mut Stage<'_>) {
    stage.heading(
        "OAuth 2.0, client_credentials",
        "the client in HTTP Basic, and no user",
    );
    let client = Client {
        client_auth: ClientAuth::Basic,
        scope: "read write".into(),
        ..client(stage)
    };
    let session = stage.session(ClientCredentials::new(client.clone()));
    story::obtain(stage, &session, "the client's own secret becomes");
    story::use_it(stage, &session, WHOAMI);
    story::expire(stage, &session, WHOAMI, LIFE, 401);
    story::refresh(
        stage,
        &session,
        "there is no refresh token, so the same request brings",
    );
    story::retry(stage, &session, WHOAMI, 401);
    let wrong = ClientCredentials::new(Client {
        client_secret: "a guess".into(),
        ..client
    });
    let wrong = stage.session(wrong);
    story::wrong_credentials(stage, &wrong, &ErrorCode::InvalidClient);
}

fn refresh_token(stage: &mut Stage<'_>) {
    stage.heading(
        "OAuth 2.0, refresh_token",
        "a refresh token that was kept is all there is",
    );
    let grant = RefreshToken::new(client(stage)).user(generic::USERNAME);
    let kept = stage.simulator.issue_refresh_token();
    let session = stage
        .builder(grant.clone())
        .refresh_token(kept.as_str())
        .build();
    story::seed(stage, &session, "a refresh token from last time");
    story::use_it(stage, &session, WHOAMI);
    story::expire(stage, &session, WHOAMI, LIFE, 401);
    story::refresh(stage, &session, "the refresh token becomes");
    let thief = stage.builder(grant).refresh_token(kept).build();
    story::reuse(stage, &thief);
}

/// The client that the simulator knows.
fn client(stage: &Stage<'_>) -> Client {
    Client {
        token_endpoint: stage.url("/token"),
        authorization_endpoint: stage.url("/authorize"),
        client_id: generic::CLIENT_ID.into(),
        client_secret: generic::CLIENT_SECRET.into(),
        ..Client::default()
    }
}

const WHOAMI: &str = "/whoami";
const LIFE: Duration = Duration::from_secs(3600);
