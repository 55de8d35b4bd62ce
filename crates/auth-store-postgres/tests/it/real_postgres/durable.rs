//! Acknowledged swaps survive, whatever happens to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome};
use auth_store_postgres::PostgresStore;
use services::{Postgres, started};

use super::{Database, record, who};

#[test]
fn a_commit_always_waits_for_the_disk() {
    let database = Database::new("synchronous");
    drop(database.store());
    // A deferred trigger runs within the commit, so it sees the setting that the commit uses.
    database.sql(
        "CREATE TABLE commits (setting text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE ON auth_logins
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()",
    );
    let mut seen = String::new();
    for (setting, used) in [
        ("off", "on"),
        ("local", "on"),
        ("on", "on"),
        ("remote_write", "remote_write"),
        ("remote_apply", "remote_apply"),
    ] {
        let name = database.name();
        database.sql(&format!(
            "ALTER DATABASE {name} SET synchronous_commit = {setting}"
        ));
        let store = database.store();
        let (one, two) = (record("one"), record("two"));
        assert_eq!(
            store.swap(&who(setting), None, &one).unwrap(),
            SwapOutcome::Stored
        );
        assert_eq!(
            store.swap(&who(setting), Some(&one), &two).unwrap(),
            SwapOutcome::Stored
        );
        seen += &format!("{used}\n{used}\n");
        assert_eq!(database.sql("TABLE commits"), seen.trim_end());
    }
    // It ended with the transaction: the session has its old setting.
    let name = database.name();
    database.sql(&format!(
        "ALTER DATABASE {name} SET synchronous_commit = off"
    ));
    assert_eq!(database.sql("SHOW synchronous_commit"), "off");
}

#[test]
fn acknowledged_swaps_survive_a_killed_server() {
    let mut server = started(Postgres::options().set("synchronous_commit", "off").start());
    let (acknowledged, numbers) = mpsc::channel();
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|at| {
            let settings = PostgresStore::builder(server.url()).timeout(PATIENCE);
            let store = settings.connect().unwrap();
            let (acknowledged, done) = (acknowledged.clone(), Arc::clone(&done));
            thread::spawn(move || count(&store, at, &acknowledged, &done))
        })
        .collect();
    let wait_until_all_reach = |goal: u32| {
        let mut reached = [0; 4];
        while reached.iter().any(|number| *number < goal) {
            let (at, number) = numbers.recv_timeout(PATIENCE).unwrap();
            reached[at] = number;
        }
    };
    for kills in 1..=3 {
        wait_until_all_reach(kills * 25);
        server.kill();
        server.restart().unwrap();
    }
    wait_until_all_reach(100);
    done.store(true, Ordering::Relaxed);
    let last: Vec<u32> = writers
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();

    server.kill();
    server.restart().unwrap();
    let store = PostgresStore::connect(server.url()).unwrap();
    for (at, number) in last.iter().enumerate() {
        let found = store.load(&counter(at)).unwrap();
        assert_eq!(found, Some(record(&number.to_string())));
    }
}

/// Each number replaces the one before, so after a lost one the next is a conflict.
fn count(
    store: &PostgresStore,
    at: usize,
    acknowledged: &mpsc::Sender<(usize, u32)>,
    done: &AtomicBool,
) -> u32 {
    let mut current: Option<Record> = None;
    for number in 1.. {
        let next = record(&number.to_string());
        let swapped = store.swap(&counter(at), current.as_ref(), &next).unwrap();
        assert_eq!(
            swapped,
            SwapOutcome::Stored,
            "{number} follows what was acknowledged"
        );
        acknowledged.send((at, number)).unwrap();
        current = Some(next);
        if done.load(Ordering::Relaxed) {
            return number;
        }
    }
    unreachable!("the loop is endless")
}

fn counter(at: usize) -> Identity {
    who(&at.to_string())
}

#[test]
fn a_server_without_fsync_is_warned_about_once() {
    crate::logs::keep();
    let server = started(Postgres::options().set("fsync", "off").start());
    let warnings = || {
        crate::logs::all()
            .matches("WARN auth_store_postgres")
            .count()
    };
    let store = PostgresStore::connect(server.url()).unwrap();
    assert_eq!(store.load(&who("jane")).unwrap(), None);
    server.terminate("auth-store-postgres");
    assert_eq!(store.load(&who("jane")).unwrap(), None);
    assert_eq!(warnings(), 1, "{}", crate::logs::all());
    assert!(crate::logs::all().contains("`fsync`"));
}

/// Longer than any restart of a server.
const PATIENCE: Duration = Duration::from_secs(300);
