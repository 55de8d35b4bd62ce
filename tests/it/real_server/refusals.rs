//! Wrong clients, passwords, scopes, bodies and tokens.

use std::io::Read as _;

use auth_core::{Error, ErrorCode, Grant, HttpTransport, ManualClock, Refusal, TokenResponse};
use auth_core::{Session, ureq};
use oauth2_generic::{ClientAuth, ClientCredentials, Encoding};

use super::port::{Counted, Port, on_both_ports};

/// What the server says to a grant, in its own words.
fn refusal(grant: &dyn Grant) -> Refusal {
    match grant.obtain(&HttpTransport::new()) {
        Err(Error::Refused(refusal)) => *refusal,
        other => panic!("it was not refused: {other:?}"),
    }
}

fn service(port: &Port, secret: &str) -> ClientCredentials {
    ClientCredentials {
        client: port.client("service", secret),
    }
}

#[test]
fn a_wrong_client_is_refused_in_the_body_and_in_http_basic() {
    on_both_ports(|port| {
        for client_auth in [ClientAuth::Body, ClientAuth::Basic] {
            let mut wrong_secret = service(port, "wrong");
            wrong_secret.client.client_auth = client_auth;
            let mut unknown = service(port, "service-secret");
            unknown.client.client_id = "nobody".into();
            unknown.client.client_auth = client_auth;
            for grant in [wrong_secret, unknown] {
                let refusal = refusal(&grant);
                assert_eq!(refusal.code, ErrorCode::InvalidClient);
                assert_eq!(refusal.status, Some(401));
            }
        }
    });
}

#[test]
fn a_wrong_password_is_refused_and_not_tried_again() {
    on_both_ports(|port| {
        let mut alice = port.alice();
        alice.password = "wrong".into();
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(alice, &clock);
        for _ in 0..3 {
            let error = session.token().unwrap_err();
            let refusal = error.refusal().expect("the server said why");
            assert_eq!(refusal.code, ErrorCode::InvalidGrant);
            assert_eq!(refusal.status, Some(400));
            assert!(!format!("{error:?}").contains("wrong"));
        }
        assert_eq!(http.sent(), 1);
    });
}

#[test]
fn a_scope_that_does_not_exist_is_refused() {
    on_both_ports(|port| {
        let mut service = service(port, "service-secret");
        service.client.scope = "read everything".into();
        assert_eq!(refusal(&service).code, ErrorCode::InvalidScope);
    });
}

#[test]
fn a_grant_that_is_not_the_clients_is_refused() {
    on_both_ports(|port| {
        let mut alice = port.alice();
        alice.client = service(port, "service-secret").client;
        assert_eq!(refusal(&alice).code, ErrorCode::UnauthorizedClient);
    });
}

#[test]
fn each_port_reads_its_own_kind_of_body_and_no_other() {
    on_both_ports(|port| {
        let mut service = service(port, "service-secret");
        service.client.body = match service.client.body {
            Encoding::Form => Encoding::Json,
            Encoding::Json => Encoding::Form,
        };
        // It reads no parameter at all.
        assert_eq!(refusal(&service).code, ErrorCode::UnsupportedGrantType);
    });
}

#[test]
fn a_403_with_an_empty_page_is_the_callers_to_judge() {
    on_both_ports(|port| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = Session::builder(port.alice())
            .response(TokenResponse::new("made-up"))
            .transport(http.clone())
            .clock(clock)
            .build();
        let agent = session.agent_with(|config| config.http_status_as_error(false));
        let answer = agent.get(port.api()).call().unwrap();
        assert_eq!(answer.status(), 403);
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/html"), "{kind}");
        let mut page = String::new();
        answer
            .into_body()
            .into_reader()
            .read_to_string(&mut page)
            .unwrap();
        assert_eq!(page, "");

        let error = session.agent().get(port.api()).call().unwrap_err();
        assert!(matches!(error, ureq::Error::StatusCode(403)), "{error}");
        assert_eq!(session.token().unwrap().expose(), "made-up");
        assert_eq!(http.sent(), 0, "a 403 costs no login");
    });
}

#[test]
fn a_403_is_answered_with_a_new_token_where_the_caller_says_that_it_means_that() {
    on_both_ports(|port| {
        let mut alice = port.alice();
        alice.client.rejections = vec![403];
        let http = Counted::default();
        let session = Session::builder(alice)
            .response(TokenResponse::new("made-up"))
            .transport(http.clone())
            .build();
        assert_eq!(port.whoami(&session), "alice");
        assert_eq!(http.sent(), 1);
    });
}
