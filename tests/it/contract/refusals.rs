//! Refusals, in whatever words: what follows is the same for every vendor and in every dialect.

use std::slice;
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::error::LoginReason;
use auth_core::store::MemoryStore;
use auth_core::{Error, Grant, Session};
use auth_sim::Dialect;

use super::stage::Stage;
use super::subject::{Make, Subject};
use crate::support::{journal, shown};

/// A simulator, and sessions that share a store.
struct Fleet {
    stage: Stage,
    store: MemoryStore,
}

impl Fleet {
    fn new(subject: &Subject) -> Self {
        Self {
            stage: Stage::new(subject, subject.grant),
            store: MemoryStore::new(),
        }
    }

    fn session(&self, grant: Make) -> Session {
        self.session_of(grant(self.stage.simulator.url()))
    }

    fn session_of(&self, grant: Box<dyn Grant>) -> Session {
        Session::builder(grant)
            .clock(self.stage.clock.clone())
            .store(self.store.clone())
            .build()
            .unwrap()
    }

    /// Lets sessions ask in turn, with a pause after each call, and answers when requests were sent.
    fn ask(&self, sessions: &[Session], pause: Duration, length: Duration) -> Vec<Duration> {
        let begun = self.stage.clock.now();
        let mut sent = Vec::new();
        let passed = || self.stage.clock.now().since(begun);
        for session in sessions.iter().cycle() {
            if passed() >= length {
                break;
            }
            let before = self.stage.simulator.token_requests().len();
            drop(session.token());
            let requests = self.stage.simulator.token_requests().len() - before;
            sent.extend(vec![passed(); requests]);
            self.stage.clock.advance(pause);
        }
        sent
    }
}

pub(super) fn wrong_credentials_are_tried_within_their_limits(subject: &Subject) {
    let fleet = Fleet::new(subject);
    let sessions = [(); 3].map(|()| fleet.session(subject.wrong));
    let tries = fleet.ask(&sessions, Duration::from_secs(20), DAY);
    let (a_day, in_half_an_hour) = if subject.is_person() {
        (10, 3)
    } else {
        (60, 60)
    };
    assert!(tries.len() <= a_day, "{tries:?}");
    let within = |begin: &Duration| {
        let window = *begin..*begin + HALF_AN_HOUR;
        tries.iter().filter(|at| window.contains(*at)).count()
    };
    let most = tries.iter().map(within).max().unwrap_or_default();
    assert!(most <= in_half_an_hour, "{tries:?}");
    assert!(subject.judges_passwords() || tries.len() > 5, "{tries:?}");
}

pub(super) fn corrected_credentials_work_at_once(subject: &Subject) {
    let fleet = Fleet::new(subject);
    for _ in 0..3 {
        let wrong = fleet.session(subject.wrong);
        wrong.token().expect_err("they are wrong");
    }
    let token = fleet.session(subject.grant).token().expect("a token");
    assert_eq!(fleet.stage.api(subject, &token), 200);
    assert_eq!(fleet.stage.grants(), [subject.login; 2]);
}

/// What is wrong is often mended at the server: a secret that is not everywhere yet, a key that is not
/// active.
pub(super) fn a_refused_login_comes_back(subject: &Subject) {
    let fleet = Fleet::new(subject);
    let session = fleet.session(subject.grant);
    fleet.stage.refuse_logins(subject, true);
    let minute = Duration::from_secs(60);
    let refused = fleet.ask(slice::from_ref(&session), minute, HALF_AN_HOUR);
    assert!(!refused.is_empty());
    assert!(session.token().is_err());
    fleet.stage.refuse_logins(subject, false);
    // Accounts get unlocked; a client has none that could be locked.
    let longest = match subject.judges_passwords() && subject.outdated.is_none() {
        true => DAY + DAY / 10 + minute,
        false => Duration::from_secs(3600),
    };
    fleet.ask(slice::from_ref(&session), minute, longest + minute);
    let token = session.token().expect("a token");
    assert_eq!(fleet.stage.api(subject, &token), 200);
}

pub(super) fn a_valid_token_is_never_replaced_by_an_error(subject: &Subject) {
    let stage = Stage::new(subject, subject.grant);
    let first = stage.token();
    let life =
        Duration::try_from(first.expires_at().expect("every vendor says when") - stage.date());
    stage
        .clock
        .advance(life.expect("it is held") - LAST_MINUTES);
    stage.simulator.revoke_refresh_tokens();
    stage.refuse_logins(subject, true);
    for _ in 0..LAST_MINUTES.as_secs() {
        assert_eq!(stage.token().expose(), first.expose());
        stage.clock.advance(Duration::from_secs(1));
    }
    let requests = stage.grants();
    assert!((1..=8).contains(&requests.len()), "{requests:?}");
    stage.session.token().expect_err("it has expired");
}

/// One worker in a fleet has an old client secret, or none that works yet.
pub(super) fn an_outdated_client_secret_holds_back_nobody_else(subject: &Subject) {
    let fleet = Fleet::new(subject);
    let outdated = fleet.session(subject.outdated.expect("a client with a secret"));
    let right = fleet.session(subject.grant);
    for _ in 0..4 {
        let token = right.token().expect("a token");
        assert_eq!(fleet.stage.api(subject, &token), 200);
        let adopted = outdated.token().expect("the token of the others");
        assert_eq!(adopted.expose(), token.expose());
        fleet.stage.expire(&token);
        outdated.token().expect_err("its secret is refused");
    }
    // Its refusals neither cost a login nor a refresh token.
    let used = fleet.stage.simulator.spends().into_values();
    assert!(used.max().unwrap_or_default() <= 1);
}

pub(super) fn a_refused_refresh_token_without_credentials_needs_a_person(subject: &Subject) {
    let stage = Stage::seeded(subject, subject.keeper(), |sim| {
        Some(sim.issue_refresh_token())
    });
    stage.expire(&stage.token());
    stage.simulator.revoke_refresh_tokens();
    let mut refused = 0;
    while !needs_a_person(&stage) {
        refused += 1;
        assert!(refused < 3, "nobody is asked to log in");
        stage.clock.advance(Duration::from_secs(150));
    }
    for _ in 0..3 {
        assert!(needs_a_person(&stage));
    }
    let refreshes = if subject.names_refresh_tokens() { 1 } else { 3 };
    assert_eq!(stage.grants(), vec!["refresh_token"; 1 + refreshes]);
    // It may have been a firewall that said so: once an hour, and no more.
    stage.clock.advance(Duration::from_secs(2 * 3600));
    for _ in 0..3 {
        assert!(needs_a_person(&stage));
    }
    let again = if subject.names_refresh_tokens() { 0 } else { 1 };
    assert_eq!(stage.grants(), vec!["refresh_token"; again]);
}

pub(super) fn a_refusal_shows_no_secret(subject: &Subject) {
    let (shown, log) = journal::of(|| {
        let stage = Stage::new(subject, subject.grant);
        let token = stage.token();
        let mut secrets = vec![token.expose().to_owned()];
        secrets.extend(
            stage
                .session
                .refresh_token()
                .map(|it| it.expose().to_owned()),
        );
        stage.expire(&token);
        stage.simulator.revoke_refresh_tokens();
        stage.refuse_logins(subject, true);
        let mut text = String::new();
        for _ in 0..5 {
            text += &shown(&stage.session.token().expect_err("refused"));
            text += &stage.session.explain().to_string();
            stage.clock.advance(Duration::from_secs(120));
        }
        (text, secrets)
    });
    let (text, tokens) = shown;
    // A refusal that a login follows is in the log alone.
    let warned = log.contains("refused") || log.contains("the server answered 40");
    assert!(warned, "{log}");
    let secrets = tokens.iter().map(String::as_str);
    for secret in secrets.chain(subject.secrets.iter().copied()) {
        assert!(!text.contains(secret), "{secret} in {text}");
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// Whether the session says that a person has to log in, and why.
fn needs_a_person(stage: &Stage) -> bool {
    match stage.session.token().expect_err("nothing to log in with") {
        Error::LoginRequired { reason, .. } => {
            assert_eq!(reason, LoginReason::RefreshTokenRefused);
            true
        }
        Error::BackOff { .. } | Error::Refused(_) | Error::Status { .. } => false,
        other => panic!("{other:?}"),
    }
}

impl Subject {
    /// Whether a person's password may be what is refused.
    fn is_person(&self) -> bool {
        self.login == "password"
    }

    /// Whether a wrong password is called that.
    fn judges_passwords(&self) -> bool {
        self.is_person() && matches!(self.dialect, None | Some(Dialect::Rfc))
    }

    /// Whether a refusal says that the refresh token is at fault.
    fn names_refresh_tokens(&self) -> bool {
        matches!(
            self.dialect,
            None | Some(Dialect::Rfc | Dialect::SuccessStatus)
        )
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);
const LAST_MINUTES: Duration = Duration::from_secs(300);
