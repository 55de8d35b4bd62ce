//! A bank: signed assertions instead of a secret, mutual TLS, and tokens that are bound to a key.

use std::error::Error;

use auth_all::generic::{Client, ClientAuth, ClientCredentials, DpopKey, Server, SigningKey};
use auth_all::transport::{ClientCertificate, Tls};
use auth_all::{Session, SessionBuilder, secret};

fn main() -> Result<(), Box<dyn Error>> {
    let key = SigningKey::from_pem(secret::file("signing.pem"))?;
    let key = key.certificate(std::fs::read("signing.crt")?);
    let certificate = ClientCertificate::file("client.crt", secret::file("client.key"));
    let server = Server::discover("https://login.bank.example")?;
    // The same certificate for the token endpoint and for the API.
    let tls = Tls::rustls().client_certificate(certificate);
    let session = treasury(server, key, DpopKey::generate()?)
        .tls(tls)
        .build()?;

    let url = "https://api.bank.example/accounts";
    println!("{}", session.agent().get(url).call()?.status());
    Ok(())
}

/// Describes the client; each request to the API gets a proof of `bound`.
pub(crate) fn treasury(server: Server, signing: SigningKey, bound: DpopKey) -> SessionBuilder {
    let client = Client::new(server, "treasury")
        .auth(ClientAuth::private_key_jwt(signing))
        .dpop(bound)
        .api("https://api.bank.example");
    Session::builder(ClientCredentials::new(client))
}
