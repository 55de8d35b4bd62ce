//! A server that deviates from OAuth: JSON, its own names of members, times in milliseconds, 403 for an expired token.

use auth_all::generic::{Client, ClientAuth, Encoding, Password, Server};
use auth_all::grant::{ExpiryFormat, Replay, ResponseFormat};
use auth_all::secret::{self, SecretSource};
use auth_all::{Result, Session};

fn main() -> Result<()> {
    let client = client(secret::env("CLIENT_SECRET"), secret::env("API_KEY"));
    let session = Session::new(Password::new(client, "jsmith", secret::env("PASSWORD")));
    session.token().map(drop)
}

/// The oddities of the server, the same for each of its clients.
pub(crate) fn server() -> Server {
    let response = ResponseFormat::new()
        .access_token("data.token")
        .refresh_token("data.renewal")
        .expires("data.valid_until", ExpiryFormat::EpochMilliseconds)
        .token_type("User Access Token");
    Server::new("https://api.example.com/token")
        .encoding(Encoding::Json)
        .response(response)
        .replay(Replay::Once)
}

/// This program, as it is registered at the server.
pub(crate) fn client(client_secret: SecretSource, api_key: SecretSource) -> Client {
    Client::new(server(), "BA779C49")
        .auth(ClientAuth::basic_raw(client_secret))
        .param("tenant", "acme")
        .secret_param("api_key", api_key)
        .api("https://eu.example.com")
        .api_rejection(403)
}
