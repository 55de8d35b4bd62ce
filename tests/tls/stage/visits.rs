//! Connections to a port, and what was done on each.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Serves one connection after the other until their records are taken.
#[derive(Debug)]
pub struct Visits<V> {
    address: SocketAddr,
    /// Address of the connection that ends it.
    last: Arc<Mutex<Option<SocketAddr>>>,
    serving: JoinHandle<Vec<V>>,
}

impl<V: Send + 'static> Visits<V> {
    /// Serves each connection with this function.
    pub fn to(mut serve: impl FnMut(TcpStream) -> V + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let last = Arc::new(Mutex::new(None));
        let ending = Arc::clone(&last);
        let serving = thread::spawn(move || {
            let mut visits = Vec::new();
            loop {
                let (stream, from) = listener.accept().expect("a connection");
                if *ending.lock().expect("no thread panicked") == Some(from) {
                    return visits;
                }
                // A test that went wrong fails; it does not hang.
                stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
                visits.push(serve(stream));
            }
        });
        Self {
            address,
            last,
            serving,
        }
    }

    /// The address that is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The records of all connections before this call, in order.
    pub fn all(self) -> Vec<V> {
        // Locked until the address is there, or its connection would pass for a visit.
        let mut last = self.last.lock().expect("no thread panicked");
        let ending = TcpStream::connect(self.address).expect("a connection");
        *last = Some(ending.local_addr().expect("an address"));
        drop(last);
        self.serving.join().expect("no thread panicked")
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
