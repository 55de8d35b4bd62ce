//! Processes that share a login: a program for each of them, and whoever starts, stops and kills them.
//!
//! The server is a simulator in the process that started them, and its log is the judge. Time goes by
//! faster than it does outside, or stands still, as the one who started them likes.

mod clock;
mod naive;
mod process;
mod settings;
mod watch;
mod words;
mod worker;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use auth_sim::{Received, Simulator, SimulatorBuilder, Vendor};

use process::Process;

pub use clock::{FleetClock, Time};
pub use naive::write_tokens;
pub use settings::{Place, Settings};
pub use words::{Calls, Order, Point, Report};
pub use worker::work;

/// Processes that share a login, and the server that they have it from.
#[derive(Debug)]
pub struct Fleet {
    /// The server, which is the judge of it all.
    pub server: Simulator,
    /// The clock that all of them go by.
    pub clock: FleetClock,
    /// What its processes begin with.
    pub settings: Settings,
    program: PathBuf,
    /// The living, and a gap for each of the dead.
    members: Vec<Option<Process>>,
    sender: Sender<Happening>,
    happenings: Receiver<Happening>,
}

/// What happens while a fleet works.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// This member reports something.
    Said(usize, Report),
    /// The server answers a request to its token endpoint.
    Answered(Request),
}

/// A request to the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether a refresh token was sent; else it was a password.
    pub is_refresh: bool,
    /// Whether it brought tokens.
    pub succeeded: bool,
}

impl Fleet {
    /// A fleet without a member: `program` is what its processes run, and calls [`work`] if its first
    /// argument is `worker`. An access token lives for `life`.
    ///
    /// # Errors
    /// If the server does not start.
    pub fn open(
        program: impl Into<PathBuf>,
        settings: Settings,
        life: Duration,
    ) -> io::Result<Self> {
        Self::open_with(program, settings, |server| {
            server.access_token_lifetime(life)
        })
    }

    /// The same with a server that is made like this.
    ///
    /// # Errors
    /// If the server does not start.
    pub fn open_with(
        program: impl Into<PathBuf>,
        mut settings: Settings,
        server: impl FnOnce(SimulatorBuilder) -> SimulatorBuilder,
    ) -> io::Result<Self> {
        let (sender, happenings) = mpsc::channel();
        let clock = FleetClock::new(settings.time, settings.pace);
        let (shown, told) = (clock.clone(), sender.clone());
        let server = server(Simulator::builder(Vendor::Ermeo))
            .now(move || shown.system_time())
            .on_response(move |received| {
                if let Some(request) = Request::read(received) {
                    // Nobody may be left to hear it.
                    let _ = told.send(Happening::Answered(request));
                }
            })
            .start()?;
        server.url().clone_into(&mut settings.server);
        Ok(Self {
            server,
            clock,
            program: program.into(),
            settings,
            members: Vec::new(),
            sender,
            happenings,
        })
    }

    /// Starts one more process, and answers its number, which nobody had before.
    ///
    /// # Errors
    /// If it does not start.
    pub fn join(&mut self) -> io::Result<usize> {
        let member = self.members.len();
        let sender = self.sender.clone();
        self.settings.time = self.clock.time();
        let process = Process::start(&self.program, &self.settings, move |report| {
            // Nobody may be left to hear it.
            let _ = sender.send(Happening::Said(member, report));
        })?;
        self.members.push(Some(process));
        Ok(member)
    }

    /// Who is alive.
    pub fn members(&self) -> Vec<usize> {
        let alive = |member: &usize| self.members[*member].is_some();
        (0..self.members.len()).filter(alive).collect()
    }

    /// Tells a member something; one that has ended does not hear it.
    pub fn tell(&mut self, member: usize, order: &Order) {
        if let Some(process) = &mut self.members[member] {
            process.tell(order);
        }
    }

    /// Tells all members something.
    pub fn tell_all(&mut self, order: &Order) {
        for process in self.members.iter_mut().flatten() {
            process.tell(order);
        }
    }

    /// Sets the clock for all members and the server.
    pub fn set_time(&mut self, time: Time) {
        self.clock.set(time);
        self.tell_all(&Order::Time(time));
    }

    /// Ends a member in the middle of whatever it does.
    pub fn kill(&mut self, member: usize) {
        self.members[member] = None;
    }

    /// The process number of a member, if it is alive.
    pub fn process_id(&self, member: usize) -> Option<u32> {
        self.members[member].as_ref().map(Process::id)
    }

    /// What happens next, if anything does soon.
    pub fn next(&mut self, at_most: Duration) -> Option<Happening> {
        self.happenings.recv_timeout(at_most).ok()
    }

    /// The requests that the server has answered.
    pub fn requests(&self) -> Vec<Request> {
        let received = self.server.token_requests();
        received.iter().filter_map(Request::read).collect()
    }

    /// How often the refresh token was sent that was sent most often.
    pub fn most_spends(&self) -> usize {
        self.server.spends().into_values().max().unwrap_or_default()
    }
}

impl Request {
    fn read(received: &Received) -> Option<Self> {
        let body = received.json()?;
        Some(Self {
            is_refresh: body["grant_type"] == "refresh_token",
            succeeded: received.status == Some(200) && !received.refused,
        })
    }
}
