//! HTTP/1.1 as `proxy` and `serve` use it: a strict reader, bodies as streams, and the checks of every request.

mod body;
mod head;
mod reply;
mod visitor;

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read as _};
use std::time::Duration;

use auth_all::clock::{Clock as _, SystemClock};
use auth_all::http::StatusCode;

use crate::listen::{Connection, Stream};

pub(crate) use body::Body;
pub(crate) use head::Head;
pub(crate) use reply::Reply;
pub(crate) use visitor::{KEY_HEADER, Rules, is_preflight};

/// Answers requests, on many threads.
pub(crate) trait Service: Send + Sync + 'static {
    /// Checks before a request is answered.
    fn rules(&self) -> &Rules;

    /// Answers a request; an error ends its connection.
    fn answer(&self, head: Head, body: &mut Body<'_, '_>, reply: &mut Reply<'_>) -> io::Result<()>;
}

/// A request that is not answered, and the words for its sender.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) words: Cow<'static, str>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, words: impl Into<Cow<'static, str>>) -> Self {
        let words = words.into();
        Self { status, words }
    }

    /// A request whose framing or text is not HTTP.
    pub(crate) fn bad(words: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, words)
    }
}

/// Answers the requests of a connection, one after the other, until it closes.
pub(crate) fn serve(connection: &Connection, service: &impl Service) {
    let mut reader = Reader::new(connection.stream());
    // An error here is a client that has gone.
    let _ = exchanges(connection, service, &mut reader);
}

fn exchanges(
    connection: &Connection,
    service: &impl Service,
    reader: &mut Reader<'_>,
) -> io::Result<()> {
    loop {
        let head = match next(connection, reader)? {
            None => return Ok(()),
            Some(Ok(head)) => head,
            Some(Err(refusal)) => {
                // The place of the next request is unknown.
                Reply::closing(connection).refuse(&refusal)?;
                return linger(connection.stream());
            }
        };
        let mut reply = Reply::to(connection, &head);
        let mut body = Body::new(reader, &head);
        match service.rules().check(&head) {
            Err(refusal) => reply.refuse(&refusal)?,
            Ok(allowed) => {
                reply.allow(allowed);
                service.answer(head, &mut body, &mut reply)?;
            }
        }
        let is_read = body.finish();
        if !is_read || !reply.keeps_alive() {
            return linger(connection.stream());
        }
    }
}

/// Reads the next head; `None` if the connection closes before one.
fn next(
    connection: &Connection,
    reader: &mut Reader<'_>,
) -> io::Result<Option<Result<Head, Refusal>>> {
    let mut begun = None;
    loop {
        match head::parse(reader.bytes()) {
            Err(refusal) => return Ok(Some(Err(refusal))),
            Ok(Some((head, length))) => {
                reader.consume(length);
                connection.set_busy();
                return Ok(Some(Ok(head)));
            }
            Ok(None) => {}
        }
        if reader.bytes().len() >= LONGEST_HEAD {
            let words = "the head of a request has at most 32 KiB";
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Ok(Some(Err(Refusal::new(status, words))));
        }
        if !reader.bytes().is_empty() {
            // A byte now and then is no reprieve.
            let now = SystemClock::new().now();
            if now.since(*begun.get_or_insert(now)) >= LONGEST_READING {
                let words = "the head of the request takes too long";
                return Ok(Some(Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, words))));
            }
        }
        connection.set_idle();
        if connection.is_stopping() && reader.bytes().is_empty() {
            return Ok(None);
        }
        if reader.fill()? == 0 {
            return Ok(None);
        }
    }
}

/// Closes without losing the response: closing a socket with unread bytes in it discards what was sent.
fn linger(stream: &Stream) -> io::Result<()> {
    stream.shutdown_write()?;
    stream.set_read_timeout(LONGEST_LINGERING)?;
    let mut rest = [0; 4096];
    let mut reader = stream;
    for _ in 0..MOST_READS {
        match reader.read(&mut rest) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Bytes of a connection that no head or body has taken yet.
struct Reader<'c> {
    stream: &'c Stream,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
}

impl<'c> Reader<'c> {
    fn new(stream: &'c Stream) -> Self {
        Self {
            stream,
            buffer: vec![0; FIRST_BUFFER],
            from: 0,
            to: 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }

    fn consume(&mut self, length: usize) {
        self.from = self.to.min(self.from + length);
        if self.from == self.to {
            (self.from, self.to) = (0, 0);
        }
    }

    /// Waits for more; 0 is the end.
    fn fill(&mut self) -> io::Result<usize> {
        if self.to == self.buffer.len() {
            self.buffer.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        if self.to == self.buffer.len() {
            self.buffer.resize((2 * self.to).min(LONGEST_HEAD), 0);
        }
        let Some(room) = self.buffer.get_mut(self.to..) else {
            return Ok(0);
        };
        let count = read(self.stream, room)?;
        self.to += count;
        Ok(count)
    }

    /// Moves bytes out: those that have arrived, or the next ones.
    fn take(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.bytes();
        if bytes.is_empty() {
            return read(self.stream, out);
        }
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

fn read(mut stream: &Stream, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(out) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

const FIRST_BUFFER: usize = 4 * 1024;
const LONGEST_HEAD: usize = 32 * 1024;
const LONGEST_READING: Duration = Duration::from_secs(10);
const LONGEST_LINGERING: Duration = Duration::from_secs(1);
/// After a refusal, so that a client that never ceases to send does not hold a thread.
const MOST_READS: usize = 64;
