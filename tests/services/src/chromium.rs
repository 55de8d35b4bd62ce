//! A headless Chromium, driven by the protocol for debuggers.
//!
//! The protocol runs over a pipe, so no other program is needed.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a failure panics with its place in the test"
)]

mod tab;

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::on_path;
use crate::{Error, Result};

pub use tab::Tab;

/// A running Chromium with a profile of its own, which ends when this is dropped.
///
/// It also ends when the pipe to it closes, so not even a killed test leaves it behind.
#[derive(Debug)]
pub struct Chromium {
    process: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    last_id: u64,
    /// Events that no call has taken.
    events: Vec<Value>,
    profile: TempDir,
    /// A Chromium is a dozen processes, so only one runs at a time.
    _alone: Alone,
}

/// The right to run the only Chromium of this process, on any thread.
#[derive(Debug)]
struct Alone;

impl Alone {
    fn wait() -> Self {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let running = ENDED.wait_while(running, |running| *running);
        *running.unwrap_or_else(PoisonError::into_inner) = true;
        Self
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = false;
        ENDED.notify_one();
    }
}

impl Chromium {
    /// Starts Chromium, after waiting for another one of this process to end.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn start() -> Result<Self> {
        let Some(program) = PROGRAMS.into_iter().find(|program| on_path(program)) else {
            return Err(Error::Missing(PROGRAMS[0].to_owned()));
        };
        let alone = Alone::wait();
        let profile = tempfile::tempdir()?;
        let mut process = Command::new("sh")
            .args(["-c", WITH_PIPES, program])
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().expect("standard output is piped");
        let mut chromium = Self {
            process,
            input,
            messages: read(output),
            last_id: 0,
            events: Vec::new(),
            profile,
            _alone: alone,
        };
        match chromium.try_call("", "Browser.getVersion", &json!({})) {
            Ok(_) => Ok(chromium),
            Err(why) => Err(Error::Failed(format!("`{program}` does not start: {why}"))),
        }
    }

    /// Opens a new window, isolated from the others.
    pub fn tab(&mut self) -> Tab<'_> {
        let context = self.call("", "Target.createBrowserContext", &json!({}));
        let target = self.call(
            "",
            "Target.createTarget",
            &json!({"url": "about:blank", "browserContextId": context["browserContextId"]}),
        );
        let attached = self.call(
            "",
            "Target.attachToTarget",
            &json!({"targetId": target["targetId"], "flatten": true}),
        );
        let session = attached["sessionId"].as_str().expect("a name").to_owned();
        Tab::new(self, session)
    }

    /// Calls a method of the protocol, on the browser or a window, and returns the result.
    fn call(&mut self, session: &str, method: &str, params: &Value) -> Value {
        self.try_call(session, method, params)
            .unwrap_or_else(|why| panic!("Chromium on {method}: {why}"))
    }

    fn try_call(
        &mut self,
        session: &str,
        method: &str,
        params: &Value,
    ) -> std::result::Result<Value, String> {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !session.is_empty() {
            message["sessionId"] = json!(session);
        }
        let input = self.input.as_mut().expect("it runs");
        write!(input, "{message}\0").map_err(|error| error.to_string())?;
        loop {
            let mut message = self.next()?;
            if message["id"] == id {
                return match &message["error"] {
                    Value::Null => Ok(message["result"].take()),
                    error => Err(error.to_string()),
                };
            }
            self.events.push(message);
        }
    }

    /// Waits for an event, which may have occurred already.
    fn wait_for(&mut self, session: &str, event: &str) -> Value {
        let is_it = |message: &Value| message["method"] == event && message["sessionId"] == session;
        if let Some(at) = self.events.iter().position(is_it) {
            return self.events.remove(at);
        }
        loop {
            let message = self.next();
            let message = message.unwrap_or_else(|why| panic!("Chromium on {event}: {why}"));
            if is_it(&message) {
                return message;
            }
            self.events.push(message);
        }
    }

    /// Takes the events so far.
    fn take_events(&mut self, event: &str) -> Vec<Value> {
        let is_it = |message: &mut Value| message["method"] == event;
        self.events.extract_if(.., is_it).collect()
    }

    fn next(&self) -> std::result::Result<Value, String> {
        let message = self.messages.recv_timeout(PATIENCE);
        message.map_err(|error| match error {
            RecvTimeoutError::Timeout => "no message arrived in time".to_owned(),
            RecvTimeoutError::Disconnected => "it has ended".to_owned(),
        })
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.input.take());
        // Its profile can only be removed once it has ended; an error means that it has already.
        let _ = self.process.wait();
        // A child process may still write to it, which need not be waited for.
        let _ = std::fs::remove_dir_all(self.profile.path());
    }
}

/// Reads messages, each of which ends with a zero byte.
fn read(output: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for message in BufReader::new(output).split(0).map_while(io::Result::ok) {
            let message = serde_json::from_slice(&message).expect("a message is JSON");
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    receiver
}

static RUNNING: Mutex<bool> = Mutex::new(false);
static ENDED: Condvar = Condvar::new();
/// The names used by Debian, other distributions and Google.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Chromium reads commands from descriptor 3 and writes responses to 4.
const WITH_PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--remote-debugging-pipe",
    // Its sandbox does not run as root, nor in most containers; the pages here are our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--hide-scrollbars",
    // No other machine is ever contacted; names below `localhost` are this one (RFC 6761).
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
];

/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(180);
