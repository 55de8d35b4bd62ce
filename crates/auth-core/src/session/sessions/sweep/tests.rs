//! A sweep over customers whose tokens live an hour, by a clock that the test moves.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;

use crate::clock::UnixTime;
use crate::error::{Delivery, LoginReason, NetworkFailure, Result};
use crate::grant::{Grant, Identity, Policy};
use crate::request::TokenRequest;
use crate::session::sessions::Sessions;
use crate::testing::ManualClock;
use crate::transport;

use super::*;

/// The answer to a customer's request, and the time that it takes.
type Answer = dyn Fn(u32) -> (Duration, Result<()>) + Send + Sync;

/// Customers whose tokens live an hour.
#[derive(Clone)]
struct Town {
    clock: ManualClock,
    requests: Arc<Mutex<Vec<(UnixTime, u32)>>>,
    answer: Arc<Answer>,
}

/// One of them; customers with the same last digit have the same token endpoint.
struct Customer(u32, Town);

impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "customer {}", self.0)
    }
}

impl Grant for Customer {
    fn identity(&self) -> Identity {
        Identity::new("town").user(Some(&self.0.to_string()))
    }

    fn policy(&self) -> Policy {
        Policy::for_client()
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let endpoint = format!("https://server-{}.example/token", self.0 % 10);
        Ok(TokenRequest::form(endpoint).param("customer", self.0.to_string()))
    }
}

impl Town {
    fn new(answer: impl Fn(u32) -> (Duration, Result<()>) + Send + Sync + 'static) -> Self {
        Self {
            clock: ManualClock::new(),
            requests: Arc::default(),
            answer: Arc::new(answer),
        }
    }

    fn sessions(&self) -> Sessions<u32> {
        let town = self.clone();
        let sessions = Sessions::new(move |customer: &u32| {
            let (town, customer) = (town.clone(), *customer);
            let grant = Customer(customer, town.clone());
            let http = transport::from_fn(move |request| town.respond(customer, &request));
            let clock = grant.1.clock.clone();
            Session::builder(grant)
                .clock(clock)
                .retries(0)
                .transport(http)
                .build()
        });
        sessions.with_capacity(1_000_000)
    }

    fn respond(
        &self,
        customer: u32,
        _: &http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>> {
        let at = self.clock.now().wall;
        lock(&self.requests).push((at, customer));
        let (took, answer) = (self.answer)(customer);
        self.clock.advance(took);
        answer?;
        let body = format!(
            r#"{{"access_token": "{customer}", "token_type": "Bearer", "expires_in": 3600}}"#
        );
        let mut response = http::Response::new(body.into_bytes());
        let json = http::HeaderValue::from_static("application/json");
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, json);
        Ok(response)
    }

    /// The requests since the last call.
    fn requests(&self) -> Vec<(UnixTime, u32)> {
        std::mem::take(&mut *lock(&self.requests))
    }
}

/// A sweep that the test steps.
struct Swept {
    sessions: Sessions<u32>,
    town: Town,
    _running: Running,
}

impl Swept {
    /// Each customer has a token, all of the same second.
    fn new(customers: u32, town: Town) -> Self {
        let sessions = town.sessions();
        for customer in 0..customers {
            sessions.get(&customer).unwrap().token().unwrap();
        }
        let (running, is_first) = sessions.sweep.begin();
        assert!(is_first);
        sessions.kept.each(|session| sessions.sweep.add(session));
        assert_eq!(town.requests().len(), customers as usize);
        Self {
            sessions,
            town,
            _running: running,
        }
    }

    /// Lets time pass, and returns the requests with the second of each.
    fn pass(&self, seconds: u64) -> Vec<(u64, u32)> {
        let clock = &self.town.clock;
        let begin = clock.now();
        loop {
            let passed = clock.now().since(begin).as_secs();
            match self.sessions.sweep.step() {
                None => {}
                Some(_) if passed >= seconds => break,
                Some(wait) => clock.advance(wait.min(Duration::from_secs(seconds - passed))),
            }
        }
        let requests = self.town.requests().into_iter();
        requests
            .map(|(at, customer)| (at.since(begin.wall).as_secs(), customer))
            .collect()
    }
}

fn at_once(_: u32) -> (Duration, Result<()>) {
    (Duration::ZERO, Ok(()))
}

fn by_minute(requests: &[(u64, u32)]) -> BTreeMap<u64, usize> {
    let mut minutes = BTreeMap::new();
    for (at, _) in requests {
        *minutes.entry(at / 60).or_default() += 1;
    }
    minutes
}

/// The seconds after which the tokens of 10 000 customers are renewed, all of which were obtained now.
fn turns(life: u64, window: u64, now: u64) -> Vec<u64> {
    let wall = UnixTime::new(Duration::from_secs(now));
    let turn = |customer: u32| {
        let identity = Identity::new("town").user(Some(&customer.to_string()));
        let times = Times {
            issued: Moment::new(wall, Duration::ZERO),
            life,
            fresh_for: life - window,
        };
        Turn::new(&identity, &times, 0).left
    };
    (0..10_000).map(turn).collect()
}

#[test]
fn tokens_of_one_second_are_renewed_over_a_third_of_a_life() {
    for now in [1_767_225_600, 1_767_230_000] {
        let turns = turns(3600, 720, now);
        let mut minutes = BTreeMap::<u64, u32>::new();
        for turn in turns {
            *minutes.entry((turn - 1537) / 60).or_default() += 1;
        }
        // Callers find it due after 2880 seconds, and the sweep renews at most 144 before.
        assert_eq!(minutes.len(), 20);
        assert!(
            minutes.values().all(|in_it| (420..580).contains(in_it)),
            "{minutes:?}"
        );
    }
}

#[test]
fn a_turn_is_before_a_caller_finds_the_token_due() {
    for life in [1, 2, 3, 5, 10, 59, 60, 300, 3600, 86_400, 31_536_000] {
        for window in [life / 2, (life / 5).min(900), 0] {
            let turns = turns(life, window, 1_767_225_600);
            let (first, last) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
            assert!(*last <= life - window, "{life}, {window}: {last}");
            assert!(
                2 * first >= life - 2 * window && (*first > 0 || life < 3),
                "{life}, {window}: {first}"
            );
        }
    }
}

#[test]
fn each_customer_is_renewed_once_and_in_time() {
    let swept = Swept::new(1000, Town::new(at_once));
    let requests = swept.pass(2880);
    let latest = requests.iter().map(|(at, _)| *at).max().unwrap();
    assert!(
        latest < 2824,
        "{latest}: callers find it due 129 seconds later at the earliest"
    );
    let mut customers: Vec<u32> = requests.iter().map(|(_, customer)| *customer).collect();
    customers.sort_unstable();
    assert_eq!(customers, (0..1000).collect::<Vec<_>>());
    assert_eq!(swept.sessions.counts().renewed, 1000);
}

#[test]
fn customers_stay_apart_in_the_following_hours() {
    let swept = Swept::new(500, Town::new(at_once));
    swept.pass(2880);
    let requests = swept.pass(2 * 2400);
    // Every 2400 seconds, the last of its own seconds before it is due.
    assert!((1000..1010).contains(&requests.len()), "{}", requests.len());
    let fullest = by_minute(&requests).into_values().max().unwrap();
    assert!(fullest < 50, "{fullest} of 500 in a minute");
}

#[test]
fn an_endpoint_that_hangs_leaves_time_for_the_others() {
    let is_hanging = Arc::new(atomic::AtomicBool::new(false));
    let hangs = Arc::clone(&is_hanging);
    let town = Town::new(move |customer| {
        if customer % 10 == 0 && hangs.load(atomic::Ordering::Relaxed) {
            let timeout = Error::network(NetworkFailure::Timeout, Delivery::Unknown);
            return (Duration::from_secs(30), Err(timeout));
        }
        at_once(customer)
    });
    let swept = Swept::new(1000, town);
    is_hanging.store(true, atomic::Ordering::Relaxed);
    let requests = swept.pass(2880);
    let (hanging, others): (Vec<_>, Vec<_>) = requests
        .into_iter()
        .partition(|(_, customer)| customer % 10 == 0);
    assert!((5..20).contains(&hanging.len()), "{}", hanging.len());
    assert_eq!(others.len(), 900);
    let latest = others.iter().map(|(at, _)| *at).max().unwrap();
    assert!(
        latest < 2823 + 2 * 30,
        "{latest}: before a caller finds it due"
    );
    let counts = swept.sessions.counts();
    assert_eq!((counts.renewed, counts.failed), (900, hanging.len() as u64));
    is_hanging.store(false, atomic::Ordering::Relaxed);
    let mut back: Vec<u32> = swept
        .pass(600)
        .iter()
        .map(|(_, customer)| *customer)
        .collect();
    back.retain(|customer| customer % 10 == 0);
    back.dedup();
    assert_eq!(
        back.len(),
        100,
        "all of them are renewed before they expire"
    );
}

/// The answers to all requests but the first.
fn later(answer: impl Fn() -> Result<()> + Send + Sync + 'static) -> Town {
    let requests = AtomicU32::new(0);
    Town::new(
        move |_| match requests.fetch_add(1, atomic::Ordering::Relaxed) {
            0 => (Duration::ZERO, Ok(())),
            _ => (Duration::ZERO, answer()),
        },
    )
}

#[test]
fn a_login_that_requires_a_person_is_tried_once() {
    let refused = || Err(crate::error::Refusal::new("invalid_client", None).into());
    let swept = Swept::new(1, later(refused));
    assert_eq!(swept.pass(24 * 3600).len(), 1);
    assert_eq!(swept.sessions.counts().failed, 1);
    let no_one = || {
        Err(Error::LoginRequired {
            reason: LoginReason::NoCredentials,
            cause: None,
        })
    };
    let swept = Swept::new(1, later(no_one));
    assert_eq!(swept.pass(24 * 3600).len(), 1);
}

#[test]
fn a_login_that_backs_off_is_not_tried_before() {
    let throttled = || Err(Error::status(429, Some(Duration::from_secs(500))));
    let swept = Swept::new(1, later(throttled));
    let requests = swept.pass(3600);
    let waits = requests.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!((2..=5).contains(&requests.len()), "{requests:?}");
    assert!(waits.min().unwrap() >= 500, "{requests:?}");
}

#[test]
fn a_failure_leaves_the_old_token_in_service() {
    let down = || Err(Error::network(NetworkFailure::Timeout, Delivery::NotSent));
    let swept = Swept::new(1, later(down));
    assert!(swept.pass(3500).len() > 2);
    let token = swept.sessions.get(&0).unwrap().token();
    assert_eq!(token.unwrap().expose(), "0");
}

#[test]
fn a_panic_costs_one_customer_a_renewal() {
    let is_panicking = Arc::new(atomic::AtomicBool::new(false));
    let panics = Arc::clone(&is_panicking);
    let town = Town::new(move |customer| {
        assert!(
            customer != 7 || !panics.load(atomic::Ordering::Relaxed),
            "on purpose"
        );
        at_once(customer)
    });
    let swept = Swept::new(20, town);
    is_panicking.store(true, atomic::Ordering::Relaxed);
    let mut customers: Vec<u32> = swept
        .pass(2880)
        .iter()
        .map(|(_, customer)| *customer)
        .collect();
    customers.retain(|customer| *customer != 7);
    assert_eq!(customers.len(), 19);
}

#[test]
fn a_customer_who_comes_later_is_renewed_too() {
    let swept = Swept::new(1, Town::new(at_once));
    swept.pass(600);
    swept.sessions.get(&1).unwrap().token().unwrap();
    let requests = swept.pass(2880);
    assert_eq!(
        requests
            .iter()
            .filter(|(_, customer)| *customer == 1)
            .count(),
        2
    );
}

#[test]
fn an_agenda_forgets_sessions_that_were_dropped() {
    let town = Town::new(at_once);
    let sessions = town.sessions().with_capacity(100);
    let (running, _) = sessions.sweep.begin();
    for customer in 0..1000 {
        sessions.get(&customer).unwrap().token().unwrap();
    }
    let entries = lock(&sessions.sweep.agenda).entries.len();
    assert!((100..=190).contains(&entries), "{entries}");
    drop(running);
    assert_eq!(lock(&sessions.sweep.agenda).entries.len(), 0);
    sessions.get(&0).unwrap();
    assert_eq!(
        lock(&sessions.sweep.agenda).entries.len(),
        0,
        "no guard is left"
    );
}

#[test]
fn a_suspend_counts_and_a_clock_set_back_stops_nothing() {
    let swept = Swept::new(1, Town::new(at_once));
    swept.town.clock.suspend(Duration::from_secs(2800));
    assert_eq!(swept.pass(0).len(), 1, "the machine was suspended");
    swept.town.clock.set(std::time::SystemTime::UNIX_EPOCH);
    assert!(!swept.pass(2880).is_empty());
}
