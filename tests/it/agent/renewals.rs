//! A renewal that fails after the API has rejected the token: the caller learns why.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth_core::agent::ureq;
use auth_core::error::{LoginReason, Remedy, StoreFailure};
use auth_core::grant::Identity;
use auth_core::store::{MemoryStore, Record, Store, SwapOutcome};
use auth_core::testing::ManualClock;
use auth_core::{Error, Result, Secret, Session, agent};
use auth_sim::{Fault, Simulator, ermeo};

use super::{grant, locked_out, statuses};

/// A store whose swaps fail while a switch is on.
#[derive(Debug, Default)]
struct Failing {
    store: MemoryStore,
    fails: Arc<AtomicBool>,
}

impl Store for Failing {
    fn load(&self, identity: &Identity) -> Result<Option<Record>> {
        self.store.load(identity)
    }

    fn swap(
        &self,
        identity: &Identity,
        expected: Option<&Record>,
        record: &Record,
    ) -> Result<SwapOutcome> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(Error::store(StoreFailure::Unavailable, "the disk is full"));
        }
        self.store.swap(identity, expected, record)
    }
}

/// A session with a token that the API has taken once, and no longer takes.
struct Stage {
    sim: Simulator,
    session: Session,
    clock: ManualClock,
    store_fails: Arc<AtomicBool>,
}

fn stage(has_credentials: bool) -> Stage {
    let sim = Simulator::ermeo();
    let store = Failing::default();
    let store_fails = Arc::clone(&store.fails);
    let clock = ManualClock::new();
    let builder = if has_credentials {
        Session::builder(grant(&sim))
    } else {
        Session::builder(locked_out(&sim).username(ermeo::USERNAME))
            .refresh_token(Secret::new(sim.issue_refresh_token()))
    };
    let builder = builder.store(store).clock(clock.clone()).retries(0);
    let session = builder.build().unwrap();
    session.agent().get(assets(&sim)).call().unwrap();
    sim.revoke_access_tokens();
    sim.clear();
    Stage {
        sim,
        session,
        clock,
        store_fails,
    }
}

fn assets(sim: &Simulator) -> String {
    format!("{}/api/v1/assets", sim.url())
}

/// One way in which a renewal fails, and how to recognise its error.
type Case = (&'static str, fn(&Stage), fn(&Error) -> bool);

const CASES: [Case; 4] = [
    (
        "the store fails",
        |stage| stage.store_fails.store(true, Ordering::SeqCst),
        |error| {
            error.to_string().contains("the disk is full")
                && matches!(
                    error,
                    Error::Store {
                        failure: StoreFailure::Unavailable,
                        ..
                    }
                )
        },
    ),
    (
        "the server fails",
        |stage| stage.sim.next(Fault::Status(500)),
        |error| matches!(error, Error::Status { status: 500, .. }),
    ),
    (
        "the server is silent",
        |stage| stage.sim.next(Fault::Refuse),
        |error| {
            let reason = LoginReason::RefreshTokenUncertain;
            matches!(error, Error::Network { .. })
                || matches!(error, Error::LoginRequired { reason: it, .. } if *it == reason)
        },
    ),
    (
        "the server refuses",
        |stage| stage.sim.revoke_refresh_tokens(),
        |error| {
            let reason = LoginReason::RefreshTokenRefused;
            matches!(error, Error::LoginRequired { reason: it, .. } if *it == reason)
        },
    ),
];

#[test]
fn the_caller_learns_why_there_is_no_other_token() {
    for (name, fail, is_expected) in CASES {
        for as_error in [true, false] {
            let stage = stage(false);
            let agent = agent::agent_with(&stage.session, |config| {
                config.http_status_as_error(as_error)
            });
            fail(&stage);
            let failed = agent.get(assets(&stage.sim)).call().unwrap_err();
            assert!(matches!(failed, ureq::Error::Other(_)), "{name}: {failed}");
            let message = failed.to_string();
            assert!(
                message.contains("rejected the token with status 401"),
                "{name}: {message}"
            );
            let error = agent::error_of(&failed).unwrap();
            assert!(is_expected(error), "{name}: {error:?}");
            assert_eq!(statuses(&stage.sim), [Some(401)], "{name}");
            // The session itself reports the same, as a back-off or anew.
            let later = stage.session.token().unwrap_err();
            assert_eq!(later.remedy(), error.remedy(), "{name}: {later:?}");
            assert_eq!(agent::error(failed).remedy(), later.remedy(), "{name}");
        }
    }
}

#[test]
fn a_repaired_store_ends_the_failure() {
    let stage = stage(true);
    let agent = stage.session.agent();
    stage.store_fails.store(true, Ordering::SeqCst);
    let failed = agent
        .post(format!("{}/echo", stage.sim.url()))
        .send("order");
    let error = agent::error(failed.unwrap_err());
    assert_eq!(error.remedy(), Remedy::Retry, "{error:?}");
    stage.store_fails.store(false, Ordering::SeqCst);
    stage.clock.advance(Duration::from_secs(60));
    agent.get(assets(&stage.sim)).call().unwrap();
    assert!(stage.sim.spends().values().all(|&times| times <= 1));
}

/// The body is gone, so no renewal is tried: the response is all that there is to report.
#[test]
fn a_streamed_body_gets_the_apis_response() {
    let stage = stage(true);
    stage.store_fails.store(true, Ordering::SeqCst);
    let agent = stage.session.agent();
    let post = agent
        .post(format!("{}/echo", stage.sim.url()))
        .header("transfer-encoding", "chunked");
    let failed = post.send("order").unwrap_err();
    assert!(matches!(failed, ureq::Error::StatusCode(401)), "{failed}");
    let next = agent.get(assets(&stage.sim)).call().unwrap_err();
    assert!(matches!(agent::error(next), Error::Store { .. }));
}

/// A brand-new token that is rejected too is the API's own affair.
#[test]
fn a_second_rejection_is_the_apis_response() {
    let stage = stage(true);
    for _ in 0..2 {
        stage.sim.next_api(Fault::Status(401));
    }
    let failed = stage.session.agent().get(assets(&stage.sim)).call();
    let failed = failed.unwrap_err();
    assert!(matches!(failed, ureq::Error::StatusCode(401)), "{failed}");
    assert_eq!(statuses(&stage.sim), [Some(401), Some(401)]);
}

#[test]
fn a_rejection_by_another_status_names_it() {
    let sim = Simulator::aerion();
    let aerion = aerion_auth::Aerion::new(auth_sim::aerion::COMPANY_URL)
        .password(
            auth_sim::aerion::USERNAME,
            Secret::new(auth_sim::aerion::PASSWORD),
        )
        .base(sim.url());
    let session = Session::builder(aerion).retries(0).build().unwrap();
    let agent = session.agent();
    let url = format!("{}/v1/users/me", sim.url());
    agent.get(&url).call().unwrap();
    sim.revoke_access_tokens();
    sim.next(Fault::Status(503));
    let failed = agent.get(&url).call().unwrap_err();
    assert!(failed.to_string().contains("status 403"), "{failed}");
    let error = agent::error(failed);
    assert!(
        matches!(error, Error::Status { status: 503, .. }),
        "{error:?}"
    );
}
