//! The table: created by the store or by the operator, or another table.

use std::thread;

use auth_core::Error;
use auth_core::error::{Remedy, StoreFailure};
use auth_core::store::{Store, SwapOutcome};
use auth_store_postgres::PostgresStore;

use super::{Database, assert_failure, record, who};

#[test]
fn many_first_starts_find_one_table() {
    let database = Database::new("starting");
    for round in 0..5 {
        let table = format!("logins_{round}");
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| database.builder().table(&table).connect().unwrap());
            }
        });
        assert_eq!(database.sql(&format!("SELECT count(*) FROM {table}")), "0");
    }
}

#[test]
fn table_and_schema_can_have_any_name() {
    let database = Database::new("names");
    database.sql("CREATE SCHEMA \"My Schema\"");
    let odd = "lo\"gins; DROP TABLE x; -- é";
    let store = |table: &str| {
        let settings = database.builder().schema("My Schema").table(table);
        settings.connect().unwrap()
    };
    let swapped = store(odd).swap(&who("jane"), None, &record("one"));
    assert_eq!(swapped.unwrap(), SwapOutcome::Stored);
    assert_eq!(store("other").load(&who("jane")).unwrap(), None);
    assert_eq!(store(odd).load(&who("jane")).unwrap(), Some(record("one")));
    let found = "SELECT count(*) FROM pg_tables WHERE schemaname = 'My Schema'";
    assert_eq!(database.sql(found), "2");
}

#[test]
fn the_string_can_name_the_schema() {
    let database = Database::new("schemas");
    database.sql("CREATE SCHEMA logins; CREATE SCHEMA other");
    let tables = "SELECT string_agg(schemaname, ',' ORDER BY schemaname) FROM pg_tables \
        WHERE tablename = 'auth_logins'";
    for parameter in ["schema", "currentSchema", "search_path"] {
        let url = format!("{}&{parameter}=logins", database.url());
        drop(PostgresStore::connect(&*url).unwrap());
        assert_eq!(database.sql(tables), "logins", "{parameter}");
        database.sql("DROP TABLE logins.auth_logins");
    }
    let url = format!(
        "{}&schema=other&options=-c%20search_path%3Dother",
        database.url()
    );
    drop(
        PostgresStore::builder(&*url)
            .schema("logins")
            .connect()
            .unwrap(),
    );
    assert_eq!(database.sql(tables), "logins", "the setting wins");
    let url = format!("{}&options=-c%20search_path%3Dother", database.url());
    drop(PostgresStore::connect(url).unwrap());
    assert_eq!(database.sql(tables), "logins,other");
}

#[test]
fn without_a_search_path_the_error_names_schema() {
    let database = Database::new("pathless");
    database.sql("CREATE ROLE pathless LOGIN SUPERUSER; ALTER ROLE pathless SET search_path = ''");
    let url = database.url_of("pathless");
    let error = PostgresStore::connect(&*url).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    assert!(error.to_string().contains("`schema`"), "{error}");
    let named = PostgresStore::builder(url).schema("public").connect();
    assert_eq!(named.unwrap().load(&who("jane")).unwrap(), None);
}

#[test]
fn an_existing_table_needs_no_right_to_create() {
    let database = Database::new("granted");
    database.sql("CREATE ROLE clerk LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let connect = || PostgresStore::connect(database.url_of("clerk"));

    let error = connect().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    assert!(error.to_string().contains("CREATE"), "{error}");

    drop(database.store());
    let error = connect().unwrap_err();
    assert!(
        error.to_string().contains("SELECT, INSERT and UPDATE"),
        "{error}"
    );

    database.sql("GRANT SELECT, INSERT, UPDATE ON auth_logins TO clerk");
    let store = connect().unwrap();
    let (one, two) = (record("one"), record("two"));
    assert_eq!(
        store.swap(&who("jane"), None, &one).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(
        store.swap(&who("jane"), Some(&one), &two).unwrap(),
        SwapOutcome::Stored
    );

    database.sql("REVOKE UPDATE ON auth_logins FROM clerk");
    let error = store.swap(&who("jane"), Some(&two), &one).unwrap_err();
    assert!(error.to_string().contains("denied"), "{error}");
    assert!(connect().is_err());
}

#[test]
fn the_table_of_the_readme_is_the_table() {
    let database = Database::new("readme");
    let readme = include_str!("../../../README.md");
    let (_, sql) = readme.split_once("```sql\n").unwrap();
    let (sql, _) = sql.split_once("```").unwrap();
    database.sql("CREATE ROLE app LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    database.sql(sql);
    let described = "SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' \
        || a.attnotnull || ' ' || coalesce(c.collname, ''), ', ' ORDER BY a.attnum) \
        FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation \
        WHERE a.attrelid = 'auth_logins'::regclass AND a.attnum > 0";
    let by_hand = database.sql(described);

    let store = PostgresStore::connect(database.url_of("app")).unwrap();
    let swapped = store.swap(&who("jane"), None, &record("one"));
    assert_eq!(swapped.unwrap(), SwapOutcome::Stored);

    database.sql("DROP TABLE auth_logins");
    drop(database.store());
    assert_eq!(database.sql(described), by_hand);
}

#[test]
fn a_table_with_other_columns_is_refused() {
    let database = Database::new("columns");
    for (at, columns) in [
        "identity text PRIMARY KEY",
        "identity text PRIMARY KEY, record text",
        "identity integer PRIMARY KEY, record bytea",
    ]
    .into_iter()
    .enumerate()
    {
        database.sql(&format!("CREATE TABLE wrong_{at} ({columns})"));
        let settings = database.builder().table(format!("wrong_{at}"));
        let error = settings
            .connect()
            .and_then(|store| store.load(&who("jane")))
            .unwrap_err();
        assert!(
            error.to_string().contains("other columns"),
            "{columns}: {error}"
        );
        assert!(error.remedy() != Remedy::Retry);
    }
    database.sql("CREATE TABLE keyless (identity text, record bytea, changed timestamptz)");
    let store = database.builder().table("keyless").connect().unwrap();
    let error = store.swap(&who("jane"), None, &record("one")).unwrap_err();
    assert!(error.to_string().contains("primary key"), "{error}");
}

#[test]
fn an_unlogged_table_is_refused() {
    let database = Database::new("unlogged");
    drop(database.store());
    database.sql("ALTER TABLE auth_logins SET UNLOGGED");
    let error = database.builder().connect().unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "SET LOGGED");
    database.sql("ALTER TABLE auth_logins SET LOGGED");
    drop(database.store());
}

#[test]
fn a_missing_schema_or_table_is_named() {
    let database = Database::new("dropped");
    let error = database.builder().schema("nowhere").connect().unwrap_err();
    assert!(error.to_string().contains("`schema`"), "{error}");

    let store = database.store();
    database.sql("DROP TABLE auth_logins");
    let error = store.load(&who("jane")).unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "the table is missing");
}
