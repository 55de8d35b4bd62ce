//! The client knows the user's password: `cargo run -p oauth2-generic --example password`.
//!
//! Against a server of yours: as in `client_credentials`, and `OAUTH2_USERNAME` and `OAUTH2_PASSWORD`.

#[path = "shared/server.rs"]
mod server;
#[path = "shared/user.rs"]
mod user;

use oauth2_generic::Session;
use server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::from_environment()?;
    let session = Session::new(user::log_in(&server)?);
    server.try_out(&session)
}
