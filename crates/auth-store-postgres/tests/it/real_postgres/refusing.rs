//! Wrong servers, users and databases; and errors, which show no secret.

use auth_core::error::{Remedy, StoreFailure};
use auth_core::store::{Record, Store, SwapOutcome};
use auth_core::{Error, Secret};
use auth_store_postgres::PostgresStore;
use services::{Postgres, started};

use super::{Database, assert_failure, record, who};

#[test]
fn a_wrong_password_is_refused_and_not_shown() {
    let database = Database::new("passwords");
    database.may_need_passwords();
    database.sql("CREATE ROLE jane LOGIN SUPERUSER PASSWORD 'canary' IN ROLE with_password");
    let connect = |password: &str| {
        let settings = PostgresStore::builder(database.url_of("jane"));
        settings.password(Secret::new(password)).connect()
    };
    let store = connect("canary").unwrap();
    assert!(!format!("{store:?}").contains("canary"), "{store:?}");

    let wrong = connect("canary-2").unwrap_err();
    assert!(wrong.to_string().contains("28P01"), "{wrong}");
    let none = PostgresStore::connect(database.url_of("jane")).unwrap_err();
    assert!(none.to_string().contains("`password`"), "{none}");
    for error in [wrong, none] {
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        assert!(
            !format!("{error:?} {error}").contains("canary"),
            "{error:?}"
        );
    }

    // In the connection string, too, with special characters escaped.
    database.sql("ALTER ROLE jane PASSWORD 'p@ss:/?word'");
    let url = database.url_of("jane:p%40ss%3A%2F%3Fword");
    assert!(PostgresStore::connect(url).is_ok());
}

#[test]
fn a_changed_password_is_named() {
    let database = Database::new("rotated");
    database.sql("CREATE ROLE with_password_2; CREATE ROLE joe LOGIN SUPERUSER PASSWORD 'old'");
    let store = PostgresStore::connect(database.url_of("joe:old")).unwrap();
    database.sql("ALTER ROLE joe NOLOGIN");
    assert_eq!(database.terminate(), 1);
    let error = store.load(&who("jane")).unwrap_err();
    assert!(error.to_string().contains("28000"), "{error}");
    database.sql("ALTER ROLE joe LOGIN");
    assert_eq!(store.load(&who("jane")).unwrap(), None);
}

#[test]
fn a_missing_database_or_user_names_the_setting() {
    let database = Database::new("missing");
    let server = database.server();
    let error = PostgresStore::connect(server.url_of("postgres", "nowhere")).unwrap_err();
    assert!(error.to_string().contains("database"), "{error}");
    let error = PostgresStore::connect(server.url_of("unknown_user", "missing")).unwrap_err();
    assert!(error.to_string().contains("the user"), "{error}");
}

#[test]
fn a_standby_is_refused_and_its_primary_is_found() {
    let mut primary = started(Postgres::start());
    let store = PostgresStore::connect(primary.url()).unwrap();
    let one = record("one");
    assert_eq!(
        store.swap(&who("jane"), None, &one).unwrap(),
        SwapOutcome::Stored
    );
    let standby = primary.standby().unwrap();
    assert_eq!(standby.sql("SELECT pg_is_in_recovery()"), "t");

    let error = PostgresStore::connect(standby.url()).unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "standby");
    assert!(error.remedy() != Remedy::Retry);

    let both = [(&standby, &primary), (&primary, &standby)].map(|(one, other)| {
        let hosts = format!("127.0.0.1:{},127.0.0.1:{}", one.port(), other.port());
        format!("postgres://postgres@{hosts}/postgres")
    });
    for hosts in &both {
        let store = PostgresStore::connect(hosts).unwrap();
        assert_eq!(store.load(&who("jane")).unwrap(), Some(one.clone()));
    }

    // Until the standby is promoted, no server accepts writes, and that passes.
    primary.kill();
    for hosts in &both {
        let error = PostgresStore::connect(hosts).unwrap_err();
        assert!(error.remedy() == Remedy::Retry, "{error}");
    }
}

#[test]
fn a_read_only_database_is_refused() {
    let database = Database::new("reading");
    let store = database.store();
    database.sql("ALTER DATABASE reading SET default_transaction_read_only = on");
    let error = database.builder().connect().unwrap_err();
    assert_failure(
        &error,
        StoreFailure::Unsafe,
        "default_transaction_read_only",
    );
    assert_eq!(database.terminate(), 1);
    let error = store.swap(&who("jane"), None, &record("one")).unwrap_err();
    assert_failure(&error, StoreFailure::Unsafe, "accepts no writes");
}

#[test]
fn a_server_without_room_is_worth_a_retry() {
    let database = Database::new("crowded");
    database.sql("CREATE ROLE alone LOGIN CONNECTION LIMIT 1; GRANT ALL ON SCHEMA public TO alone");
    let store = PostgresStore::connect(database.url_of("alone")).unwrap();
    let error = PostgresStore::connect(database.url_of("alone")).unwrap_err();
    assert_failure(&error, StoreFailure::Unavailable, "53300");
    assert_eq!(store.load(&who("jane")).unwrap(), None);
}

#[test]
fn a_quoted_row_is_in_no_error_and_no_log() {
    let database = Database::new("quoting");
    drop(database.store());
    // Each makes the server respond with the row in its DETAIL, or with a text that holds it.
    let wrecks = [
        ("ALTER TABLE auth_logins ADD CHECK (octet_length(record) < 5)", true),
        ("ALTER TABLE auth_logins ADD more text NOT NULL", true),
        (
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               RAISE NOTICE 'a row changes';
               RAISE EXCEPTION 'no %', convert_from(NEW.record, 'UTF8'); END $$;
             CREATE TRIGGER shout BEFORE INSERT ON auth_logins FOR EACH ROW EXECUTE FUNCTION shout()",
            false,
        ),
    ];
    let secret = Record::from_bytes(b"canary-record".to_vec());
    let hexadecimal: String = secret
        .expose()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for (wreck, quotes_bytes) in wrecks {
        let database_sql = |sql: &str| database.sql(sql);
        database_sql(wreck);
        let mut beside = database.beside();
        let quoted = beside.execute(INSERT, &[]).unwrap_err();
        let quoted = format!("{quoted:?}");
        let needle = if quotes_bytes {
            hexadecimal.as_str()
        } else {
            "canary-record"
        };
        assert!(quoted.contains(needle), "the server does quote: {quoted}");

        let error = database
            .store()
            .swap(&who("jane"), None, &secret)
            .unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("canary") && !shown.contains(&hexadecimal),
            "{shown}"
        );
        database_sql("DROP TABLE auth_logins");
        drop(database.store());
    }
    let logged = crate::logs::all();
    let ours = logged
        .lines()
        .filter(|line| line.contains("auth_store_postgres") || line.contains("tokio_postgres"));
    for line in ours {
        assert!(
            !line.contains("canary") && !line.contains(&hexadecimal),
            "{line}"
        );
    }
}

#[test]
fn the_server_shows_and_logs_no_record() {
    let database = Database::new("showing");
    let store = database.store();
    let secret = Record::from_bytes(b"canary-record".to_vec());
    let next = Record::from_bytes(b"canary-next".to_vec());
    assert_eq!(
        store.swap(&who("jane"), None, &secret).unwrap(),
        SwapOutcome::Stored
    );
    assert_eq!(
        store.swap(&who("jane"), Some(&secret), &next).unwrap(),
        SwapOutcome::Stored
    );
    let shown =
        database.sql("SELECT query FROM pg_stat_activity WHERE application_name = 'showing'");
    assert!(shown.starts_with("UPDATE"), "{shown}");
    let hexadecimal = format!("{:02x}{:02x}", b'c', b'a');
    assert!(
        !shown.contains("canary") && !shown.contains(&hexadecimal),
        "{shown}"
    );
}

/// The client library logs this text; it is written so that the record is not in it.
const INSERT: &str = "INSERT INTO auth_logins (identity, record) \
    VALUES ('x', convert_to('can' || 'ary-record', 'UTF8'))";
