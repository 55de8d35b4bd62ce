//! Grants that are not one request: a token from another program, and one that takes two requests.

use std::time::Duration;

use auth_all::grant::{Identity, Lifetime, Policy, TokenRequest, TokenResponse};
use auth_all::secret::{self, SecretSource};
use auth_all::{Grant, Result, Session};

/// An access token that another program prints: nothing is sent.
#[derive(Debug)]
pub(crate) struct Printed(pub(crate) SecretSource);

impl Grant for Printed {
    fn identity(&self) -> Identity {
        Identity::new("printed")
    }

    fn policy(&self) -> Policy {
        Policy::for_client().api("https://api.example.com")
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let program = self.0.clone();
        Ok(TokenRequest::from_fn([], move |_http| {
            let mut tokens = TokenResponse::new(program.read()?);
            tokens.lifetime = Lifetime::For(Duration::from_secs(600));
            Ok(tokens)
        }))
    }
}

/// A token of another account: the first request gets one of our own, which the second one trades.
#[derive(Debug)]
pub(crate) struct Impersonated {
    /// The key of our own account.
    pub(crate) key: SecretSource,
}

impl Grant for Impersonated {
    fn identity(&self) -> Identity {
        Identity::new("impersonated")
    }

    fn policy(&self) -> Policy {
        Policy::for_client().api("https://storage.example.com")
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let own = TokenRequest::form("https://sts.example.com/token").secret("key", &self.key);
        let both = TokenRequest::from_fn([self.key.clone()], move |http| {
            let own = own.send(http)?;
            TokenRequest::json("https://iam.example.com/impersonate")
                .param("account", "reports")
                .secret("token", &own.access_token)
                .send(http)
        });
        Ok(both.at_most(Duration::from_secs(60)))
    }
}

fn main() -> Result<()> {
    let printed = Printed(secret::command(["token-agent", "print"]));
    Session::new(printed).token()?;
    let key = secret::env("ACCOUNT_KEY");
    Session::new(Impersonated { key }).token()?;
    Ok(())
}
