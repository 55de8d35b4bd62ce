//! One fleet, and what has become of it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::File;
use std::io::{self, Write as _};
use std::time::Duration;

use auth_all::ermeo::Ermeo;
use auth_sim::ermeo;
use auth_tests::fleet::{Fleet, Happening, Order, Point, Report, Request, Settings};
use serde_json::{Value, json};

/// One fleet, and what has become of it.
pub(super) struct Contender {
    pub(super) fleet: Fleet,
    /// Whether processes are killed.
    pub(super) is_struck: bool,
    /// What happens, a line each.
    pub(super) log: Option<File>,
    /// The tokens that processes held, each once.
    tokens: Vec<String>,
    processes: usize,
    pub(super) tally: Tally,
    /// Who asked for a token last and got none.
    without: BTreeSet<usize>,
    /// Where the next to come is killed.
    armed: Option<Point>,
    /// Refreshes when that happened last.
    struck_at: usize,
}

/// What has happened so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// Refreshes that brought a token.
    pub(super) refreshes: usize,
    /// Refresh tokens that the server refused.
    pub(super) refused: usize,
    pub(super) logins: usize,
    pub(super) kills: usize,
    /// How many of them had noted that they would send a refresh token, and not stored its successor.
    pub(super) kills_in_flight: usize,
    /// Renewals that took so long that others may have given them up.
    pub(super) late: usize,
    /// Hours until a process got no token for the first time.
    pub(super) without_after: Option<f64>,
}

impl Contender {
    pub(super) fn open(settings: Settings, processes: usize) -> io::Result<Self> {
        Ok(Self {
            fleet: Fleet::open(env::current_exe()?, settings, LIFE)?,
            is_struck: false,
            log: None,
            tokens: Vec::new(),
            processes,
            tally: Tally::default(),
            without: BTreeSet::new(),
            armed: None,
            struck_at: 0,
        })
    }

    /// The login of the program that was there before the fleet.
    pub(super) fn grant(&self) -> Ermeo {
        let mut settings = self.fleet.settings.clone();
        ermeo::PASSWORD.clone_into(&mut settings.password);
        settings.grant()
    }

    pub(super) fn set_out(&mut self) -> io::Result<()> {
        for _ in 0..self.processes {
            self.join()?;
        }
        Ok(())
    }

    /// Hours that have passed.
    pub(super) fn hours(&self) -> f64 {
        self.fleet.clock.passed().as_secs_f64() / 3600.0
    }

    pub(super) fn alive(&self) -> usize {
        self.fleet.members().len()
    }

    /// How many processes have no token.
    pub(super) fn without_token(&self) -> usize {
        self.without.len()
    }

    /// Takes in what has happened.
    pub(super) fn watch(&mut self) -> io::Result<()> {
        while let Some(happening) = self.fleet.next(GLANCE) {
            self.take_in(&happening)?;
        }
        Ok(())
    }

    /// Kills somebody, and arranges that another one is killed in the middle of its renewal.
    pub(super) fn strike(&mut self, hours_left: u32, kills: usize) -> io::Result<()> {
        // Whoever is left must have the time to do without.
        if !self.is_struck || hours_left < 2 || self.tally.kills >= kills {
            self.disarm();
            return Ok(());
        }
        let members = self.fleet.members();
        let victim = members[(7 * self.tally.kills) % members.len()];
        self.kill(victim)?;
        if self.armed.is_none() && (self.tally.refreshes > self.struck_at || self.struck_at == 0) {
            let point = POINTS[self.tally.kills_in_flight % POINTS.len()];
            self.armed = Some(point);
            self.fleet.tell_all(&Order::Stop(stop(point)));
        }
        Ok(())
    }

    /// Lets everybody ask until there is a token, and answers why some got none.
    ///
    /// More than once: a server or a store that did not answer in time has cost nobody the login.
    pub(super) fn end(&mut self) -> io::Result<Vec<String>> {
        self.fleet.tell_all(&Order::Rest);
        self.fleet.tell_all(&Order::Token);
        let members = self.fleet.members().into_iter();
        let mut asked: BTreeMap<usize, u32> = members.map(|member| (member, 1)).collect();
        let mut lost = Vec::new();
        while !asked.is_empty() {
            let Some(happening) = self.fleet.next(PATIENCE) else {
                return Err(io::Error::other("a process does not answer any more"));
            };
            match &happening {
                Happening::Said(member, Report::Token(..)) => {
                    asked.remove(member);
                }
                Happening::Said(member, Report::NoToken(why)) => match asked.get_mut(member) {
                    Some(times) if *times < QUESTIONS => {
                        *times += 1;
                        self.fleet.tell(*member, &Order::Token);
                    }
                    Some(_) => {
                        asked.remove(member);
                        lost.push(why.clone());
                    }
                    None => {}
                },
                _ => {}
            }
            self.take_in(&happening)?;
        }
        Ok(lost)
    }

    fn join(&mut self) -> io::Result<()> {
        let member = self.fleet.join()?;
        self.note(json!({"process": member, "did": "start"}))?;
        self.fleet.tell(member, &Order::Run(PAUSE));
        Ok(())
    }

    /// Writes a line of the log: the hours that have passed, and what happened.
    pub(super) fn note(&mut self, mut line: Value) -> io::Result<()> {
        line["hours"] = self.hours().into();
        match &mut self.log {
            Some(log) => writeln!(log, "{line}"),
            None => Ok(()),
        }
    }

    /// Notes which token a process holds: its number, for a log shows no token.
    fn note_token(&mut self, member: usize, token: &str) -> io::Result<()> {
        let known = self.tokens.iter().position(|it| it == token);
        let number = known.unwrap_or_else(|| {
            self.tokens.push(token.to_owned());
            self.tokens.len() - 1
        });
        self.note(json!({"process": member, "did": "hold", "token": number}))
    }

    fn kill(&mut self, member: usize) -> io::Result<()> {
        self.note(json!({"process": member, "did": "die"}))?;
        self.fleet.kill(member);
        self.without.remove(&member);
        self.tally.kills += 1;
        self.join()
    }

    fn disarm(&mut self) {
        if self.armed.take().is_some() {
            self.fleet.tell_all(&Order::Go);
        }
    }

    fn take_in(&mut self, happening: &Happening) -> io::Result<()> {
        match happening {
            Happening::Answered(request) => self.note(json!({
                "server": if request.is_refresh { "refresh" } else { "login" },
                "succeeded": request.succeeded,
            }))?,
            Happening::Said(member, Report::Holds(token) | Report::Token(token, _)) => {
                self.note_token(*member, token)?;
            }
            Happening::Said(..) => {}
        }
        let tally = &mut self.tally;
        match happening {
            Happening::Answered(Request {
                is_refresh: true,
                succeeded,
            }) => {
                tally.refreshes += usize::from(*succeeded);
                tally.refused += usize::from(!succeeded);
            }
            Happening::Answered(_) => tally.logins += 1,
            Happening::Said(_, Report::Late) => tally.late += 1,
            Happening::Said(member, Report::At(_)) => return self.caught(*member),
            Happening::Said(member, Report::Holds(_) | Report::Token(..)) => {
                self.without.remove(member);
            }
            Happening::Said(member, Report::NoToken(_)) => {
                let hours = self.hours();
                self.tally.without_after.get_or_insert(hours);
                self.without.insert(*member);
            }
            Happening::Said(..) => {}
        }
        Ok(())
    }

    /// Somebody stands where it is to be killed.
    fn caught(&mut self, member: usize) -> io::Result<()> {
        let Some(point) = self.armed.take() else {
            self.fleet.tell(member, &Order::Go);
            return Ok(());
        };
        for other in self.fleet.members() {
            if other != member {
                self.fleet.tell(other, &Order::Go);
            }
        }
        let gate = (point == Point::Handled).then(|| {
            let gate = self.fleet.server.hold();
            self.fleet.tell(member, &Order::Go);
            gate.wait_until_reached();
            gate
        });
        self.kill(member)?;
        drop(gate);
        self.tally.kills_in_flight += 1;
        self.struck_at = self.tally.refreshes;
        Ok(())
    }
}

/// Where to stop somebody who is to be killed there.
fn stop(point: Point) -> Point {
    match point {
        // The server's answer is held back then.
        Point::Handled => Point::BeforeSend,
        other => other,
    }
}

/// Where a process is killed that takes a refresh token along.
const POINTS: [Point; 5] = [
    Point::Handled,
    Point::BeforeCommit,
    Point::AfterBegin,
    Point::Answered,
    Point::BeforeSend,
];
/// Of an access token: Ermeo's.
pub(super) const LIFE: Duration = Duration::from_secs(7200);
/// Between two calls of a process.
const PAUSE: Duration = Duration::from_millis(10);
const GLANCE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);
/// How often one is asked in the end.
const QUESTIONS: u32 = 3;
