//! A service that acts for many customers, each of whom has logged in once with a browser.

use std::path::Path;

use auth_all::generic::{Client, RefreshToken, Server};
use auth_all::{Result, Session, Sessions, secret, store::FileStore};

fn main() -> Result<()> {
    let server =
        Server::discover_cached("https://login.example.com", "/var/cache/crm/server.json")?;
    let client = Client::new(server, "crm")
        .secret(secret::env("CLIENT_SECRET"))
        .api("https://api.example.com");
    let sessions = sessions(client, Path::new("/var/lib/crm/logins"))?;
    let _renewals = sessions.refresh_in_background()?;
    for customer in [4711, 4712] {
        match sessions.get(&customer)?.authorization() {
            Ok(_value) => println!("{customer}: works"),
            Err(error) => println!("{customer}: {error}"),
        }
    }
    Ok(())
}

/// Makes the session of a customer when it is first needed, and keeps the thousand that were used last.
pub(crate) fn sessions(client: Client, logins: &Path) -> Result<Sessions<u64>> {
    let store = FileStore::open(logins)?;
    let make = move |customer: &u64| {
        let grant = RefreshToken::new(client.clone()).user(format!("customer-{customer}"));
        Session::builder(grant).store(store.clone()).build()
    };
    Ok(Sessions::new(make).with_capacity(1000))
}
