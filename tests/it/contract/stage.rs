//! Where the suite plays: one simulator, one session, one clock.

use std::time::Duration;

use auth_core::time::OffsetDateTime;
use auth_core::{ManualClock, Session, Token};
use auth_sim::{Received, Simulator};

use super::subject::{Make, Subject};

/// A simulator and a session that have one clock.
pub(super) struct Stage {
    pub(super) simulator: Simulator,
    pub(super) clock: ManualClock,
    pub(super) session: Session,
}

impl Stage {
    pub(super) fn new(subject: &Subject, grant: Make) -> Self {
        Self::seeded(subject, grant, |_| None)
    }

    /// With the refresh token that is made of the simulator.
    pub(super) fn seeded(
        subject: &Subject,
        grant: Make,
        refresh_token: fn(&Simulator) -> Option<String>,
    ) -> Self {
        let clock = ManualClock::new();
        let shared = clock.clone();
        let simulator = subject.simulator().now(move || shared.system_time());
        let simulator = simulator.start().expect("a port");
        let mut session = Session::builder(grant(simulator.url())).clock(clock.clone());
        if let Some(refresh_token) = refresh_token(&simulator) {
            session = session.refresh_token(refresh_token);
        }
        let session = session.build();
        Self {
            simulator,
            clock,
            session,
        }
    }

    pub(super) fn token(&self) -> Token {
        self.session.token().expect("a token")
    }

    /// Lets the life of a token pass, to the second.
    pub(super) fn expire(&self, token: &Token) {
        let expires_at = token.expires_at().expect("every vendor says when");
        let left = expires_at - self.date();
        self.clock
            .advance(Duration::try_from(left).expect("it is held"));
    }

    pub(super) fn date(&self) -> OffsetDateTime {
        self.clock.system_time().into()
    }

    /// Whether the client's secret is refused from now on, or where nobody looks at it the password.
    pub(super) fn refuse_logins(&self, subject: &Subject, refuse: bool) {
        match (subject.client_secret, refuse) {
            (None, _) => self.simulator.lock_account(refuse),
            (Some(_), true) => self.simulator.accept_client_secrets([""; 0]),
            (Some(secret), false) => self.simulator.accept_client_secrets([secret]),
        }
    }

    /// The grants that were asked for since the last look.
    pub(super) fn grants(&self) -> Vec<String> {
        let requests = self.simulator.token_requests();
        self.simulator.clear();
        requests.iter().map(Received::grant_type).collect()
    }

    /// What the API answers to this token.
    pub(super) fn api(&self, subject: &Subject, token: &Token) -> u16 {
        let agent: ureq::Agent = ureq::config::Config::builder()
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("{}{}", self.simulator.url(), subject.api);
        let request = agent
            .get(url)
            .header("authorization", token.authorization());
        request.call().expect("an answer").status().as_u16()
    }
}
