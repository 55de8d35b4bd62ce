//! Somebody who can log in: you, or the simulator's only user.

use std::env;

use auth_sim::generic;
use oauth2_generic::Password;

use crate::server::Server;

pub(crate) fn log_in(server: &Server) -> Result<Password, env::VarError> {
    let (username, password) = if server.simulator.is_some() {
        (generic::USERNAME.to_owned(), generic::PASSWORD.into())
    } else {
        (
            env::var("OAUTH2_USERNAME")?,
            env::var("OAUTH2_PASSWORD")?.into(),
        )
    };
    Ok(Password {
        client: server.client.clone(),
        username,
        password,
    })
}
