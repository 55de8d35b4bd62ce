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
    /// What has happened, and was not asked for yet.
    happened: VecDeque<Happening>,
}

/// A token, or why there is none.
pub(super) type Outcome = Result<String, String>;

impl Stage {
    /// A fleet that logs in with a password.
    pub(super) fn with_password(place: Place) -> Self {
        Self::open(place, settings, |server| server)
    }

    /// A fleet with such settings, whose server refuses in a dialect.
    pub(super) fn in_dialect(
        place: Place,
        dialect: Dialect,
        settings: impl FnOnce(&Place) -> Settings,
    ) -> Self {
        Self::open(place, settings, |server| server.dialect(dialect))
    }

    /// A fleet that lives on a refresh token that it was given.
    pub(super) fn without_password(place: Place) -> Self {
        let stage = Self::open(place, without_password, |server| server);
        stage.seeded()
    }

    /// With a refresh token from elsewhere.
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

    /// Lets a process ask for a token.
    pub(super) fn ask(&mut self, member: usize) {
        self.fleet.tell(member, &Order::Token);
    }

    /// What came of it.
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

    /// Lets a process ask for a token, and waits for it.
    pub(super) fn token(&mut self, member: usize) -> Outcome {
        self.ask(member);
        self.answer(member)
    }

    /// Lets a process ask for a token, and waits until it stands at a point on its way there.
    pub(super) fn ask_until(&mut self, member: usize, point: Point) {
        self.fleet.tell(member, &Order::Stop(point));
        self.ask(member);
        self.wait_for(member, &Report::At(point));
    }

    /// The same for the point where the server has handled the request and its answer is held back.
    pub(super) fn ask_until_handled(&mut self, member: usize) -> Gate {
        self.ask_until(member, Point::BeforeSend);
        let gate = self.fleet.server.hold();
        self.go_on(member);
        gate.wait_until_reached();
        gate
    }

    pub(super) fn go_on(&mut self, member: usize) {
        self.fleet.tell(member, &Order::Go);
    }

    /// Waits for a report of a process.
    pub(super) fn wait_for(&mut self, member: usize, report: &Report) {
        self.wait(|happening| match happening {
            Happening::Said(who, said) if who == &member && said == report => Some(()),
            _ => None,
        });
    }

    /// Whether a process has reported this since it was last asked for.
    pub(super) fn has_said(&mut self, member: usize, report: &Report) -> bool {
        self.happened
            .contains(&Happening::Said(member, report.clone()))
    }

    /// Lets time pass, for everybody.
    pub(super) fn later(&mut self, duration: Duration) {
        let time = self.fleet.clock.time().stopped(duration);
        self.fleet.set_time(time);
    }

    /// How many refreshes and logins the server has handled, if none was sent twice.
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

    /// Whether the server's API takes a token.
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
                panic!("nothing happens any more; before that: {:?}", self.happened);
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

/// The demonstration, whose processes are workers, too.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_demo");
/// Ermeo's.
pub(super) const LIFE: Duration = Duration::from_secs(7200);
/// From the first token to when it is due and still valid.
pub(super) const UNTIL_DUE: Duration = Duration::from_secs(6500);
/// After that long a process that sent something is given up, in a fleet with these `settings`.
pub(super) const DEADLINE: Duration = Duration::from_secs(20 * (10 + 2 * 3) + 10);
const PATIENCE: Duration = Duration::from_secs(30);
