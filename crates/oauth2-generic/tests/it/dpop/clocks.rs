//! A clock that is wrong is put right by the server's, once that refuses a proof.

use oauth2_generic::{ClientCredentials, Error, Result};

use crate::asking::obtained_by;

use super::server::Server;
use super::{NOW, bound, clock};

fn at(server: &Server) -> Vec<u64> {
    let moments = server.proofs();
    moments
        .iter()
        .map(|it| it.claims["iat"].as_u64().unwrap())
        .collect()
}

/// Logs in at `NOW`.
fn log_in(grant: &ClientCredentials, server: &Server) -> Result<()> {
    obtained_by(&clock(), grant.clone(), server.clone()).map(drop)
}

#[test]
fn a_proof_is_made_again_by_the_clock_of_the_server() {
    let grant = ClientCredentials::new(bound());
    // The server is an hour ahead of `NOW`, 2027-01-15 08:00 UTC.
    let date = ("date", "Fri, 15 Jan 2027 09:00:00 GMT");
    let server = Server::default()
        .then_refuse("invalid_dpop_proof", &[date])
        .then_token(&[])
        .then_token(&[]);
    log_in(&grant, &server).unwrap();
    log_in(&grant, &server).unwrap();
    assert_eq!(at(&server), [NOW, NOW + 3600, NOW + 3600]);
}

/// Some servers forgive no second of a proof from the future.
#[test]
fn a_proof_that_is_seconds_early_is_made_again() {
    let grant = ClientCredentials::new(bound());
    let date = ("date", "Fri, 15 Jan 2027 07:59:57 GMT");
    let server = Server::default()
        .then_refuse("invalid_dpop_proof", &[date])
        .then_token(&[]);
    log_in(&grant, &server).unwrap();
    assert_eq!(at(&server), [NOW, NOW - 3]);
}

#[test]
fn the_date_beside_a_nonce_counts_as_well() {
    let grant = ClientCredentials::new(bound());
    let headers = [
        ("date", "Fri, 15 Jan 2027 07:00:00 GMT"),
        ("dpop-nonce", "n1"),
    ];
    let server = Server::default()
        .then_refuse("use_dpop_nonce", &headers)
        .then_token(&[]);
    log_in(&grant, &server).unwrap();
    assert_eq!(at(&server), [NOW, NOW - 3600]);
}

#[test]
fn a_proof_that_is_refused_for_another_reason_is_not_made_again() {
    for headers in [
        &[("date", "Fri, 15 Jan 2027 08:00:01 GMT")][..],
        // A cache's, of another answer.
        &[("date", "Fri, 15 Jan 2027 09:00:00 GMT"), ("age", "3600")],
        &[("date", "yesterday")],
        &[],
    ] {
        let grant = ClientCredentials::new(bound());
        let server = Server::default().then_refuse("invalid_dpop_proof", headers);
        let error = log_in(&grant, &server).unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error}");
    }
}

#[test]
fn an_answer_that_was_long_on_its_way_changes_nothing() {
    let grant = ClientCredentials::new(bound());
    let server = Server::default()
        .then_token(&[("date", "Fri, 15 Jan 2027 07:59:00 GMT")])
        .then_token(&[]);
    log_in(&grant, &server).unwrap();
    log_in(&grant, &server).unwrap();
    assert_eq!(at(&server), [NOW, NOW]);
}
