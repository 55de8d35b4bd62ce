//! The user logs in at the server: `cargo run -p oauth2-generic --example authorization_code`.
//!
//! Against a server of yours: as in `client_credentials`, and `OAUTH2_AUTHORIZATION_ENDPOINT` if there is no
//! issuer. The redirect URI to register is `http://127.0.0.1:8400/callback`.

#[path = "shared/browser.rs"]
mod browser;
#[path = "shared/server.rs"]
mod server;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use oauth2_generic::{AuthorizationCode, Session};
use server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::from_environment()?;
    let login = AuthorizationCode {
        client: server.client.clone(),
        redirect_uri: "http://127.0.0.1:8400/callback".into(),
        ..AuthorizationCode::default()
    };
    let pending = login.begin()?;
    println!("Open this in a browser:\n\n    {}\n", pending.url());
    let redirect = if server.simulator.is_some() {
        println!("(The simulator's user has done so.)");
        browser::redirect_of_simulator(pending.url())?
    } else {
        wait_for_browser(&TcpListener::bind("127.0.0.1:8400")?)?
    };
    let session = Session::new(pending.redirected(&redirect)?);
    server.try_out(&session)
}

/// Waits for the user's browser on a port of this machine (RFC 8252 §7.3).
fn wait_for_browser(listener: &TcpListener) -> Result<String, Box<dyn Error>> {
    let address = listener.local_addr()?;
    loop {
        let (mut browser, _) = listener.accept()?;
        let mut request = String::new();
        BufReader::new(&browser).read_line(&mut request)?;
        // Browsers ask for an icon, too.
        let target = request.split(' ').nth(1).unwrap_or_default();
        let (status, text) = match target.starts_with("/callback") {
            true => ("200 OK", "Logged in. You can close this page."),
            false => ("404 Not Found", ""),
        };
        let length = text.len();
        write!(
            browser,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        )?;
        if !text.is_empty() {
            return Ok(format!("http://{address}{target}"));
        }
    }
}
