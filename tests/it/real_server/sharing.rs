//! One login for several sessions and programs, with single-use refresh tokens.

use auth_all::Secret;
use std::env;
use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::Duration;

use auth_core::Session;
use auth_core::store::FileStore;
use auth_core::testing::ManualClock;
use oauth2_generic::{Client, Password, RefreshToken};

use super::site::{ALICE, Kind, Site, on_every_site, on_oidc};

fn session(
    grant: impl auth_core::Grant + 'static,
    store: FileStore,
    clock: &ManualClock,
) -> Session {
    Session::builder(grant)
        .store(store)
        .clock(clock.clone())
        .build()
        .unwrap()
}

fn password(client: Client) -> Password {
    Password::new(client, ALICE.0, Secret::new(ALICE.1))
}

/// Eight sessions with separate stores on one directory stand for eight programs. The server counts how often
/// it gets each refresh token.
#[test]
fn the_server_sees_each_shared_refresh_token_once() {
    on_oidc(|site| {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new();
        let sessions: Vec<Session> = (0..8)
            .map(|_| {
                let store = FileStore::open(folder.path().join("logins")).unwrap();
                session(
                    password(site.client("fleet", "fleet-secret")),
                    store,
                    &clock,
                )
            })
            .collect();
        for _ in 0..=RENEWALS {
            std::thread::scope(|threads| {
                for session in &sessions {
                    threads.spawn(|| assert_eq!(site.whoami(session), "alice"));
                }
            });
            clock.advance(HOUR);
        }
        assert_eq!(site.spent("fleet"), (RENEWALS, 1));
    });
}

#[test]
fn a_restarted_program_continues_with_its_login() {
    if let (Ok(site), Some(directory)) = (env::var(SITE), env::var_os(DIRECTORY)) {
        return started_again(&Site::from_words(&site), &directory);
    }
    on_every_site(|site| {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("logins");
        let store = FileStore::open(&directory).unwrap();
        let login = session(password(restarted(site)), store, &ManualClock::new());
        assert_eq!(site.whoami(&login), "alice");
        drop(login);

        for hours in ["1", "2", "3"] {
            let mut program = Command::new(env::current_exe().unwrap());
            program.args(["--exact", THIS, "--nocapture"]);
            program.env(SITE, site.words()).env(DIRECTORY, &directory);
            program.env(HOURS, hours).stdin(Stdio::null());
            let output = program.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            let continued = output.status.success() && said.contains("it continues as alice");
            assert!(
                continued,
                "{said}{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        if site.kind == Kind::Oidc {
            assert_eq!(site.spent("restarted"), (3, 1));
        }
    });
}

/// Body of the restarted program: its token has expired, and the store holds its only credentials.
fn started_again(site: &Site, directory: &OsStr) {
    let clock = ManualClock::new();
    let hours: u32 = env::var(HOURS).unwrap().parse().unwrap();
    clock.advance(HOUR * hours);
    let grant = RefreshToken::new(restarted(site)).user(ALICE.0);
    let session = session(grant, FileStore::open(directory).unwrap(), &clock);
    println!("it continues as {}", site.whoami(&session));
}

/// A client that only this program uses.
fn restarted(site: &Site) -> Client {
    match site.kind {
        Kind::Django => site.alices_client(),
        Kind::Oidc => site.client("restarted", "restarted-secret"),
    }
}

/// The life of the servers' access tokens.
const HOUR: Duration = Duration::from_secs(3600);
const RENEWALS: u64 = 5;

const THIS: &str = "real_server::sharing::a_restarted_program_continues_with_its_login";
const SITE: &str = "REAL_SERVER_TEST_SITE";
const DIRECTORY: &str = "REAL_SERVER_TEST_DIRECTORY";
const HOURS: &str = "REAL_SERVER_TEST_HOURS";
