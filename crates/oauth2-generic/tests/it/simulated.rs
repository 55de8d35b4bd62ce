//! From an issuer to a log-out against the simulator, which refuses whatever is not right.

use std::sync::Arc;
use std::time::Duration;

use auth_core::agent::ureq;
use auth_core::clock::{Clock, Moment};
use auth_core::error::LoginReason;
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_sim::Simulator;
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, REDIRECT_URI, USERNAME};
use oauth2_generic::{
    AuthorizationCode, Client, ClientAuth, DeviceLogin, Error, Metadata, Session,
};

fn client(server: &Simulator) -> Client {
    let metadata = Metadata::discover(server.url(), &HttpTransport::new()).unwrap();
    let mut client = metadata.client(CLIENT_ID);
    client.client_secret = CLIENT_SECRET.into();
    client
}

fn whoami(server: &Simulator, session: &Session) -> String {
    let url = format!("{}/whoami", server.url());
    let answer = session.agent().get(url).call().unwrap();
    answer.into_body().read_to_string().unwrap()
}

/// Follows no redirect, as somebody whose browser leads back to the client.
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
    let server = Simulator::generic();
    let client = client(&server);
    let login = AuthorizationCode::new(client.clone(), REDIRECT_URI);
    let pending = login.begin_pushed(&HttpTransport::new()).unwrap();
    assert_eq!(pending.expires_in(), Some(Duration::from_secs(60)));
    let back = visit(pending.url());
    let session = Session::new(pending.redirected(&back).unwrap());
    assert!(whoami(&server, &session).contains(USERNAME));

    let token = session.token().unwrap();
    let http = HttpTransport::new();
    let known = client.introspect(token.expose(), &http).unwrap();
    assert_eq!(known.username.as_deref(), Some(USERNAME));
    session.log_out().unwrap();
    assert!(!client.introspect(token.expose(), &http).unwrap().active);
}

#[test]
fn a_public_client_pushes_its_login_without_a_secret() {
    let server = Simulator::generic();
    let mut client = client(&server);
    client.client_id = PUBLIC_CLIENT_ID.into();
    client.client_secret = "".into();
    client.client_auth = ClientAuth::None;
    let login = AuthorizationCode::new(client, REDIRECT_URI);
    let pending = login.begin_pushed(&HttpTransport::new()).unwrap();
    let back = visit(pending.url());
    let session = Session::new(pending.redirected(&back).unwrap());
    assert!(whoami(&server, &session).contains(PUBLIC_CLIENT_ID));
}

#[test]
fn a_device_never_asks_sooner_than_the_server_allows() {
    let server = Arc::new(Simulator::generic());
    let http = HttpTransport::new();
    let pending = DeviceLogin::new(client(&server)).begin(&http).unwrap();
    let link = pending.verification_uri_complete().unwrap().to_owned();
    let clock = Shared(ManualClock::new(), Arc::clone(&server));
    let (watch, start) = (clock.clone(), clock.now());
    let mut entered = false;
    let granted = pending.clock(clock).cancel_when(move || {
        // Somebody takes a while to find their telephone.
        if !entered && watch.now().since(start) >= Duration::from_secs(12) {
            ureq::get(&link).call().unwrap();
            entered = true;
        }
        false
    });
    let session = Session::new(granted.wait(&http).unwrap());
    assert!(whoami(&server, &session).contains(USERNAME));
    // At 5, at 10 and at 15 seconds, and never told to slow down.
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn a_device_that_nobody_connects_gives_up_when_its_code_expires() {
    let server = Arc::new(Simulator::generic());
    let http = HttpTransport::new();
    let pending = DeviceLogin::new(client(&server)).begin(&http).unwrap();
    let clock = Shared(ManualClock::new(), Arc::clone(&server));
    let error = pending.clock(clock).wait(&http).unwrap_err();
    let over = LoginReason::TimedOut;
    assert!(matches!(error, Error::LoginRequired { reason, .. } if reason == over));
    assert_eq!(server.token_requests().len(), 119);
}
