//! The user logs in with a browser:
//! `cargo run -p oauth2-generic --features browser --example authorization_code`.
//!
//! Against a server of yours: as in `client_credentials`, and `OAUTH2_AUTHORIZATION_ENDPOINT` if there is no
//! issuer. The redirect URI to register is `http://127.0.0.1/callback`, for any port.

#[path = "shared/server.rs"]
mod server;

use std::error::Error;
use std::thread;

use oauth2_generic::BrowserLogin;
use oauth2_generic::agent::ureq;
use oauth2_generic::store::MemoryStore;
use server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::from_environment()?;
    let login = BrowserLogin::new(server.client.clone());
    let mut login = login.user("me").app_name("This example");
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
    // A real program passes a `FileStore`, and finds the login again when it next starts.
    let session = login.session(MemoryStore::new())?;
    server.try_out(&session)
}
