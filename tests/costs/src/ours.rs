//! Operations of a session.

use std::hint::black_box;
use std::time::Duration;

use auth_core::grant::{Identity, Policy, TokenRequest};
use auth_core::store::FileStore;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Grant, Secret, Session};

use crate::{Operation, Outcome};

/// The held token, lent.
pub(crate) fn with_authorization(url: &str) -> Outcome<Operation> {
    let session = holding(url)?;
    Ok(Box::new(move || {
        session.with_authorization(|value| {
            black_box(value.as_bytes().len());
        })?;
        Ok(())
    }))
}

/// The held token, cloned.
pub(crate) fn authorization(url: &str) -> Outcome<Operation> {
    let session = holding(url)?;
    Ok(Box::new(move || {
        black_box(session.authorization()?);
        Ok(())
    }))
}

/// A GET over a kept connection.
pub(crate) fn signed_request(url: &str) -> Outcome<Operation> {
    let session = holding(url)?;
    let (agent, url) = (session.agent(), format!("{url}/assets"));
    Ok(Box::new(move || {
        agent.get(&url).call()?.body_mut().read_to_vec()?;
        Ok(())
    }))
}

/// A token request on a connection of its own, with its response.
pub(crate) fn token_request(url: &str) -> Outcome<Operation> {
    let (grant, transport) = (Ada::at(url), HttpTransport::new());
    Ok(Box::new(move || {
        black_box(grant.login_request()?.send(&transport)?);
        Ok(())
    }))
}

/// A renewal with a refresh token that works once, in a store that survives the process.
pub(crate) fn renewal(url: &str) -> Outcome<Operation> {
    let folder = tempfile::tempdir()?;
    let store = FileStore::open(folder.path().join("logins"))?;
    let clock = ManualClock::new();
    let builder = Session::builder(Ada::at(url)).store(store);
    let session = builder.clock(clock.clone()).build()?;
    session.token()?;
    Ok(Box::new(move || {
        let _kept = &folder;
        clock.advance(Duration::from_secs(3600));
        black_box(session.token()?);
        Ok(())
    }))
}

/// A login whose handshake fails, by a session of its own: rustls is set up, and the server has no TLS.
pub(crate) fn handshake(url: &str) -> Outcome<Operation> {
    let url = url.replace("http://", "https://");
    Ok(Box::new(move || {
        let request = Ada::at(&url).login_request()?;
        match request.send(&HttpTransport::new()) {
            Err(Error::Network { .. }) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err("the server has no TLS".into()),
        }
    }))
}

/// A session that holds a token.
fn holding(url: &str) -> Outcome<Session> {
    let session = Session::new(Ada::at(url));
    session.token()?;
    Ok(session)
}

/// The login of a user.
#[derive(Debug)]
struct Ada {
    base: String,
    secret: Secret,
    password: Secret,
}

impl Ada {
    fn at(url: &str) -> Self {
        Self {
            base: url.to_owned(),
            secret: Secret::new("a-secret-of-some-length"),
            password: Secret::new("battery-staple"),
        }
    }

    fn request(&self, grant_type: &str) -> TokenRequest {
        TokenRequest::form(format!("{}/token", self.base))
            .param("grant_type", grant_type)
            .param("client_id", "demo")
            .secret("client_secret", &self.secret)
    }
}

impl Grant for Ada {
    fn identity(&self) -> Identity {
        Identity::new("costs").user(Some("ada"))
    }

    fn policy(&self) -> Policy {
        Policy::for_password().api(&self.base)
    }

    fn login_request(&self) -> auth_core::Result<TokenRequest> {
        let request = self.request("password").param("username", "ada");
        Ok(request.secret("password", &self.password))
    }

    fn refresh_request(&self, refresh_token: &Secret) -> auth_core::Result<TokenRequest> {
        Ok(self
            .request("refresh_token")
            .secret("refresh_token", refresh_token))
    }
}
