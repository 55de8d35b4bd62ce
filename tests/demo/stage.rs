//! One simulator, one clock, and the sessions that play before them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_all::agent::ureq;
use auth_all::http::{Request, Response};
use auth_all::testing::ManualClock;
use auth_all::transport::{HttpTransport, Transport};
use auth_all::{Grant, Result, Session};
use auth_sim::{Simulator, Vendor};

use crate::exchange::{self, Exchange, Field};
use crate::report::{Report, Step};

/// What a step shows, or what was expected and what came instead.
pub(crate) type Outcome = std::result::Result<String, String>;

/// A vendor's simulator, with everything that was said since the last step.
pub(crate) struct Stage<'r> {
    pub(crate) simulator: Simulator,
    pub(crate) clock: ManualClock,
    report: &'r mut Report,
    heard: Arc<Heard>,
}

/// What reached the caller.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
}

/// Answers, which the simulator does not keep.
#[derive(Default)]
struct Heard {
    /// Of the token endpoint, in order.
    tokens: Mutex<VecDeque<Vec<Field>>>,
    /// Of anything else; the last one, since only that reaches the caller.
    other: Mutex<Option<Vec<Field>>>,
}

impl<'r> Stage<'r> {
    /// Starts the simulator; it and the sessions share one clock, which only `advance` moves.
    pub(crate) fn open(report: &'r mut Report, vendor: Vendor) -> std::io::Result<Self> {
        let clock = ManualClock::new();
        let shown = clock.clone();
        let simulator = Simulator::builder(vendor)
            .now(move || shown.system_time())
            .start()?;
        Ok(Self {
            simulator,
            clock,
            report,
            heard: Arc::default(),
        })
    }

    /// Begins a chapter.
    pub(crate) fn heading(&mut self, name: &str, about: &str) {
        self.report.heading(name, about);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url())
    }

    /// A session that has nothing yet.
    pub(crate) fn session(&self, grant: impl Grant + 'static) -> Session {
        self.builder(grant).build()
    }

    pub(crate) fn builder(&self, grant: impl Grant + 'static) -> auth_all::SessionBuilder {
        let heard = Arc::clone(&self.heard);
        let transport = Listening {
            inner: HttpTransport::new(),
            heard,
        };
        Session::builder(grant)
            .clock(self.clock.clone())
            .transport(transport)
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Calls an API with an agent that signs, or with one that does not.
    pub(crate) fn get(
        &self,
        agent: &ureq::Agent,
        url: &str,
        authorization: Option<&str>,
    ) -> std::result::Result<Answer, String> {
        let mut request = agent
            .get(url)
            .config()
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let mut answer = request
            .call()
            .map_err(|error| format!("the API did not answer: {error}"))?;
        let location = answer
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let fields = match &location {
            Some(location) => exchange::redirected(location),
            None => {
                let body = answer
                    .body_mut()
                    .read_to_vec()
                    .map_err(|error| error.to_string())?;
                exchange::answered(&body)
            }
        };
        *lock(&self.heard.other) = Some(fields);
        Ok(Answer {
            status: answer.status().as_u16(),
            location,
        })
    }

    /// How many requests have come to the token endpoint in this step.
    pub(crate) fn token_requests(&self) -> usize {
        self.simulator.token_requests().len()
    }

    /// Plays one step and reports it.
    pub(crate) fn step(&mut self, name: &'static str, play: impl FnOnce(&Self) -> Outcome) {
        let outcome = play(self);
        let exchanges = self.exchanges();
        self.simulator.clear();
        self.report.step(&Step {
            name,
            exchanges,
            outcome,
        });
    }

    /// What was said since the last step, question beside answer.
    fn exchanges(&self) -> Vec<Exchange> {
        let token_path = self.simulator.token_path();
        let mut tokens = lock(&self.heard.tokens);
        let mut other = lock(&self.heard.other).take();
        let mut exchanges: Vec<Exchange> = Vec::new();
        for received in self.simulator.requests().iter().rev() {
            let mut exchange = Exchange::new(received);
            let answered = if received.path == token_path {
                tokens.pop_back()
            } else {
                other.take()
            };
            exchange.answered = answered.unwrap_or_default();
            exchanges.insert(0, exchange);
        }
        tokens.clear();
        exchanges
    }
}

/// The real transport, and an ear.
struct Listening {
    inner: HttpTransport,
    heard: Arc<Heard>,
}

impl Transport for Listening {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let answer = self.inner.send(request)?;
        lock(&self.heard.tokens).push_back(exchange::answered(answer.body()));
        Ok(answer)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
