//! The server sends the token itself: `cargo run -p oauth2-generic --example implicit`.
//!
//! Against a server of yours: as in `authorization_code`. The token is in the part of the URL that a browser
//! does not send, so you are asked to paste it.

#[path = "shared/browser.rs"]
mod browser;
#[path = "shared/server.rs"]
mod server;

use oauth2_generic::{Implicit, Session};
use server::Server;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::from_environment()?;
    let login = Implicit::new(server.client.clone(), "http://127.0.0.1:8400/callback");
    let pending = login.begin()?;
    println!("Open this in a browser:\n\n    {}\n", pending.url());
    let redirect = if server.simulator.is_some() {
        println!("(The simulator's user has done so.)");
        browser::redirect_of_simulator(pending.url())?
    } else {
        println!("Log in; the browser then fails to open a page. Paste its URL:");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        line
    };
    let tokens = pending.read(&redirect)?;
    let session = Session::builder(login.grant()).tokens(tokens).build()?;
    server.try_out(&session)
}
