//! What a worker is told, and what it answers: one line each.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Time;

/// A place in a renewal where a worker can be made to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Before it notes that it is about to send something.
    BeforeBegin,
    /// After that.
    AfterBegin,
    /// Before it sends the request.
    BeforeSend,
    /// The server has handled the request, and the answer is on its way. Only whoever holds the
    /// server's answers back can stop a worker here.
    Handled,
    /// The answer has come.
    Answered,
    /// Before it stores what came.
    BeforeCommit,
    /// After that.
    AfterCommit,
}

/// What a worker is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Ask for a token once, and report it.
    Token,
    /// Ask for one again and again, with this pause in between.
    Run(Duration),
    /// No more of that.
    Rest,
    /// Stop at the next such point.
    Stop(Point),
    /// Go on, and do not stop any more.
    Go,
    /// It is this time.
    Time(Time),
    /// Let go of the session, and end.
    End,
}

/// What a worker reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It waits for orders.
    Ready,
    /// It stands at a point, until it is told to go on.
    At(Point),
    /// It was told to ask for a token and got this one, for which so many calls to the store were made.
    Token(String, Calls),
    /// It asks again and again, and now has this one.
    Holds(String),
    /// It got no token, for this reason.
    NoToken(String),
    /// Something happened to its session.
    Event(String),
    /// It took so long for a renewal that others may have given it up.
    Late,
    /// It has ended as it was told to.
    Ended,
}

/// How often a store was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Records loaded.
    pub loads: usize,
    /// Records swapped, or not.
    pub swaps: usize,
    /// Waits for a change.
    pub waits: usize,
}

impl Point {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::BeforeBegin,
        Self::AfterBegin,
        Self::BeforeSend,
        Self::Handled,
        Self::Answered,
        Self::BeforeCommit,
        Self::AfterCommit,
    ];

    /// Whether a process that ends here takes a refresh token along: noted as sent, and the successor
    /// not stored.
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

/// The first word, and the rest.
fn words(line: &str) -> (&str, &str) {
    line.split_once(' ').unwrap_or((line, ""))
}
