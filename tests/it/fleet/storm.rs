//! Hundreds of renewals by many processes, while some are killed and stopped.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::time::Duration;

use auth_core::clock::{Clock, Moment, SystemClock};
use auth_sim::SimulatorBuilder;
use auth_tests::fleet::{Fleet, Happening, Order, Point, Report, Settings, Time};
use rustix::process::Signal;

use super::over_each_place;
use super::place::Place;
use super::stage::{PROGRAM, settings};
use super::suspended::signal;

over_each_place! {
    eight_killed_processes_spend_no_refresh_token_twice
    sixteen_killed_processes_spend_no_refresh_token_twice
}

fn eight_killed_processes_spend_no_refresh_token_twice(place: Place) {
    ride_out(place, 8);
}

fn sixteen_killed_processes_spend_no_refresh_token_twice(place: Place) {
    ride_out(place, 16);
}

/// Kills a process at every point, with some undisturbed renewals in between.
fn ride_out(place: Place, processes: usize) {
    let mut storm = Storm::gather(place, processes, |server| server);
    for point in Point::ALL {
        storm.renew(BETWEEN);
        storm.kill_at(point);
        storm.renew(BETWEEN);
        storm.kill_anywhere();
    }
    for point in [Point::AfterBegin, Point::Answered] {
        storm.renew(BETWEEN);
        storm.suspend_at(point);
    }
    storm.renew(BETWEEN);
    storm.calm_down();
    storm.judge();
}

pub(super) struct Storm {
    pub(super) fleet: Fleet,
    place: Place,
    processes: usize,
    begun: Moment,
    pub(super) renewals: usize,
    pub(super) logins: usize,
    /// Requests of either kind that were refused.
    pub(super) refusals: usize,
    kills: BTreeMap<String, usize>,
    /// Kills that may have lost a refresh token.
    pub(super) losses: usize,
    /// Renewals after whose deadline others may have given them up.
    pub(super) late: usize,
    /// Processes whose call returned an error, and the error.
    pub(super) without_token: Vec<(usize, String)>,
}

impl Storm {
    /// Starts processes that request tokens constantly, from a server with these settings.
    pub(super) fn gather(
        place: Place,
        processes: usize,
        server: impl FnOnce(SimulatorBuilder) -> SimulatorBuilder,
    ) -> Self {
        let settings = Settings {
            request: REQUEST,
            store: STORE,
            pace: PACE,
            time: Time::running(PACE),
            ..settings(&place)
        };
        let made = |builder: SimulatorBuilder| server(builder.access_token_lifetime(LIFE));
        let mut storm = Self {
            fleet: Fleet::open_with(PROGRAM, settings, made).unwrap(),
            place,
            processes,
            begun: SystemClock::new().now(),
            renewals: 0,
            logins: 0,
            refusals: 0,
            kills: BTreeMap::new(),
            losses: 0,
            late: 0,
            without_token: Vec::new(),
        };
        for _ in 0..processes {
            storm.join();
        }
        storm
    }

    /// Starts one more process, and returns its number.
    pub(super) fn join(&mut self) -> usize {
        let member = self.fleet.join().unwrap();
        self.fleet.tell(member, &Order::Run(PAUSE));
        member
    }

    /// Waits for `number` renewals.
    pub(super) fn renew(&mut self, number: usize) {
        let enough = self.renewals + number;
        self.until(|storm, _| (storm.renewals >= enough).then_some(()));
    }

    /// Kills the first process that reaches this point, and starts another one.
    pub(super) fn kill_at(&mut self, point: Point) {
        let victim = self.catch_at(point);
        let gate = (point == Point::Handled).then(|| {
            let gate = self.fleet.server.hold();
            self.fleet.tell(victim, &Order::Go);
            gate.wait_until_reached();
            gate
        });
        self.fleet.kill(victim);
        drop(gate);
        if point.is_in_flight() && !self.place.sees_the_dead() {
            self.pass_the_deadline();
        }
        *self.kills.entry(point.to_string()).or_default() += 1;
        self.losses += usize::from(point.is_in_flight());
        self.join();
    }

    /// Kills a process at an arbitrary point, possibly with a request in flight, and starts another one.
    pub(super) fn kill_anywhere(&mut self) {
        let members = self.fleet.members();
        let victim = members[self.renewals % members.len()];
        self.fleet.kill(victim);
        *self.kills.entry("anywhere".to_owned()).or_default() += 1;
        self.losses += 1;
        self.join();
    }

    /// Stops the first process that reaches this point until others have given it up.
    fn suspend_at(&mut self, point: Point) {
        let stopped = self.catch_at(point);
        signal(&self.fleet, stopped, Signal::STOP);
        self.fleet.tell(stopped, &Order::Go);
        let logins = self.logins;
        self.pass_the_deadline();
        self.until(|storm, _| (storm.logins > logins).then_some(()));
        signal(&self.fleet, stopped, Signal::CONT);
    }

    fn pass_the_deadline(&mut self) {
        let time = self.fleet.clock.time().ahead(DEADLINE);
        self.fleet.set_time(time);
    }

    /// Returns the first process that reaches this point and holds it there; the others continue.
    fn catch_at(&mut self, point: Point) -> usize {
        let stop = match point {
            Point::Handled => Point::BeforeSend,
            other => other,
        };
        self.fleet.tell_all(&Order::Stop(stop));
        let caught = self.until(|_, happening| match happening {
            Happening::Said(member, Report::At(_)) => Some(*member),
            _ => None,
        });
        for other in self.fleet.members() {
            if other != caught {
                self.fleet.tell(other, &Order::Go);
            }
        }
        caught
    }

    /// Stops the clock after the tokens have expired; each process must then get the same new token.
    pub(super) fn calm_down(&mut self) {
        self.fleet.tell_all(&Order::Rest);
        let later = self.fleet.clock.time().stopped(LONG);
        self.fleet.set_time(later);
        let members = self.fleet.members();
        assert_eq!(members.len(), self.processes);
        let mut tokens = BTreeMap::new();
        self.fleet.tell_all(&Order::Token);
        while tokens.len() < members.len() {
            self.until(|_, happening| match happening {
                Happening::Said(member, Report::Token(token, _)) => {
                    tokens.insert(*member, token.clone());
                    Some(())
                }
                Happening::Said(member, Report::NoToken(why)) => {
                    panic!("{member} ends without a token: {why}")
                }
                _ => None,
            });
        }
        let first = tokens.values().next().unwrap();
        assert!(tokens.values().all(|token| token == first), "{tokens:?}");
    }

    fn judge(&self) {
        // Not `println!`, whose output is hidden if the test passes.
        writeln!(io::stderr().lock(), "{self}").unwrap();
        assert_eq!(self.fleet.most_spends(), 1);
        assert!(self.logins <= 1 + self.losses + self.late, "{self}");
        self.assert_tokens(|_| true);
        let requests = self.fleet.requests();
        assert!(requests.iter().all(|request| request.succeeded));
        assert_eq!(requests.len(), self.renewals + self.logins);
    }

    /// Asserts that every call of these processes returned a token.
    #[track_caller]
    pub(super) fn assert_tokens(&self, mut of: impl FnMut(usize) -> bool) {
        // On a busy machine a store may time out; no other error is allowed.
        let theirs = |(member, why): &&(usize, String)| of(*member) && !why.contains(SLOW);
        let without: Vec<_> = self.without_token.iter().filter(theirs).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    pub(super) fn until<T>(&mut self, mut wanted: impl FnMut(&Self, &Happening) -> Option<T>) -> T {
        let begun = SystemClock::new().now();
        loop {
            let is_over = SystemClock::new().now().since(begun) > PATIENCE;
            let Some(happening) = self.fleet.next(PATIENCE).filter(|_| !is_over) else {
                panic!("timed out waiting for an event: {self}");
            };
            match &happening {
                Happening::Answered(request) if !request.succeeded => self.refusals += 1,
                Happening::Answered(request) if request.is_refresh => self.renewals += 1,
                Happening::Answered(_) => self.logins += 1,
                Happening::Said(_, Report::Late) => self.late += 1,
                Happening::Said(member, Report::NoToken(why)) => {
                    self.without_token.push((*member, why.clone()));
                }
                Happening::Said(..) => {}
            }
            if let Some(found) = wanted(self, &happening) {
                return found;
            }
        }
    }
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = SystemClock::new().now().since(self.begun).as_secs_f64();
        write!(
            f,
            "{} processes over {}: {} refreshes in {seconds:.1} s, kills {:?}, {} late, \
             {} logins, {} refusals, {} calls without a token, each refresh token sent at most {} time(s)",
            self.processes,
            self.place.name(),
            self.renewals,
            self.kills,
            self.late,
            self.logins,
            self.refusals,
            self.without_token.len(),
            self.fleet.most_spends()
        )
    }
}

/// Speed of the fleet's clock.
const PACE: u32 = 50;
/// Lifetime of an access token, so that it is due after twenty milliseconds.
const LIFE: Duration = Duration::from_secs(2);
/// Longer than the lifetime of any access token.
const LONG: Duration = Duration::from_secs(60);
/// Between two calls of a process.
const PAUSE: Duration = Duration::from_millis(3);
/// Longest time that a busy machine needs, in real time.
const REQUEST: Duration = Duration::from_millis(1500);
const STORE: Duration = Duration::from_secs(1);
/// Time by the fleet's clock after which others give up a renewal. Less than the tolerated clock difference.
const DEADLINE: Duration = Duration::from_millis(50 * (1500 + 2 * 1000) + 10_000);
/// Renewals between two disturbances.
const BETWEEN: usize = 10;
/// Start of the error of a store that timed out.
const SLOW: &str = "the store failed";
const PATIENCE: Duration = Duration::from_secs(60);
