//! One fleet, and its counts.

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::time::Duration;

use auth_tests::fleet::{Fleet, Happening, Order, Point, Report, Settings};
use serde_json::{Value, json};

/// One fleet, and its counts.
pub(super) struct Contender {
    pub(super) fleet: Fleet,
    pub(super) counts: Counts,
    /// Processes that got no token at their last request.
    without: BTreeSet<usize>,
    /// The point at which the next process to reach it is killed.
    armed: Option<Point>,
    /// Number of refreshes at the last such kill.
    struck_at: usize,
    /// The log, one event per line.
    pub(super) log: Option<File>,
    /// The tokens that processes held, each once.
    tokens: Vec<String>,
}

/// Counted events.
#[derive(Default)]
pub(super) struct Counts {
    /// Refreshes that brought a token.
    refreshes: usize,
    /// Refresh tokens that the server refused.
    pub(super) refused: usize,
    pub(super) logins: usize,
    pub(super) kills: usize,
    /// Kills after a refresh token was noted as sent, and before its successor was stored.
    pub(super) kills_in_flight: usize,
    /// Renewals so slow that other processes may have given them up.
    pub(super) late: usize,
}

impl Contender {
    pub(super) fn open(settings: Settings) -> io::Result<Self> {
        Ok(Self {
            fleet: Fleet::open(env::current_exe()?, settings, LIFE)?,
            counts: Counts::default(),
            without: BTreeSet::new(),
            armed: None,
            struck_at: 0,
            log: None,
            tokens: Vec::new(),
        })
    }

    /// Returns the hours that have passed.
    pub(super) fn hours(&self) -> f64 {
        self.fleet.clock.passed().as_secs_f64() / 3600.0
    }

    /// Processes all pending events.
    pub(super) fn watch(&mut self) -> io::Result<()> {
        while let Some(happening) = self.fleet.next(Duration::from_millis(5)) {
            self.take_in(&happening)?;
        }
        Ok(())
    }

    /// Kills a process, and arranges that another one is killed in the middle of its renewal.
    pub(super) fn strike(&mut self, hours_left: u32, most: usize) -> io::Result<()> {
        // No kills in the last hour, so that the remaining processes can recover.
        if hours_left < 2 || self.counts.kills >= most {
            if self.armed.take().is_some() {
                self.fleet.tell_all(&Order::Go);
            }
            return Ok(());
        }
        let members = self.fleet.members();
        self.kill(members[(7 * self.counts.kills) % members.len()])?;
        if self.armed.is_none() && (self.counts.refreshes > self.struck_at || self.struck_at == 0) {
            let point = POINTS[self.counts.kills_in_flight % POINTS.len()];
            self.armed = Some(point);
            self.fleet.tell_all(&Order::Stop(match point {
                // At this point the server holds its response back.
                Point::Handled => Point::BeforeSend,
                other => other,
            }));
        }
        Ok(())
    }

    /// Lets each process request a token, at most three times; returns the errors of those that got none.
    pub(super) fn end(&mut self) -> io::Result<Vec<String>> {
        self.fleet.tell_all(&Order::Rest);
        let mut lost = Vec::new();
        for member in self.fleet.members() {
            self.fleet.tell(member, &Order::Token);
            let mut tries = 0;
            loop {
                let happening = self.fleet.next(Duration::from_secs(30));
                let happening =
                    happening.ok_or_else(|| io::Error::other("a process does not report"))?;
                self.take_in(&happening)?;
                match happening {
                    Happening::Said(it, Report::Token(..)) if it == member => break,
                    Happening::Said(it, Report::NoToken(why)) if it == member => {
                        tries += 1;
                        if tries == 3 {
                            lost.push(why);
                            break;
                        }
                        self.fleet.tell(member, &Order::Token);
                    }
                    _ => {}
                }
            }
        }
        Ok(lost)
    }

    /// Writes a line of the log: the hours that have passed, and the event.
    pub(super) fn note(&mut self, mut line: Value) -> io::Result<()> {
        line["hours"] = self.hours().into();
        match &mut self.log {
            Some(log) => writeln!(log, "{line}"),
            None => Ok(()),
        }
    }

    pub(super) fn join(&mut self) -> io::Result<()> {
        let member = self.fleet.join()?;
        self.note(json!({"process": member, "did": "start"}))?;
        self.fleet
            .tell(member, &Order::Run(Duration::from_millis(10)));
        Ok(())
    }

    fn kill(&mut self, member: usize) -> io::Result<()> {
        self.note(json!({"process": member, "did": "die"}))?;
        self.fleet.kill(member);
        self.without.remove(&member);
        self.counts.kills += 1;
        self.join()
    }

    fn take_in(&mut self, happening: &Happening) -> io::Result<()> {
        match happening {
            Happening::Answered(request) => {
                match (request.is_refresh, request.succeeded) {
                    (true, true) => self.counts.refreshes += 1,
                    (true, false) => self.counts.refused += 1,
                    (false, _) => self.counts.logins += 1,
                }
                let what = if request.is_refresh {
                    "refresh"
                } else {
                    "login"
                };
                self.note(json!({"server": what, "succeeded": request.succeeded}))?;
            }
            Happening::Said(member, Report::Holds(token) | Report::Token(token, _)) => {
                self.without.remove(member);
                // The log shows the number of a token, never the token.
                let known = self.tokens.iter().position(|it| it == token);
                let number = known.unwrap_or(self.tokens.len());
                if known.is_none() {
                    self.tokens.push(token.clone());
                }
                self.note(json!({"process": member, "did": "hold", "token": number}))?;
            }
            Happening::Said(member, Report::NoToken(_)) => drop(self.without.insert(*member)),
            Happening::Said(_, Report::Late) => self.counts.late += 1,
            Happening::Said(member, Report::At(_)) => self.caught(*member)?,
            Happening::Said(..) => {}
        }
        Ok(())
    }

    /// Handles a process that has stopped where it is to be killed.
    fn caught(&mut self, member: usize) -> io::Result<()> {
        let Some(point) = self.armed.take() else {
            self.fleet.tell(member, &Order::Go);
            return Ok(());
        };
        let others = self.fleet.members().into_iter();
        for other in others.filter(|other| *other != member) {
            self.fleet.tell(other, &Order::Go);
        }
        let gate = (point == Point::Handled).then(|| {
            let gate = self.fleet.server.hold();
            self.fleet.tell(member, &Order::Go);
            gate.wait_until_reached();
            gate
        });
        self.kill(member)?;
        drop(gate);
        self.counts.kills_in_flight += 1;
        self.struck_at = self.counts.refreshes;
        Ok(())
    }
}

/// Formats the columns of a table.
impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sends = self.fleet.most_spends();
        write!(
            f,
            "{:>9}  {:>6}  {:>5}  {sends:>5}  {:>7}",
            self.counts.refreshes,
            self.counts.logins,
            self.counts.kills,
            self.without.len()
        )
    }
}

/// Points at which a killed process takes a refresh token with it.
const POINTS: [Point; 3] = [Point::Handled, Point::BeforeCommit, Point::AfterBegin];
/// Lifetime of an access token; Ermeo's.
pub(super) const LIFE: Duration = Duration::from_secs(7200);
