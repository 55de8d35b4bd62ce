//! A refresh token was kept: `cargo run -p oauth2-generic --example refresh_token`.
//!
//! Against a server of yours: as in `client_credentials`, and `OAUTH2_REFRESH_TOKEN`. A server that rotates
//! refresh tokens accepts it this once; a real program keeps the one that `Session::refresh_token` returns afterwards, or uses a store.

#[path = "shared/server.rs"]
mod server;
#[path = "shared/user.rs"]
mod user;

use oauth2_generic::{RefreshToken, Secret, Session, secret};
use server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::from_environment()?;
    let kept = kept(&server)?;
    let grant = RefreshToken::new(server.client.clone()).user("me");
    let session = Session::builder(grant).refresh_token(&kept).build()?;
    server.try_out(&session)?;
    let rotated = session
        .refresh_token()
        .is_some_and(|now| now.expose() != kept.expose());
    println!(
        "The server {} the refresh token.",
        if rotated { "replaced" } else { "kept" }
    );
    Ok(())
}

fn kept(server: &Server) -> Result<Secret, Box<dyn std::error::Error>> {
    if server.simulator.is_none() {
        return Ok(secret::env("OAUTH2_REFRESH_TOKEN").read()?);
    }
    // The simulator has just started, so its user has to log in first.
    let session = Session::new(user::log_in(server)?);
    session.token()?;
    Ok(session
        .refresh_token()
        .ok_or("the login returned no refresh token")?)
}
