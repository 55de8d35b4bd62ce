//! The user logs in on another device: `cargo run -p oauth2-generic --features qr --example device_code`.
//!
//! Against a server of yours: `OAUTH2_ISSUER` and `OAUTH2_CLIENT_ID`, and as in `client_credentials`.

#[path = "shared/server.rs"]
mod server;

use oauth2_generic::DeviceLogin;
use oauth2_generic::agent::ureq;
use oauth2_generic::store::MemoryStore;
use server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::from_environment()?;
    let is_simulated = server.simulator.is_some();
    let login = DeviceLogin::new(server.client.clone())
        .user("me")
        .show(move |prompt| {
            #[cfg(feature = "qr")]
            if let Ok(qr) = prompt.qr() {
                print!("{}", qr.coloured());
            }
            println!("{prompt}");
            if let (true, Some(link)) = (is_simulated, &prompt.verification_uri_complete) {
                match ureq::get(link).call() {
                    Ok(_) => println!("(The simulator's user has done so.)"),
                    Err(error) => println!("(The simulator's user failed: {error})"),
                }
            }
        });
    // A real program passes a `FileStore`, and finds the login again when it next starts.
    let session = login.session(MemoryStore::new())?;
    server.try_out(&session)?;
    session.log_out()?;
    println!("Logged out, here and at the server.");
    Ok(())
}
