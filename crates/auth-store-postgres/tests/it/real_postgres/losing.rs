//! Connections that end, results that are lost, and statements that take too long.

use std::thread;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::{Remedy, StoreFailure};
use auth_core::store::{Store, SwapOutcome};
use auth_store_postgres::PostgresStore;
use services::{Postgres, started};

use super::promises::{counted, increment};
use super::proxy::Proxy;
use super::{Database, assert_failure, record, who};

#[test]
fn a_connection_lost_between_calls_is_replaced() {
    let database = Database::new("between");
    let (store, jane) = (database.store(), who("jane"));
    assert_eq!(
        store.swap(&jane, None, &record("0")).unwrap(),
        SwapOutcome::Stored
    );
    for round in 0..5 {
        let current = store.load(&jane).unwrap();
        assert_eq!(database.terminate(), 1);
        let next = record(&(round + 1).to_string());
        assert_eq!(
            store.swap(&jane, current.as_ref(), &next).unwrap(),
            SwapOutcome::Stored
        );
        assert_eq!(database.terminate(), 1);
        assert_eq!(store.load(&jane).unwrap(), Some(next));
    }
}

#[test]
fn a_swap_cut_off_in_its_commit_is_repeated() {
    let database = Database::new("committing");
    let (store, jane) = (database.store(), who("jane"));
    let (one, two) = (record("one"), record("two"));
    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    // A deferred trigger runs within the commit, and this one waits there for the test.
    database.sql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON auth_logins
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let mut beside = database.beside();
    beside.execute("SELECT pg_advisory_lock(7)", &[]).unwrap();
    thread::scope(|scope| {
        let swap = scope.spawn(|| store.swap(&jane, Some(&one), &two).unwrap());
        // The swap is repeated, and its first try has left no trace.
        database.terminate_waiting("advisory");
        let unchanged = "SELECT convert_from(record, 'UTF8') FROM auth_logins";
        assert_eq!(database.sql(unchanged), "one");
        beside.execute("SELECT pg_advisory_unlock(7)", &[]).unwrap();
        assert_eq!(swap.join().unwrap(), SwapOutcome::Stored);
    });
    assert_eq!(store.load(&jane).unwrap(), Some(two));
}

#[test]
fn a_swap_with_a_lost_result_is_applied_once() {
    let database = Database::new("lost");
    drop(database.store());
    database.sql(
        "CREATE TABLE changes (was bytea, is_now bytea);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO changes VALUES (OLD.record, NEW.record); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT OR UPDATE ON auth_logins
           FOR EACH ROW EXECUTE FUNCTION note()",
    );
    let proxy = Proxy::to(database.server().port());
    let url = database.url().replace(
        &format!(":{}/", database.server().port()),
        &format!(":{}/", proxy.port()),
    );
    let (store, jane) = (PostgresStore::connect(url).unwrap(), who("jane"));
    let mut current = None;
    for round in 1..=5 {
        let next = record(&round.to_string());
        proxy.cut_next_answer();
        assert_eq!(
            store.swap(&jane, current.as_ref(), &next).unwrap(),
            SwapOutcome::Stored
        );
        assert_eq!(proxy.dropped(), round);
        assert_eq!(store.load(&jane).unwrap(), Some(next.clone()));
        current = Some(next);
    }
    let applied = "SELECT count(*) FROM changes WHERE was IS DISTINCT FROM is_now";
    assert_eq!(database.sql(applied), "5");
    // The server had applied it before the result was lost, so the repeated swap changed nothing.
    assert_eq!(database.sql("SELECT count(*) FROM changes"), "10");
}

#[test]
fn an_overtaken_repeated_swap_is_a_conflict() {
    let database = Database::new("overtaken");
    let (store, jane) = (database.store(), who("jane"));
    let (one, two, three) = (record("one"), record("two"), record("three"));
    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    let mut beside = database.beside();
    let mut theirs = beside.transaction().unwrap();
    theirs
        .execute("UPDATE auth_logins SET record = 'three'", &[])
        .unwrap();
    thread::scope(|scope| {
        let swap = scope.spawn(|| store.swap(&jane, Some(&one), &two).unwrap());
        database.terminate_waiting("transactionid");
        theirs.commit().unwrap();
        assert_eq!(swap.join().unwrap(), SwapOutcome::Conflict);
    });
    assert_eq!(store.load(&jane).unwrap(), Some(three));
}

#[test]
fn a_swap_that_waits_for_its_first_try_is_stored() {
    let database = Database::new("own");
    let (store, jane) = (database.store(), who("jane"));
    let (one, two) = (record("one"), record("two"));
    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    // Like a first try that is still committing on a lost connection.
    let mut beside = database.beside();
    let mut first = beside.transaction().unwrap();
    first
        .execute("UPDATE auth_logins SET record = 'two'", &[])
        .unwrap();
    thread::scope(|scope| {
        let swap = scope.spawn(|| store.swap(&jane, Some(&one), &two).unwrap());
        database.wait_until_waiting("transactionid", 1);
        first.commit().unwrap();
        assert_eq!(swap.join().unwrap(), SwapOutcome::Stored);
    });
    assert_eq!(store.load(&jane).unwrap(), Some(two));
}

#[test]
fn serializable_transactions_lose_no_increment() {
    let database = Database::new("serializable");
    let name = database.name();
    database.sql(&format!(
        "ALTER DATABASE {name} SET default_transaction_isolation = serializable"
    ));
    let store = database.store();
    thread::scope(|scope| {
        for _ in 0..4 {
            let store = database.store();
            scope.spawn(move || (0..10).for_each(|_| increment(&store)));
        }
    });
    assert_eq!(counted(&store), 40);
}

#[test]
fn a_locked_row_delays_a_call_until_the_time_out() {
    let database = Database::new("locked");
    let limit = Duration::from_secs(2);
    let store = database.builder().timeout(limit).connect().unwrap();
    assert_eq!(store.timeout(), limit);
    let (jane, one, two) = (who("jane"), record("one"), record("two"));
    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    let mut beside = database.beside();
    let mut theirs = beside.transaction().unwrap();
    theirs
        .execute("SELECT FROM auth_logins FOR UPDATE", &[])
        .unwrap();
    // One waits for the row, the others for that one.
    let began = SystemClock::new().now();
    thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| store.swap(&jane, Some(&one), &two).unwrap_err()))
            .collect();
        for thread in tries {
            let error = thread.join().unwrap();
            assert_failure(&error, StoreFailure::Unavailable, "time-out");
            assert!(error.remedy() == Remedy::Retry);
        }
    });
    let took = SystemClock::new().now().since(began);
    assert!(took < limit * 4, "{took:?}");
    // The statements were canceled: none waits at the server any more.
    database.wait_until_waiting("transactionid", 0);
    theirs.commit().unwrap();
    assert_eq!(store.load(&jane).unwrap(), Some(one.clone()));
    assert_eq!(
        store.swap(&jane, Some(&one), &two).unwrap(),
        SwapOutcome::Stored
    );
}

#[test]
fn a_silent_network_is_a_failure_in_time() {
    let database = Database::new("swallowed");
    let proxy = Proxy::to(database.server().port());
    let url = format!("postgres://postgres@127.0.0.1:{}/swallowed", proxy.port());
    let limit = Duration::from_secs(2);
    let store = PostgresStore::builder(url)
        .timeout(limit)
        .connect()
        .unwrap();
    let (jane, one) = (who("jane"), record("one"));
    proxy.swallow();
    let began = SystemClock::new().now();
    let error = store.swap(&jane, None, &one).unwrap_err();
    let took = SystemClock::new().now().since(began);
    assert_failure(&error, StoreFailure::Unavailable, "time-out");
    assert!(took < limit * 4, "{took:?}");
    proxy.pass();
    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    assert_eq!(store.load(&jane).unwrap(), Some(one));
}

#[test]
fn a_server_that_comes_back_is_found_again() {
    let mut server = started(Postgres::start());
    let limit = Duration::from_secs(2);
    let settings = PostgresStore::builder(server.url()).timeout(limit);
    let (store, jane, one) = (settings.connect().unwrap(), who("jane"), record("one"));
    assert_eq!(store.swap(&jane, None, &one).unwrap(), SwapOutcome::Stored);
    server.kill();
    for _ in 0..2 {
        let began = SystemClock::new().now();
        let error = store.load(&jane).unwrap_err();
        let took = SystemClock::new().now().since(began);
        assert!(error.remedy() == Remedy::Retry, "{error}");
        assert!(took < limit * 4, "{took:?}");
    }
    server.restart().unwrap();
    assert_eq!(store.load(&jane).unwrap(), Some(one));
}
