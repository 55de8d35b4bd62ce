//! A program that requests a token from its session every minute, and its cost.

use auth_all::Secret;
use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use aerion_auth::Aerion;
use aeris_auth::Aeris;
use auth_core::store::MemoryStore;
use auth_core::{Error, Grant, Session, Token};
use ermeo_auth::Ermeo;
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Password, RefreshToken, Server as Issuer, SigningKey,
};

use super::server::{Answer, Asked, Server};

/// The grant of the program, and its credentials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Who {
    Client,
    Assertion,
    Aeris,
    Password,
    Aerion,
    Ermeo,
    /// A refresh token and a password.
    Both,
    /// Only a refresh token.
    Keeper,
}

/// Cost of one response for one kind of grant.
#[derive(Debug)]
pub(super) struct Cost {
    /// Number of days over which the program requested tokens.
    pub(super) days: u64,
    /// Requests of the kind that is refused, in the first half hour, hour, day and week.
    pub(super) requests: [usize; 4],
    /// Largest number of requests in any half hour, and in any day.
    pub(super) most: [usize; 2],
    /// Error of the first call; `None` if it returned a token.
    pub(super) first: Option<Error>,
    /// Error of a call a day later.
    pub(super) then: Option<Error>,
    /// Seconds until a call returns a token, if the server recovers after one refusal, or after a day.
    pub(super) recovered: [Option<u64>; 2],
    /// `true` if a call returns a token at once after an hour, when the server has recovered: with another secret
    /// or code, and with the same one after `forget`.
    pub(super) at_once: [bool; 2],
}

impl Who {
    pub(super) fn asks(self) -> Asked {
        match self {
            Self::Both | Self::Keeper => Asked::Refresh,
            _ => Asked::Login,
        }
    }

    /// A grant with this secret.
    pub(super) fn grant(self, secret: &str) -> Box<dyn Grant> {
        let client = Client::new(
            Issuer::new("https://as.example/token")
                .authorization_endpoint("https://as.example/authorize"),
            "batch",
        )
        .secret(Secret::new("s"));
        let (user, resource_owner) = ("ada".to_owned(), "ada".to_owned());
        let with_secret = || client.clone().secret(Secret::new(secret));
        match self {
            Self::Client => Box::new(ClientCredentials::new(with_secret())),
            Self::Assertion => Box::new(ClientCredentials::new(
                client.auth(ClientAuth::private_key_jwt(key(secret))),
            )),
            Self::Aeris => Box::new(
                Aeris::new("x", Secret::new("c"))
                    .account("1", Secret::new(secret))
                    .requester("ops@acme.example"),
            ),
            Self::Password => Box::new(Password::new(client, user, Secret::new(secret))),
            Self::Aerion => Box::new(Aerion::new("acme").password(user, Secret::new(secret))),
            Self::Ermeo => {
                Box::new(Ermeo::new("7_4hzk", Secret::new("c")).password(user, Secret::new(secret)))
            }
            Self::Both => Box::new(Password::new(with_secret(), user, Secret::new("p"))),
            Self::Keeper => Box::new(RefreshToken::new(with_secret()).user(resource_owner)),
        }
    }

    /// A session with the defaults, and this secret.
    pub(super) fn session(self, secret: &str, server: &Server, store: &MemoryStore) -> Session {
        let session = Session::builder(self.grant(secret))
            .transport(server.clone())
            .clock(server.clock.clone())
            .store(store.clone());
        match self.asks() {
            Asked::Login => session.build().unwrap(),
            Asked::Refresh => session.refresh_token(Secret::new("first")).build().unwrap(),
        }
    }

    /// Requests a token every minute for `days` days, and measures all other figures.
    pub(super) fn cost(self, answer: Answer, days: u64) -> Cost {
        let server = Server::refusing(self.asks(), answer);
        let session = self.session("wrong", &server, &MemoryStore::default());
        let first = session.token().err();
        ask_for(&session, &server, DAY);
        let then = session.token().err();
        ask_for(&session, &server, (days - 1) * DAY);
        let asked = server.asked(self.asks());
        let [soon, late] = [MINUTE, DAY].map(|after| self.recovery(answer, after));
        Cost {
            requests: [HALF_AN_HOUR, HOUR, DAY, WEEK]
                .map(|end| asked.iter().filter(|at| **at < end).count()),
            most: [HALF_AN_HOUR, DAY].map(|length| most_within(&asked, length)),
            days,
            first,
            then,
            recovered: [soon, late],
            at_once: [self.corrected(answer), self.forgotten(answer)],
        }
    }

    /// Seconds until a call returns a token, if the server refuses for `after` seconds, and at least once.
    fn recovery(self, answer: Answer, after: u64) -> Option<u64> {
        let server = Server::refusing(self.asks(), answer);
        let session = self.session("wrong", &server, &MemoryStore::default());
        if after == MINUTE {
            server.recovers_after(1);
        } else {
            ask_for(&session, &server, after);
            server.recovers_after(0);
        }
        let begin = server.seconds();
        let end = begin + 2 * DAY;
        while server.seconds() < end {
            let minutes = match session.token() {
                Ok(_) => return Some(server.seconds() - begin),
                Err(Error::BackOff { wait, .. }) => wait.as_secs().div_ceil(MINUTE).max(1),
                Err(_) => 1,
            };
            server.clock.advance(Duration::from_secs(MINUTE * minutes));
        }
        None
    }

    fn corrected(self, answer: Answer) -> bool {
        let (server, store, _) = self.after_an_hour(answer);
        self.session("right", &server, &store).token().is_ok()
    }

    fn forgotten(self, answer: Answer) -> bool {
        let (_server, _, session) = self.after_an_hour(answer);
        session.forget().expect("in memory");
        session.token().is_ok()
    }

    fn after_an_hour(self, answer: Answer) -> (Server, MemoryStore, Session) {
        let server = Server::refusing(self.asks(), answer);
        let store = MemoryStore::default();
        let session = self.session("wrong", &server, &store);
        ask_for(&session, &server, HOUR);
        server.recovers_after(0);
        (server, store, session)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half_hour, hour, day, week] = self.requests;
        let yes = |is: bool| if is { "yes" } else { "no" };
        let seconds = |wait: Option<u64>| wait.map_or("never".to_owned(), |wait| wait.to_string());
        write!(
            f,
            "{half_hour:>4}{hour:>5}{day:>6}{week:>7} {:>6}{:>7}  {:4}{:4}",
            seconds(self.recovered[0]),
            seconds(self.recovered[1]),
            yes(self.at_once[0]),
            yes(self.at_once[1]),
        )
    }
}

/// Requests a token every minute for `seconds` seconds, except during a back-off, when a call would send
/// nothing.
pub(super) fn ask_for(session: &Session, server: &Server, seconds: u64) {
    let end = server.seconds() + seconds;
    while server.seconds() < end {
        let minutes = match session.token() {
            Err(Error::BackOff { wait, .. }) => wait.as_secs().div_ceil(MINUTE).max(1),
            // A session that requires a user to log in sends nothing either.
            Err(Error::LoginRequired { .. }) if server.seconds() > HOUR => 10,
            Err(_) => 1,
            Ok(token) => left(&token, server) / MINUTE + 1,
        };
        let left = end.saturating_sub(server.seconds()).div_ceil(MINUTE);
        let passed = MINUTE * minutes.min(left);
        server.clock.advance(Duration::from_secs(passed));
    }
}

fn left(token: &Token, server: &Server) -> u64 {
    use auth_core::clock::Clock as _;
    let now = SystemTime::from(server.clock.now().wall);
    let left = token
        .expires_at()
        .map(|at| at.duration_since(now).unwrap_or_default());
    left.map_or(0, |left| left.as_secs())
}

/// Largest number of these times within any `length` seconds.
pub(super) fn most_within(asked: &[u64], length: u64) -> usize {
    let within = |begin: &u64| {
        let window = *begin..*begin + length;
        asked.iter().filter(|at| window.contains(*at)).count()
    };
    asked.iter().map(within).max().unwrap_or_default()
}

/// Returns the key of this name.
fn key(name: &str) -> SigningKey {
    static KEYS: LazyLock<[SigningKey; 2]> = LazyLock::new(|| {
        [(); 2].map(|()| {
            let key = rcgen::KeyPair::generate().expect("a key");
            SigningKey::from_pem(Secret::new(key.serialize_pem())).expect("PKCS #8")
        })
    });
    KEYS[usize::from(name == "right")].clone()
}

/// Returns the result of a call: the variant of its error, or its reason.
pub(super) fn variant(error: Option<&Error>) -> String {
    match error {
        None => "a token".to_owned(),
        Some(Error::Refused(_)) => "Refused".to_owned(),
        Some(Error::Status { .. }) => "Status".to_owned(),
        Some(Error::Response(_)) => "Response".to_owned(),
        Some(Error::BackOff { .. }) => "BackOff".to_owned(),
        Some(Error::LoginRequired { reason, .. }) => format!("{reason:?}"),
        Some(other) => format!("{other:?}"),
    }
}

pub(super) const MINUTE: u64 = 60;
pub(super) const HALF_AN_HOUR: u64 = 30 * MINUTE;
pub(super) const HOUR: u64 = 3600;
pub(super) const DAY: u64 = 24 * HOUR;
pub(super) const WEEK: u64 = 7 * DAY;
