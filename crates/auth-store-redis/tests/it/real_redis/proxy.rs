//! A proxy before a server that loses chosen messages.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use services::Redis;

/// The message that is lost, together with the connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lost {
    /// The command: the server never receives it.
    Question,
    /// The response: the server has run the command.
    Response,
}

/// Listens at a port of its own.
pub(super) struct Proxy {
    port: u16,
    plan: Arc<Plan>,
}

struct Plan {
    /// How many of the next swaps are cut off, and how.
    cuts: Mutex<(usize, Lost)>,
    visits: AtomicUsize,
}

impl Proxy {
    pub(super) fn before(redis: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let plan = Arc::new(Plan {
            cuts: Mutex::new((0, Lost::Question)),
            visits: AtomicUsize::new(0),
        });
        let (server, shared) = (redis.port(), Arc::clone(&plan));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", server)).expect("the server");
                shared.visits.fetch_add(1, Ordering::SeqCst);
                pass(client, server, &shared);
            }
        });
        Self { port, plan }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Cuts off the next swaps, this many.
    pub(super) fn lose(&self, count: usize, what: Lost) {
        *self.plan.cuts.lock().expect("no panic") = (count, what);
    }

    /// The number of connections so far.
    pub(super) fn visits(&self) -> usize {
        self.plan.visits.load(Ordering::SeqCst)
    }
}

/// Passes on both ways, each on a thread, until either end is gone or a cut is due.
fn pass(client: TcpStream, server: TcpStream, plan: &Arc<Plan>) {
    let cut = Arc::new(Mutex::new(None::<Lost>));
    let answers = (
        server.try_clone().expect("a socket"),
        client.try_clone().expect("a socket"),
    );
    let (plan, told) = (Arc::clone(plan), Arc::clone(&cut));
    thread::spawn(move || {
        copy(client, server, |chunk| {
            let asks = chunk.windows(7).any(|word| word == b"EVALSHA");
            let mut cuts = plan.cuts.lock().expect("no panic");
            if asks && cuts.0 > 0 {
                cuts.0 -= 1;
                *told.lock().expect("no panic") = Some(cuts.1);
                return matches!(cuts.1, Lost::Response);
            }
            true
        });
    });
    thread::spawn(move || {
        copy(answers.0, answers.1, |_| {
            cut.lock().expect("no panic").is_none()
        });
    });
}

/// Copies as long as `may_pass` returns `true`; then both ends are closed.
fn copy(mut from: TcpStream, mut to: TcpStream, mut may_pass: impl FnMut(&[u8]) -> bool) {
    let mut chunk = [0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        if !may_pass(&chunk[..count]) || to.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
