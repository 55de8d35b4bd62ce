//! A fleet that a test directs, step by step.

use std::collections::VecDeque;
use std::time::Duration;

use auth_sim::{Dialect, Gate, SimulatorBuilder, ermeo};
use auth_tests::fleet::{Calls, Fleet, Happening, Order, Point, Report, Request, Settings, Time};

use super::place::Place;

/// A fleet whose time stands still until the test moves it.
pub(super) struct Stage {
    pub(super) fleet: Fleet,
    pub(super) place: Place,
    /// Events that no test has waited for yet.
    happened: VecDeque<Happening>,
}

/// A token, or the error.
pub(super) type Outcome = Result<String, String>;

impl Stage {
    /// A fleet that logs in with a password.
    pub(super) fn with_password(place: Place) -> Self {
        Self::open(place, settings, |server| server)
    }

    /// A fleet with these settings, whose server refuses in a dialect.
    pub(super) fn in_dialect(
        place: Place,
        dialect: Dialect,
        settings: impl FnOnce(&Place) -> Settings,
    ) -> Self {
        Self::open(place, settings, |server| server.dialect(dialect))
    }

    /// A fleet without a password that starts from a refresh token.
    pub(super) fn without_password(place: Place) -> Self {
        let stage = Self::open(place, without_password, |server| server);
        stage.seeded()
    }

    /// Gives the fleet a refresh token to start from.
    pub(super) fn seeded(mut self) -> Self {
        self.fleet.settings.seed = Some(self.fleet.server.issue_refresh_token());
        self
    }

    fn open(
        place: Place,
        settings: impl FnOnce(&Place) -> Settings,
        server: impl FnOnce(SimulatorBuilder) -> SimulatorBuilder,
    ) -> Self {
        let with_life = |builder: SimulatorBuilder| server(builder.access_token_lifetime(LIFE));
        let fleet = Fleet::open_with(PROGRAM, settings(&place), with_life).unwrap();
        Self {
            fleet,
            place,
            happened: VecDeque::new(),
        }
    }

    /// Starts a process.
    pub(super) fn join(&mut self) -> usize {
        let member = self.fleet.join().unwrap();
        self.wait(|happening| (*happening == Happening::Said(member, Report::Ready)).then_some(()));
        member
    }

    /// Starts processes that hold the same token.
    pub(super) fn join_with_token<const N: usize>(&mut self) -> [usize; N] {
        let members = [(); N].map(|()| self.join());
        let tokens = members.map(|member| self.token(member));
        assert!(
            tokens
                .iter()
                .all(|token| token.is_ok() && *token == tokens[0]),
            "{tokens:?}"
        );
        members
    }

    /// Tells a process to request a token.
    pub(super) fn ask(&mut self, member: usize) {
        self.fleet.tell(member, &Order::Token);
    }

    /// Waits for the result of the request.
    pub(super) fn answer(&mut self, member: usize) -> Outcome {
        self.answer_and_calls(member).0
    }

    pub(super) fn answer_and_calls(&mut self, member: usize) -> (Outcome, Calls) {
        self.wait(|happening| match happening {
            Happening::Said(who, Report::Token(token, calls)) if *who == member => {
                Some((Ok(token.clone()), *calls))
            }
            Happening::Said(who, Report::NoToken(why)) if *who == member => {
                Some((Err(why.clone()), Calls::default()))
            }
            _ => None,
        })
    }

    /// Tells a process to request a token, and waits for the result.
    pub(super) fn token(&mut self, member: usize) -> Outcome {
        self.ask(member);
        self.answer(member)
    }

    /// Tells a process to request a token, and waits until it has stopped at a point of the renewal.
    pub(super) fn ask_until(&mut self, member: usize, point: Point) {
        self.fleet.tell(member, &Order::Stop(point));
        self.ask(member);
        self.wait_for(member, &Report::At(point));
    }

    /// Tells a process to request a token, and waits until the server has handled the request. The gate holds
    /// the response back.
    pub(super) fn ask_until_handled(&mut self, member: usize) -> Gate {
        self.ask_until(member, Point::BeforeSend);
        let gate = self.fleet.server.hold();
        self.resume(member);
        gate.wait_until_reached();
        gate
    }

    pub(super) fn resume(&mut self, member: usize) {
        self.fleet.tell(member, &Order::Go);
    }

    /// Waits for a report of a process.
    pub(super) fn wait_for(&mut self, member: usize, report: &Report) {
        self.wait(|happening| match happening {
            Happening::Said(who, said) if who == &member && said == report => Some(()),
            _ => None,
        });
    }

    /// Returns `true` if a process has sent this report and no test has waited for it yet.
    pub(super) fn has_reported(&mut self, member: usize, report: &Report) -> bool {
        self.happened
            .contains(&Happening::Said(member, report.clone()))
    }

    /// Advances the clock of the whole fleet.
    pub(super) fn later(&mut self, duration: Duration) {
        let time = self.fleet.clock.time().stopped(duration);
        self.fleet.set_time(time);
    }

    /// Asserts the numbers of refreshes and logins that the server has handled, and that no refresh token was
    /// sent twice.
    #[track_caller]
    pub(super) fn assert_requests(&self, refreshes: usize, logins: usize) {
        let requests = self.fleet.requests();
        let count = |is_refresh| {
            let of = |request: &&Request| request.is_refresh == is_refresh;
            requests.iter().filter(of).count()
        };
        assert_eq!(
            (count(true), count(false)),
            (refreshes, logins),
            "refreshes and logins"
        );
        assert!(
            self.fleet.most_spends() <= 1,
            "{:?}",
            self.fleet.server.spends()
        );
    }

    /// Returns `true` if the server's API accepts a token.
    pub(super) fn is_good(&self, token: &str) -> bool {
        let answer = ureq::get(format!(
            "{}/api/v1/assets?limit=1&page=1",
            self.fleet.server.url()
        ))
        .header("authorization", format!("Bearer {token}"))
        .call();
        answer.is_ok()
    }

    fn wait<T>(&mut self, wanted: impl Fn(&Happening) -> Option<T>) -> T {
        let found = self.happened.iter().position(|it| wanted(it).is_some());
        if let Some(at) = found {
            return wanted(&self.happened.remove(at).unwrap()).unwrap();
        }
        loop {
            let Some(happening) = self.fleet.next(PATIENCE) else {
                panic!("timed out waiting for an event, after {:?}", self.happened);
            };
            match wanted(&happening) {
                Some(found) => return found,
                None => self.happened.push_back(happening),
            }
        }
    }
}

pub(super) fn settings(place: &Place) -> Settings {
    Settings {
        server: String::new(),
        place: place.for_workers(),
        client_secret: ermeo::CLIENT_SECRET.to_owned(),
        password: ermeo::PASSWORD.to_owned(),
        seed: None,
        request: Duration::from_secs(10),
        store: Duration::from_secs(3),
        pace: 20,
        time: Time::still(),
    }
}

pub(super) fn without_password(place: &Place) -> Settings {
    Settings {
        password: String::new(),
        ..settings(place)
    }
}

/// The demonstration; its processes can act as workers.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_demo");
/// Lifetime of Ermeo's access tokens.
pub(super) const LIFE: Duration = Duration::from_secs(7200);
/// Age at which a token is due and still valid.
pub(super) const UNTIL_DUE: Duration = Duration::from_secs(6500);
/// Time after which others give up a process that has sent a request, in a fleet with these `settings`.
pub(super) const DEADLINE: Duration = Duration::from_secs(20 * (10 + 2 * 3) + 10);
const PATIENCE: Duration = Duration::from_secs(30);
