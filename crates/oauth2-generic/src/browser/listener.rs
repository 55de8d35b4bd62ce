//! Connections to the loopback port: a thread for each, and no thread left when the login is over.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use auth_core::clock::{Clock, Moment};
use auth_core::error::LoginReason;
use auth_core::{Error, Secret};
use zeroize::Zeroizing;

use super::loopback::Address;
use super::pages::{self, Names, Page};
use super::request::{Request, Stray};
use super::words;

/// State shared by the login and the threads of its connections.
pub(super) struct Inbox<'a> {
    pub(super) address: Address,
    pub(super) names: Names,
    pub(super) state: String,
    pub(super) clock: &'a dyn Clock,
    pub(super) received: Mutex<Received>,
}

#[derive(Default)]
pub(super) struct Received {
    redirect: Option<Redirect>,
    /// The first redirect has arrived; further ones are too late.
    has_redirect: bool,
    /// Each kind once, in the order of arrival.
    strays: Vec<Stray>,
}

/// The response to this login; its browser waits for a page.
pub(super) struct Redirect {
    /// The whole URL, with the code.
    pub(super) url: Secret,
    connection: Arc<Connection>,
}

/// The login's side of the port: accepts connections, and starts and ends their threads.
pub(super) struct Listener<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    sockets: &'env [TcpListener],
    inbox: &'env Inbox<'env>,
    connections: Vec<Connected<'scope>>,
}

type Connected<'scope> = (Arc<Connection>, ScopedJoinHandle<'scope, ()>);

struct Connection {
    stream: TcpStream,
    /// Browsers open connections in advance and send nothing.
    is_silent: AtomicBool,
}

impl Inbox<'_> {
    /// The error of a login without a response: the redirect URI, and what arrived there instead.
    pub(super) fn error(&self, reason: LoginReason) -> Error {
        let strays = &self.received().strays;
        let error = Error::login_required(reason);
        match reason {
            LoginReason::Cancelled if strays.is_empty() => error,
            _ => error.caused_by(Error::configuration(words::received(&self.address, strays))),
        }
    }

    /// Reads a head and answers it; the response to this login is left to the login.
    fn receive(&self, connection: &Arc<Connection>, accepted: Moment) {
        // It holds the code, so it never grows: that would leave a copy behind.
        let mut head = Zeroizing::new(vec![0; LONGEST_HEAD]);
        let mut length = 0;
        let request = loop {
            match connection.read(&mut head[length..], LONGEST_READING) {
                0 => return,
                count => length += count,
            }
            connection.is_silent.store(false, Ordering::Relaxed);
            match Request::read(&head[..length], &self.address, &self.state) {
                Some(request) => break request,
                None if length == head.len() => break Request::Stray(Stray::TooLong),
                // A byte now and then is no reprieve.
                None if self.clock.now().since(accepted) >= LONGEST_READING => return,
                None => {}
            }
        };
        if let Some(page) = self.file(request, connection) {
            self.answer(connection, page, head.starts_with(b"HEAD "));
        }
    }

    /// Takes note of a request. Returns its page, unless it is the response to this login.
    fn file(&self, request: Request<'_>, connection: &Arc<Connection>) -> Option<Page> {
        let mut received = self.received();
        match request {
            Request::Icon => Some(Page::NoIcon),
            Request::Response { .. } if received.has_redirect => Some(Page::TooLate),
            Request::Response { query } => {
                received.has_redirect = true;
                received.redirect = Some(Redirect {
                    url: self.address.url(query),
                    connection: Arc::clone(connection),
                });
                None
            }
            Request::Stray(stray) => {
                if received.strays.len() < MOST_STRAYS && !received.strays.contains(&stray) {
                    received.strays.push(stray);
                }
                Some(Page::Stray(stray))
            }
        }
    }

    /// Sends a page, and waits until the browser closes the connection, but not long: closing a socket with unread
    /// bytes in it makes some systems discard what was sent.
    fn answer(&self, connection: &Connection, page: Page, head_only: bool) {
        let begun = self.clock.now();
        let response = pages::response(page, &self.names, head_only);
        let mut stream = &connection.stream;
        // An error is a browser that has closed the connection.
        let _ = stream.set_write_timeout(Some(LONGEST_CLOSING));
        let _ = stream.write_all(&response);
        let _ = stream.shutdown(Shutdown::Write);
        for _ in 0..MOST_READS {
            let is_over = connection.read(&mut [0; 2048], LONGEST_CLOSING) == 0;
            if is_over || self.clock.now().since(begun) >= LONGEST_CLOSING {
                return;
            }
        }
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'scope, 'env> Listener<'scope, 'env> {
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        sockets: &'env [TcpListener],
        inbox: &'env Inbox<'env>,
    ) -> Self {
        Self {
            scope,
            sockets,
            inbox,
            connections: Vec::new(),
        }
    }

    /// Accepts the connections that wait: in portions, so that the first of a flood are read before the last push them
    /// out.
    pub(super) fn accept(&mut self) {
        self.connections.retain(|(_, thread)| !thread.is_finished());
        for _ in 0..MOST_CONNECTIONS {
            // An error of one connection is not an error of the next; the deadline ends the waiting.
            let accept = |socket: &TcpListener| socket.accept().ok();
            let Some((stream, _)) = self.sockets.iter().find_map(accept) else {
                return;
            };
            if self.connections.len() >= MOST_CONNECTIONS {
                let is_silent = |it: &Connection| it.is_silent.load(Ordering::Relaxed);
                let mut oldest_first = self.connections.iter();
                let silent = oldest_first.position(|(it, _)| is_silent(it));
                end([self.connections.remove(silent.unwrap_or(0))]);
            }
            self.start(stream);
        }
    }

    /// Takes the response to this login, once a thread has read it.
    pub(super) fn redirect(&self) -> Option<Redirect> {
        self.inbox.received().redirect.take()
    }

    /// Ends all threads. Requests that have arrived are answered; the response to this login may be among them.
    pub(super) fn end(&mut self) {
        end(self.connections.drain(..));
    }

    /// Shows the browser of the redirect its page, and ends all threads.
    pub(super) fn close(mut self, redirect: &Redirect, page: Page) {
        self.accept();
        self.inbox.answer(&redirect.connection, page, false);
        self.end();
    }

    /// If no thread can be started, the connection closes and the browser reports that.
    fn start(&mut self, stream: TcpStream) {
        // Some systems let it inherit that from the socket that listens.
        if stream.set_nonblocking(false).is_err() {
            return;
        }
        let is_silent = AtomicBool::new(true);
        let connection = Arc::new(Connection { stream, is_silent });
        let (inbox, theirs) = (self.inbox, Arc::clone(&connection));
        let accepted = inbox.clock.now();
        let thread = thread::Builder::new().name("login-browser".into());
        let thread = thread.spawn_scoped(self.scope, move || inbox.receive(&theirs, accepted));
        if let Ok(thread) = thread {
            self.connections.push((connection, thread));
        }
    }
}

impl Drop for Listener<'_, '_> {
    /// The scope waits for all threads, also after a panic of the caller's functions.
    fn drop(&mut self) {
        self.end();
    }
}

impl Connection {
    /// Waits for bytes; 0 if none will come.
    fn read(&self, buffer: &mut [u8], longest: Duration) -> usize {
        if self.stream.set_read_timeout(Some(longest)).is_err() {
            return 0;
        }
        loop {
            match (&self.stream).read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.unwrap_or(0),
            }
        }
    }
}

/// Ends the threads of connections: each reads what has arrived, and then the end.
fn end<'a>(connections: impl IntoIterator<Item = Connected<'a>>) {
    for (connection, thread) in connections {
        let _ = connection.stream.shutdown(Shutdown::Read);
        // A panic has been reported, and is no reason to fail a login that may still succeed.
        let _ = thread.join();
    }
}

/// How often the login looks for connections and for the response.
pub(super) const PAUSE: Duration = Duration::from_millis(10);
/// Room for a long code, and for the cookies of other programs on 127.0.0.1: a browser sends them to every port.
const LONGEST_HEAD: usize = 16 * 1024;
const LONGEST_READING: Duration = Duration::from_secs(10);
const LONGEST_CLOSING: Duration = Duration::from_secs(2);
const MOST_CONNECTIONS: usize = 32;
/// After its page, so that a browser that never ceases to send does not hold up the end.
const MOST_READS: usize = 32;
/// More kinds do not help the reader.
const MOST_STRAYS: usize = 8;

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use auth_core::testing::ManualClock;

    use super::*;
    use crate::browser::loopback::Loopback;
    use crate::client::Client;
    use crate::server::Server;

    /// Lets a test use the port of a login whose time does not pass.
    fn with_listener(test: impl FnOnce(&mut Listener<'_, '_>, SocketAddr)) {
        let Loopback { listeners, address } = Loopback::open("").unwrap();
        let at = listeners[0].local_addr().unwrap();
        let client = Client::new(Server::new("https://login.example.com/token"), "app");
        let inbox = Inbox {
            names: Names::new("", &client, &address),
            address,
            state: "ours".to_owned(),
            clock: &ManualClock::new(),
            received: Mutex::default(),
        };
        thread::scope(|scope| test(&mut Listener::new(scope, &listeners, &inbox), at));
    }

    fn connected(at: SocketAddr, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    }

    fn is_open(stream: &mut TcpStream) -> bool {
        stream.set_nonblocking(true).unwrap();
        let read = stream.read(&mut [0]);
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    #[test]
    fn the_oldest_silent_connection_makes_room() {
        with_listener(|listener, at| {
            let mut speaking = connected(at, "GET /callback?code=c");
            listener.accept();
            while listener.connections[0].0.is_silent.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            let flood = 3 * MOST_CONNECTIONS;
            let mut silent: Vec<_> = (0..flood).map(|_| connected(at, "")).collect();
            (0..4).for_each(|_| listener.accept());

            assert_eq!(listener.connections.len(), MOST_CONNECTIONS);
            let (oldest, newest) = silent.split_at_mut(flood - MOST_CONNECTIONS + 1);
            assert!(!oldest.iter_mut().any(is_open));
            assert!(newest.iter_mut().all(is_open));
            assert!(is_open(&mut speaking));
        });
    }

    #[test]
    fn a_page_is_not_cut_to_make_room() {
        with_listener(|listener, at| {
            let many = 2 * MOST_CONNECTIONS;
            let asking: Vec<_> = (0..many)
                .map(|_| connected(at, "nonsense\r\n\r\n"))
                .collect();
            (0..3).for_each(|_| listener.accept());
            for mut stream in asking {
                let mut page = String::new();
                stream.read_to_string(&mut page).unwrap();
                assert!(page.ends_with("</html>\n"), "{page}");
            }
        });
    }

    #[test]
    fn a_browser_that_never_ceases_to_send_is_not_waited_for() {
        with_listener(|listener, at| {
            let mut stream = connected(at, "nonsense\r\n\r\n");
            listener.accept();
            // It may be closed before all is sent.
            let _ = stream.write_all(&[0; 2 * 2048 * MOST_READS]);
            while !listener.connections.is_empty() {
                listener.accept();
                thread::yield_now();
            }
        });
    }

    #[test]
    fn a_response_that_has_arrived_is_not_lost() {
        with_listener(|listener, at| {
            let request = format!("GET /callback?code=c&state=ours HTTP/1.1\r\nHost: {at}\r\n\r\n");
            let _browser = connected(at, &request);
            listener.accept();
            listener.end();
            let redirect = listener.redirect().unwrap();
            assert!(
                redirect
                    .url
                    .expose()
                    .ends_with("/callback?code=c&state=ours")
            );
            assert!(listener.redirect().is_none());
        });
    }

    #[test]
    fn each_kind_of_stray_is_kept_once_and_not_too_many() {
        with_listener(|listener, at| {
            let _stranger = connected(at, "");
            listener.accept();
            let (inbox, connection) = (listener.inbox, &listener.connections[0].0);
            let file = |stray| inbox.file(Request::Stray(stray), connection);
            assert_eq!(file(Stray::Code), Some(Page::Stray(Stray::Code)));
            file(Stray::Code);
            assert_eq!(inbox.received().strays, [Stray::Code]);
            for code in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
                file(Stray::Refusal(Some(code)));
            }
            assert_eq!(inbox.received().strays.len(), MOST_STRAYS);
        });
    }
}
