//! An agent that names native-tls, which is not compiled in: an error that names the feature, and no panic.

use auth_all::agent::ureq::Agent;
use auth_all::agent::ureq::tls::{TlsConfig, TlsProvider};
use auth_all::grant::TokenResponse;
use auth_all::{Error, Secret, Session, agent};

use crate::{Kind, Server};

/// No server: nothing may be sent.
const URL: &str = "https://127.0.0.1:1";

fn native() -> TlsConfig {
    let config = TlsConfig::builder().provider(TlsProvider::NativeTls);
    config.build()
}

#[track_caller]
fn assert_names_the_feature(error: &Error) {
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("the feature `native-tls`"), "{message}");
    assert!(message.contains("TlsProvider::Rustls"), "{message}");
}

#[test]
fn a_lent_agent_names_the_feature() {
    for kind in Kind::ALL {
        let config = Agent::config_builder().tls_config(native()).build();
        let lent = agent::transport(config.new_agent());
        assert_names_the_feature(&kind.send(URL, lent).unwrap_err());
    }
}

#[test]
fn settings_of_the_callers_own_name_the_feature() {
    let session = Session::builder(Server(URL.into(), Kind::AgentGet))
        .tokens(TokenResponse::new(Secret::new(crate::TOKEN)))
        .build()
        .unwrap();
    let agent = agent::agent_with(&session, |config| config.tls_config(native()));
    let error = agent.get(URL).call().unwrap_err();
    assert_names_the_feature(&agent::error(error));
}
