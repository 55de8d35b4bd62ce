//! Http without TLS goes to a literal loopback address, and elsewhere only on demand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use auth_core::agent::ureq::config::Config;
use auth_core::error::Delivery;
use auth_core::http::Uri;
use auth_core::transport::HttpTransport;
use auth_core::ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use auth_core::ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use auth_core::ureq::{self, Agent};
use auth_core::{Error, Session};

use super::authority::{Authority, FAR};
use super::endpoint::{Turn, endpoint};
use super::{access_token, answer, ermeo, no_connection, refresh_token, trusting};
use crate::support::quiet;

/// Finds every host at one address, and keeps which it was asked for.
#[derive(Clone, Debug)]
struct Everywhere(SocketAddr, Arc<Mutex<Vec<String>>>);

impl Everywhere {
    fn at(address: SocketAddr) -> Self {
        Self(address, Arc::default())
    }

    /// A transport that finds hosts here, over an agent with this configuration.
    fn transport(&self, config: Config) -> HttpTransport {
        HttpTransport::from_agent(Agent::with_parts(
            config,
            DefaultConnector::default(),
            self.clone(),
        ))
    }

    fn asked(&self) -> Vec<String> {
        self.1.lock().unwrap().clone()
    }
}

impl Resolver for Everywhere {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.1
            .lock()
            .unwrap()
            .push(uri.host().unwrap_or_default().into());
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

fn without_proxy() -> Config {
    Agent::config_builder().proxy(None).build()
}

#[test]
fn plain_http_to_a_name_is_a_matter_of_configuration_and_nothing_is_sent_or_looked_up() {
    let endpoint = endpoint([]);
    let port = endpoint.address().port();
    for host in [
        "example.com",
        "localhost",
        "127.0.0.1.example.com",
        "10.0.0.1",
        "[::ffff:10.0.0.1]",
    ] {
        let everywhere = Everywhere::at(endpoint.address());
        let transport = everywhere.transport(without_proxy());
        let builder =
            Session::builder(ermeo(&format!("http://{host}:{port}"))).transport(transport);
        let session = builder.refresh_token(refresh_token(1)).build().unwrap();

        let error = quiet(session.token());
        assert!(
            matches!(error, Error::Configuration { .. }),
            "{host}: {error:?}"
        );
        let message = error.to_string();
        assert!(
            message.contains("https://") && !message.contains(host),
            "{message}"
        );
        assert_eq!(
            session.refresh_token().unwrap().expose(),
            refresh_token(1),
            "it is kept"
        );
        assert_eq!(everywhere.asked(), [""; 0], "{host}");
    }
    assert_eq!(endpoint.all().len(), 0);
}

#[test]
fn plain_http_to_a_name_is_sent_where_that_is_allowed() {
    for host in ["example.com", "localhost"] {
        let endpoint = endpoint([Turn::Plain(answer(1))]);
        let everywhere = Everywhere::at(endpoint.address());
        let transport = everywhere.transport(without_proxy()).danger_allow_http();
        let session = Session::builder(ermeo(&format!("http://{host}")))
            .transport(transport)
            .build()
            .unwrap();

        assert_eq!(session.token().unwrap().expose(), access_token(1));
        assert_eq!(everywhere.asked(), [host]);
        let visits = endpoint.all();
        assert_eq!(visits.len(), 1, "{visits:?}");
        assert!(
            visits[0].heard().contains(&format!("\r\nhost: {host}\r\n")),
            "{visits:?}"
        );
    }
}

/// Allowing plain http does not weaken https.
#[test]
fn with_plain_http_allowed_a_certificate_is_still_checked_against_the_name() {
    let authority = Authority::new("ours");
    let server = |host| authority.sign(host, FAR).server();
    let endpoint = endpoint([
        Turn::Tls(server("token.example"), answer(1)),
        Turn::Tls(server("token.example.com"), answer(2)),
    ]);
    let config = trusting(authority.roots())(Agent::config_builder()).build();
    let transport = Everywhere::at(endpoint.address())
        .transport(config)
        .danger_allow_http();
    let session = |base| {
        Session::builder(ermeo(base))
            .transport(transport.clone())
            .retries(0)
            .build()
            .unwrap()
    };

    assert_eq!(
        session("https://token.example").token().unwrap().expose(),
        access_token(1)
    );
    let error = quiet(session("https://token.example").token());
    let (reason, sent) = no_connection(&error);
    assert!(reason.contains("not valid for name"), "{reason}");
    assert_eq!(sent, Delivery::NotSent);
    let visits = endpoint.all();
    assert_eq!(visits[1].heard(), "", "{visits:?}");
}
