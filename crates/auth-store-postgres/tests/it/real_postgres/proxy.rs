//! A network that fails at the worst moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;

/// Passes connections on to a server, with faults on request.
pub(super) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    mode: AtomicU8,
    /// The number of results that were lost.
    dropped: AtomicUsize,
}

impl Proxy {
    pub(super) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = Arc::new(State::default());
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::clone(&state),
        };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    carry(&client, &server, &state);
                }
            }
        });
        proxy
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Loses the next result of the server, and closes the connection.
    pub(super) fn cut_next_answer(&self) {
        self.state.mode.store(CUT, Ordering::SeqCst);
    }

    /// Accepts everything, and returns nothing.
    pub(super) fn swallow(&self) {
        self.state.mode.store(SWALLOW, Ordering::SeqCst);
    }

    pub(super) fn pass(&self) {
        self.state.mode.store(PASS, Ordering::SeqCst);
    }

    pub(super) fn dropped(&self) -> usize {
        self.state.dropped.load(Ordering::SeqCst)
    }
}

fn carry(client: &TcpStream, server: &TcpStream, state: &Arc<State>) {
    let (mut from_client, mut to_server) = both(client, server);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut from_server, mut to_client) = both(server, client);
    let state = Arc::clone(state);
    thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut buffer) {
            let cut = state
                .mode
                .compare_exchange(CUT, PASS, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok();
            if cut || state.mode.load(Ordering::SeqCst) == SWALLOW {
                state.dropped.fetch_add(1, Ordering::SeqCst);
            } else if to_client.write_all(&buffer[..read]).is_err() {
                break;
            }
            if cut {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = from_server.shutdown(Shutdown::Both);
    });
}

fn both(from: &TcpStream, to: &TcpStream) -> (TcpStream, TcpStream) {
    (from.try_clone().unwrap(), to.try_clone().unwrap())
}

const PASS: u8 = 0;
const CUT: u8 = 1;
const SWALLOW: u8 = 2;
