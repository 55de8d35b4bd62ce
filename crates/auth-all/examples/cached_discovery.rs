//! A service that acts for itself. It starts while the authorization server is down: a copy of its metadata is in a file.

use std::error::Error;

use auth_all::generic::{Client, ClientCredentials, Server};
use auth_all::{Session, secret};

fn main() -> Result<(), Box<dyn Error>> {
    let server =
        Server::discover_cached("https://login.example.com", "/var/cache/batch/server.json")?;
    let client = Client::new(server, "batch")
        .secret(secret::env("CLIENT_SECRET"))
        .scope("orders.read")
        .api("https://api.example.com");
    println!("{}", get(client, "https://api.example.com/orders")?);
    Ok(())
}

/// Logs in and reads this page of an API of the client.
pub(crate) fn get(client: Client, url: &str) -> Result<String, Box<dyn Error>> {
    let session = Session::new(ClientCredentials::new(client));
    Ok(session
        .agent()
        .get(url)
        .call()?
        .body_mut()
        .read_to_string()?)
}
