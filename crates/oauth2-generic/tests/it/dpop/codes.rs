//! Proofs of a login by code.

use auth_core::error::{Delivery, NetworkFailure};
use oauth2_generic::{AuthorizationCode, ClientCredentials, Error, Grant, Secret};

use crate::asking::Asking as _;
use crate::requests::client;
use crate::script::Script;

use super::server::Server;
use super::{bound, key};

#[test]
fn a_code_whose_second_sending_is_lost_is_not_sent_a_third_time() {
    let login = AuthorizationCode::new(bound(), "https://app.example/cb");
    let pending = login.begin(&Script::default()).unwrap();
    let back = format!("https://app.example/cb?code=c&state={}", pending.state());
    let server = Server::default()
        .then_refuse("use_dpop_nonce", &[("dpop-nonce", "n1")])
        .then_fail(Error::network(NetworkFailure::Timeout, Delivery::Unknown));
    let error = pending.exchange(&back, &server).unwrap_err();
    assert!(matches!(error, Error::Network { .. }), "{error}");
    assert_eq!(server.sent(), 2);
}

#[test]
fn a_code_and_a_login_that_is_kept_belong_to_the_key() {
    let key = key();
    let (thumbprint, client) = (key.thumbprint(), client().dpop(key));
    let code = AuthorizationCode::new(client.clone(), "https://app.example/cb");
    let pending = code.begin(&Script::default()).unwrap();
    let url = pending.url();
    assert!(url.contains(&format!("&dpop_jkt={thumbprint}")), "{url}");
    let identity = ClientCredentials::new(client).identity().to_string();
    assert!(
        identity.contains(&format!(" dpop_jkt={thumbprint}")),
        "{identity}"
    );
}

#[test]
fn a_code_and_its_refresh_token_are_sent_with_a_proof_each() {
    let login = AuthorizationCode::new(bound(), "https://app.example/cb");
    let pending = login.begin(&Script::default()).unwrap();
    let back = format!("https://app.example/cb?code=c&state={}", pending.state());
    let server = Server::default().then_token(&[]).then_token(&[]);
    pending.exchange(&back, &server).unwrap();
    let grant = login.grant();
    grant.refresh(&Secret::new("r1"), &server).unwrap();
    assert!(grant.policy().binds_tokens());
    let proofs = server.proofs();
    assert_ne!(proofs[0].claims["jti"], proofs[1].claims["jti"]);
}
