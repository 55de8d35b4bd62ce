//! Behind PgBouncer in transaction mode, where every transaction may have another session.

use std::thread;

use auth_core::error::StoreFailure;
use auth_core::store::{Store, SwapOutcome};
use auth_sim::store_conformance;
use auth_store_postgres::PostgresStore;
use services::{PgBouncer, Postgres, started};

use super::promises::{counted, increment};
use super::{Database, assert_failure, record, who};

#[test]
fn promises_are_kept_through_a_pooler() {
    let database = Database::new("pooled");
    let pooler = started(PgBouncer::start(database.server(), 2));
    store_conformance::check(|| PostgresStore::connect(pooler.url("pooled")).unwrap());
}

#[test]
fn clients_of_one_connection_lose_no_increment() {
    let database = Database::new("sharing");
    let pooler = started(PgBouncer::start(database.server(), 1));
    thread::scope(|scope| {
        for _ in 0..8 {
            let store = PostgresStore::connect(pooler.url("sharing")).unwrap();
            scope.spawn(move || (0..25).for_each(|_| increment(&store)));
        }
    });
    let sessions = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = 'sharing' AND pid <> pg_backend_pid()";
    assert_eq!(database.sql(sessions), "1");
    assert_eq!(counted(&database.store()), 200);
}

#[test]
fn a_shared_session_is_left_clean() {
    let database = Database::new("shared");
    database.sql("ALTER DATABASE shared SET synchronous_commit = off");
    let pooler = started(PgBouncer::start(database.server(), 1));
    let mut other = postgres::Client::connect(&pooler.url("shared"), postgres::NoTls).unwrap();
    let mut state = || -> String {
        let sql = "SELECT pg_backend_pid() || ' ' || current_setting('synchronous_commit') \
            || ' ' || current_setting('statement_timeout') || ' ' \
            || (SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 's%')";
        let messages = other.simple_query(sql).unwrap();
        let row = messages.iter().find_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        row.unwrap().to_owned()
    };
    let before = state();
    assert!(before.ends_with(" off 0 0"), "{before}");
    let store = PostgresStore::connect(pooler.url("shared")).unwrap();
    let (one, two) = (record("one"), record("two"));
    assert_eq!(
        store.swap(&who("jane"), None, &one).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(
        store.swap(&who("jane"), Some(&one), &two).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(state(), before);
}

#[test]
fn a_session_lost_behind_the_pooler_is_replaced() {
    let database = Database::new("behind");
    let pooler = started(PgBouncer::start(database.server(), 1));
    let store = PostgresStore::connect(pooler.url("behind")).unwrap();
    let jane = who("jane");
    let mut current = None;
    for round in 0..5 {
        let next = record(&round.to_string());
        assert_eq!(
            store.swap(&jane, current.as_ref(), &next).unwrap(),
            SwapOutcome::Stored
        );
        let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = 'behind' AND pid <> pg_backend_pid()";
        assert_eq!(database.sql(ended), "t");
        assert_eq!(store.load(&jane).unwrap(), Some(next.clone()));
        current = Some(next);
    }
}

#[test]
fn a_pooler_that_leads_to_a_standby_is_noticed() {
    let primary = started(Postgres::start());
    let pooler = started(PgBouncer::start(&primary, 1));
    let store = PostgresStore::connect(pooler.url("postgres")).unwrap();
    let (jane, one, two) = (who("jane"), record("one"), record("two"));
    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    let standby = primary.standby().unwrap();
    pooler.lead_to(&standby).unwrap();

    // The pooler switches at some time; until then the primary responds.
    let refused = (0..100_000).find_map(|_| match store.load(&jane) {
        Ok(loaded) => {
            assert_eq!(loaded, Some(one.clone()));
            None
        }
        Err(error) => Some(error),
    });
    assert_failure(&refused.unwrap(), StoreFailure::Unsafe, "standby");
    let error = store.swap(&jane, Some(&one), &two).unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "standby");

    pooler.lead_to(&primary).unwrap();
    let stored = (0..100_000).find_map(|_| store.swap(&jane, Some(&one), &two).ok());
    assert_eq!(stored, Some(SwapOutcome::Stored));
}

#[test]
fn a_string_for_a_pooler_is_accepted() {
    let database = Database::new("strings");
    let pooler = started(PgBouncer::start(database.server(), 1));
    let url = pooler.url("strings");
    let store = PostgresStore::connect(format!("{url}?pgbouncer=true&connection_limit=1"));
    assert_eq!(store.unwrap().load(&who("jane")).unwrap(), None);
    let options = format!("{url}?options=-c%20search_path%3Dpublic");
    let error = PostgresStore::connect(options).unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "`options`");
}
