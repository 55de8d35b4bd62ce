//! Processes that share a login: the program of each, and the code that starts, stops and kills them.
//!
//! The server is a simulator in the process that starts them, and its log shows what they sent. That process
//! also sets the time, which runs faster than the machine's or stands still.

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

/// Processes that share a login, and the server that issued it.
#[derive(Debug)]
pub struct Fleet {
    /// The server, whose log tests inspect.
    pub server: Simulator,
    /// The clock of all processes and the server.
    pub clock: FleetClock,
    /// Settings that new processes start with.
    pub settings: Settings,
    program: PathBuf,
    /// The processes by number; `None` for one that was killed.
    members: Vec<Option<Process>>,
    sender: Sender<Happening>,
    happenings: Receiver<Happening>,
}

/// An event while a fleet works.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A member reports something.
    Said(usize, Report),
    /// The server answers a request to its token endpoint.
    Answered(Request),
}

/// A request to the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// `true` for a refresh, `false` for a login by password.
    pub is_refresh: bool,
    /// `true` if the response contained tokens.
    pub succeeded: bool,
}

impl Fleet {
    /// Creates a fleet without members: its processes run `program`, which calls [`work`] if its first
    /// argument is `worker`. An access token is valid for `life`.
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

    /// Creates a fleet whose server is configured by a function.
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
                    // Fails only if the fleet was dropped.
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

    /// Starts another process, and returns its number, which is never used again.
    ///
    /// # Errors
    /// If the process does not start.
    pub fn join(&mut self) -> io::Result<usize> {
        let member = self.members.len();
        let sender = self.sender.clone();
        self.settings.time = self.clock.time();
        let process = Process::start(&self.program, &self.settings, move |report| {
            // Fails only if the fleet was dropped.
            let _ = sender.send(Happening::Said(member, report));
        })?;
        self.members.push(Some(process));
        Ok(member)
    }

    /// Returns the members that are alive.
    pub fn members(&self) -> Vec<usize> {
        let alive = |member: &usize| self.members[*member].is_some();
        (0..self.members.len()).filter(alive).collect()
    }

    /// Sends an order to a member; a member that has ended ignores it.
    pub fn tell(&mut self, member: usize, order: &Order) {
        if let Some(process) = &mut self.members[member] {
            process.tell(order);
        }
    }

    /// Sends an order to all members.
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

    /// Kills a member, whatever it is doing.
    pub fn kill(&mut self, member: usize) {
        self.members[member] = None;
    }

    /// Returns the process id of a member, if it is alive.
    pub fn process_id(&self, member: usize) -> Option<u32> {
        self.members[member].as_ref().map(Process::id)
    }

    /// Returns the next event; `None` if there is none within this time.
    pub fn next(&mut self, at_most: Duration) -> Option<Happening> {
        self.happenings.recv_timeout(at_most).ok()
    }

    /// Returns the requests that the server has answered.
    pub fn requests(&self) -> Vec<Request> {
        let received = self.server.token_requests();
        received.iter().filter_map(Request::read).collect()
    }

    /// Returns how often the most used refresh token was sent.
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
