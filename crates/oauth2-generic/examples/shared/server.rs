//! The server that an example talks to: yours, if the environment names one, otherwise a simulator.

use std::env;

use auth_sim::{Simulator, generic as simulated};
use oauth2_generic::{self as generic, Client, Secret, Session, secret};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) struct Server {
    pub(crate) client: Client,
    api: Option<String>,
    /// Set if the environment names no server.
    pub(crate) simulator: Option<Simulator>,
}

impl Server {
    pub(crate) fn from_environment() -> Result<Self> {
        let server = match (optional("OAUTH2_ISSUER"), optional("OAUTH2_TOKEN_ENDPOINT")) {
            (Some(issuer), _) => generic::Server::discover(&issuer)?,
            (None, Some(endpoint)) => generic::Server::new(endpoint),
            (None, None) => return Self::simulated(),
        };
        let server = match optional("OAUTH2_AUTHORIZATION_ENDPOINT") {
            Some(endpoint) => server.authorization_endpoint(endpoint),
            None => server,
        };
        let mut client = Client::new(server, env::var("OAUTH2_CLIENT_ID")?);
        if optional("OAUTH2_CLIENT_SECRET").is_some() {
            client = client.secret(secret::env("OAUTH2_CLIENT_SECRET"));
        }
        if let Some(scope) = optional("OAUTH2_SCOPE") {
            client = client.scope(scope);
        }
        let api = optional("OAUTH2_API");
        if let Some(api) = &api {
            client = client.api(api);
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
        let server = generic::Server::discover(simulator.url())?;
        let secret = Secret::new(simulated::CLIENT_SECRET);
        Ok(Self {
            client: Client::new(server, simulated::CLIENT_ID).secret(secret),
            api: Some(format!("{}/whoami", simulator.url())),
            simulator: Some(simulator),
        })
    }

    /// Prints what is known of the token, and the API's response to it if an API is set.
    pub(crate) fn try_out(&self, session: &Session) -> Result<()> {
        let token = session.token()?;
        println!(
            "A token for the scope {:?}: {}.",
            token.scope(),
            session.status()
        );
        if let Some(api) = &self.api {
            let response = session
                .agent()
                .get(api)
                .call()?
                .body_mut()
                .read_to_string()?;
            println!("{api} returns: {response}");
        }
        if let Some(simulator) = &self.simulator {
            println!("The simulator saw {} requests.", simulator.requests().len());
        }
        Ok(())
    }
}

fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
