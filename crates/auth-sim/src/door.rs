//! The public port: one response per connection.
//!
//! `tiny_http` keeps a connection open as long as the client wishes and offers a handler no way to
//! close it, so a truncated response would look like a slow one, and an idle connection can delay
//! another one. So the public port is ours: it forwards each connection to the `tiny_http` server
//! with `Connection: close` as the first header, and closes it once that server has responded.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// The public port. Dropping it closes the port and every connection.
pub(crate) struct Door {
    address: SocketAddr,
    shared: Arc<Open>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Open {
    closing: AtomicBool,
    /// Both ends of every connection, so that closing the port ends them all.
    streams: Mutex<HashMap<SocketAddr, Vec<TcpStream>>>,
}

impl Door {
    pub(crate) fn open(port: u16, behind: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Open::default());
        let open = Arc::clone(&shared);
        let accepting = thread::Builder::new()
            .name("auth-sim door".to_owned())
            .spawn(move || open.accept(&listener, behind))?;
        Ok(Self {
            address,
            shared,
            accepting: Some(accepting),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // A thread in `accept` wakes up only for a connection.
        drop(TcpStream::connect(self.address));
        for stream in self.shared.streams().values().flatten() {
            drop(stream.shutdown(Shutdown::Both));
        }
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

impl Open {
    fn accept(&self, listener: &TcpListener, behind: SocketAddr) {
        thread::scope(|scope| {
            for client in listener.incoming() {
                if self.closing.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(client) = client else { continue };
                scope.spawn(move || self.pass(&client, behind));
            }
        });
    }

    /// Forwards one connection. An error on either side ends it; the client notices.
    fn pass(&self, client: &TcpStream, behind: SocketAddr) {
        let Ok(peer) = client.peer_addr() else { return };
        drop(self.relay(client, peer, behind));
        drop(client.shutdown(Shutdown::Both));
        self.streams().remove(&peer);
    }

    fn relay(&self, client: &TcpStream, peer: SocketAddr, behind: SocketAddr) -> io::Result<()> {
        self.list(peer, client)?;
        client.set_nodelay(true)?;
        let mut incoming = BufReader::new(client);
        let mut request_line = Vec::new();
        incoming.read_until(b'\n', &mut request_line)?;
        let server = TcpStream::connect(behind)?;
        self.list(peer, &server)?;
        server.set_nodelay(true)?;
        request_line.extend_from_slice(b"Connection: close\r\n");
        (&server).write_all(&request_line)?;
        thread::scope(|scope| {
            // Ends with the shutdown below at the latest.
            scope.spawn(|| {
                drop(io::copy(&mut incoming, &mut &server));
                drop(server.shutdown(Shutdown::Write));
            });
            let copied = io::copy(&mut &server, &mut &*client);
            drop(client.shutdown(Shutdown::Both));
            drop(server.shutdown(Shutdown::Both));
            copied.map(drop)
        })
    }

    /// Registers a stream to be closed with the port. Fails if the port is closing already.
    fn list(&self, peer: SocketAddr, stream: &TcpStream) -> io::Result<()> {
        self.streams()
            .entry(peer)
            .or_default()
            .push(stream.try_clone()?);
        if self.closing.load(Ordering::SeqCst) {
            return Err(io::Error::other("closing"));
        }
        Ok(())
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<SocketAddr, Vec<TcpStream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
