//! A user who can log in: you, or the simulator's only user.

use std::env;

use auth_sim::generic;
use oauth2_generic::{Password, Secret, secret};

use crate::server::Server;

pub(crate) fn log_in(server: &Server) -> Result<Password, env::VarError> {
    let client = server.client.clone();
    if server.simulator.is_some() {
        let password = Secret::new(generic::PASSWORD);
        return Ok(Password::new(client, generic::USERNAME, password));
    }
    let username = env::var("OAUTH2_USERNAME")?;
    Ok(Password::new(
        client,
        username,
        secret::env("OAUTH2_PASSWORD"),
    ))
}
