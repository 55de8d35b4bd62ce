//! Takes requests from everybody, and one answer.

use std::time::Duration;

use auth_core::{Clock, Error, Moment, Reason, Secret};

use super::arrived::{Arrived, Stray};
use super::connection::{Connection, Head};
use super::loopback::Loopback;
use super::page::{self, Page};
use super::request::{Problem, Request};
use super::words::Words;

/// Where browsers, and whoever else finds the port, are attended to.
///
/// No socket is ever waited for, so nobody can make others wait, and no thread is needed.
pub(super) struct Counter {
    loopback: Loopback,
    words: Words,
    state: String,
    connections: Vec<Connection>,
    arrived: Arrived,
    /// Whether the answer to this login was here.
    is_answered: bool,
}

/// What a request gets.
enum Reply {
    /// Its connection is held until [`Counter::answer`].
    Later(Secret),
    Now(Vec<u8>),
}

impl Counter {
    pub(super) fn new(loopback: Loopback, words: Words, state: String) -> Self {
        Self {
            loopback,
            words,
            state,
            connections: Vec::new(),
            arrived: Arrived::default(),
            is_answered: false,
        }
    }

    /// Does what can be done at once. Returns the whole URL of the first answer to this login, whose
    /// browser waits for [`answer`](Counter::answer).
    pub(super) fn turn(&mut self, now: Moment) -> Option<Secret> {
        self.accept(now);
        let mut answered = None;
        let mut connections = std::mem::take(&mut self.connections);
        for connection in &mut connections {
            match connection.read().and_then(|head| self.reply(&head)) {
                Some(Reply::Later(url)) => {
                    connection.hold();
                    answered = Some(url);
                }
                Some(Reply::Now(answer)) => connection.answer(answer, now),
                None => connection.go_on(now),
            }
        }
        connections.retain(|connection| !connection.is_closed());
        self.connections = connections;
        answered
    }

    /// Shows the page to the browser that brought the answer to this login.
    pub(super) fn answer(&mut self, page: Page, now: Moment) {
        for connection in self.connections.iter_mut().filter(|it| it.is_held()) {
            connection.answer(page::answer(page, &self.words, false), now);
        }
    }

    /// The error of a login that failed, with what came instead of the answer.
    pub(super) fn error(&self, reason: Reason) -> Error {
        self.arrived.error(reason, &self.loopback.address)
    }

    /// Nothing, as long as the head is not complete.
    fn reply(&mut self, head: &Head<'_>) -> Option<Reply> {
        let address = &self.loopback.address;
        let (request, head_alone) = match head {
            Head::Bytes(bytes) => (Request::read(bytes, address)?, bytes.starts_with(b"HEAD ")),
            Head::TooLong => (Request::Problem(Problem::TooLong), false),
        };
        let stray = match request {
            Request::Redirect { query } => Stray::judge(query, &self.state),
            Request::Icon => None,
            Request::Problem(problem) => Some(Stray::Problem(problem)),
        };
        let page = match (stray, request) {
            (Some(stray), _) => {
                self.arrived.note(stray);
                Page::Stray(stray)
            }
            (None, Request::Redirect { query }) if !self.is_answered => {
                self.is_answered = true;
                return Some(Reply::Later(address.url(query)));
            }
            (None, Request::Icon) => Page::NoIcon,
            (None, _) => Page::Answered,
        };
        let answer = page::answer(page, &self.words, head_alone);
        Some(Reply::Now(answer))
    }

    /// Waits until whoever has asked has read the page, but not long.
    pub(super) fn close(mut self, clock: &dyn Clock) {
        let begun = clock.now();
        loop {
            self.turn(clock.now());
            let over = clock.now().since(begun) >= LONGEST_CLOSING;
            if over || self.connections.iter().all(Connection::is_silent) {
                return;
            }
            clock.sleep(self.pause());
        }
    }

    /// How long until it is worth looking again.
    pub(super) fn pause(&self) -> Duration {
        match self.connections.iter().all(Connection::is_silent) {
            true => IDLE,
            false => BUSY,
        }
    }

    fn accept(&mut self, now: Moment) {
        for listener in &self.loopback.listeners {
            // Whatever the error is, the next look may find somebody; the deadline ends the looking.
            while let Ok((stream, _)) = listener.accept() {
                if self.connections.len() >= MOST_CONNECTIONS {
                    // The oldest that has said nothing, or else not yet all.
                    let oldest = |is: fn(&Connection) -> bool| self.connections.iter().position(is);
                    let idle = oldest(Connection::is_silent).or(oldest(Connection::is_reading));
                    self.connections.remove(idle.unwrap_or(0));
                }
                self.connections.push(Connection::new(stream, now));
            }
        }
    }
}

const IDLE: Duration = Duration::from_millis(25);
const BUSY: Duration = Duration::from_millis(2);
const LONGEST_CLOSING: Duration = Duration::from_secs(2);
const MOST_CONNECTIONS: usize = 32;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpStream;

    use super::*;
    use crate::client::Client;

    #[test]
    fn of_too_many_connections_the_oldest_silent_ones_go_first() {
        let loopback = Loopback::open("").unwrap();
        let address = loopback.listeners[0].local_addr().unwrap();
        let words = Words::new("", &Client::default(), &loopback.address);
        let mut counter = Counter::new(loopback, words, "state".to_owned());
        let mut turn = || {
            counter.turn(Moment::default());
            counter
                .connections
                .iter()
                .filter(|it| !it.is_silent())
                .count()
        };

        let mut speaking = TcpStream::connect(address).unwrap();
        speaking.write_all(b"GET /callback?state=s").unwrap();
        assert_eq!(turn(), 1);
        let silent: Vec<TcpStream> = (0..3 * MOST_CONNECTIONS)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        assert_eq!(turn(), 1, "who has begun to speak may finish");
        assert_eq!(counter.connections.len(), MOST_CONNECTIONS);
        drop(silent);
    }
}
