//! What was said between this program and the server, and by the browser.

use std::sync::{Arc, Mutex, PoisonError};

use auth_all::http::{Request, Response};
use auth_all::testing::ManualClock;
use auth_all::transport::{HttpTransport, Transport};
use auth_all::{Result, Session};
use services::Visit;

use crate::exchange::{self, Exchange};
use crate::report::{Report, Step};
use crate::stage::Outcome;

/// The network, the clock and the report of a login that no simulator listens to.
pub(super) struct Wire<'r> {
    pub(super) report: &'r mut Report,
    pub(super) clock: ManualClock,
    heard: Heard,
}

/// The real transport, and an ear.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<Exchange>>>);

impl<'r> Wire<'r> {
    pub(super) fn new(report: &'r mut Report) -> Self {
        Self {
            report,
            clock: ManualClock::new(),
            heard: Heard::default(),
        }
    }

    /// A transport that is heard.
    pub(super) fn http(&self) -> Heard {
        self.heard.clone()
    }

    pub(super) fn builder(
        &self,
        grant: impl auth_all::Grant + 'static,
    ) -> auth_all::SessionBuilder {
        Session::builder(grant)
            .clock(self.clock.clone())
            .transport(self.http())
    }

    /// Plays one step and reports it.
    pub(super) fn step(&mut self, name: &'static str, play: impl FnOnce(&Heard) -> Outcome) {
        let outcome = play(&self.heard);
        let exchanges = self.heard.take();
        self.report.step(&Step {
            name,
            exchanges,
            outcome,
        });
    }
}

impl Heard {
    pub(super) fn push(&self, exchange: Exchange) {
        self.with(|heard| heard.push(exchange));
    }

    /// Of the pages on the way the first and the last: what was opened or sent, and where that led.
    pub(super) fn push_visits(&self, visits: &[Visit], title: &str) {
        let mut exchanges: Vec<_> = visits.iter().map(Exchange::visited).collect();
        if let Some(last) = exchanges.last_mut().filter(|_| !title.is_empty()) {
            last.answered = vec![("title".to_owned(), title.to_owned())];
        }
        if exchanges.len() > 2 {
            exchanges.drain(1..exchanges.len() - 1);
        }
        self.with(|heard| heard.append(&mut exchanges));
    }

    /// How many requests there have been in this step.
    pub(super) fn count(&self) -> usize {
        self.with(|heard| heard.len())
    }

    /// Shows something else as the last answer.
    pub(super) fn show(&self, answered: Vec<exchange::Field>) {
        self.with(|heard| {
            if let Some(last) = heard.last_mut() {
                last.answered = answered;
            }
        });
    }

    fn take(&self) -> Vec<Exchange> {
        self.with(std::mem::take)
    }

    fn with<R>(&self, work: impl FnOnce(&mut Vec<Exchange>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Heard {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let mut exchange = Exchange::sent(&request);
        let answer = HttpTransport::new().send(request);
        if let Ok(answer) = &answer {
            exchange.status = Some(answer.status().as_u16());
            if !answer.body().is_empty() {
                exchange.answered = exchange::answered(answer.body());
            }
        }
        self.push(exchange);
        answer
    }
}
