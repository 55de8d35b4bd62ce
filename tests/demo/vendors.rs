//! The same steps for every vendor: a login, a call, an expiry, a refresh, and refusals.

use std::time::SystemTime;

use auth_all::aerion::Aerion;
use auth_all::aeris::Aeris;
use auth_all::clock::Clock as _;
use auth_all::ermeo::Ermeo;
use auth_all::generic::{Client, ClientAuth, ClientCredentials, Server};
use auth_all::testing::ManualClock;
use auth_all::{Error, Grant, Secret, Session, SessionBuilder};
use auth_sim::{Simulator, Vendor, aerion, aeris, ermeo, generic};

use crate::show::{Outcome, Show, Wire, expect};

type Make = fn(&str) -> Box<dyn Grant>;

/// A vendor: its server, its grants for a base URL, and its API.
struct Entry {
    name: &'static str,
    about: &'static str,
    server: Vendor,
    /// Makes the grant for a login, from a base URL and a secret that may be wrong.
    grant: fn(&str, &str) -> Box<dyn Grant>,
    /// The secret that the server accepts.
    secret: &'static str,
    /// Makes a grant for a refresh token alone, if the vendor has refresh tokens.
    refresh_only: Option<Make>,
    api: &'static str,
    rejects_with: u16,
}

const VENDORS: [Entry; 4] = [
    Entry {
        name: "Aerion",
        about: "form bodies, a header that names the company, a refresh token",
        server: Vendor::Aerion,
        grant: |base, password| {
            let aerion = Aerion::new(aerion::COMPANY).base(base);
            Box::new(aerion.password(aerion::USERNAME, Secret::new(password)))
        },
        secret: aerion::PASSWORD,
        refresh_only: Some(|base| Box::new(Aerion::new(aerion::COMPANY).base(base))),
        api: "/v1/users/me",
        rejects_with: 403,
    },
    Entry {
        name: "Aeris",
        about: "a GET with the secrets in its query, an expiry that is a date",
        server: Vendor::Aeris,
        grant: |base, secret| {
            let aeris = Aeris::new(aeris::CLIENT_ID, Secret::new(aeris::CLIENT_SECRET)).base(base);
            let aeris = aeris.account(aeris::ACCOUNT_ID, Secret::new(secret));
            Box::new(aeris.requester(aeris::REQUESTER_ID))
        },
        secret: aeris::ACCOUNT_SECRET,
        refresh_only: None,
        api: "/devicesQuery/18002/devices/cellUtilization",
        rejects_with: 401,
    },
    Entry {
        name: "Ermeo",
        about: "JSON bodies, refresh tokens that work once and replace the password",
        server: Vendor::Ermeo,
        grant: |base, password| {
            Box::new(ermeo(base).password(ermeo::USERNAME, Secret::new(password)))
        },
        secret: ermeo::PASSWORD,
        refresh_only: Some(|base| Box::new(ermeo(base))),
        api: "/api/v1/assets?limit=10&page=1",
        rejects_with: 401,
    },
    Entry {
        name: "OAuth 2.0, client_credentials",
        about: "any server; here with the client in HTTP Basic",
        server: Vendor::Generic,
        grant: |base, secret| {
            let client = Client::new(Server::new(format!("{base}/token")), generic::CLIENT_ID);
            let client = client.auth(ClientAuth::basic(Secret::new(secret)));
            Box::new(ClientCredentials::new(client.api(base)))
        },
        secret: generic::CLIENT_SECRET,
        refresh_only: None,
        api: "/whoami",
        rejects_with: 401,
    },
];

fn ermeo(base: &str) -> Ermeo {
    Ermeo::new(ermeo::CLIENT_ID, Secret::new(ermeo::CLIENT_SECRET)).base(base)
}

pub(crate) fn play(show: &mut Show) -> Result<(), String> {
    for vendor in &VENDORS {
        let (clock, wire) = (ManualClock::new(), Wire::default());
        let shown = clock.clone();
        let simulator = Simulator::builder(vendor.server);
        let simulator = simulator.now(move || SystemTime::from(shown.now().wall));
        let simulator = simulator.start().map_err(|error| error.to_string())?;
        show.heading(vendor.name, vendor.about);
        let stage = Stage {
            vendor,
            clock,
            wire,
            simulator,
        };
        stage.play(show)?;
    }
    Ok(())
}

struct Stage<'v> {
    vendor: &'v Entry,
    clock: ManualClock,
    wire: Wire,
    simulator: Simulator,
}

impl Stage<'_> {
    fn play(&self, show: &mut Show) -> Result<(), String> {
        let (vendor, url) = (self.vendor, self.simulator.url());
        let session = self
            .builder((vendor.grant)(url, vendor.secret))
            .build()
            .map_err(said)?;
        show.step("log in", &self.wire, || {
            session.token().map_err(said)?;
            self.wire.expect(1)?;
            Ok("a token; nothing was sent before it was needed".to_owned())
        });
        show.step("use", &self.wire, || {
            expect("status", &self.call(Some(&session), "")?, &200)?;
            Ok("the agent signs; the token is held, so there is no other request".to_owned())
        });
        let (old, spent) = (signed(&session)?, session.refresh_token());
        let expiry = session.token().map_err(said)?.expires_at();
        show.step("expire", &self.wire, || {
            self.clock.set(expiry.ok_or("expected an expiry")?);
            expect("status", &self.call(None, &old)?, &vendor.rejects_with)?;
            Ok("it has expired, and the API rejects it".to_owned())
        });
        show.step("refresh", &self.wire, || {
            session.token().map_err(said)?;
            self.wire.expect(1)?;
            match (&spent, &session.refresh_token()) {
                (Some(spent), Some(next)) if spent.expose() != next.expose() => {
                    Ok("another token, and another refresh token: the old one is spent".to_owned())
                }
                (None, None) => Ok("another token, by another login".to_owned()),
                _ => Err("expected another refresh token".to_owned()),
            }
        });
        if let Some((grant, spent)) = vendor.refresh_only.zip(spent) {
            let thief = self
                .builder(grant(url))
                .refresh_token(spent)
                .build()
                .map_err(said)?;
            show.step("reuse", &self.wire, || self.refused(&thief, 1));
        }
        show.step("401 retry", &self.wire, || {
            self.simulator.revoke_access_tokens();
            self.simulator.clear();
            expect("status", &self.call(Some(&session), "")?, &200)?;
            let calls = self.simulator.api_requests();
            let statuses: Vec<_> = calls.iter().filter_map(|call| call.status).collect();
            expect("statuses", &statuses, &vec![vendor.rejects_with, 200])?;
            Ok(format!(
                "the API rejected the token with {}; the agent renewed it and sent the request again, once",
                vendor.rejects_with
            ))
        });
        let wrong = self
            .builder((vendor.grant)(url, "a guess"))
            .build()
            .map_err(said)?;
        show.step("wrong secret", &self.wire, || self.refused(&wrong, 1));
        show.step("once more", &self.wire, || self.refused(&wrong, 0));
        Ok(())
    }

    fn builder(&self, grant: Box<dyn Grant>) -> SessionBuilder {
        let session = Session::builder(grant).clock(self.clock.clone());
        session.transport(self.wire.clone())
    }

    /// Calls the API with a session's agent, or without one and with this header.
    fn call(&self, session: Option<&Session>, header: &str) -> Result<u16, String> {
        let url = format!("{}{}", self.simulator.url(), self.vendor.api);
        let header = match session {
            Some(session) => signed(session)?,
            None => header.to_owned(),
        };
        let called = self.wire.call(session.map(Session::agent), &url, &header);
        Ok(called?.0)
    }

    fn refused(&self, session: &Session, requests: usize) -> Outcome {
        let Err(error) = session.token() else {
            return Err("expected a refusal, got a token".to_owned());
        };
        self.wire.expect(requests)?;
        let nothing = if requests == 0 { "no request: " } else { "" };
        Ok(format!("{nothing}{error}"))
    }
}

/// Returns the header with which the session signs.
pub(crate) fn signed(session: &Session) -> Result<String, String> {
    let token = session.token().map_err(said)?;
    Ok(format!("Bearer {}", token.expose()))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn said(error: Error) -> String {
    error.to_string()
}
