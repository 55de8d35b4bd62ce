//! From an issuer to a token.

use super::transport::session_after;
use crate::support::asking::Asking as _;
use auth_core::Secret;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Session};
use oauth2_generic::{
    AuthorizationCode, Client, ClientCredentials, Discovery, Implicit, SecurityToken, Server,
    TokenExchange,
};

use super::site::{ALICE, Browser, Kind, REDIRECT_URI, Site, on_every_form, on_oidc};
use super::transport::Counted;

fn discovered(site: &Site) -> Server {
    Server::discover_with(site.issuer(), &HttpTransport::new()).unwrap()
}

fn app(site: &Site) -> Client {
    Client::new(discovered(site), "app")
}

fn login(client: Client) -> AuthorizationCode {
    AuthorizationCode::new(client, REDIRECT_URI)
}

#[test]
fn an_issuer_is_all_that_a_service_and_an_app_need() {
    on_every_form(|site| {
        let server = discovered(site);
        let client = |id: &str, secret: &str| {
            let client = Client::new(server.clone(), id).scope("read");
            if secret.is_empty() {
                client
            } else {
                client.secret(Secret::new(secret))
            }
        };
        let service = ClientCredentials::new(client("service", "service-secret"));
        assert_eq!(site.whoami(&Session::new(service)), "no user");

        for (id, secret) in [("web", "web-secret"), ("app", "")] {
            let login = login(client(id, secret));
            let pending = login.begin(&HttpTransport::new()).unwrap();
            let redirect = Browser::new(ALICE).visit(pending.url());
            let tokens = pending.exchange(&redirect, &HttpTransport::new()).unwrap();
            let session = session_after(&login, tokens);
            assert_eq!(site.whoami(&session), "alice");
        }
    });
}

#[test]
fn what_is_announced_is_what_was_set_by_hand() {
    on_every_form(|site| {
        let (announced, by_hand) = (discovered(site), site.server());
        assert_eq!(announced.token_endpoint(), by_hand.token_endpoint());
        let metadata = announced.metadata().expect("it was discovered");
        let (auth, introspect) = match site.kind {
            Kind::Django => ("/o/authorize/", "/o/introspect/"),
            Kind::Oidc => ("/auth", "/token/introspection"),
        };
        assert_eq!(metadata.issuer, site.issuer());
        assert_eq!(metadata.authorization_endpoint, Some(site.at(auth)));
        assert_eq!(metadata.introspection_endpoint, Some(site.at(introspect)));
        let device = match site.kind {
            // It has a device endpoint and does not announce it.
            Kind::Django => None,
            Kind::Oidc => Some(site.at("/device/auth")),
        };
        assert_eq!(metadata.device_authorization_endpoint, device);
    });
}

#[test]
fn another_spelling_of_the_issuer_is_refused() {
    on_every_form(|site| {
        let discover = |issuer: String| {
            let found = Server::discover_with(&issuer, &HttpTransport::new());
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
        assert_eq!(found.token_endpoint(), discovered(site).token_endpoint());
        let nothing = Discovery::new(site.issuer()).at(format!("{}/nothing", site.issuer()));
        let error = nothing.discover(&HttpTransport::new()).unwrap_err();
        assert!(error.to_string().contains("no metadata"), "{error}");
    });
}

#[test]
fn a_server_that_announces_iss_is_not_believed_without() {
    on_every_form(|site| {
        let pending = login(app(site)).begin(&HttpTransport::new()).unwrap();
        let forged = format!("{REDIRECT_URI}?code=c&state={}", pending.state());
        let error = pending
            .exchange(&forged, &HttpTransport::new())
            .unwrap_err();
        assert!(error.to_string().contains("has no `iss`"), "{error}");
    });
}

#[test]
fn what_the_server_does_not_announce_is_not_sent() {
    on_oidc(|site| {
        let client = app(site);
        let implicit = Implicit::new(client.clone(), REDIRECT_URI);
        let error = implicit.begin().unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");

        let subject = SecurityToken::access_token(Secret::new("t"));
        let exchange = TokenExchange::new(client, subject).user("alice");
        let http = Counted::default();
        let error = exchange.obtain(&http).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert_eq!(http.sent(), 0);
    });
}
