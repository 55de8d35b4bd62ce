//! The server that an example talks to: yours, if the environment names one, otherwise a simulator.

use std::env;

use auth_sim::{Simulator, generic};
use oauth2_generic::auth_core::transport::HttpTransport;
use oauth2_generic::{Client, Metadata, Session};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) struct Server {
    pub(crate) client: Client,
    api: String,
    /// Where nothing was named.
    pub(crate) simulator: Option<Simulator>,
}

impl Server {
    pub(crate) fn from_environment() -> Result<Self> {
        let (issuer, token_endpoint) =
            (optional("OAUTH2_ISSUER"), optional("OAUTH2_TOKEN_ENDPOINT"));
        if issuer.is_empty() && token_endpoint.is_empty() {
            return Self::simulated();
        }
        let client_id = env::var("OAUTH2_CLIENT_ID")?;
        let mut client = Client {
            token_endpoint,
            authorization_endpoint: optional("OAUTH2_AUTHORIZATION_ENDPOINT"),
            client_id: client_id.clone(),
            ..Client::default()
        };
        if !issuer.is_empty() {
            client = Metadata::discover(&issuer, &HttpTransport::new())?.client(client_id);
        }
        client.client_secret = optional("OAUTH2_CLIENT_SECRET").into();
        client.scope = optional("OAUTH2_SCOPE");
        let api = optional("OAUTH2_API");
        if !api.is_empty() {
            client.origins = vec![api.clone()];
        }
        Ok(Self {
            client,
            api,
            simulator: None,
        })
    }

    fn simulated() -> Result<Self> {
        let simulator = Simulator::generic();
        println!("OAUTH2_ISSUER is not set, so this talks to a simulator.");
        let metadata = Metadata::discover(simulator.url(), &HttpTransport::new())?;
        let mut client = metadata.client(generic::CLIENT_ID);
        client.client_secret = generic::CLIENT_SECRET.into();
        Ok(Self {
            client,
            api: format!("{}/whoami", simulator.url()),
            simulator: Some(simulator),
        })
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
