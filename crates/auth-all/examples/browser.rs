//! A desktop program: its user logs in with the browser at the first start, and again if the server has ended the login.

use auth_all::generic::{BrowserLogin, Client, Server};
use auth_all::{LoginOutcome, Result, Session, store::FileStore};

fn main() -> Result<()> {
    let server = Server::discover_cached(
        "https://login.example.com",
        "/var/cache/acme-sync/server.json",
    )?;
    let login = login(server);
    let session = login.session(FileStore::for_program("acme-sync")?)?;
    println!("{}", session.status());

    // After weeks, and a call that failed because a login is required:
    continue_after_the_end(&session, &login).map(drop)
}

/// Names the client, its API and the label under which the login is kept.
pub(crate) fn login(server: Server) -> BrowserLogin {
    let client = Client::new(server, "acme-sync")
        .scope("orders.read offline_access")
        .api("https://api.example.com");
    BrowserLogin::new(client).user("me").app_name("Acme Sync")
}

/// Opens the browser if the login has ended; every clone of the session then continues with the new one.
pub(crate) fn continue_after_the_end(
    session: &Session,
    login: &BrowserLogin,
) -> Result<LoginOutcome> {
    session.log_in_if_needed(|http| login.exchange(http))
}
