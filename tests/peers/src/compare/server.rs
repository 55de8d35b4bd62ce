//! One token endpoint for all peers, on 127.0.0.1: it answers any path, and keeps connections as HTTP/1.1 does.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The endpoint; what it does next is set between two measurements.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    seen: AtomicUsize,
    life: AtomicU64,
    delay: AtomicU64,
    status: AtomicU16,
    hangs: AtomicBool,
    events: Mutex<Option<Sender<Event>>>,
}

/// Notes a request that arrived or a response that left.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Event {
    Arrived,
    Answered,
}

impl Server {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/token", listener.local_addr()?);
        let state = Arc::<State>::default();
        let served = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&served);
                let serve = move || drop(serve(&stream, &state));
                // Small stacks: a peer may keep a connection for each of its clients.
                let _ = thread::Builder::new().stack_size(64 * 1024).spawn(serve);
            }
        });
        let server = Self { url, state };
        server.answers(3600, 0);
        Ok(server)
    }

    /// Answers after `delay` milliseconds with a token that lives for `life` seconds.
    pub(crate) fn answers(&self, life: u64, delay: u64) {
        self.set(200, life, delay, false);
    }

    /// Refuses every request after `delay` milliseconds.
    pub(crate) fn refuses(&self, delay: u64) {
        self.set(400, 0, delay, false);
    }

    /// Reads requests and never answers.
    pub(crate) fn hangs(&self) {
        self.set(200, 0, 0, true);
    }

    fn set(&self, status: u16, life: u64, delay: u64, hangs: bool) {
        self.state.status.store(status, Ordering::SeqCst);
        self.state.life.store(life, Ordering::SeqCst);
        self.state.delay.store(delay, Ordering::SeqCst);
        self.state.hangs.store(hangs, Ordering::SeqCst);
    }

    /// Sends what happens to a receiver, until the next call.
    pub(crate) fn report_to(&self, events: Option<Sender<Event>>) {
        *self
            .state
            .events
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = events;
    }

    /// Returns the number of requests since the last call.
    pub(crate) fn take_seen(&self) -> usize {
        self.state.seen.swap(0, Ordering::SeqCst)
    }
}

impl State {
    fn note(&self, event: Event) {
        if let Some(events) = &*self.events.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = events.send(event);
        }
    }

    fn body(&self) -> String {
        match self.status.load(Ordering::SeqCst) {
            200 => format!(
                r#"{{"access_token":"{}","token_type":"Bearer","expires_in":{},"scope":"orders.read"}}"#,
                "a".repeat(TOKEN),
                self.life.load(Ordering::SeqCst)
            ),
            _ => r#"{"error":"invalid_client","error_description":"unknown client"}"#.to_owned(),
        }
    }
}

fn serve(stream: &TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut closes, mut lines, mut line) = (0, false, 0, String::new());
        while reader.read_line(&mut line)? > 2 {
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            closes |= header.starts_with("connection:") && header.contains("close");
            lines += 1;
            line.clear();
        }
        if lines == 0 {
            return Ok(());
        }
        reader.read_exact(&mut vec![0; length])?;
        state.seen.fetch_add(1, Ordering::SeqCst);
        state.note(Event::Arrived);
        while state.hangs.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        let (status, body) = (state.status.load(Ordering::SeqCst), state.body());
        match state.delay.load(Ordering::SeqCst) {
            0 => {}
            delay => thread::sleep(Duration::from_millis(delay)),
        }
        let close = if closes { "connection: close\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{close}content-length: {}\r\n\r\n",
            body.len()
        );
        (&mut &*stream).write_all((head + &body).as_bytes())?;
        state.note(Event::Answered);
        if closes {
            return Ok(());
        }
    }
}

/// Bytes of a token: those of a JWT with a few claims.
const TOKEN: usize = 900;
