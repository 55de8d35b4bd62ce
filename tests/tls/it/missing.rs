//! The default, rustls, where it is not compiled in: an error that names the features, and no panic.

use auth_all::transport::{HttpTransport, Tls};
use auth_all::{Error, Session, agent};

use crate::{Kind, Server, with};

/// No server: nothing may be sent.
const URL: &str = "https://127.0.0.1:1";

#[track_caller]
fn assert_names_the_feature(error: &Error, another: &str) {
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("the feature `rustls`"), "{message}");
    assert!(message.contains(another), "{message}");
}

#[test]
fn each_request_names_the_feature() {
    for kind in Kind::ALL {
        for transport in [HttpTransport::new(), with(Tls::default()).build().unwrap()] {
            assert_names_the_feature(&kind.send(URL, transport).unwrap_err(), "Tls::native()");
        }
    }
}

#[test]
fn an_unsigned_request_names_the_feature() {
    let session = Session::new(Server(URL.into(), Kind::AgentGet));
    let request = session
        .agent()
        .get(URL)
        .header("authorization", "Basic eA==");
    assert_names_the_feature(&agent::error(request.call().unwrap_err()), "Tls::native()");
}

/// The default of `ureq` is rustls, too.
#[cfg(feature = "native-tls")]
#[test]
fn a_lent_agent_names_the_feature() {
    for kind in Kind::ALL {
        let lent = agent::transport(agent::ureq::Agent::new_with_defaults());
        assert_names_the_feature(&kind.send(URL, lent).unwrap_err(), "TlsProvider::NativeTls");
    }
}

#[cfg(feature = "native-tls")]
#[test]
fn settings_of_the_callers_own_name_the_feature() {
    use auth_all::Secret;
    use auth_all::agent::ureq::tls::TlsConfig;
    use auth_all::grant::TokenResponse;

    let session = Session::builder(Server(URL.into(), Kind::AgentGet))
        .tls(Tls::native())
        .tokens(TokenResponse::new(Secret::new(crate::TOKEN)))
        .build()
        .unwrap();
    let agent = agent::agent_with(&session, |config| config.tls_config(TlsConfig::default()));
    assert_names_the_feature(
        &agent::error(agent.get(URL).call().unwrap_err()),
        "TlsProvider::NativeTls",
    );
}
