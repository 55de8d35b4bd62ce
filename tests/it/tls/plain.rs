//! Http without TLS: to literal loopback addresses, and elsewhere only where it is allowed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use auth_core::agent::ureq::config::Config;
use auth_core::agent::ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use auth_core::agent::ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use auth_core::agent::ureq::{self, Agent};
use auth_core::error::Delivery;
use auth_core::http::Uri;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Secret, Session, agent};

use super::authority::{Authority, FAR};
use super::endpoint::{Turn, endpoint};
use super::{access_token, answer, ermeo, no_connection, refresh_token, with};
use crate::support::quiet;

/// Resolves every host to one address, and keeps the names that were looked up.
#[derive(Clone, Debug)]
struct Everywhere(SocketAddr, Arc<Mutex<Vec<String>>>);

impl Everywhere {
    fn at(address: SocketAddr) -> Self {
        Self(address, Arc::default())
    }

    /// A transport that uses this resolver.
    fn transport(&self) -> HttpTransport {
        let config = Agent::config_builder().proxy(None).build();
        let connector = DefaultConnector::default();
        agent::transport(Agent::with_parts(config, connector, self.clone()))
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

/// A session whose agent allows plain http, so that only the transport can refuse.
fn session(base: &str, transport: HttpTransport) -> Session {
    Session::builder(ermeo(base))
        .transport(transport)
        .refresh_token(Secret::new(refresh_token(1)))
        .danger_allow_http()
        .retries(0)
        .build()
        .unwrap()
}

#[test]
fn plain_http_to_a_name_is_not_even_looked_up() {
    let endpoint = endpoint([]);
    let port = endpoint.address().port();
    for (host, word) in [
        ("example.com", "`HttpTransportBuilder::danger_allow_http`"),
        ("localhost", "write 127.0.0.1 for localhost"),
        ("LOCALHOST", "write 127.0.0.1 for localhost"),
        ("127.0.0.1.example.com", "must begin with https://"),
        ("10.0.0.1", "must begin with https://"),
        ("[::ffff:10.0.0.1]", "must begin with https://"),
    ] {
        let everywhere = Everywhere::at(endpoint.address());
        let url = format!("http://{host}:{port}");
        let session = session(&url, everywhere.transport());

        let error = quiet(session.token());
        assert!(
            matches!(error, Error::Configuration { .. }),
            "{host}: {error:?}"
        );
        let message = error.to_string();
        assert!(
            message.contains(word) && message.contains("`base`"),
            "{message}"
        );
        assert!(!message.contains(&url), "{message}");
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
fn plain_http_to_a_name_is_sent_where_it_is_allowed() {
    let endpoint = endpoint([Turn::Plain(answer(1))]);
    let host = format!("localhost:{}", endpoint.address().port());
    let transport = HttpTransport::builder().no_proxy().danger_allow_http();
    let session = session(&format!("http://{host}"), transport.build().unwrap());

    assert_eq!(session.token().unwrap().expose(), access_token(1));
    let visits = endpoint.all();
    assert_eq!(visits.len(), 1, "{visits:?}");
    assert!(
        visits[0].heard().contains(&format!("\r\nhost: {host}\r\n")),
        "{visits:?}"
    );
}

/// Allowing plain http does not weaken https.
#[test]
fn allowed_plain_http_does_not_weaken_https() {
    let authority = Authority::new("ours");
    let server = |host| authority.sign(host, FAR).server();
    let endpoint = endpoint([
        Turn::Tls(server("localhost"), answer(1)),
        Turn::Tls(server("token.example"), answer(2)),
    ]);
    let url = format!("https://localhost:{}", endpoint.address().port());
    let transport = with(authority.trusted()).danger_allow_http();
    let transport = transport.build().unwrap();

    let first = session(&url, transport.clone());
    assert_eq!(first.token().unwrap().expose(), access_token(1));
    let error = quiet(session(&url, transport).token());
    let (reason, delivery) = no_connection(&error);
    assert!(reason.contains("not valid for name"), "{reason}");
    assert_eq!(delivery, Delivery::NotSent);
    let visits = endpoint.all();
    assert_eq!(visits[1].heard(), "", "{visits:?}");
}
