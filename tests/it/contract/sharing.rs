//! What holds when more than one process has the login: here, more than one session over one store.

use std::time::Duration;

use auth_core::Session;
use auth_core::store::FileStore;
use auth_core::testing::ManualClock;
use tempfile::TempDir;

use super::stage::Stage;
use super::subject::{Make, Subject};

/// A simulator, and sessions that share a directory.
struct Shared {
    stage: Stage,
    folder: TempDir,
}

impl Shared {
    fn new(subject: &Subject, grant: Make) -> Self {
        Self {
            stage: Stage::new(subject, grant),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// One more session, as another process would make it.
    fn session(&self, grant: Make) -> Session {
        let clock: ManualClock = self.stage.clock.clone();
        let store = FileStore::open(self.folder.path().join("logins")).expect("a store");
        Session::builder(grant(self.stage.simulator.url()))
            .clock(clock)
            .store(store)
            .build()
            .unwrap()
    }
}

pub(super) fn a_stored_login_is_taken_over_by_the_next_process(subject: &Subject) {
    let shared = Shared::new(subject, subject.grant);
    let first = shared.session(subject.grant).token().expect("a token");
    let next = shared.session(subject.grant);
    let second = next.token().expect("the same token");
    assert_eq!(second.expose(), first.expose());
    assert_eq!(second.expires_at(), first.expires_at());
    assert_eq!(second.scope(), first.scope());
    assert_eq!(shared.stage.api(subject, &second), 200);
    assert_eq!(shared.stage.grants(), [subject.login]);
}

pub(super) fn one_process_renews_for_all(subject: &Subject) {
    let shared = Shared::new(subject, subject.grant);
    let sessions: Vec<Session> = (0..4).map(|_| shared.session(subject.grant)).collect();
    let first = sessions[0].token().expect("a token");
    sessions[1].token().expect("a token");
    shared.stage.grants();
    shared.stage.expire(&first);
    let tokens: Vec<String> = sessions
        .iter()
        .map(|session| session.token().expect("a token").expose().to_owned())
        .collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_ne!(tokens[0], first.expose());
    assert_eq!(shared.stage.grants().len(), 1);
}

pub(super) fn wrong_credentials_are_tried_once_by_all_processes_together(subject: &Subject) {
    let shared = Shared::new(subject, subject.wrong);
    for _ in 0..4 {
        shared
            .session(subject.wrong)
            .token()
            .expect_err("they are wrong");
    }
    assert_eq!(shared.stage.grants(), [subject.login]);
    // Not even a server that did not say what was wrong is asked again at once.
    shared.stage.clock.advance(Duration::from_secs(3600));
    shared
        .session(subject.grant)
        .token()
        .expect("the right ones are tried");
    assert_eq!(shared.stage.grants(), [subject.login]);
}
