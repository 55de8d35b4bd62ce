//! The user logs in with a browser:
//! `cargo run -p oauth2-generic --features browser --example authorization_code`.
//!
//! Against a server of yours: as in `client_credentials`, and `OAUTH2_AUTHORIZATION_ENDPOINT` if there is no
//! issuer. The redirect URI to register is `http://127.0.0.1/callback`, for any port.

#[path = "shared/server.rs"]
mod server;

use std::error::Error;
use std::thread;

use oauth2_generic::{AuthorizationCode, HttpTransport, RefreshToken, Session, ureq};
use server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::from_environment()?;
    let login = AuthorizationCode {
        client: server.client.clone(),
        ..AuthorizationCode::default()
    };
    let mut login = login.browser().app_name("This example");
    if server.simulator.is_some() {
        println!(
            "(The simulator's user is logged in and agrees: one request is all that a browser would do.)"
        );
        login = login.open_with(|url| {
            let url = url.to_owned();
            thread::spawn(move || ureq::get(&url).call());
            Ok(())
        });
    } else {
        println!("Log in with the browser that opens.");
    }
    let tokens = login.exchange(&HttpTransport::new())?;
    let grant = RefreshToken {
        client: server.client.clone(),
        ..RefreshToken::default()
    };
    let session = Session::builder(grant).response(tokens).build();
    server.try_out(&session)
}
