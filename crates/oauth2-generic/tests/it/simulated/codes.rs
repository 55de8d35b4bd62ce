//! A login by code, until the user logs out.

use std::time::Duration;

use auth_core::agent::ureq;
use auth_core::transport::HttpTransport;
use auth_sim::Simulator;
use auth_sim::generic::{PUBLIC_CLIENT_ID, REDIRECT_URI, USERNAME};
use oauth2_generic::{AuthorizationCode, Client, Secret};

use super::{client, discovered, session, whoami};

/// Follows no redirect, as a user whose browser leads back to the client.
fn visit(url: &str) -> String {
    let config = ureq::Agent::config_builder().max_redirects(0);
    let answer = ureq::Agent::from(config.build()).get(url).call().unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[test]
fn an_issuer_leads_to_a_token_and_a_log_out_ends_it() {
    let (server, http) = (Simulator::generic(), HttpTransport::new());
    let client = client(&server);
    let login = AuthorizationCode::new(client.clone(), REDIRECT_URI);
    let pending = login.begin(&http).unwrap();
    assert_eq!(pending.expires_in(), Some(Duration::from_secs(60)));
    let back = visit(pending.url());
    let session = session(login.grant(), pending.exchange(&back, &http).unwrap());
    assert!(whoami(&server, &session).contains(USERNAME));

    let token = Secret::new(session.token().unwrap().expose());
    let known = client.introspect(&token, &http).unwrap();
    assert_eq!(known.username.as_deref(), Some(USERNAME));
    session.log_out().unwrap();
    assert!(!client.introspect(&token, &http).unwrap().active);
}

#[test]
fn a_public_client_announces_its_login_without_a_secret() {
    let (server, http) = (Simulator::generic(), HttpTransport::new());
    let client = Client::new(discovered(&server), PUBLIC_CLIENT_ID);
    let login = AuthorizationCode::new(client, REDIRECT_URI);
    let pending = login.begin(&http).unwrap();
    let back = visit(pending.url());
    let session = session(login.grant(), pending.exchange(&back, &http).unwrap());
    assert!(whoami(&server, &session).contains(PUBLIC_CLIENT_ID));
}
