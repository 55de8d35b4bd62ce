//! The user logs in on another device: `cargo run -p oauth2-generic --features qr --example device_code`.
//!
//! Against a server of yours: `OAUTH2_ISSUER` and `OAUTH2_CLIENT_ID`, and as in `client_credentials`.

#[path = "shared/server.rs"]
mod server;

use oauth2_generic::auth_core::agent::ureq;
use oauth2_generic::auth_core::transport::HttpTransport;
use oauth2_generic::{DeviceCode, Session};
use server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::from_environment()?;
    let login = DeviceCode {
        client: server.client.clone(),
    };
    let http = HttpTransport::new();
    let pending = login.begin(&http)?;
    #[cfg(feature = "qr")]
    print!("{}", pending.qr()?.coloured());
    println!("{pending}");
    if let (Some(_), Some(link)) = (&server.simulator, pending.verification_uri_complete()) {
        ureq::get(link).call()?;
        println!("(The simulator's user has done so.)");
    }
    let session = Session::new(pending.wait(&http)?);
    server.try_out(&session)?;
    session.log_out()?;
    println!("Logged out, here and at the server.");
    Ok(())
}
