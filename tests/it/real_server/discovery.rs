//! From an issuer to a token.

use crate::support::asking::Asking as _;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session};
use oauth2_generic::{AuthorizationCode, Client, ClientCredentials, Discovery, Implicit, Metadata};

use super::browser::{Browser, REDIRECT_URI};
use super::site::{ALICE, Kind, Site, on_every_form, on_oidc};
use super::transport::Counted;

fn discovered(site: &Site) -> Metadata {
    Metadata::discover(site.issuer(), &HttpTransport::new()).unwrap()
}

fn login(client: Client) -> AuthorizationCode {
    AuthorizationCode {
        client,
        redirect_uri: REDIRECT_URI.into(),
        ..AuthorizationCode::default()
    }
}

#[test]
fn an_issuer_is_all_that_a_service_and_an_app_need() {
    on_every_form(|site| {
        let server = discovered(site);
        let client = |id: &str, secret: &str| Client {
            client_secret: secret.into(),
            scope: "read".into(),
            ..server.client(id)
        };
        let service = ClientCredentials::new(client("service", "service-secret"));
        assert_eq!(site.whoami(&Session::new(service)), "nobody");

        for (id, secret) in [("web", "web-secret"), ("app", "")] {
            let pending = login(client(id, secret)).begin().unwrap();
            let redirect = Browser::new(ALICE).visit(pending.url());
            let session = Session::new(pending.redirected(&redirect).unwrap());
            assert_eq!(site.whoami(&session), "alice");
        }
    });
}

#[test]
fn what_is_announced_is_what_was_set_by_hand() {
    on_every_form(|site| {
        let (announced, by_hand) = (discovered(site).client("app"), site.client("app", ""));
        assert_eq!(announced.issuer, by_hand.issuer);
        assert_eq!(announced.token_endpoint, by_hand.token_endpoint);
        assert_eq!(
            announced.authorization_endpoint,
            by_hand.authorization_endpoint
        );
        assert_eq!(announced.revocation_endpoint, by_hand.revocation_endpoint);
        assert_eq!(
            announced.introspection_endpoint,
            by_hand.introspection_endpoint
        );
        let device = announced.device_authorization_endpoint;
        match site.kind {
            // It has one, and does not say so.
            Kind::Django => assert_eq!(device, ""),
            Kind::Oidc => assert_eq!(device, by_hand.device_authorization_endpoint),
        }
    });
}

#[test]
fn another_spelling_of_the_issuer_is_refused() {
    on_every_form(|site| {
        let discover = |issuer: String| {
            let found = Metadata::discover(&issuer, &HttpTransport::new());
            found.expect_err("another issuer").to_string()
        };
        let slash = discover(format!("{}/", site.issuer()));
        assert!(slash.contains("the slash at its end"), "{slash}");
        let shouted = discover(site.issuer().replace("http:", "HTTP:"));
        assert!(shouted.contains("differs"), "{shouted}");
        let path = discover(format!("{}/tenant", site.issuer()));
        assert!(path.contains("publishes no metadata"), "{path}");
    });
}

#[test]
fn a_document_is_read_where_the_caller_says() {
    on_oidc(|site| {
        let at = format!("{}/.well-known/openid-configuration", site.issuer());
        let found = Discovery::new(site.issuer()).at(at);
        let found = found.discover(&HttpTransport::new()).unwrap();
        assert_eq!(found.token_endpoint, discovered(site).token_endpoint);
        let nothing = Discovery::new(site.issuer()).at(format!("{}/nothing", site.issuer()));
        let error = nothing.discover(&HttpTransport::new()).unwrap_err();
        assert!(error.to_string().contains("no metadata"), "{error}");
    });
}

#[test]
fn a_server_that_announces_iss_is_not_believed_without() {
    on_every_form(|site| {
        let pending = login(discovered(site).client("app")).begin().unwrap();
        let forged = format!("{REDIRECT_URI}?code=c&state={}", pending.state());
        let error = pending.redirected(&forged).unwrap_err();
        assert!(error.to_string().contains("has no `iss`"), "{error}");
    });
}

#[test]
fn what_the_server_does_not_announce_is_not_sent() {
    on_oidc(|site| {
        let client = discovered(site).client("app");
        let implicit = Implicit {
            client: client.clone(),
            redirect_uri: REDIRECT_URI.into(),
            ..Implicit::default()
        };
        let error = implicit.begin().unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");

        let exchange = oauth2_generic::TokenExchange {
            client,
            subject_token: "t".into(),
            resource_owner: "alice".into(),
            ..Default::default()
        };
        let http = Counted::default();
        let error = exchange.obtain(&http).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert_eq!(http.sent(), 0);
    });
}
