//! The program of one process of a fleet.

use auth_all::error::Remedy;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use auth_all::grant::Identity;
use auth_all::observe::{self, Event};
use auth_all::store::Store;
use auth_all::transport::Transport;
use auth_all::{Secret, Session};

use super::naive::TokenFile;
use super::watch::{Watch, WatchedStore, WatchedTransport, say};
use super::{FleetClock, Order, Place, Report, Settings};

/// Works until it is ordered to end, or its parent has ended.
///
/// The first line of its input has its settings, each further line is an order.
pub fn work() -> ExitCode {
    die_with_the_parent();
    let mut first = String::new();
    let read = io::stdin().read_line(&mut first);
    let Some(settings) = read.ok().and_then(|_| Settings::from_line(&first)) else {
        eprintln!("a worker is started by the demonstration or by a test");
        return ExitCode::FAILURE;
    };
    let worker = match Worker::new(&settings) {
        Ok(worker) => worker,
        Err(error) => {
            say(&Report::NoToken(all(&error)));
            return ExitCode::FAILURE;
        }
    };
    let (sender, orders) = mpsc::channel();
    let (watch, clock) = (worker.watch.clone(), worker.clock.clone());
    thread::spawn(move || {
        listen(&watch, &clock, &sender);
        // The parent has ended.
        std::process::exit(1);
    });
    say(&Report::Ready);
    worker.obey(&orders);
    ExitCode::SUCCESS
}

struct Worker {
    tokens: Tokens,
    watch: Watch,
    clock: FleetClock,
}

/// Source of a worker's tokens.
enum Tokens {
    Session(Session),
    File(TokenFile),
}

impl Worker {
    fn new(settings: &Settings) -> auth_all::Result<Self> {
        let clock = settings.clock();
        let (request, pace) = (settings.request, settings.pace);
        // As the session computes it.
        let flight = (request + 2 * settings.store) * pace + Duration::from_secs(10);
        let watch = Watch::new(clock.clone(), flight);
        let transport = WatchedTransport {
            transport: settings.transport()?,
            watch: watch.clone(),
            pace,
        };
        let tokens = if let Place::TokenFile(path) = &settings.place {
            Tokens::File(TokenFile::new(path, settings, Box::new(transport)))
        } else {
            let (store, watch) = (open_store(settings)?, watch.clone());
            let store = WatchedStore { store, watch, pace };
            Tokens::Session(session(settings, &clock, store, transport)?)
        };
        Ok(Self {
            tokens,
            watch,
            clock,
        })
    }

    fn obey(self, orders: &Receiver<Order>) {
        let mut pause = None;
        let mut last = None;
        loop {
            let order = match pause {
                None => orders.recv().map_err(RecvTimeoutError::from),
                Some(pause) => orders.recv_timeout(pause),
            };
            match order {
                Ok(Order::Token) => say(&self.token()),
                Ok(Order::Run(between)) => pause = Some(between),
                Ok(Order::Rest) => pause = None,
                Ok(Order::End) => {
                    // A session that could not store its token tries once more when it is dropped.
                    drop(self);
                    return say(&Report::Ended);
                }
                Ok(Order::Stop(_) | Order::Go | Order::Time(_)) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => self.run(&mut last),
            }
        }
    }

    /// Requests a token, and reports it if it differs from the last.
    fn run(&self, last: &mut Option<Report>) {
        let now = match self.token() {
            Report::Token(token, _) => Report::Holds(token),
            other => other,
        };
        if last.as_ref() != Some(&now) {
            say(&now);
            *last = Some(now);
        }
    }

    fn token(&self) -> Report {
        self.watch.take_calls();
        let token = match &self.tokens {
            Tokens::Session(session) => session
                .token()
                .map(|token| token.expose().to_owned())
                .map_err(|error| all(&error)),
            Tokens::File(file) => file.token(self.clock.passed()),
        };
        self.watch.end();
        match token {
            Ok(token) => Report::Token(token, self.watch.take_calls()),
            Err(why) => Report::NoToken(why),
        }
    }
}

/// Opens the store, and tries again if it is slow because many processes begin at once.
fn open_store(settings: &Settings) -> auth_all::Result<Box<dyn Store>> {
    for _ in 0..9 {
        match settings.open_store() {
            Err(error) if error.remedy() == Remedy::Retry => {}
            other => return other,
        }
    }
    settings.open_store()
}

fn session(
    settings: &Settings,
    clock: &FleetClock,
    store: impl Store + 'static,
    transport: impl Transport + 'static,
) -> auth_all::Result<Session> {
    let builder = Session::builder(settings.grant())
        .store(store)
        .transport(transport)
        .clock(clock.clone())
        .observer(observe::from_fn(report));
    match &settings.seed {
        Some(seed) => builder.refresh_token(Secret::new(seed.as_str())).build(),
        None => builder.build(),
    }
}

fn report(_: &Identity, event: &Event<'_>) {
    let told = match event {
        Event::NotStored { .. } => "not stored",
        Event::Stored => "stored",
        Event::Waiting => "waiting",
        Event::StoreWentBack => "store went back",
        Event::LoginRequired { .. } => "login required",
        _ => return,
    };
    say(&Report::Event(told.to_owned()));
}

/// Executes the orders that cannot wait, and forwards the others.
fn listen(watch: &Watch, clock: &FleetClock, orders: &Sender<Order>) {
    for line in io::stdin().lock().lines().map_while(io::Result::ok) {
        let Ok(order) = line.parse() else { return };
        match order {
            Order::Stop(point) => watch.stop_at(point),
            Order::Go => watch.release(),
            Order::Time(time) => clock.set(time),
            other => {
                if orders.send(other).is_err() {
                    return;
                }
            }
        }
    }
}

/// Ends this process with its parent, even while it is stopped and cannot see the end of its input.
fn die_with_the_parent() {
    #[cfg(target_os = "linux")]
    {
        let kill = Some(rustix::process::Signal::KILL);
        // Where that is not supported, the end of the input ends this process.
        let _ = rustix::process::set_parent_process_death_signal(kill);
    }
}

/// Formats an error with its sources.
fn all(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", all(source)));
    format!("{error}{}", source.unwrap_or_default())
}
