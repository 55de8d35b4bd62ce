//! Settings that make another login, and spellings of the same one.

use aerion_auth::{Aerion, TenantHeader};
use aeris_auth::Aeris;
use auth_all::Secret;
use auth_core::store::MemoryStore;
use auth_core::{Grant, Session};
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, RefreshToken, Server};

use crate::support::Script;
use crate::support::asking::Asking as _;

/// The identity of each vendor's grant with this URL.
fn at(url: &str) -> [String; 4] {
    let aerion = Aerion::new("acme").base(url);
    let aeris = Aeris::new("c", Secret::new("")).base(url);
    let ermeo = Ermeo::new("c", Secret::new("")).base(url);
    let kept = RefreshToken::new(Client::new(Server::new(url), "")).user("jsmith");
    let grants: [&dyn Grant; 4] = [&aerion, &aeris, &ermeo, &kept];
    grants.map(|grant| grant.identity().to_string())
}

#[test]
fn spellings_of_one_host_are_one_login() {
    let one = at("https://api.example.com");
    for url in [
        "https://api.example.com/",
        "https://API.Example.com",
        "HTTPS://api.example.com",
        "https://api.example.com:443",
        "https://api.example.com:443/",
    ] {
        assert_eq!(at(url), one, "{url}");
    }
    for url in [
        "https://api.example.com:8443",
        "https://api.example.com/v2",
        "https://eu.api.example.com",
        "http://api.example.com",
    ] {
        for (other, one) in at(url).iter().zip(&one) {
            assert_ne!(other, one, "{url}");
        }
    }
}

#[test]
fn a_documented_spelling_is_kept_as_it_is() {
    let [aerion, aeris, ermeo, kept] = at("https://api.example.com");
    assert_eq!(
        aerion,
        "aerion base=https://api.example.com company=https://acme.aerion.app"
    );
    assert_eq!(aeris, "aeris base=https://api.example.com client_id=c");
    assert_eq!(ermeo, "ermeo base=https://api.example.com client_id=c");
    assert_eq!(
        kept,
        "oauth2 token_endpoint=https://api.example.com user=jsmith"
    );
}

fn acme() -> Aerion {
    at_company("acme")
}

fn at_company(company: &str) -> Aerion {
    Aerion::new(company).username("ada@acme.example")
}

#[test]
fn a_company_is_the_same_however_it_is_written() {
    let one = acme().identity();
    assert_eq!(
        one.as_str(),
        "aerion company=https://acme.aerion.app user=ada@acme.example"
    );
    for company in [
        "ACME",
        "acme.aerion.app",
        "https://Acme.aerion.app/",
        "HTTPS://acme.aerion.app:443/",
    ] {
        assert_eq!(at_company(company).identity(), one, "{company}");
    }
    for base in ["https://acme.aerion.app", "https://ACME.aerion.app:443/"] {
        assert_eq!(acme().base(base).identity(), one, "{base}");
    }
    assert_ne!(acme().neutral_host().identity(), one);
    let header = TenantHeader::Origin;
    assert_eq!(acme().tenant_header(header).identity(), one);
}

#[test]
fn aerions_default_client_id_is_a_constant_that_fits() {
    let script = Script::bodies([r#"{"token_type":"bearer","access_token":"a1"}"#]);
    acme().refresh(&Secret::new("r"), &script).unwrap();
    let body = &script.sent_bodies()[0];
    assert!(body.contains("client_id=auth-all&"), "{body}");
}

/// A seed from a web login is spent once: the next release finds the login that it started.
#[test]
fn another_program_name_finds_the_login_that_is_stored() {
    let script = Script::bodies([
        r#"{"token_type":"bearer","access_token":"a1","expires_in":3600,"refresh_token":"r2"}"#,
    ]);
    let store = MemoryStore::default();
    let session = |client_id: &str| {
        Session::builder(acme().app(client_id, Secret::new("unused")))
            .store(store.clone())
            .transport(script.clone())
            .refresh_token(Secret::new("seed"))
            .build()
            .unwrap()
    };
    for client_id in ["billing-1.2", "billing-1.3", "auth-all"] {
        assert_eq!(session(client_id).token().unwrap().expose(), "a1");
    }
    let seeds = script.sent_bodies();
    assert_eq!(seeds.len(), 1, "{seeds:?}");
}
