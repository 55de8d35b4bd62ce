//! An API that keeps the exact requests, and answers as a test says.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::PATIENCE;

/// A running API.
pub(crate) struct Api {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request. Of the body, its beginning is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) length: u64,
}

impl Api {
    /// Answers each request with what this function writes.
    pub(crate) fn start(
        answer: impl Fn(&Seen, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, requests) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
                thread::spawn(move || connection_of(connection.unwrap(), &*answer, &requests));
            }
        });
        Self { url, seen }
    }

    /// An API that tells of each request, and answers with this text when it is told to.
    pub(crate) fn waiting(response: &'static str) -> (Self, Receiver<()>, Sender<()>) {
        let (begun, reached) = mpsc::channel();
        let (next, wait) = mpsc::channel::<()>();
        let ends = Mutex::new((begun, wait));
        let api = Self::start(move |_, stream| {
            let ends = ends.lock().unwrap();
            ends.0.send(()).unwrap();
            match ends.1.recv() {
                Ok(()) => stream.write_all(response.as_bytes()),
                Err(_) => Ok(()), // the test is over
            }
        });
        (api, reached, next)
    }

    /// An API that answers each request with this text.
    pub(crate) fn saying(response: &'static str) -> Self {
        Self::start(move |_, stream| stream.write_all(response.as_bytes()))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

impl Seen {
    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }
}

fn connection_of(
    stream: TcpStream,
    answer: &dyn Fn(&Seen, &mut TcpStream) -> std::io::Result<()>,
    seen: &Mutex<Vec<Seen>>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(mut request) = head(&mut reader) {
        body(&mut request, &mut reader);
        seen.lock().unwrap().push(request.clone());
        if answer(&request, &mut stream).is_err() {
            return;
        }
        if request.header("x-end").is_some() {
            return;
        }
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = String::new();
    loop {
        let from = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if &head[from..] == "\r\n" {
            let head = head[..from].to_owned();
            return Some(Seen {
                head,
                ..Seen::default()
            });
        }
    }
}

fn body(request: &mut Seen, reader: &mut BufReader<TcpStream>) {
    if request.header("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).unwrap();
            let Ok(size) = u64::from_str_radix(size.trim(), 16) else {
                return;
            };
            keep(request, reader, size);
            reader.read_line(&mut String::new()).unwrap();
            if size == 0 {
                return;
            }
        }
    }
    let length = request
        .header("content-length")
        .unwrap_or("0")
        .parse()
        .unwrap();
    keep(request, reader, length);
}

fn keep(request: &mut Seen, reader: &mut BufReader<TcpStream>, mut length: u64) {
    let mut buffer = vec![0; 64 * 1024];
    while length > 0 {
        let most = buffer.len().min(usize::try_from(length).unwrap());
        let Ok(count @ 1..) = reader.read(&mut buffer[..most]) else {
            return;
        };
        request.length += count as u64;
        length -= count as u64;
        if request.body.len() < 1024 {
            request.body.extend_from_slice(&buffer[..count.min(1024)]);
        }
    }
}

/// A client that writes bytes as they are.
pub(crate) struct Raw<S>(pub(crate) BufReader<S>);

/// A response.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }
}

pub(crate) fn tcp(address: &str) -> Raw<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Raw(BufReader::new(stream))
}

pub(crate) fn unix(path: &Path) -> Raw<UnixStream> {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Raw(BufReader::new(stream))
}

impl<S: Read + Write> Raw<S> {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
        self
    }

    /// The next response, whose body is whole.
    pub(crate) fn response(&mut self) -> Got {
        let mut got = self.head();
        let is_chunked = got.header("transfer-encoding").is_some();
        assert!(
            !is_chunked || got.header("content-length").is_none(),
            "{got:?}"
        );
        if let Some(length) = got.header("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            self.0.read_exact(&mut body).unwrap();
            got.body = body;
        } else if is_chunked {
            loop {
                let size = u64::from_str_radix(self.line().trim(), 16).unwrap();
                let mut chunk = vec![0; usize::try_from(size).unwrap()];
                self.0.read_exact(&mut chunk).unwrap();
                assert_eq!(self.line(), "\r\n");
                got.body.extend(chunk);
                if size == 0 {
                    break;
                }
            }
        } else if got.header("connection") == Some("close") {
            self.0.read_to_end(&mut got.body).unwrap();
        }
        got
    }

    /// The head of the next response.
    pub(crate) fn head(&mut self) -> Got {
        let head = self.lines();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Got {
            status,
            head,
            body: Vec::new(),
        }
    }

    /// The lines up to an empty one.
    pub(crate) fn lines(&mut self) -> String {
        let mut lines = String::new();
        loop {
            let line = self.line();
            if line == "\r\n" {
                return lines;
            }
            lines.push_str(&line);
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        assert!(line.ends_with("\r\n"), "{line:?}");
        line
    }

    /// Returns `true` if the server closes the connection, after all that it has sent was read.
    pub(crate) fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}
