//! A Chromium without a window, and the protocol that debuggers speak with it.
//!
//! It is driven over a pipe, so nothing is needed beside it.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on says where; that is all that these do about it"
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
    /// What happened while nobody looked for it.
    events: Vec<Value>,
    profile: TempDir,
    /// One is a dozen processes, and enough for the machine.
    _alone: Alone,
}

/// The right to run the one Chromium of this process, which any thread may hold.
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
    /// Starts one; another of this process must have ended, and is waited for.
    ///
    /// # Errors
    /// If it is not on this machine or does not start.
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

    /// A new window that knows nothing of the others.
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

    /// Calls a method of the protocol, of the browser or of a window, and returns what it answers.
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

    /// Waits for an event, which may have been before.
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

    /// Takes what has happened so far.
    fn take_events(&mut self, event: &str) -> Vec<Value> {
        let is_it = |message: &mut Value| message["method"] == event;
        self.events.extract_if(.., is_it).collect()
    }

    fn next(&self) -> std::result::Result<Value, String> {
        let message = self.messages.recv_timeout(PATIENCE);
        message.map_err(|error| match error {
            RecvTimeoutError::Timeout => "it said nothing for too long".to_owned(),
            RecvTimeoutError::Disconnected => "it has ended".to_owned(),
        })
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.input.take());
        // Its profile can only go when it has ended; the only other outcome is that it has already.
        let _ = self.process.wait();
        // What its last child still writes is not ours to wait for.
        let _ = std::fs::remove_dir_all(self.profile.path());
    }
}

/// Messages end with a zero byte.
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
/// As Debian, others and Google call it.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// It reads commands from 3 and answers on 4.
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
    // Nothing but this machine is ever asked.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// On a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(180);
