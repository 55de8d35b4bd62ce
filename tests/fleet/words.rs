//! Orders to a worker and its reports, one line each.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Time;

/// A point in a renewal where a worker can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Before it notes that it is about to send a request.
    BeforeBegin,
    /// After it has noted that.
    AfterBegin,
    /// Before it sends the request.
    BeforeSend,
    /// The server has handled the request, and its response is on the way. A worker can be stopped here only
    /// by holding back the server's response.
    Handled,
    /// The response has arrived.
    Answered,
    /// Before it stores the response.
    BeforeCommit,
    /// After it has stored the response.
    AfterCommit,
}

/// An order to a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Request a token once, and report it.
    Token,
    /// Request a token repeatedly, with this pause in between.
    Run(Duration),
    /// Stop requesting tokens.
    Rest,
    /// Stop at this point when it is next reached.
    Stop(Point),
    /// Continue, and do not stop again.
    Go,
    /// Set the time.
    Time(Time),
    /// Drop the session, and end.
    End,
}

/// A report of a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// The worker is waiting for orders.
    Ready,
    /// The worker has stopped at this point, until it is ordered to continue.
    At(Point),
    /// The worker was ordered to request a token and got this one, with this number of calls to the store.
    Token(String, Calls),
    /// The worker requests tokens repeatedly, and now holds this one.
    Holds(String),
    /// The worker got no token, for this reason.
    NoToken(String),
    /// An event of its session.
    Event(String),
    /// A renewal took so long that other processes may have given it up.
    Late,
    /// The worker has ended, as ordered.
    Ended,
}

/// Number of calls to a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Records loaded.
    pub loads: usize,
    /// Swaps, successful or not.
    pub swaps: usize,
    /// Waits for a change.
    pub waits: usize,
}

impl Point {
    /// All points, in order.
    pub const ALL: [Self; 7] = [
        Self::BeforeBegin,
        Self::AfterBegin,
        Self::BeforeSend,
        Self::Handled,
        Self::Answered,
        Self::BeforeCommit,
        Self::AfterCommit,
    ];

    /// Returns `true` if a process killed here takes a refresh token with it: noted as sent, and its
    /// successor not stored.
    pub fn is_in_flight(self) -> bool {
        !matches!(self, Self::BeforeBegin | Self::AfterCommit)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BeforeBegin => "before-begin",
            Self::AfterBegin => "after-begin",
            Self::BeforeSend => "before-send",
            Self::Handled => "handled",
            Self::Answered => "answered",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
        })
    }
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.to_string() == text);
        found.ok_or_else(|| format!("no point: {text}"))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("token"),
            Self::Run(pause) => write!(f, "run {}", pause.as_micros()),
            Self::Rest => f.write_str("rest"),
            Self::Stop(point) => write!(f, "stop {point}"),
            Self::Go => f.write_str("go"),
            Self::Time(time) => write!(f, "time {time}"),
            Self::End => f.write_str("end"),
        }
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        match words(line) {
            ("token", "") => Ok(Self::Token),
            ("run", pause) => {
                let pause = pause.parse().map_err(|_| format!("no pause: {line}"))?;
                Ok(Self::Run(Duration::from_micros(pause)))
            }
            ("rest", "") => Ok(Self::Rest),
            ("stop", point) => point.parse().map(Self::Stop),
            ("go", "") => Ok(Self::Go),
            ("time", time) => time.parse().map(Self::Time),
            ("end", "") => Ok(Self::End),
            _ => Err(format!("no order: {line}")),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::At(point) => write!(f, "at {point}"),
            Self::Token(token, calls) => {
                let Calls {
                    loads,
                    swaps,
                    waits,
                } = calls;
                write!(f, "token {token} {loads} {swaps} {waits}")
            }
            Self::Holds(token) => write!(f, "holds {token}"),
            Self::NoToken(why) => write!(f, "no-token {}", why.replace('\n', " ")),
            Self::Event(event) => write!(f, "event {}", event.replace('\n', " ")),
            Self::Late => f.write_str("late"),
            Self::Ended => f.write_str("ended"),
        }
    }
}

impl FromStr for Report {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        match words(line) {
            ("ready", "") => Ok(Self::Ready),
            ("at", point) => point.parse().map(Self::At),
            ("token", rest) => {
                let (token, calls) = words(rest);
                Ok(Self::Token(token.to_owned(), calls.parse()?))
            }
            ("holds", token) => Ok(Self::Holds(token.to_owned())),
            ("no-token", why) => Ok(Self::NoToken(why.to_owned())),
            ("event", event) => Ok(Self::Event(event.to_owned())),
            ("late", "") => Ok(Self::Late),
            ("ended", "") => Ok(Self::Ended),
            _ => Err(format!("no report: {line}")),
        }
    }
}

impl FromStr for Calls {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<usize> = text
            .split(' ')
            .filter_map(|number| number.parse().ok())
            .collect();
        match numbers[..] {
            [loads, swaps, waits] => Ok(Self {
                loads,
                swaps,
                waits,
            }),
            _ => Err(format!("no calls: {text}")),
        }
    }
}

/// Splits off the first word.
fn words(line: &str) -> (&str, &str) {
    line.split_once(' ').unwrap_or((line, ""))
}
