//! The measurements, and their order.

use std::fs;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::figures::Figures;
use crate::peers::FLOOR;
use crate::server::{Event, Server};
use crate::worker::Worker;
use crate::{Ready, Result, build};

/// Runs every scenario with every peer. A failure is noted, and the next one runs.
pub(crate) fn all(ready: &[Ready], server: &Server, figures: &mut Figures, quick: bool) -> Result {
    let key = build::signing_key()?;
    let bench = Bench {
        server: server.clone(),
        key,
    };
    let rounds = |many: usize| if quick { 3 } else { many };
    let mut each = |name: &'static str, rounds: usize, measure: Measure| {
        for round in 1..=rounds {
            eprintln!("{name}, round {round} of {rounds}");
            for ready in ready
                .iter()
                .filter(|ready| ready.peer.name != FLOOR || name == HELD || name == SESSIONS)
            {
                let begun = Instant::now();
                if let Err(error) = measure(&bench, ready, figures) {
                    figures.fail(ready.peer.name, name, error.to_string());
                }
                eprintln!(
                    "    {} {:.1} s",
                    ready.peer.name,
                    begun.elapsed().as_secs_f64()
                );
            }
        }
    };
    each(HELD, rounds(7), |bench, ready, figures| {
        bench.plain(ready, "held", figures)
    });
    each("request", rounds(3), |bench, ready, figures| {
        bench.plain(ready, "request", figures)
    });
    each("renewing", if quick { 1 } else { 3 }, Bench::renewing);
    each(
        SESSIONS,
        1,
        if quick {
            Bench::few_sessions
        } else {
            Bench::sessions
        },
    );
    each("callers at expiry", 1, Bench::expiry);
    each("processes at expiry", 1, Bench::processes);
    each("first token", rounds(15), Bench::first);
    if !quick {
        each("footprint", 1, Bench::footprint);
    }
    Ok(())
}

type Measure = fn(&Bench, &Ready, &mut Figures) -> Result;

struct Bench {
    server: Server,
    /// An RSA key for the peers that sign.
    key: String,
}

impl Bench {
    fn command(&self, ready: &Ready, scenario: &str, number: usize) -> Command {
        let mut command = ready.programs.measure();
        command.arg(scenario).arg(number.to_string());
        command
            .env("PEERS_URL", &self.server.url)
            .env("PEERS_KEY", &self.key);
        command
    }

    /// Runs a scenario that needs no word of ours, and keeps all that it prints.
    fn plain(&self, ready: &Ready, scenario: &str, figures: &mut Figures) -> Result {
        // A second is less than every peer keeps of a token, or all of it; the peers that keep it use a new client.
        self.server
            .answers(if scenario == "request" { 1 } else { 3600 }, 0);
        let worker = Worker::start(self.command(ready, scenario, 0))?;
        for (name, value) in worker.finish()? {
            figures.add(ready.peer.name, &name, value);
        }
        Ok(())
    }

    fn renewing(&self, ready: &Ready, figures: &mut Figures) -> Result {
        self.server.answers(ready.peer.due_soon, 0);
        let mut worker = Worker::start(self.command(ready, "renewing", 0))?;
        worker.wait_until_ready()?;
        let (sender, events) = mpsc::channel();
        self.server.answers(3600, 500);
        self.server.report_to(Some(sender));
        let (mut requests, mut ended) = (0, None);
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Ok(event) =
            events.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            requests += u32::from(event == Event::Arrived);
            if event == Event::Arrived && requests == 1 {
                worker.tell("begin")?;
            }
            if event == Event::Answered {
                ended = Some(Instant::now());
                break;
            }
        }
        ended.ok_or("no renewal within 20 s")?;
        // The thread that renewed returns.
        thread::sleep(Duration::from_millis(50));
        self.server.report_to(None);
        worker.tell("end")?;
        for (name, value) in worker.finish()? {
            figures.add(ready.peer.name, &name, value);
        }
        Ok(())
    }

    fn few_sessions(&self, ready: &Ready, figures: &mut Figures) -> Result {
        self.count_sessions(ready, figures, &[1, 1000, 10_000])
    }

    fn sessions(&self, ready: &Ready, figures: &mut Figures) -> Result {
        self.count_sessions(ready, figures, &[1, 16, 1000, 10_000, 100_000])
    }

    fn count_sessions(&self, ready: &Ready, figures: &mut Figures, counts: &[usize]) -> Result {
        self.server.answers(3600, 0);
        for count in counts
            .iter()
            .filter(|count| **count <= ready.peer.most_clients)
        {
            let worker = Worker::start(self.command(ready, "sessions", *count))?;
            for (name, value) in worker.finish()? {
                figures.add(ready.peer.name, &name, value);
            }
        }
        Ok(())
    }

    fn expiry(&self, ready: &Ready, figures: &mut Figures) -> Result {
        for mode in ["answers", "refuses", "hangs"] {
            self.server.answers(1, 0);
            let scenario = if ready.peer.starts_empty {
                "empty"
            } else {
                "expiry"
            };
            let mut worker = Worker::start(self.command(ready, scenario, 0))?;
            worker.wait_until_ready()?;
            match mode {
                "answers" => self.server.answers(3600, 25),
                "refuses" => self.server.refuses(25),
                _ => self.server.hangs(),
            }
            self.server.take_seen();
            worker.tell("go")?;
            let printed = worker.finish()?;
            figures.add(
                ready.peer.name,
                &format!("expiry.{mode}.requests"),
                self.server.take_seen() as f64,
            );
            for (name, value) in printed {
                figures.add(ready.peer.name, &format!("expiry.{mode}.{name}"), value);
            }
            self.server.answers(3600, 0);
            // Requests that hung are answered now, and not counted with the next.
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Sixteen processes whose token has expired; those that can share it find it in a folder.
    fn processes(&self, ready: &Ready, figures: &mut Figures) -> Result {
        let folder = build::folder("shared")?.join(ready.peer.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let command = |scenario: &str| {
            let mut command = self.command(ready, scenario, 0);
            if ready.peer.shares {
                command.env("PEERS_FOLDER", &folder);
            }
            command
        };
        self.server.answers(1, 0);
        Worker::start(command("seed"))?.finish()?;
        thread::sleep(Duration::from_millis(1300));
        let started: Result<Vec<_>> = (0..16).map(|_| Worker::start(command("process"))).collect();
        let mut workers = started?;
        for worker in &mut workers {
            worker.wait_until_ready()?;
        }
        self.server.answers(3600, 25);
        self.server.take_seen();
        for worker in &mut workers {
            worker.tell("go")?;
        }
        for worker in workers {
            worker.finish()?;
        }
        figures.add(
            ready.peer.name,
            "processes.requests",
            self.server.take_seen() as f64,
        );
        Ok(())
    }

    /// From the start of the smallest program until it has its token.
    fn first(&self, ready: &Ready, figures: &mut Figures) -> Result {
        self.server.answers(3600, 0);
        let mut command = ready.programs.minimal();
        command
            .env("PEERS_URL", &self.server.url)
            .env("PEERS_KEY", &self.key);
        let begun = Instant::now();
        let mut worker = Worker::start(command)?;
        worker.next()?.ok_or("it printed nothing")?;
        figures.add(
            ready.peer.name,
            "first.ms",
            begun.elapsed().as_secs_f64() * 1e3,
        );
        for (name, kilobytes) in worker.finish()? {
            if name == "memory" {
                figures.add(ready.peer.name, "memory.MB", kilobytes / 1024.0);
            }
        }
        Ok(())
    }

    fn footprint(&self, ready: &Ready, figures: &mut Figures) -> Result {
        for (name, value) in build::footprint(ready)? {
            figures.add(ready.peer.name, name, value);
        }
        Ok(())
    }
}

const HELD: &str = "held token";
const SESSIONS: &str = "many sessions";
