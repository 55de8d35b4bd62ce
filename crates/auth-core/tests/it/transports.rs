//! Transports: pointers to them, closures, and the settings that go together.

use std::sync::Arc;
use std::time::Duration;

use auth_core::grant::{Identity, Policy, TokenRequest};
use auth_core::transport::{self, HttpTransport, Tls, Transport};
use auth_core::{Error, Grant, Result, Session, http};

/// A client of one API.
#[derive(Debug)]
struct Batch;

impl Grant for Batch {
    fn identity(&self) -> Identity {
        Identity::new("batch")
    }

    fn policy(&self) -> Policy {
        Policy::for_client().api("https://api.example.com")
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let request = TokenRequest::form("https://login.example.com/token");
        Ok(request.param("client_id", "batch"))
    }
}

fn request() -> http::Request<Vec<u8>> {
    http::Request::new(b"body".to_vec())
}

#[test]
fn a_pointer_to_a_transport_is_that_transport() {
    let patient = HttpTransport::builder().timeout(Duration::from_secs(7));
    let patient = patient.build().unwrap();
    let pointers: [Box<dyn Transport + '_>; 4] = [
        Box::new(&patient),
        Box::new(Box::new(patient.clone())),
        Box::new(Arc::new(patient.clone())),
        Box::new(Arc::new(&patient as &dyn Transport)),
    ];
    for pointer in &pointers {
        assert_eq!(pointer.timeout(), Duration::from_secs(7));
        assert!(pointer.http().is_some());
        let error = pointer.send(request()).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
    }
}

#[test]
fn a_closure_has_the_defaults() {
    let echo = transport::from_fn(|request| Ok(http::Response::new(request.into_body())));
    assert_eq!(echo.timeout(), Duration::from_secs(30));
    assert!(echo.http().is_none());
    assert_eq!(echo.send(request()).unwrap().body(), b"body");
    assert_eq!(format!("{echo:?}"), "transport::FromFn");
}

#[test]
fn a_session_has_either_a_transport_or_tls() {
    let both = Session::builder(Batch)
        .transport(HttpTransport::new())
        .tls(Tls::default());
    let error = both.build().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    for word in ["`tls`", "`transport`", "`HttpTransportBuilder::tls`"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(Session::builder(Batch).tls(Tls::default()).build().is_ok());
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[test]
fn authorities_without_a_certificate_are_an_error() {
    for pem in ["", "s3cret", "-----BEGIN CERTIFICATE-----\ns3cret"] {
        let tls = Tls::default().only_authorities(pem);
        let error = Session::builder(Batch).tls(tls).build().unwrap_err();
        assert!(
            error.to_string().contains("`Tls::only_authorities`"),
            "{error}"
        );
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
