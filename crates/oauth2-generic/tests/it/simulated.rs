//! From an issuer to a log-out against the simulator, which refuses whatever is not right.

#[cfg(feature = "authorization_code")]
mod codes; // a login by code

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
use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, USERNAME};
use oauth2_generic::{Client, DeviceLogin, Error, RefreshToken, Secret, Server, Session};

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
