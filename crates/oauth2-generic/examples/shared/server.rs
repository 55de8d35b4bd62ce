//! The server that an example talks to: yours, if the environment names one, otherwise a simulator.

use std::env;

use auth_sim::{Simulator, generic};
use oauth2_generic::{Client, Session};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) struct Server {
    pub(crate) client: Client,
    api: String,
    /// Where nothing was named.
    pub(crate) simulator: Option<Simulator>,
}

impl Server {
    pub(crate) fn from_environment() -> Result<Self> {
        let Ok(token_endpoint) = env::var("OAUTH2_TOKEN_ENDPOINT") else {
            return Ok(Self::simulated());
        };
        let client = Client {
            token_endpoint,
            authorization_endpoint: optional("OAUTH2_AUTHORIZATION_ENDPOINT"),
            client_id: env::var("OAUTH2_CLIENT_ID")?,
            client_secret: optional("OAUTH2_CLIENT_SECRET").into(),
            scope: optional("OAUTH2_SCOPE"),
            ..Client::default()
        };
        Ok(Self {
            client,
            api: optional("OAUTH2_API"),
            simulator: None,
        })
    }

    fn simulated() -> Self {
        let simulator = Simulator::generic();
        println!("OAUTH2_TOKEN_ENDPOINT is not set, so this talks to a simulator.");
        let client = Client {
            token_endpoint: simulator.token_url(),
            authorization_endpoint: format!("{}/authorize", simulator.url()),
            issuer: simulator.url().to_owned(),
            client_id: generic::CLIENT_ID.into(),
            client_secret: generic::CLIENT_SECRET.into(),
            ..Client::default()
        };
        let api = format!("{}/whoami", simulator.url());
        Self {
            client,
            api,
            simulator: Some(simulator),
        }
    }

    /// Shows that there is a token, and what the API says to it if there is one.
    pub(crate) fn try_out(&self, session: &Session) -> Result<()> {
        let token = session.token()?;
        println!(
            "A token that works until {:?}, for the scope {:?}.",
            token.expires_at(),
            token.scope()
        );
        if !self.api.is_empty() {
            let answer = session
                .agent()
                .get(&self.api)
                .call()?
                .body_mut()
                .read_to_string()?;
            println!("{} answers: {answer}", self.api);
        }
        if let Some(simulator) = &self.simulator {
            println!("The simulator saw {} requests.", simulator.requests().len());
        }
        Ok(())
    }
}

fn optional(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
