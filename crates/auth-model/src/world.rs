//! Everything at one moment: the store, the server, the processes and what is on its way.

use std::rc::Rc;
use std::time::Duration;

use crate::clock::{Moment, UnixTime};
use crate::error::{Error, LoginReason};
use crate::fingerprint::Fingerprint;
use crate::grant::Replay;
use crate::login::{
    AttemptId, Change, Generation, Lineage, Memory, Record, Refresh, Rules, Sends, Stamp, Tokens,
};
use crate::secret::Secret;
use crate::token::{Lifetime, TokenResponse};

use super::process::{Process, Temper};
use super::scenario::{Budget, Scenario, Start};
use super::server::{Server, State};

/// A global state.
#[derive(Clone, Debug)]
pub(super) struct World<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) record: Option<Rc<Record>>,
    /// The one before, where it may come back.
    pub(super) previous: Option<Rc<Record>>,
    pub(super) is_restored: bool,
    /// The last one.
    pub(super) logout: Option<Logout>,
    pub(super) server: Server,
    pub(super) processes: Vec<Rc<Process>>,
    /// Requests that no process waits for any more, and that may still arrive: this refresh token or a login.
    pub(super) late: Vec<Option<usize>>,
    /// Troubles that may still happen.
    pub(super) left: Budget,
    /// How many logins there was a reason for and how many there were.
    pub(super) reasons: u8,
    pub(super) logins: u8,
    /// How often the server refused what it was logged in with.
    pub(super) wrong: u8,
    /// How often the server refused a refresh token.
    pub(super) refused: u8,
    /// The last number that was drawn.
    pub(super) count: u128,
}

/// A logout, which takes two swaps: the second is for the login that a store may keep beside.
#[derive(Clone, Debug)]
pub(super) struct Logout {
    pub(super) tombstone: Rc<Record>,
    /// How many tokens there were.
    pub(super) issued: usize,
    /// The second swap was made, or another process has replaced the tombstone.
    pub(super) is_over: bool,
}

/// One thing that can happen; how it comes out is a matter of luck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Event {
    /// A process does its next step.
    Step(usize),
    Crash(usize),
    /// A request that no process waits for arrives.
    Arrive(usize),
    LogOut,
    /// The second swap of a logout, if it ever comes.
    EndLogOut,
    Restore,
}

/// Result of a check: the property that is broken.
pub(super) type Checked<T = ()> = Result<T, String>;

/// A description of the events; empty while states are only counted.
#[derive(Debug, Default)]
pub(super) struct Story(pub(super) Option<Vec<String>>);

impl<'s> World<'s> {
    pub(super) fn new(scenario: &'s Scenario) -> Self {
        let mut world = Self {
            scenario,
            record: None,
            previous: None,
            is_restored: false,
            logout: None,
            server: Server::new(scenario.server),
            processes: Vec::new(),
            late: Vec::new(),
            left: scenario.left,
            reasons: 0,
            logins: 0,
            wrong: 0,
            refused: 0,
            count: 0,
        };
        match scenario.start {
            Start::LoggedIn => world.log_in(),
            Start::Empty => world.reasons = 1,
            Start::Seeded => {
                world.server.log_in();
            }
        }
        let processes = (0..scenario.processes).map(|at| Rc::new(world.first_process(at)));
        world.processes = processes.collect();
        world
    }

    /// Puts a login into the store that every process has loaded.
    fn log_in(&mut self) {
        let token = self.server.log_in();
        let tokens = Tokens::new(response(token), self.now());
        let (access, tokens) =
            tokens.unwrap_or_else(|_| unreachable!("the server's tokens are good"));
        self.record = Some(Rc::new(Record {
            lineage: Lineage(self.number()),
            born: self.now().wall,
            revision: 1,
            generation: Generation(1),
            access: Some(access),
            refresh: Refresh::new(tokens.refresh),
            ..Record::default()
        }));
    }

    fn first_process(&mut self, at: usize) -> Process {
        let mut process = self.new_process(at);
        if let Some(record) = &self.record {
            process.held = Some(record.stamp());
            process.known = Some(0);
            process.memory.newest = Some((**record).clone());
        }
        process
    }

    /// One that has just been started.
    pub(super) fn new_process(&mut self, at: usize) -> Process {
        let seed = |world: &mut Self| Change::Seed {
            lineage: Lineage(world.number()),
            born: world.now().wall,
            tokens: Tokens::seeded(response(0).refresh_token, world.now()),
            seed: Fingerprint(1),
            is_new: false,
        };
        Process {
            memory: Memory {
                newest: None,
                owed: (self.scenario.start == Start::Seeded).then(|| Box::new(seed(self))),
                told: None,
                took: Duration::ZERO,
            },
            has_old_secret: self.scenario.has_old_secrets && !at.is_multiple_of(2),
            temper: if at.is_multiple_of(2) {
                Temper::Early
            } else {
                Temper::Late
            },
            ..Process::default()
        }
    }

    pub(super) fn rules(&self) -> Rules {
        Rules {
            replay: self.scenario.replay,
            flight: FLIGHT,
            retries: self.scenario.retries,
            renew_ahead: 0,
        }
    }

    /// The fingerprints of what a process would send.
    pub(super) fn sends(&self, at: usize) -> Sends {
        let nothing = || Error::login_required(LoginReason::NoCredentials);
        Sends {
            who: self.scenario.who,
            login: match self.can_log_in() {
                true => Ok(self.print(at)),
                false => Err(nothing()),
            },
            refresh: Ok(self.print(at)),
        }
    }

    /// The fingerprint of what a process sends.
    pub(super) fn print(&self, at: usize) -> Fingerprint {
        if self.has_old_secret(at) { OLD } else { RIGHT }
    }

    pub(super) fn has_old_secret(&self, at: usize) -> bool {
        self.processes[at].has_old_secret
    }

    /// How often a request was turned away in unclear words.
    pub(super) fn balked(&self) -> u8 {
        self.scenario.left.balked - self.left.balked
    }

    pub(super) fn process(&mut self, at: usize) -> &mut Process {
        let process = Rc::make_mut(&mut self.processes[at]);
        process.print.set(None);
        process
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.record
            .as_ref()
            .map(|record| record.stamp())
            .unwrap_or_default()
    }

    /// A moment that only orders events by number: no deadline depends on it.
    pub(super) fn now(&self) -> Moment {
        at(self.count)
    }

    /// A number that no process has drawn.
    pub(super) fn number(&mut self) -> u128 {
        self.count += 1;
        number(self.count, NO_PROCESS)
    }

    /// The events that can happen next.
    pub(super) fn events(&self, events: &mut Vec<Event>) {
        events.clear();
        let record = self.record.as_deref();
        for (at, process) in self.processes.iter().enumerate() {
            if !process.is_at_rest(record, self.scenario.generation) {
                events.push(Event::Step(at));
            }
            if self.left.crashes > 0 {
                events.push(Event::Crash(at));
            }
        }
        events.extend((0..self.late.len()).map(Event::Arrive));
        if self.left.logouts > 0 && self.record.is_some() {
            events.push(Event::LogOut);
        }
        let is_halfway = self.logout.as_ref().is_some_and(|logout| !logout.is_over);
        if is_halfway {
            events.push(Event::EndLogOut);
        }
        // A login that is restored in the middle of a logout stays: the caller that logs out gets an error.
        if self.left.restores > 0 && self.previous.is_some() && !is_halfway {
            events.push(Event::Restore);
        }
    }

    /// Returns `true` if every process is content, or knows why it cannot be.
    pub(super) fn is_over(&self) -> bool {
        let record = self.record.as_deref();
        let mut processes = self.processes.iter();
        processes.all(|process| process.is_at_rest(record, self.scenario.generation))
    }

    /// How much has gone wrong so far.
    pub(super) fn troubles(&self) -> u8 {
        self.scenario.left.sum() - self.left.sum()
    }

    pub(super) fn most_sendings(&self) -> u8 {
        match self.scenario.replay {
            Replay::Never => 1,
            Replay::Once => 2,
        }
    }

    /// The token that the server issued in its place.
    pub(super) fn successor(&self, token: usize) -> Option<usize> {
        match self.server.issued[token].state {
            State::Spent(successor) => Some(successor),
            State::Good | State::Revoked => None,
        }
    }
}

impl Event {
    pub(super) fn code(self) -> u8 {
        let (kind, at) = match self {
            Self::Step(at) => (0, at),
            Self::Crash(at) => (1, at),
            Self::Arrive(at) => (2, at),
            Self::LogOut => (3, 0),
            Self::Restore => (4, 0),
            Self::EndLogOut => (5, 0),
        };
        kind * 16 + at as u8
    }

    pub(super) fn from_code(code: u8) -> Self {
        let at = usize::from(code % 16);
        match code / 16 {
            0 => Self::Step(at),
            1 => Self::Crash(at),
            2 => Self::Arrive(at),
            3 => Self::LogOut,
            4 => Self::Restore,
            _ => Self::EndLogOut,
        }
    }
}

impl Story {
    pub(super) fn tell(&mut self, words: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            lines.push(words());
        }
    }
}

/// The answer that brings a token.
pub(super) fn response(token: usize) -> TokenResponse {
    TokenResponse {
        refresh_token: Some(Secret::new(format!("r{token}"))),
        lifetime: Lifetime::For(Duration::from_secs(3600)),
        ..TokenResponse::new(Secret::new(format!("a{token}")))
    }
}

pub(super) fn at(count: u128) -> Moment {
    let passed = Duration::from_millis(count as u64);
    Moment::new(YEAR_2026.plus(passed), passed)
}

/// A number that contains a count and the process that has drawn it.
pub(super) fn number(count: u128, who: usize) -> u128 {
    count * 16 + who as u128
}

pub(super) fn whose(AttemptId(number): AttemptId) -> usize {
    (number % 16) as usize
}

/// When a number was drawn.
pub(super) fn drawn(number: u128) -> Moment {
    at(number / 16)
}

/// The fingerprint of what the server takes, and of what it took before the client's secret changed.
pub(super) const RIGHT: Fingerprint = Fingerprint(1);
pub(super) const OLD: Fingerprint = Fingerprint(2);
const NO_PROCESS: usize = 15;
const YEAR_2026: UnixTime = UnixTime::new(Duration::from_secs(1_767_225_600));
/// Longer than any rest after a failure.
pub(super) const FLIGHT: Duration = Duration::from_secs(10_000_000);
