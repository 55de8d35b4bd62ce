//! One connection of a browser, which never makes another one wait.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use auth_core::clock::Moment;
use zeroize::Zeroizing;

/// A connection, from its first byte to its last.
pub(super) struct Connection {
    stream: TcpStream,
    since: Moment,
    stage: Stage,
}

enum Stage {
    /// What has come of the head; it holds the code.
    Reading(Zeroizing<Vec<u8>>),
    /// It has asked, and is answered when the answer is known.
    Held,
    Writing {
        answer: Vec<u8>,
        sent: usize,
    },
    /// Everything is sent. What still comes is read and thrown away: closing a socket with unread
    /// bytes in it makes some systems throw away what was sent, too.
    Closing,
    Closed,
}

/// What has come of a head.
pub(super) enum Head<'a> {
    Bytes(&'a [u8]),
    TooLong,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, now: Moment) -> Self {
        let blocking = stream.set_nonblocking(true).is_err();
        let stage = if blocking {
            Stage::Closed
        } else {
            Stage::Reading(Zeroizing::new(Vec::with_capacity(LONGEST_HEAD + 1)))
        };
        Self {
            stream,
            since: now,
            stage,
        }
    }

    /// Reads on; says what there is if that is more than before.
    pub(super) fn read(&mut self) -> Option<Head<'_>> {
        let Stage::Reading(head) = &mut self.stage else {
            return None;
        };
        let before = head.len();
        let mut piece = Zeroizing::new([0; 2048]);
        while head.len() <= LONGEST_HEAD {
            // Never more than there is room for: a buffer that grows leaves a copy behind.
            let room = piece.len().min(LONGEST_HEAD + 1 - head.len());
            match self.stream.read(&mut piece[..room]) {
                // What came before the end may be all of it.
                Ok(0) if head.len() > before => break,
                Ok(0) => {
                    self.stage = Stage::Closed;
                    return None;
                }
                Ok(count) => head.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.stage = Stage::Closed;
                    return None;
                }
            }
        }
        match &self.stage {
            Stage::Reading(head) if head.len() > LONGEST_HEAD => Some(Head::TooLong),
            Stage::Reading(head) if head.len() > before => Some(Head::Bytes(head)),
            _ => None,
        }
    }

    /// Lets the browser wait for its answer; what was read is wiped.
    pub(super) fn hold(&mut self) {
        self.stage = Stage::Held;
    }

    pub(super) fn is_held(&self) -> bool {
        matches!(self.stage, Stage::Held)
    }

    /// Begins to answer; what was read is wiped.
    pub(super) fn answer(&mut self, answer: Vec<u8>, now: Moment) {
        self.since = now;
        self.stage = Stage::Writing { answer, sent: 0 };
        self.go_on(now);
    }

    /// Writes on, closes, and gives up when it takes too long.
    pub(super) fn go_on(&mut self, now: Moment) {
        if let Stage::Writing { answer, sent } = &mut self.stage {
            match self.stream.write(&answer[*sent..]) {
                Ok(count) => *sent += count,
                Err(error) if is_for_later(error.kind()) => {}
                Err(_) => self.stage = Stage::Closed,
            }
        }
        if let Stage::Writing { answer, sent } = &self.stage
            && *sent == answer.len()
        {
            // An error is a browser that has gone already.
            let _ = self.stream.shutdown(Shutdown::Write);
            self.stage = Stage::Closing;
        }
        if let Stage::Closing = self.stage {
            match self.stream.read(&mut [0; 2048]) {
                Ok(1..) => {}
                Err(error) if is_for_later(error.kind()) => {}
                Ok(0) | Err(_) => self.stage = Stage::Closed,
            }
        }
        let most = match self.stage {
            Stage::Held => return,
            Stage::Reading(_) => LONGEST_READING,
            _ => LONGEST_ANSWERING,
        };
        if now.since(self.since) >= most {
            self.stage = Stage::Closed;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Browsers open connections in advance and say nothing on them.
    pub(super) fn is_silent(&self) -> bool {
        matches!(&self.stage, Stage::Reading(head) if head.is_empty())
    }

    pub(super) fn is_reading(&self) -> bool {
        matches!(self.stage, Stage::Reading(_))
    }
}

fn is_for_later(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Room for a long code and for the cookies that other programs on 127.0.0.1 have left: a browser
/// sends them to every port.
const LONGEST_HEAD: usize = 16 * 1024;
const LONGEST_READING: Duration = Duration::from_secs(10);
const LONGEST_ANSWERING: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn connected() -> (TcpStream, Connection) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let browser = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        (browser, Connection::new(stream, Moment::default()))
    }

    fn after(time: Duration) -> Moment {
        Moment::default().plus(time)
    }

    const MOMENT: Duration = Duration::from_millis(1);

    #[test]
    fn whoever_never_finishes_a_head_is_hung_up_on() {
        let (mut browser, mut connection) = connected();
        connection.go_on(after(LONGEST_READING - MOMENT));
        assert!(!connection.is_closed());
        // A byte now and then is no reprieve.
        browser.write_all(b"G").unwrap();
        connection.read();
        connection.go_on(after(LONGEST_READING));
        assert!(connection.is_closed());
    }

    #[test]
    fn whoever_never_hangs_up_after_an_answer_is_hung_up_on() {
        let (_browser, mut connection) = connected();
        let answered = LONGEST_READING - MOMENT;
        connection.answer(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), after(answered));
        connection.go_on(after(answered + LONGEST_ANSWERING - MOMENT));
        assert!(!connection.is_closed());
        connection.go_on(after(answered + LONGEST_ANSWERING));
        assert!(connection.is_closed());
    }
}
