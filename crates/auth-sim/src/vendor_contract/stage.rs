//! Setting of the suite: a simulator and sessions with one clock, and the captured log.

#![expect(clippy::expect_used, reason = "a test that cannot continue panics")]

use std::cell::RefCell;
use std::error::Error as StdError;
use std::sync::Once;
use std::time::{Duration, SystemTime};

use auth_core::clock::Clock as _;
use auth_core::http::Request;
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Transport as _};
use auth_core::{Error, Grant, Secret, Session, Token};
use log::{LevelFilter, Log, Metadata, Record};

use super::{Make, VendorContract};
use crate::Simulator;

/// A simulator and a session with one clock, and a store for further sessions.
pub(super) struct Stage {
    pub(super) simulator: Simulator,
    pub(super) clock: ManualClock,
    pub(super) session: Session,
    store: MemoryStore,
}

/// A request to the token endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Login,
    Refresh,
}

impl Stage {
    pub(super) fn new(contract: &VendorContract, grant: &Make) -> Self {
        Self::seeded(contract, grant, |_| None)
    }

    /// Makes a stage whose session has no password, only a refresh token from elsewhere.
    pub(super) fn refresh_only(contract: &VendorContract) -> Self {
        let grant = contract.refresh_only.as_ref();
        let grant = grant.expect("`refresh_tokens` needs `refresh_only`");
        Self::seeded(contract, grant, |simulator| {
            Some(simulator.issue_refresh_token())
        })
    }

    fn seeded(
        contract: &VendorContract,
        grant: &Make,
        refresh_token: fn(&Simulator) -> Option<String>,
    ) -> Self {
        let clock = ManualClock::new();
        let shared = clock.clone();
        let simulator = contract.simulator().now(move || time(&shared));
        let simulator = simulator.start().expect("a port");
        let mut session = Session::builder(grant(simulator.url())).clock(clock.clone());
        if let Some(refresh_token) = refresh_token(&simulator) {
            session = session.refresh_token(Secret::new(refresh_token));
        }
        Self {
            session: session.build().expect("a session"),
            simulator,
            clock,
            store: MemoryStore::new(),
        }
    }

    /// Makes another session over the store of this stage, as another process would.
    pub(super) fn process(&self, grant: &Make) -> Session {
        let grant: Box<dyn Grant> = grant(self.simulator.url());
        Session::builder(grant)
            .clock(self.clock.clone())
            .store(self.store.clone())
            .build()
            .expect("a session")
    }

    pub(super) fn token(&self) -> Token {
        self.session.token().expect("a token")
    }

    /// Moves the clock to the second in which this token expires.
    pub(super) fn expire(&self, token: &Token) {
        self.clock.advance(self.left(token));
    }

    /// Returns how long a token is still valid.
    pub(super) fn left(&self, token: &Token) -> Duration {
        let expires_at = token.expires_at().expect("the vendor sends an expiry");
        let left = expires_at.duration_since(time(&self.clock));
        left.expect("it is valid")
    }

    /// Makes the server refuse logins: by the client's secret, or if it checks none, by the password.
    pub(super) fn refuse_logins(&self, contract: &VendorContract, refuse: bool) {
        match (contract.server.client_secret(), refuse) {
            (None, _) => self.simulator.lock_account(refuse),
            (Some(_), true) => self.simulator.accept_client_secrets([""; 0]),
            (Some(secret), false) => self.simulator.accept_client_secrets([secret]),
        }
    }

    /// Returns the requests to the token endpoint since the last call.
    pub(super) fn asked(&self, contract: &VendorContract) -> Vec<Asked> {
        let requests = self.simulator.token_requests();
        self.simulator.clear();
        let asked = requests
            .iter()
            .map(|request| match (contract.is_refresh)(request) {
                true => Asked::Refresh,
                false => Asked::Login,
            });
        asked.collect()
    }

    /// Returns the status with which the API answers this token.
    pub(super) fn api(&self, contract: &VendorContract, token: &Token) -> u16 {
        let request = Request::get(format!("{}{}", self.simulator.url(), contract.api))
            .header(&contract.token_header, token.authorization())
            .body(Vec::new());
        let answer = HttpTransport::new().send(request.expect("a request"));
        answer.expect("an answer").status().as_u16()
    }

    /// Calls `token` on the sessions in turn, with a pause after each call; returns when requests were sent.
    pub(super) fn ask(
        &self,
        sessions: &[Session],
        pause: Duration,
        length: Duration,
    ) -> Vec<Duration> {
        let begun = self.clock.now();
        let mut sent = Vec::new();
        let passed = || self.clock.now().since(begun);
        for session in sessions.iter().cycle() {
            if passed() >= length {
                break;
            }
            let before = self.simulator.token_requests().len();
            drop(session.token());
            let requests = self.simulator.token_requests().len() - before;
            sent.extend(vec![passed(); requests]);
            self.clock.advance(pause);
        }
        sent
    }
}

fn time(clock: &ManualClock) -> SystemTime {
    clock.now().wall.into()
}

/// Returns all that an error shows: `Display` and `Debug` of itself and of its sources.
pub(super) fn shown(error: &Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn StdError> = Some(error);
    while let Some(error) = next {
        text += &format!("{error}\n{error:?}\n{error:#?}\n");
        next = error.source();
    }
    text
}

/// Runs `during`, and returns what this thread logged meanwhile, without the HTTP client's own lines.
pub(super) fn logged<R>(during: impl FnOnce() -> R) -> (R, String) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let installed = log::set_logger(&Journal).is_ok();
        assert!(
            installed,
            "this test binary has another logger; move the contract to one of its own"
        );
        log::set_max_level(LevelFilter::Trace);
    });
    LINES.set(Some(String::new()));
    let result = during();
    (result, LINES.take().unwrap_or_default())
}

struct Journal;

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !["ureq", "rustls"]
            .iter()
            .any(|name| metadata.target().starts_with(name))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!(
            "{} {}: {}\n",
            record.level(),
            record.target(),
            record.args()
        );
        // A thread that is ending has no lines any more.
        let _ = LINES.try_with(|lines| {
            if let Some(lines) = &mut *lines.borrow_mut() {
                lines.push_str(&line);
            }
        });
    }

    fn flush(&self) {}
}

thread_local! {
    static LINES: RefCell<Option<String>> = const { RefCell::new(None) };
}
