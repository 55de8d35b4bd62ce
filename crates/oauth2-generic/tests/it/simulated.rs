//! From an issuer to a log-out against the simulator, which refuses whatever is not right.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use auth_core::agent::ureq;
use auth_core::clock::{Clock, Moment};
use auth_core::error::LoginReason;
use auth_core::grant::TokenResponse;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, REDIRECT_URI, USERNAME};
use oauth2_generic::{
    AuthorizationCode, Client, DeviceLogin, Error, RefreshToken, Secret, Server, Session,
};

fn discovered(server: &Simulator) -> Server {
    Server::discover_with(server.url(), &HttpTransport::new()).unwrap()
}

fn client(server: &Simulator) -> Client {
    Client::new(discovered(server), CLIENT_ID).secret(Secret::new(CLIENT_SECRET))
}

fn session(grant: RefreshToken, tokens: TokenResponse) -> Session {
    Session::builder(grant).tokens(tokens).build().unwrap()
}

fn whoami(server: &Simulator, session: &Session) -> String {
    let url = format!("{}/whoami", server.url());
    let answer = session.agent().get(url).call().unwrap();
    answer.into_body().read_to_string().unwrap()
}

/// Follows no redirect, as a user whose browser leads back to the client.
fn visit(url: &str) -> String {
    let config = ureq::Agent::config_builder().max_redirects(0);
    let answer = ureq::Agent::from(config.build()).get(url).call().unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// A clock whose time passes for the server, too.
#[derive(Clone, Debug)]
struct Shared(ManualClock, Arc<Simulator>);

impl Clock for Shared {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) {
        self.0.sleep(duration);
        self.1.advance(duration);
    }
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

#[test]
fn a_device_never_asks_sooner_than_the_server_allows() {
    let server = Arc::new(Simulator::generic());
    let clock = Shared(ManualClock::new(), Arc::clone(&server));
    let (watch, start) = (clock.clone(), clock.now());
    let (shown, entered) = (Arc::new(OnceLock::new()), AtomicBool::new(false));
    let link = Arc::clone(&shown);
    let login = DeviceLogin::new(client(&server))
        .clock(clock)
        .show(move |prompt| {
            let link = prompt.verification_uri_complete.clone();
            shown.set(link.unwrap()).unwrap();
        })
        .cancel_when(move || {
            // The user takes a while to find a telephone.
            if watch.now().since(start) >= Duration::from_secs(12) && !entered.swap(true, SeqCst) {
                ureq::get(link.get().unwrap()).call().unwrap();
            }
            false
        });
    let tokens = login.exchange(&HttpTransport::new()).unwrap();
    let session = session(login.grant(), tokens);
    assert!(whoami(&server, &session).contains(USERNAME));
    // At 5, at 10 and at 15 seconds, and never told to slow down.
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn a_device_login_ends_when_its_code_expires() {
    let server = Arc::new(Simulator::generic());
    let clock = Shared(ManualClock::new(), Arc::clone(&server));
    let login = DeviceLogin::new(client(&server)).clock(clock).show(|_| ());
    let error = login.exchange(&HttpTransport::new()).unwrap_err();
    let over = LoginReason::TimedOut;
    assert!(matches!(error, Error::LoginRequired { reason, .. } if reason == over));
    assert_eq!(server.token_requests().len(), 119);
}
