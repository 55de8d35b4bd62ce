//! Programs without a permanent secret: a file that Kubernetes rotates, a program of the build server, a vault.
//!
//! Each is read when a request is about to be sent, so a rotated one is used at once.

use auth_all::generic::{
    Client, ClientAuth, ClientCredentials, SecurityToken, Server, TokenExchange,
};
use auth_all::secret::{self, SecretSource};
use auth_all::{Result, Secret, Session};

fn main() -> Result<()> {
    let server = Server::discover("https://login.example.com")?;
    let projected = secret::file("/var/run/secrets/azure/tokens/azure-identity-token");
    let identity = secret::command(["ci", "id-token"]);
    let vault = secret::from_fn(|| Ok(Secret::new("from the vault")));
    for session in [
        pod(&server, projected),
        job(&server, identity),
        batch(&server, vault),
    ] {
        session.token()?;
    }
    Ok(())
}

/// A pod: the token that the cluster projects into it is its assertion (RFC 7523 §2.2).
pub(crate) fn pod(server: &Server, projected: SecretSource) -> Session {
    let client = Client::new(server.clone(), "pod").auth(ClientAuth::assertion(projected));
    Session::new(ClientCredentials::new(client))
}

/// A job: the token of the build server is traded for one of the API (RFC 8693).
pub(crate) fn job(server: &Server, identity: SecretSource) -> Session {
    let client = Client::new(server.clone(), "job");
    Session::new(TokenExchange::new(client, SecurityToken::jwt(identity)))
}

/// A batch: an ordinary secret, kept where it is not lost.
pub(crate) fn batch(server: &Server, vault: SecretSource) -> Session {
    let client = Client::new(server.clone(), "batch").secret(vault);
    Session::new(ClientCredentials::new(client))
}
