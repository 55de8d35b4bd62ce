//! One request: recorded, handled or spoiled, and answered.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::fault::{Latch, Plan};
use crate::realm::Realm;
use crate::{Fault, Received, Response, VendorServer, control};

/// State that the threads of a simulator share.
pub(crate) struct Shared {
    pub(crate) server: Arc<dyn VendorServer>,
    pub(crate) control: bool,
    pub(crate) clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    pub(crate) on_response: Box<dyn Fn(&Received) + Send + Sync>,
    pub(crate) advanced: Mutex<Duration>,
    pub(crate) realm: Mutex<Realm>,
    pub(crate) log: Mutex<Log>,
    pub(crate) token_plans: Mutex<VecDeque<Plan>>,
    pub(crate) api_plans: Mutex<VecDeque<Plan>>,
    pub(crate) gates: Mutex<Vec<Arc<Latch>>>,
    pub(crate) closing: Latch,
}

/// The requests in the order of their arrival, numbered, so that a cleared log stays cleared.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<(u64, Received)>,
    next: u64,
}

impl Shared {
    /// Serves until the simulator closes, one thread for each request.
    pub(crate) fn serve(&self, server: &tiny_http::Server) {
        thread::scope(|scope| {
            while !self.closing.is_open() {
                if let Ok(request) = server.recv() {
                    // An error here means that the client has gone away.
                    scope.spawn(move || drop(self.answer(request)));
                }
            }
        });
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)() + *lock(&self.advanced)
    }

    /// Releases every response that is held back.
    pub(crate) fn close(&self) {
        self.closing.open();
        lock(&self.gates).iter().for_each(|gate| gate.open());
    }

    fn answer(&self, mut request: tiny_http::Request) -> io::Result<()> {
        let received = Received::read(&mut request)?;
        if let Some(answer) = self
            .control
            .then(|| control::answer(self, &received))
            .flatten()
        {
            return request
                .into_writer()
                .write_all(&answer.render(self.now(), true));
        }
        let number = lock(&self.log).note(received.clone());
        let plan = self.next_plan(&received.path);
        let mut out = Reply {
            shared: self,
            number,
            with_body: received.method != "HEAD",
            writer: request.into_writer(),
        };
        match plan {
            None => out.send(&self.handle(&received)),
            Some(Plan::Hold(gate)) => {
                let answer = self.handle(&received);
                gate.pass();
                out.send(&answer)
            }
            Some(Plan::Fault(fault)) => self.spoil(&fault, &received, &mut out),
        }
    }

    fn spoil(&self, fault: &Fault, received: &Received, out: &mut Reply<'_>) -> io::Result<()> {
        match fault {
            Fault::Delay(pause) => {
                let answer = self.handle(received);
                self.closing.wait(*pause);
                out.send(&answer)
            }
            Fault::Drip(pause) => out.drip(&self.handle(received), *pause),
            Fault::Cut(length) => out.cut(&self.handle(received), *length),
            Fault::Drop => {
                self.handle(received);
                Ok(())
            }
            Fault::Refuse => Ok(()),
            Fault::Garble => out.send(&Response::new(200).body("text/html", LOGIN_PAGE)),
            Fault::Noise => out.send(&Response::new(200).body("application/json", NOISE)),
            Fault::Status(status) => out.send(&Response::new(*status)),
            Fault::Redirect(location) => out.send(&Response::new(302).header("Location", location)),
            Fault::Endless => out.endless(),
            Fault::Response(answer) => out.send(answer),
            Fault::Raw(bytes) => out.raw(bytes),
        }
    }

    fn handle(&self, received: &Received) -> Response {
        let mut realm = lock(&self.realm);
        realm.now = self.now();
        realm.is_refresh = false;
        let mut answer = self.server.answer(&mut realm, received);
        if received.path != self.server.token_path() || answer.status() < 400 {
            return answer;
        }
        if let Some(dialect) = realm.settings.dialect {
            answer = dialect.speak(answer, received, realm.is_refresh, realm.now);
        }
        answer.is_refusal = true;
        answer
    }

    fn next_plan(&self, path: &str) -> Option<Plan> {
        let is_token = path == self.server.token_path();
        lock(if is_token {
            &self.token_plans
        } else {
            &self.api_plans
        })
        .pop_front()
    }
}

impl Log {
    fn note(&mut self, received: Received) -> u64 {
        self.next += 1;
        self.entries.push((self.next, received));
        self.next
    }

    fn answered(&mut self, number: u64, status: u16, refused: bool) -> Option<Received> {
        let (_, entry) = self
            .entries
            .iter_mut()
            .rev()
            .find(|(own, _)| *own == number)?;
        entry.status = Some(status);
        entry.refused = refused;
        Some(entry.clone())
    }
}

/// The connection to one client. Dropping it closes the connection.
struct Reply<'a> {
    shared: &'a Shared,
    number: u64,
    with_body: bool,
    writer: Box<dyn Write + Send>,
}

impl Reply<'_> {
    fn send(&mut self, answer: &Response) -> io::Result<()> {
        let bytes = self.begin(answer);
        self.raw(&bytes)
    }

    fn cut(&mut self, answer: &Response, length: usize) -> io::Result<()> {
        let bytes = self.begin(answer);
        self.raw(&bytes[..length.min(bytes.len())])
    }

    fn drip(&mut self, answer: &Response, pause: Duration) -> io::Result<()> {
        for byte in self.begin(answer) {
            self.raw(&[byte])?;
            if self.shared.closing.wait(pause) {
                break;
            }
        }
        Ok(())
    }

    fn endless(&mut self) -> io::Result<()> {
        self.note(200, false);
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")?;
        self.raw(b"Connection: close\r\n\r\n{\"access_token\":\"")?;
        while !self.shared.closing.is_open() {
            self.raw(&[b'x'; 16 * 1024])?;
        }
        Ok(())
    }

    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.flush()
    }

    /// Records the response before the client can read a byte of it.
    fn begin(&self, answer: &Response) -> Vec<u8> {
        self.note(answer.status(), answer.is_refusal);
        answer.render(self.shared.now(), self.with_body)
    }

    fn note(&self, status: u16, refused: bool) {
        let answered = lock(&self.shared.log).answered(self.number, status, refused);
        if let Some(received) = answered {
            (self.shared.on_response)(&received);
        }
    }
}

/// Locks even a poisoned mutex, so that the original panic of a test is the one that is reported.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const LOGIN_PAGE: &str =
    "<!DOCTYPE html><html><body><h1>Welcome to Airport Wi-Fi</h1></body></html>";
const NOISE: &[u8] = b"\x00\xff\xfe\x80{\x1b[31m\xc3\x28\r\n\x07\x7f\xf0\x9f\"\\\x00}]\x01\x02\x03\x04\x05\x06\x0e\x0f";
