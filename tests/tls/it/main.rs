//! Every TLS library that is compiled in, for token requests and for the requests of an agent.
//!
//! `cargo xtask tls` runs this with each feature alone and with all of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod certificates; // client certificates that cannot be used
mod handshakes; // the table: what each library accepts and refuses
#[cfg(not(feature = "rustls"))]
mod missing; // the default library, not compiled in
#[cfg(not(feature = "native-tls"))]
mod missing_native; // the other one
#[cfg(target_os = "linux")]
mod roots; // the authorities that a library trusts by itself

use auth_all::error::NetworkFailure;
use auth_all::grant::{Identity, Policy, TokenRequest, TokenResponse};
use auth_all::transport::{HttpTransport, HttpTransportBuilder, Tls};
use auth_all::{Error, Grant, Result, Secret, Session, agent};

/// Every library that is compiled in.
fn compiled_in() -> Vec<Tls> {
    vec![
        #[cfg(feature = "rustls")]
        Tls::rustls(),
        #[cfg(feature = "native-tls")]
        Tls::native(),
        #[cfg(feature = "platform-verifier")]
        Tls::platform_verifier(),
    ]
}

/// A transport with these settings, whatever proxy the environment has.
fn with(tls: Tls) -> HttpTransportBuilder {
    HttpTransport::builder().no_proxy().tls(tls)
}

/// Kind of a request, by who sends it and whether it has a body.
#[derive(Clone, Copy, Debug)]
enum Kind {
    TokenByPost,
    TokenByGet,
    AgentGet,
    AgentPost,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::TokenByPost,
        Self::TokenByGet,
        Self::AgentGet,
        Self::AgentPost,
    ];

    /// Sends a request of this kind.
    fn send(self, url: &str, transport: HttpTransport) -> Result<()> {
        let session = Session::builder(Server(url.to_owned(), self))
            .transport(transport)
            .retries(0);
        if matches!(self, Self::TokenByPost | Self::TokenByGet) {
            return session.build()?.token().map(drop);
        }
        let tokens = TokenResponse::new(Secret::new(TOKEN));
        let agent = session.tokens(tokens).build()?.agent();
        let response = match self {
            Self::AgentPost => agent.post(url).send("order"),
            _ => agent.get(url).call(),
        };
        response.map(drop).map_err(agent::error)
    }
}

/// A server that is token endpoint and API in one.
#[derive(Debug)]
struct Server(String, Kind);

impl Grant for Server {
    fn identity(&self) -> Identity {
        Identity::new("tls")
    }

    fn policy(&self) -> Policy {
        Policy::for_client().api(&self.0)
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let request = match self.1 {
            Kind::TokenByPost => TokenRequest::form(&self.0),
            _ => TokenRequest::query(&self.0),
        };
        Ok(request.secret("client_secret", Secret::new(SECRET)))
    }
}

/// The reason why no connection was made.
#[track_caller]
fn reason<'a>(error: &'a Error, case: &str) -> &'a str {
    match error {
        Error::Network {
            failure: NetworkFailure::Connect(reason),
            ..
        } => reason,
        other => panic!("{case}: {other:?}"),
    }
}

/// Response to every request.
const ANSWER: &str = r#"{"access_token":"t1","token_type":"bearer","expires_in":3600}"#;
const TOKEN: &str = "canary7Qz-token";
const SECRET: &str = "canary7Qz-secret";
