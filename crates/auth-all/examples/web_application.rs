//! A web application: one request sends the user to the server, another one receives the user back.

use std::error::Error;
use std::io;

use auth_all::generic::{AuthorizationCode, Client, Server};
use auth_all::transport::HttpTransport;
use auth_all::{Result, Secret, Session, secret, store::FileStore};

/// The parts that every request shares.
#[derive(Debug)]
pub(crate) struct App {
    /// The login, with the URI that users come back to.
    pub(crate) login: AuthorizationCode,
    /// The way to the server.
    pub(crate) http: HttpTransport,
    /// The logins of all users.
    pub(crate) store: FileStore,
}

impl App {
    /// `GET /login`: returns the secret to keep in the user's web session, and the URL to send the user to.
    pub(crate) fn begin(&self) -> Result<(Secret, String)> {
        let pending = self.login.begin(&self.http)?;
        Ok((pending.save(), pending.url().to_owned()))
    }

    /// `GET /callback`: trades the code in `url` for tokens. The caller has taken `kept` out of the web session, so that
    /// it works once.
    pub(crate) fn finish(&self, kept: &Secret, url: &str, user: &str) -> Result<Session> {
        let tokens = self.login.resume(kept)?.exchange(url, &self.http)?;
        let builder = Session::builder(self.login.grant().user(user));
        builder.store(self.store.clone()).tokens(tokens).build()
    }

    /// Any later request, also after a restart: the login is in the store.
    pub(crate) fn session(&self, user: &str) -> Result<Session> {
        let builder = Session::builder(self.login.grant().user(user));
        builder.store(self.store.clone()).build()
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let server = Server::discover("https://login.example.com")?;
    let client = Client::new(server, "shop").secret(secret::env("CLIENT_SECRET"));
    let app = App {
        login: AuthorizationCode::new(client, "https://shop.example.com/callback"),
        http: HttpTransport::new(),
        store: FileStore::open("/var/lib/shop/logins")?,
    };
    let (kept, url) = app.begin()?;
    println!("302 {url}\nThe URL that the server sends the browser back to:");
    let mut url = String::new();
    io::stdin().read_line(&mut url)?;
    app.finish(&kept, url.trim(), "ada")?;
    println!("{}", app.session("ada")?.status());
    Ok(())
}
