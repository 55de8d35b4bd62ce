//! A server whose connections a test controls.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Serves connections one by one until it is dropped.
pub(super) struct Hostile {
    address: SocketAddr,
    count: Arc<Count>,
    /// Dropping it ends a connection that waits.
    closing: Option<mpsc::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Count {
    connections: AtomicUsize,
    requests: AtomicUsize,
    closed: AtomicBool,
}

/// A client whose whole request was read.
pub(super) struct Client<'a> {
    stream: TcpStream,
    closing: &'a Receiver<()>,
}

impl Hostile {
    /// Reads each request, then calls `answer`.
    pub(super) fn start(mut answer: impl FnMut(&mut Client<'_>) + Send + 'static) -> Self {
        Self::serve(move |stream, count, closing| {
            read_request(&stream)?;
            count.requests.fetch_add(1, Ordering::SeqCst);
            let mut client = Client { stream, closing };
            answer(&mut client);
            client.stream.shutdown(Shutdown::Write)?;
            // Unread bytes would reset the connection, and the client would lose the response.
            io::copy(&mut client.stream.take(1 << 20), &mut io::sink()).map(drop)
        })
    }

    /// Closes each connection without reading from it.
    pub(super) fn deaf() -> Self {
        Self::serve(|stream, _, _| stream.shutdown(Shutdown::Both))
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.count.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> usize {
        self.count.requests.load(Ordering::SeqCst)
    }

    fn serve(
        mut one: impl FnMut(TcpStream, &Count, &Receiver<()>) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let count = Arc::new(Count::default());
        let (closing, closed) = mpsc::channel();
        let counted = Arc::clone(&count);
        let serving = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if counted.closed.load(Ordering::SeqCst) {
                    break;
                }
                counted.connections.fetch_add(1, Ordering::SeqCst);
                // These tests expect clients to disconnect.
                let _ = one(stream, &counted, &closed);
            }
        });
        Self {
            address,
            count,
            closing: Some(closing),
            serving: Some(serving),
        }
    }
}

impl Client<'_> {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Writes these bytes repeatedly for as long as the client reads.
    pub(super) fn write_forever(&mut self, bytes: &[u8]) {
        while self.stream.write_all(bytes).is_ok() {}
    }

    /// Writes the bytes one by one with a pause in between, until the client disconnects.
    pub(super) fn drip(&mut self, bytes: &[u8], pause: Duration) {
        for byte in bytes {
            let gone = self.stream.write_all(&[*byte]).is_err();
            if gone || self.closing.recv_timeout(pause) != Err(mpsc::RecvTimeoutError::Timeout) {
                break;
            }
        }
    }

    /// Waits until the client disconnects.
    pub(super) fn rest(&mut self) {
        let _ = self.stream.read(&mut [0]);
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.count.closed.store(true, Ordering::SeqCst);
        self.closing = None;
        // Wakes the thread that waits for the next connection.
        drop(TcpStream::connect(self.address));
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

fn read_request(stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().map_err(io::Error::other)?;
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink()).map(drop)
}
