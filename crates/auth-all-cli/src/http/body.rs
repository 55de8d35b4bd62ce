//! The body of a request, as a stream: never more than a buffer of it is in memory.

use std::io::{self, ErrorKind, Read, Write as _};

use auth_all::http::StatusCode;

use super::head::Framing;
use super::{Head, Reader, Refusal};

/// Reads a body to its end and not beyond; what follows is the next request.
pub(crate) struct Body<'r, 'c> {
    reader: &'r mut Reader<'c>,
    left: Left,
    /// The length, if the head has it.
    length: Option<u64>,
    /// The client waits for a sign that its body is wanted.
    awaits_continue: bool,
    fault: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Bytes(u64),
    ChunkHead,
    Chunk(u64),
    ChunkEnd,
    Nothing,
}

impl<'r, 'c> Body<'r, 'c> {
    pub(super) fn new(reader: &'r mut Reader<'c>, head: &Head) -> Self {
        let (left, length) = match head.framing {
            Framing::Length(0) => (Left::Nothing, Some(0)),
            Framing::Length(length) => (Left::Bytes(length), Some(length)),
            Framing::Chunked => (Left::ChunkHead, None),
        };
        Self {
            reader,
            left,
            length,
            awaits_continue: head.expects_continue,
            fault: None,
        }
    }

    /// The length, if the head has it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The client's fault, if reading has failed.
    pub(crate) fn fault(&self) -> Option<&Refusal> {
        self.fault.as_ref()
    }

    /// Reads the rest if it is short; returns `true` if the next request can be read.
    pub(super) fn finish(&mut self) -> bool {
        if self.left == Left::Nothing {
            return true;
        }
        // A client that waits sends its body or not: the place of the next request is unknown.
        if self.awaits_continue || self.fault.is_some() {
            return false;
        }
        let mut rest = [0; 4096];
        for _ in 0..MOST_READS {
            match self.read(&mut rest) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        self.left == Left::Nothing
    }

    fn step(&mut self, out: &mut [u8]) -> io::Result<Option<usize>> {
        match self.left {
            Left::Nothing => return Ok(Some(0)),
            Left::Bytes(left) => {
                let count = self.take(out, left)?;
                self.left = match left - count as u64 {
                    0 => Left::Nothing,
                    left => Left::Bytes(left),
                };
                return Ok(Some(count));
            }
            Left::Chunk(left) => {
                let count = self.take(out, left)?;
                self.left = match left - count as u64 {
                    0 => Left::ChunkEnd,
                    left => Left::Chunk(left),
                };
                return Ok(Some(count));
            }
            Left::ChunkEnd => {
                if self.line(|line| line.is_empty().then_some(()))?.is_none() {
                    return Err(self.failed(Refusal::bad("a chunk is longer than its size")));
                }
                self.left = Left::ChunkHead;
            }
            Left::ChunkHead => {
                let Some(size) = self.line(size)? else {
                    return Err(self.failed(Refusal::bad("the size of a chunk is not valid")));
                };
                self.left = Left::Chunk(size);
                if size == 0 {
                    if self.line(|line| line.is_empty().then_some(()))?.is_none() {
                        let words = "trailers are not supported";
                        let refusal = Refusal::new(StatusCode::NOT_IMPLEMENTED, words);
                        return Err(self.failed(refusal));
                    }
                    self.left = Left::Nothing;
                }
            }
        }
        Ok(None)
    }

    /// Reads at most this many bytes, and at least one.
    fn take(&mut self, out: &mut [u8], most: u64) -> io::Result<usize> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(out.len());
        match self.reader.take(&mut out[..most]) {
            Ok(0) => Err(self.gone()),
            Ok(count) => Ok(count),
            Err(error) => Err(self.stalled(error)),
        }
    }

    /// Reads a line of the framing.
    fn line<T>(&mut self, parse: impl Fn(&[u8]) -> Option<T>) -> io::Result<Option<T>> {
        loop {
            let bytes = self.reader.bytes();
            if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                let line = bytes[..end.min(LONGEST_LINE)].strip_suffix(b"\r");
                let parsed = line.filter(|line| !line.contains(&b'\r')).and_then(parse);
                self.reader.consume(end + 1);
                return Ok(parsed);
            }
            if bytes.len() > LONGEST_LINE {
                return Ok(None);
            }
            match self.reader.fill() {
                Ok(0) => return Err(self.gone()),
                Ok(_) => {}
                Err(error) => return Err(self.stalled(error)),
            }
        }
    }

    fn failed(&mut self, refusal: Refusal) -> io::Error {
        let error = io::Error::new(ErrorKind::InvalidData, refusal.words.to_string());
        self.fault = Some(refusal);
        error
    }

    fn gone(&mut self) -> io::Error {
        self.failed(Refusal::bad("the body ends too early"));
        ErrorKind::UnexpectedEof.into()
    }

    fn stalled(&mut self, error: io::Error) -> io::Error {
        let words = "the body of the request takes too long";
        self.failed(Refusal::new(StatusCode::REQUEST_TIMEOUT, words));
        error
    }
}

impl Read for Body<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.awaits_continue {
            self.awaits_continue = false;
            if self.reader.bytes().is_empty() && self.left != Left::Nothing {
                let mut stream = self.reader.stream;
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
        }
        loop {
            if let Some(count) = self.step(out)? {
                return Ok(count);
            }
        }
    }
}

/// The size of a chunk; extensions are ignored (RFC 9112 §7.1.1).
fn size(line: &[u8]) -> Option<u64> {
    let (digits, rest) = line.split_at(line.iter().take_while(|it| it.is_ascii_hexdigit()).count());
    let is_whole = matches!(rest, [] | [b';', ..]) && !rest.iter().any(u8::is_ascii_control);
    // 15 digits cannot be too large.
    if digits.is_empty() || digits.len() > 15 || !is_whole {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A size and extensions.
const LONGEST_LINE: usize = 256;
/// A longer rest costs more than another connection.
const MOST_READS: usize = 16;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::http::head;
    use crate::listen::Stream;
    use std::os::unix::net::UnixStream;

    /// Reads a body from these bytes, and returns what follows it.
    fn body(framing: &str, bytes: &str) -> (Result<String, u16>, String) {
        let (mut client, server) = UnixStream::pair().unwrap();
        client.write_all(bytes.as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n");
        let (head, _) = head::parse(head.as_bytes()).unwrap().unwrap();
        let stream = Stream::Unix(server);
        let mut reader = Reader::new(&stream);
        let mut body = Body::new(&mut reader, &head);
        let mut text = String::new();
        let read = body.read_to_string(&mut text);
        let result = match body.fault() {
            Some(refusal) => Err(refusal.status.as_u16()),
            None => read.map(|_| text).map_err(|_| 0),
        };
        let mut rest = String::new();
        (&reader.bytes()[..]).read_to_string(&mut rest).unwrap();
        (&stream).read_to_string(&mut rest).unwrap();
        (result, rest)
    }

    const CHUNKED: &str = "Transfer-Encoding: chunked";

    #[test]
    fn a_body_ends_where_its_framing_says() {
        let next = "GET /next";
        let (text, rest) = body("Content-Length: 5", &format!("hello{next}"));
        assert_eq!((text, rest.as_str()), (Ok("hello".to_owned()), next));
        let chunks = format!("3\r\nhel\r\n2;name=\"value\"\r\nlo\r\n0\r\n\r\n{next}");
        let (text, rest) = body(CHUNKED, &chunks);
        assert_eq!((text, rest.as_str()), (Ok("hello".to_owned()), next));
    }

    #[test]
    fn chunks_that_two_readers_see_differently_are_refused() {
        for chunks in [
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhello0\r\n\r\n",
            "4\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "5 \r\nhello\r\n0\r\n\r\n",
            "\r\nhello\r\n0\r\n\r\n",
            "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "10000000000000005\r\nhello\r\n0\r\n\r\n",
            "5\r\nhel",
            "5\r\nhello\r\n",
        ] {
            assert_eq!(body(CHUNKED, chunks).0, Err(400), "{chunks:?}");
        }
        let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(1024));
        assert_eq!(body(CHUNKED, &long).0, Err(400));
        assert_eq!(body("Content-Length: 6", "hello").0, Err(400));
    }

    #[test]
    fn trailers_are_refused() {
        let trailers = "5\r\nhello\r\n0\r\nDigest: x\r\n\r\n";
        assert_eq!(body(CHUNKED, trailers).0, Err(501));
    }
}
