//! A port of this machine or a Unix socket: a thread for each connection, a limit, and a graceful end.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};

use auth_all::clock::{Clock as _, SystemClock};

use crate::failure::{Failure, Result};
use crate::http::{self, Service};
use crate::notify;
use crate::signal::Stop;

/// The place of a listener: `127.0.0.1:8080`, or `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A socket that takes connections.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, OwnFile),
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// A connection, as its thread and the listener share it.
pub(crate) struct Connection {
    stream: Stream,
    /// No request is being answered.
    is_idle: AtomicBool,
    /// The number of its last request among those of all connections.
    last: AtomicU64,
    shared: Arc<Shared>,
}

/// State of all connections.
#[derive(Default)]
struct Shared {
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
    ended: Condvar,
    is_stopping: AtomicBool,
    requests: AtomicU64,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.is_empty() || !cfg!(unix) {
                false => Ok(Self::Unix(PathBuf::from(path))),
                true => Err("a Unix socket is `unix:PATH`, on systems that have them".to_owned()),
            };
        }
        let text = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        let address = text.parse().map(Self::Tcp);
        address.map_err(|_| "a place is 127.0.0.1:PORT or unix:PATH".to_owned())
    }
}

impl Place {
    /// Returns `true` if no other machine reaches it.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl Listener {
    /// Listens; a Unix socket is open to this user alone.
    pub(crate) fn open(place: &Place) -> Result<Self> {
        raise_limit();
        let failed =
            |error: io::Error| Failure::configuration(format!("{}: {error}", Shown(place)));
        let socket = match place {
            Place::Tcp(address) => Socket::Tcp(TcpListener::bind(address).map_err(failed)?),
            #[cfg(unix)]
            Place::Unix(path) => {
                let (socket, file) = OwnFile::bind(path)?;
                Socket::Unix(socket, file)
            }
            #[cfg(not(unix))]
            Place::Unix(_) => return Err(failed(io::ErrorKind::Unsupported.into())),
        };
        Ok(Self { socket })
    }

    /// The place, with the port that the system has chosen.
    pub(crate) fn place(&self) -> Place {
        match &self.socket {
            Socket::Tcp(socket) => {
                let unknown = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
                Place::Tcp(socket.local_addr().unwrap_or(unknown))
            }
            #[cfg(unix)]
            Socket::Unix(_, file) => Place::Unix(file.path.clone()),
        }
    }

    /// The values of `Host` by which clients may name it.
    pub(crate) fn hosts(&self) -> Option<Vec<String>> {
        let Place::Tcp(address) = self.place() else {
            return None;
        };
        let port = address.port();
        let names = [
            "127.0.0.1".to_owned(),
            "localhost".to_owned(),
            "[::1]".to_owned(),
            SocketAddr::new(address.ip(), 80)
                .to_string()
                .trim_end_matches(":80")
                .to_owned(),
        ];
        let mut hosts: Vec<_> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            hosts.extend(names);
        }
        hosts.dedup();
        Some(hosts)
    }

    /// Answers requests until a signal comes; then it finishes those that have begun.
    pub(crate) fn run<S: Service>(self, service: Arc<S>, most: usize, stop: &Stop) -> Result<()> {
        let shared = Arc::<Shared>::default();
        let place = self.place();
        let accepting = {
            let shared = Arc::clone(&shared);
            let accepting = thread::Builder::new().name("accept".to_owned());
            accepting.spawn(move || self.accept(&service, most, &shared))
        };
        let accepting = accepting
            .map_err(|error| Failure::later(format!("no thread can be started: {error}")))?;
        stop.wait(None);
        notify::stopping();
        shared.is_stopping.store(true, Ordering::SeqCst);
        // Wakes the thread, which closes the socket: other connections are refused from here on.
        if place.connect().is_ok() {
            let _ = accepting.join();
        }
        shared.finish();
        Ok(())
    }

    fn accept<S: Service>(&self, service: &Arc<S>, most: usize, shared: &Arc<Shared>) {
        for number in 0.. {
            let stream = self.next();
            if shared.is_stopping() {
                return;
            }
            match stream {
                Ok(stream) => shared.start(number, stream, service, most),
                // Of one connection, or because there are too many: the longest idle one ends.
                Err(_) => {
                    shared.end_idle();
                    shared.pause();
                }
            }
        }
    }

    fn next(&self) -> io::Result<Stream> {
        let stream = match &self.socket {
            Socket::Tcp(socket) => Stream::Tcp(socket.accept()?.0),
            #[cfg(unix)]
            Socket::Unix(socket, _) => Stream::Unix(socket.accept()?.0),
        };
        stream.prepare()?;
        Ok(stream)
    }
}

impl Place {
    fn connect(&self) -> io::Result<()> {
        match self {
            Self::Tcp(address) => {
                let ip = match address.ip() {
                    IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                    IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                    ip => ip,
                };
                TcpStream::connect_timeout(&SocketAddr::new(ip, address.port()), PATIENCE).map(drop)
            }
            #[cfg(unix)]
            Self::Unix(path) => UnixStream::connect(path).map(drop),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    fn connections(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread of a connection; if there are too many, the longest idle one ends.
    fn start<S: Service>(
        self: &Arc<Self>,
        number: u64,
        stream: Stream,
        service: &Arc<S>,
        most: usize,
    ) {
        if !self.has_room(most) {
            let mut stream = &stream;
            let _ = stream.write_all(FULL);
            return;
        }
        let connection = Arc::new(Connection {
            stream,
            is_idle: AtomicBool::new(true),
            last: AtomicU64::new(self.requests.fetch_add(1, Ordering::Relaxed)),
            shared: Arc::clone(self),
        });
        self.connections().insert(number, Arc::clone(&connection));
        let service = Arc::clone(service);
        let thread = thread::Builder::new().stack_size(STACK);
        let started = thread.spawn(move || {
            let _end = End(number, &connection.shared);
            http::serve(&connection, &*service);
        });
        if started.is_err() {
            self.connections().remove(&number);
        }
    }

    /// Makes room for a connection; one whose response was just sent is idle soon.
    fn has_room(&self, most: usize) -> bool {
        for _ in 0..MOST_TRIES {
            if self.connections().len() < most || self.end_idle() {
                return true;
            }
            self.pause();
        }
        false
    }

    /// Waits for a connection to end, but not long.
    fn pause(&self) {
        let ended = self.ended.wait_timeout(self.connections(), PAUSE);
        drop(ended);
    }

    /// Ends the connection whose last request is the longest ago; `false` if all are busy.
    fn end_idle(&self) -> bool {
        let mut connections = self.connections();
        let idle = connections
            .iter()
            .filter(|(_, it)| it.is_idle.load(Ordering::SeqCst));
        let oldest = idle.min_by_key(|(_, it)| it.last.load(Ordering::Relaxed));
        let Some((number, connection)) = oldest.map(|(number, it)| (*number, Arc::clone(it)))
        else {
            return false;
        };
        connections.remove(&number);
        connection.stream.shutdown(Shutdown::Both);
        true
    }

    /// Ends the idle connections, and waits for the others, but not forever.
    fn finish(&self) {
        let clock = SystemClock::new();
        let begun = clock.now();
        let mut connections = self.connections();
        for connection in connections.values() {
            // One that becomes idle from here on sees that the listener stops.
            if connection.is_idle.load(Ordering::SeqCst) {
                connection.stream.shutdown(Shutdown::Read);
            }
        }
        while !connections.is_empty() {
            let waited = clock.now().since(begun);
            let left = LONGEST_STOPPING.saturating_sub(waited);
            if left.is_zero() {
                return;
            }
            let waited = self.ended.wait_timeout(connections, left);
            connections = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Removes a connection when its thread ends, also after a panic.
struct End<'s>(u64, &'s Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.1.connections().remove(&self.0);
        self.1.ended.notify_all();
    }
}

impl Connection {
    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Returns `true` if this is the last response of the connection.
    pub(crate) fn is_stopping(&self) -> bool {
        self.shared.is_stopping()
    }

    pub(crate) fn set_busy(&self) {
        self.is_idle.store(false, Ordering::SeqCst);
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        self.last.store(number, Ordering::Relaxed);
    }

    /// To be called before [`is_stopping`](Self::is_stopping), so that one of both sides sees the other.
    pub(crate) fn set_idle(&self) {
        self.is_idle.store(true, Ordering::SeqCst);
    }
}

impl Stream {
    fn prepare(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(LONGEST_WAIT))?;
                stream.set_read_timeout(Some(LONGEST_WAIT))
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                stream.set_write_timeout(Some(LONGEST_WAIT))?;
                stream.set_read_timeout(Some(LONGEST_WAIT))
            }
        }
    }

    pub(crate) fn set_read_timeout(&self, longest: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(longest)),
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_read_timeout(Some(longest)),
        }
    }

    pub(crate) fn shutdown_write(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    /// An error is a connection that is closed already.
    fn shutdown(&self, how: Shutdown) {
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(how),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(how),
        };
    }
}

impl Read for &Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).read(bytes),
            #[cfg(unix)]
            Stream::Unix(stream) => (&*stream).read(bytes),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).write(bytes),
            #[cfg(unix)]
            Stream::Unix(stream) => (&*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A place, for people.
pub(crate) struct Shown<'p>(pub(crate) &'p Place);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Tcp(address) => write!(f, "http://{address}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The file of a Unix socket, which is removed at the end if it is still that of this process.
#[cfg(unix)]
#[derive(Debug)]
struct OwnFile {
    path: PathBuf,
    /// Device and number in it.
    identity: Option<(u64, u64)>,
}

#[cfg(unix)]
impl OwnFile {
    /// Listens at a path: a socket that an ended process has left is replaced, and every other file is an error.
    fn bind(path: &std::path::Path) -> Result<(UnixListener, Self)> {
        use rustix::fs::Mode;
        use std::os::unix::fs::FileTypeExt as _;

        let shown = path.display();
        let failed = |error: io::Error| Failure::configuration(format!("unix:{shown}: {error}"));
        match std::fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                let words = format!("unix:{shown}: a file that is not a socket is there");
                return Err(Failure::configuration(words));
            }
            Ok(_) => match UnixStream::connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path).map_err(failed)?;
                }
                _ => {
                    let words = format!("unix:{shown}: another process listens there");
                    return Err(Failure::configuration(words));
                }
            },
            Err(_) => {}
        }
        // Other users cannot connect, not even before the mode could be changed.
        let before = rustix::process::umask(Mode::from_raw_mode(0o177));
        let bound = UnixListener::bind(path);
        rustix::process::umask(before);
        let socket = bound.map_err(failed)?;
        let file = Self {
            path: path.to_owned(),
            identity: identity(path),
        };
        Ok((socket, file))
    }
}

#[cfg(unix)]
impl Drop for OwnFile {
    fn drop(&mut self) {
        if self.identity.is_some() && self.identity == identity(&self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn identity(path: &std::path::Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Allows as many open files as the system permits: a connection takes one, and its request another.
#[cfg(unix)]
fn raise_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = match limit.maximum {
        Some(maximum) => Some(maximum.min(MOST_FILES)),
        None => Some(MOST_FILES),
    };
    if limit.current > getrlimit(Resource::Nofile).current {
        // Without it, the connections are fewer.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

#[cfg(not(unix))]
fn raise_limit() {}

/// The longest silence of a client: between requests, in a body, and while a response is sent.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Below the 30 s that Kubernetes gives a container to end.
const LONGEST_STOPPING: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);
const MOST_TRIES: usize = 100;
/// TLS to an API fits many times.
const STACK: usize = 1024 * 1024;
#[cfg(unix)]
const MOST_FILES: u64 = 8192;
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
                      content-type: text/plain; charset=utf-8\r\ncontent-length: 31\r\n\r\n\
                      auth-all: too many connections\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_socket() {
        let place = |text: &str| text.parse::<Place>();
        assert!(place("127.0.0.1:8080").unwrap().is_local());
        assert!(place("[::1]:8080").unwrap().is_local());
        assert_eq!(place("localhost:1"), place("127.0.0.1:1"));
        assert!(!place("0.0.0.0:8080").unwrap().is_local());
        assert!(!place("192.0.2.1:8080").unwrap().is_local());
        assert_eq!(place("unix:/s"), Ok(Place::Unix("/s".into())));
        for text in ["", "8080", "unix:", "example.com:80", "http://127.0.0.1:80"] {
            assert!(place(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_length_of_the_fixed_response_is_right() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(text.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
