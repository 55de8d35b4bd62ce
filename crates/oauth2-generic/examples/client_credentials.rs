//! The client acts for itself: `cargo run -p oauth2-generic --example client_credentials`.
//!
//! Against a server of yours: set `OAUTH2_ISSUER`, or `OAUTH2_TOKEN_ENDPOINT` if it has no metadata;
//! `OAUTH2_CLIENT_ID`, `OAUTH2_CLIENT_SECRET`, and if you like `OAUTH2_SCOPE` and `OAUTH2_API`, a URL that
//! requires a token.

#[path = "shared/server.rs"]
mod server;

use oauth2_generic::{ClientCredentials, Session};
use server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::from_environment()?;
    let session = Session::new(ClientCredentials::new(server.client.clone()));
    server.try_out(&session)
}
