//! What the demonstration prints: a heading per vendor, a step at a time, a closing line.

use std::io::{self, IsTerminal, Write as _};

use serde_json::{Map, Value, json};

use crate::exchange::{Exchange, Field};
use crate::table;

/// One thing that was tried.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) exchanges: Vec<Exchange>,
    /// What it showed; or what was expected, and what came instead.
    pub(crate) outcome: Result<String, String>,
}

/// Prints steps as they happen, for people or for machines, and counts them.
#[derive(Debug)]
pub(crate) struct Report {
    json: bool,
    colour: bool,
    heading: String,
    ok: usize,
    failed: usize,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            colour: wants_colour(),
            heading: String::new(),
            ok: 0,
            failed: 0,
        }
    }

    /// Lines for people alone.
    pub(crate) fn say(&self, text: &str) {
        if !self.json {
            print(text);
        }
    }

    /// What is not as it could be, and what to do about it; machines have no use for it.
    pub(crate) fn warn(&self, text: &str) {
        let mark = table::paint("!!", table::RED, self.colour && !self.json);
        match self.json {
            true => eprintln!("!! {text}"),
            false => print(&format!("\n{mark} {text}\n")),
        }
    }

    /// Begins a vendor, or a grant of the generic client.
    pub(crate) fn heading(&mut self, name: &str, about: &str) {
        name.clone_into(&mut self.heading);
        self.say(&table::heading(name, about, self.colour));
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step.outcome {
            Ok(_) => self.ok += 1,
            Err(_) => self.failed += 1,
        }
        if self.json {
            print(&format!("{}\n", self.line(step)));
        } else {
            print(&table::rows(step, self.colour));
        }
    }

    /// The closing line; answers whether every step went as expected.
    pub(crate) fn close(&self) -> bool {
        let (steps, ok, failed) = (self.ok + self.failed, self.ok, self.failed);
        if self.json {
            print(&format!(
                "{}\n",
                json!({"steps": steps, "ok": ok, "failed": failed})
            ));
        } else {
            print(&format!("\n{steps} steps, {ok} ok, {failed} failed\n"));
        }
        failed == 0 && ok > 0
    }

    /// One JSON object per step.
    fn line(&self, step: &Step) -> Value {
        let (Ok(result) | Err(result)) = &step.outcome;
        json!({
            "vendor": self.heading,
            "step": step.name,
            "ok": step.outcome.is_ok(),
            "result": result,
            "exchanges": step.exchanges.iter().map(machine_readable).collect::<Vec<_>>(),
        })
    }
}

fn machine_readable(exchange: &Exchange) -> Value {
    json!({
        "request": exchange.request,
        "sent": object(&exchange.sent),
        "status": exchange.status,
        "answered": object(&exchange.answered),
    })
}

fn object(fields: &[Field]) -> Map<String, Value> {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect()
}

/// Colour is for terminals, and for people who want it.
pub(crate) fn wants_colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A reader who has closed the pipe has seen enough; that is no success.
pub(crate) fn print(text: &str) {
    if io::stdout().write_all(text.as_bytes()).is_err() {
        std::process::exit(1);
    }
}
