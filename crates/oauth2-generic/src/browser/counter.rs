//! Takes requests from everybody, and one answer.

use std::time::Duration;

use auth_core::{Clock, Moment, Secret};

use super::connection::{Connection, Head};
use super::loopback::Loopback;
use super::page::{self, Page, Words};
use super::request::{Problem, Request};
use crate::redirect::{Parameters, is_same};

/// Where browsers, and whoever else finds the port, are attended to.
///
/// No socket is ever waited for, so nobody can make others wait, and no thread is needed.
pub(super) struct Counter {
    loopback: Loopback,
    words: Words,
    state: String,
    connections: Vec<Connection>,
}

impl Counter {
    pub(super) fn new(loopback: Loopback, words: Words, state: String) -> Self {
        Self {
            loopback,
            words,
            state,
            connections: Vec::new(),
        }
    }

    /// Does what can be done at once. `decide` is given the whole URL of an answer to this login.
    pub(super) fn turn(&mut self, now: Moment, mut decide: impl FnMut(&Secret) -> Page) {
        self.accept(now);
        for connection in &mut self.connections {
            let answer = connection.read().and_then(|head| {
                let (request, head_alone) = match head {
                    Head::Bytes(bytes) => (
                        Request::read(bytes, &self.loopback.address)?,
                        bytes.starts_with(b"HEAD "),
                    ),
                    Head::TooLong => (Request::Problem(Problem::TooLong), false),
                };
                let page = match request {
                    Request::Redirect { query } if is_ours(query, &self.state) => {
                        decide(&self.loopback.address.url(query))
                    }
                    Request::Redirect { .. } => Page::Stranger,
                    Request::Icon => Page::NoIcon,
                    Request::Problem(problem) => Page::Problem(problem),
                };
                Some(page::answer(page, &self.words, head_alone))
            });
            match answer {
                Some(answer) => connection.answer(answer, now),
                None => connection.go_on(now),
            }
        }
        self.connections
            .retain(|connection| !connection.is_closed());
    }

    /// Waits until whoever has asked has read the page, but not long.
    pub(super) fn close(mut self, clock: &dyn Clock) {
        let begun = clock.now();
        loop {
            self.turn(clock.now(), |_| Page::Answered);
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

/// Whether a query repeats the state of this login. Whoever does not know it is a stranger, also
/// with a refusal: otherwise any page could end the login.
fn is_ours(query: &str, state: &str) -> bool {
    let found = Parameters::parse(query).and_then(|mut query| query.take("state"));
    found.is_ok_and(|found| found.is_some_and(|found| is_same(found.expose(), state)))
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
        let words = Words::new("", &Client::default());
        let mut counter = Counter::new(loopback, words, "state".to_owned());
        let mut turn = || {
            counter.turn(Moment::default(), |_| Page::LoggedIn);
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
