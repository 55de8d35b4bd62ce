//! Logins by a user, in a browser and with a device: at a real server, and in a real Chromium.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use auth_all::generic::{BrowserLogin, Client, DeviceLogin, RefreshToken, Server};
use auth_all::grant::TokenResponse;
use auth_all::testing::ManualClock;
use auth_all::{Error, Grant, Session};
use services::{Chromium, Installed};

use crate::show::{Outcome, Show, Wire, expect};

struct Stage {
    server: Installed,
    clock: ManualClock,
    wire: Wire,
}

/// Logs in with Chromium, and with a device whose code is entered there.
pub(crate) fn play(show: &mut Show) -> Result<(), String> {
    let server = Installed::oidc_provider().map_err(|why| why.to_string())?;
    let chromium = Chromium::start().map_err(|why| why.to_string())?;
    let (stage, chromium) = (Stage::at(server), Arc::new(Mutex::new(chromium)));
    let client = stage.log_in(show, Some(&chromium))?;
    stage.log_in_by_device(show, client, chromium)
}

/// Lets the user of this machine log in, with the desktop's browser.
pub(crate) fn play_with_you(show: &mut Show) -> Result<(), String> {
    let server = Installed::oidc_provider().map_err(|why| why.to_string())?;
    Stage::at(server).log_in(show, None).map(drop)
}

impl Stage {
    fn at(server: Installed) -> Self {
        Self {
            server,
            clock: ManualClock::new(),
            wire: Wire::default(),
        }
    }

    fn log_in(
        &self,
        show: &mut Show,
        chromium: Option<&Arc<Mutex<Chromium>>>,
    ) -> Result<Client, String> {
        let about = "at oidc-provider, from the issuer's URL alone";
        show.heading("OAuth 2.0, in a browser", about);
        let (mut client, mut tokens) = (None, None);
        show.step("discover", &self.wire, || {
            let issuer = self.server.url("issuer");
            let server = Server::discover_with(issuer, &self.wire).map_err(said)?;
            client = Some(Client::new(server, "app").scope("read").api(issuer));
            let enforced = "PKCE and `iss` are announced, so they are enforced";
            Ok(format!("every endpoint is known; {enforced}"))
        });
        let client = client.ok_or("without a server there is no login")?;
        let mut login = BrowserLogin::new(client.clone()).app_name("Acme Sync");
        let mut who = "you logged in with your browser";
        if let Some(chromium) = chromium {
            who = "the demonstration logged in (target/screenshots/demonstration.png)";
            let chromium = Arc::clone(chromium);
            login = login.open_with(move |url| {
                let (chromium, url) = (Arc::clone(&chromium), url.to_owned());
                thread::spawn(move || walk(&chromium, &url, None));
                Ok(())
            });
        } else {
            let (name, password) = ALICE;
            eprintln!("Your turn: log in as {name} with the password {password}, and allow it.\n");
        }
        show.step("log in", &self.wire, || {
            tokens = Some(login.exchange(&self.wire).map_err(said)?);
            Ok(format!("{who}; the code came back to 127.0.0.1"))
        });
        let session = self.session(login.grant(), tokens)?;
        show.step("use", &self.wire, || self.who(&session, 1));
        show.step("renew", &self.wire, || {
            let kept = session.refresh_token().ok_or("no refresh token")?;
            self.clock.advance(Duration::from_secs(3600));
            self.who(&session, 2)?;
            let next = session.refresh_token().ok_or("no refresh token")?;
            expect("rotation", &(kept.expose() != next.expose()), &true)?;
            Ok("an hour later the agent renewed the token first".to_owned())
        });
        self.log_out(show, &session, client.clone())?;
        Ok(client)
    }

    fn log_out(&self, show: &mut Show, session: &Session, client: Client) -> Result<(), String> {
        let kept = session.refresh_token().ok_or("no refresh token")?;
        show.step("log out", &self.wire, || {
            session.log_out().map_err(said)?;
            self.wire.expect(1)?;
            Ok("the refresh token is revoked at the server and deleted here".to_owned())
        });
        let thief = Session::builder(RefreshToken::new(client)).refresh_token(kept);
        let thief = thief.transport(self.wire.clone()).build().map_err(said)?;
        show.step("too late", &self.wire, || match thief.token() {
            Err(error) => Ok(error.to_string()),
            Ok(_) => Err("expected a refusal, got a token".to_owned()),
        });
        Ok(())
    }

    fn log_in_by_device(
        &self,
        show: &mut Show,
        client: Client,
        chromium: Arc<Mutex<Chromium>>,
    ) -> Result<(), String> {
        show.heading(
            "OAuth 2.0, device_code",
            "a code, entered on another device",
        );
        let login = DeviceLogin::new(client).clock(self.clock.clone());
        let login = login.show(move |prompt| {
            match prompt.qr() {
                Ok(qr) if io::stdout().is_terminal() => println!("{}\n", qr.coloured()),
                Ok(qr) => println!("{qr}\n"),
                Err(_) => {}
            }
            println!("{prompt}\n");
            walk(&chromium, &prompt.verification_uri, Some(&prompt.user_code));
        });
        let mut tokens = None;
        show.step("log in", &self.wire, || {
            tokens = Some(login.exchange(&self.wire).map_err(said)?);
            Ok("the demonstration entered the code in Chromium, logged in and agreed".to_owned())
        });
        let session = self.session(login.grant(), tokens)?;
        show.step("use", &self.wire, || self.who(&session, 1));
        Ok(())
    }

    fn session(
        &self,
        grant: impl Grant + 'static,
        tokens: Option<TokenResponse>,
    ) -> Result<Session, String> {
        let session = Session::builder(grant).tokens(tokens.ok_or("the login failed")?);
        let session = session.clock(self.clock.clone());
        session.transport(self.wire.clone()).build().map_err(said)
    }

    /// Calls the API, which must return that the token is alice's.
    fn who(&self, session: &Session, requests: usize) -> Outcome {
        let url = format!("{}/whoami", self.server.url("issuer"));
        let header = signed(session)?;
        let (status, body) = self.wire.call(Some(session.agent()), &url, &header)?;
        expect("status", &status, &200)?;
        self.wire.expect(requests)?;
        expect("alice's name", &body.contains("\"alice\""), &true)?;
        Ok("the agent signed the request, and the API returned alice".to_owned())
    }
}

/// Opens a page in Chromium, enters a device's code if there is one, logs in and consents.
fn walk(chromium: &Mutex<Chromium>, url: &str, user_code: Option<&str>) {
    let mut chromium = chromium.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tab = chromium.tab();
    tab.open(url);
    if let Some(code) = user_code {
        tab.fill_in("user_code", code);
    }
    // At most a code, a confirmation, a login and a consent.
    for _ in 0..8 {
        if !tab.answer(ALICE, true) {
            break;
        }
    }
    if user_code.is_none() {
        tab.resize(1000, 640);
        tab.screenshot("demonstration");
    }
}

/// Returns the header with which the session signs.
fn signed(session: &Session) -> Result<String, String> {
    let token = session.token().map_err(said)?;
    Ok(format!("Bearer {}", token.expose()))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn said(error: Error) -> String {
    error.to_string()
}

/// The account at the server.
const ALICE: (&str, &str) = ("alice", "alice's password");
