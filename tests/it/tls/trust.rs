//! A custom authority is trusted where it is set, and nowhere else.

use auth_core::agent::ureq::Agent;
use auth_core::agent::ureq::tls::{Certificate, RootCerts, TlsConfig};
use auth_core::error::Delivery;
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Tls};
use auth_core::{Session, agent};

use super::authority::{Authority, FAR};
use super::endpoint::{Turn, endpoint, https};
use super::{access_token, aeris, answer, ermeo, no_connection, refresh_token, trusting, with};
use crate::support::{assert_quiet, journal, quiet};

/// Logs in, and an hour later refreshes, at an endpoint with a certificate of this authority.
fn log_in_and_refresh(authority: &Authority, transport: HttpTransport) {
    let server = authority.server();
    let endpoint = endpoint([1, 2].map(|n| Turn::Tls(server.clone(), answer(n))));
    let clock = ManualClock::new();
    let builder = Session::builder(ermeo(&https(&endpoint))).transport(transport);
    let session = builder.clock(clock.clone()).build().unwrap();

    assert_eq!(session.token().unwrap().expose(), access_token(1));
    clock.advance(std::time::Duration::from_secs(3600));
    assert_eq!(session.token().unwrap().expose(), access_token(2));
    assert_eq!(session.refresh_token().unwrap().expose(), refresh_token(2));

    let visits = endpoint.all();
    assert_eq!(visits.len(), 2, "once each: {visits:?}");
    assert!(
        visits.iter().all(|visit| visit.failure.is_none()),
        "{visits:?}"
    );
    let [login, refresh] = [0, 1].map(|n| visits[n].heard());
    assert!(login.contains(r#""grant_type":"password""#), "{login}");
    assert!(
        refresh.contains(&format!(r#""refresh_token":"{}""#, refresh_token(1))),
        "{refresh}"
    );
}

#[test]
fn a_custom_authority_is_trusted() {
    let authority = Authority::new("ours");
    log_in_and_refresh(&authority, trusting(&authority));
}

#[test]
fn a_custom_authority_of_an_agent_is_trusted() {
    let authority = Authority::new("ours");
    let root = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root]));
    let config = Agent::config_builder().proxy(None).tls_config(tls.build());
    let transport = agent::transport(config.build().new_agent());
    log_in_and_refresh(&authority, transport);
}

#[test]
fn nothing_is_sent_to_a_wrong_certificate() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let cases = [
        (theirs.server(), "UnknownIssuer"),
        (ours.sign("127.0.0.1", 2020).server(), "certificate expired"),
        (
            ours.sign("token.example", FAR).server(),
            "not valid for name",
        ),
    ];
    for (server, expected) in cases {
        let endpoint = endpoint([Turn::Tls(server, answer(1))]);
        let builder = Session::builder(ermeo(&https(&endpoint))).retries(0);
        let transport = trusting(&ours);
        let error = quiet(builder.transport(transport).build().unwrap().token());

        let (reason, sent) = no_connection(&error);
        assert!(
            reason.contains("certificate") && reason.contains(expected),
            "{reason}"
        );
        assert_eq!(sent, Delivery::NotSent);
        assert!(error.to_string().ends_with("nothing was sent"), "{error}");
        let visits = endpoint.all();
        assert_eq!(visits.len(), 1);
        assert_eq!(visits[0].heard(), "", "nothing was sent inside TLS");
        assert!(
            visits[0].failure.is_some(),
            "the handshake failed at the server, too"
        );
    }
}

#[test]
fn the_bundled_roots_do_not_know_a_custom_authority() {
    let endpoint = endpoint([Turn::Tls(Authority::new("ours").server(), answer(1))]);
    let transport = with(Tls::default()).build().unwrap();
    let builder = Session::builder(ermeo(&https(&endpoint))).transport(transport);
    let error = quiet(builder.retries(0).build().unwrap().token());
    assert_eq!(
        no_connection(&error),
        ("invalid peer certificate: UnknownIssuer", Delivery::NotSent)
    );
    assert_eq!(endpoint.all()[0].heard(), "");
}

#[test]
fn a_get_to_a_wrong_certificate_does_not_show_its_url() {
    let endpoint = endpoint([Turn::Tls(Authority::new("theirs").server(), answer(1))]);
    let url = https(&endpoint);
    let transport = trusting(&Authority::new("ours"));
    let session = Session::builder(aeris(&url))
        .transport(transport)
        .retries(0)
        .build()
        .unwrap();
    let (outcome, logged) = journal::of(|| session.token());

    let error = quiet(outcome);
    assert_eq!(
        no_connection(&error),
        ("invalid peer certificate: UnknownIssuer", Delivery::NotSent)
    );
    let shown = crate::support::shown(&error) + &logged;
    assert_quiet(&shown);
    let port = endpoint.address().port().to_string();
    for part in ["https:", &port, "/api/token", "clientId", "18002"] {
        assert!(
            !shown.contains(part),
            "{part} is a part of the URL: {shown}"
        );
    }
    assert_eq!(endpoint.all()[0].heard(), "", "nothing was sent inside TLS");
}
