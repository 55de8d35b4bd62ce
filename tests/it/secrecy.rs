//! No secret in an error, a log line, an event or a `Debug`.
//!
//! Every secret begins with the canary; each test forces something to be shown and looks for it.

mod aeris; // whose secrets are in the URL
mod echo; // servers that repeat what they were sent
mod errors; // every error of every vendor
mod headers; // keys for what is before a token endpoint
mod shown; // every public type
mod tenant; // values that no header may hold

use aerion_auth::Aerion;
use aeris_auth::Aeris;
use auth_core::{Grant, Secret};
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, ClientAuth, ClientCredentials, Encoding, Password, Server};

use crate::support::CANARY;

/// A secret that differs from all others.
fn secret(name: &str) -> Secret {
    Secret::new(format!("{CANARY}{name}"))
}

fn aerion(base: &str) -> Aerion {
    let aerion = Aerion::new("acme").password("ada@acme.example", secret("password"));
    let aerion = aerion.app("auth-all", secret("client"));
    if base.is_empty() {
        aerion
    } else {
        aerion.base(base)
    }
}

fn aeris(base: &str) -> Aeris {
    Aeris::new("aerisclient", secret("cs"))
        .account("10001", secret("as"))
        .requester("ops@acme.example")
        .base(base)
}

fn ermeo(base: &str) -> Ermeo {
    Ermeo::new("7_4hzk", secret("client"))
        .password("camille@acme.example", secret("password"))
        .base(base)
}

fn server(base: &str) -> Server {
    Server::new(format!("{base}/token"))
}

fn client_at(server: Server) -> Client {
    let client = Client::new(server, "batch").secret(secret("client"));
    client.secret_param("api_key", secret("key"))
}

fn client(base: &str) -> Client {
    client_at(server(base))
}

fn password(base: &str) -> Password {
    Password::new(client(base), "jsmith", secret("password"))
}

/// Every vendor, and the generic client with each way of sending a secret.
fn grants(base: &str) -> Vec<Box<dyn Grant>> {
    let by_basic = client(base).auth(ClientAuth::basic(secret("client")));
    let as_json = client_at(server(base).encoding(Encoding::Json));
    vec![
        Box::new(aerion(base)),
        Box::new(aeris(base)),
        Box::new(ermeo(base)),
        Box::new(password(base)),
        Box::new(ClientCredentials::new(by_basic)),
        Box::new(ClientCredentials::new(as_json)),
    ]
}
