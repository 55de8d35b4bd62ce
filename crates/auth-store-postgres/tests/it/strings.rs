//! Connection strings as providers and other clients write them: accepted, or refused with the odd part.

use std::net::TcpListener;

use auth_core::Error;
use auth_core::error::Remedy;
use auth_store_postgres::PostgresStore;

/// The reason why it is refused before the network is used; nothing of it is shown.
#[track_caller]
fn refused(text: &str) -> String {
    let error = PostgresStore::connect(text).unwrap_err();
    assert!(
        matches!(error, Error::Configuration { .. }),
        "{text}: {error}"
    );
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("cannot be read"), "{text}: {shown}");
    error.to_string()
}

/// A parameter is refused by its name, with the correction.
#[track_caller]
fn names(parameters: &str, about: &[&str]) {
    for text in [
        format!("postgres://app:canary@127.0.0.1:1/app?{parameters}"),
        format!(
            "host=127.0.0.1 port=1 password=canary {}",
            parameters.replace('&', " ")
        ),
    ] {
        let why = refused(&text);
        for part in about {
            assert!(why.contains(part), "{parameters}: {why}");
        }
    }
}

/// The string can be used, for a server that is down.
#[track_caller]
fn taken(text: &str) {
    let port = {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        taken.local_addr().unwrap().port()
    };
    let text = text.replace("PORT", &port.to_string());
    let error = PostgresStore::connect(text.clone()).unwrap_err();
    assert!(error.remedy() == Remedy::Retry, "{text}: {error}");
    assert!(
        error.to_string().contains("check that it runs"),
        "{text}: {error}"
    );
}

#[test]
fn parameters_without_effect_are_accepted() {
    for parameters in [
        "sslmode=disable",
        "sslmode=allow",
        "sslmode=prefer",
        "ssl=false",
        "ssl=0&requiressl=0",
        "application_name=x&connect_timeout=10&target_session_attrs=read-write",
        "ApplicationName=x&fallback_application_name=y",
        "target_session_attrs=any",
        "target_session_attrs=primary",
        "targetServerType=primary",
        "channel_binding=prefer",
        "options=-c%20statement_timeout%3D5s",
        "client_encoding=utf8",
        "gssencmode=prefer&sslcertmode=allow&sslcompression=0&sslsni=1",
        "ssl_min_protocol_version=TLSv1.2",
        "keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3",
        "tcp_user_timeout=5000&connect_timeout=0",
        "pgbouncer=true&connection_limit=1&pool_timeout=0",
        "prepareThreshold=0&reWriteBatchedInserts=true&tcpKeepAlive=true",
        "statement_cache_size=0&prepared_statements=false&default_query_exec_mode=exec",
        "pool_max_conns=4&pool_mode=transaction&workaround=supabase-pooler.vercel",
        "load_balance_hosts=random&loadBalanceHosts=true",
        "schema=public",
        "serverVersion=16&charset=utf8&supa=base-pooler.x&uselibpqcompat=true",
        "",
    ] {
        taken(&format!(
            "postgres://app:pw@127.0.0.1:PORT/app?{parameters}"
        ));
        let words = parameters
            .replace('&', " ")
            .replace("%20", "\\ ")
            .replace("%3D", "=");
        taken(&format!("host=127.0.0.1 port=PORT user=app {words}"));
    }
}

#[test]
fn the_schemes_of_other_clients_are_accepted() {
    for scheme in [
        "postgres",
        "postgresql",
        "POSTGRES",
        "postgresql+psycopg",
        "postgresql+psycopg2",
        "postgresql+asyncpg",
        "postgres+pool",
        "psql",
        "pgsql",
        "postgis",
        "jdbc:postgresql",
        "r2dbc:postgresql",
    ] {
        taken(&format!("{scheme}://app:pw@127.0.0.1:PORT/app"));
    }
    taken("jdbc:postgresql://127.0.0.1:PORT/app?user=app&password=pw");
    taken("  postgres://app:pw@127.0.0.1:PORT/app\n");
}

#[test]
fn a_string_of_another_kind_is_named() {
    for (text, about) in [
        ("", "empty"),
        (" \n", "empty"),
        ("\"postgres://app:canary@127.0.0.1/app\"", "quotes"),
        ("psql 'postgres://app:canary@127.0.0.1/app'", "`psql`"),
        ("mysql://app:canary@127.0.0.1/app", "scheme"),
        ("https://canary@127.0.0.1", "scheme"),
        ("prisma+postgres2://canary@127.0.0.1", "scheme"),
        ("127.0.0.1:5432/app", "no scheme"),
        ("canary", "no scheme"),
        ("jdbc:postgresql:app", "no host"),
        ("postgres:///app", "no host"),
        ("user=app password=canary", "no host"),
        ("Host=127.0.0.1;Username=app;Password=canary", "ADO.NET"),
        ("Host=127.0.0.1; User Id=app; Password=canary;", "ADO.NET"),
        ("postgres://app:can@ary@127.0.0.1/app", "`%40`"),
        ("postgres://app:can@ary?canary=1@127.0.0.1/app", "`%40`"),
        ("postgres://:canary@127.0.0.1/app", "user is empty"),
        ("postgres://a,b,c/app?port=1,2", "port"),
    ] {
        let why = refused(text);
        assert!(why.contains(about), "{text}: {why}");
        assert!(why.contains("postgres://user:password@host"), "{why}");
    }
}

#[test]
fn an_unsupported_parameter_is_named() {
    for (parameters, about) in [
        (
            "sslmode=no-verify",
            &["`sslmode`", "`PostgresStoreBuilder::only_authorities`"][..],
        ),
        ("sslmode=canary", &["`sslmode`", "verify-full"]),
        (
            "sslaccept=accept_invalid_certs",
            &["`sslaccept`", "verification"],
        ),
        ("sslfactory=canary", &["`sslfactory`", "verification"]),
        (
            "sslcert=canary&sslkey=canary",
            &["`sslcert`", "`PostgresStoreBuilder::client_certificate`"],
        ),
        ("sslcrl=canary", &["`sslcrl`"]),
        ("sslcertmode=require", &["`sslcertmode`"]),
        ("ssl_min_protocol_version=TLSv1.3", &["`TLSv1.2`"]),
        ("target_session_attrs=standby", &["`read-write`", "standby"]),
        (
            "target_session_attrs=prefer-standby",
            &["`target_session_attrs`"],
        ),
        ("targetServerType=secondary", &["`target_session_attrs`"]),
        (
            "schema=one,two",
            &["`schema`", "`PostgresStoreBuilder::schema`"],
        ),
        (
            "currentSchema=one,two",
            &["`currentSchema`", "`PostgresStoreBuilder::schema`"],
        ),
        ("service=canary", &["`service`"]),
        (
            "passfile=canary",
            &["`passfile`", "`PostgresStoreBuilder::password`"],
        ),
        (
            "require_auth=scram-sha-256",
            &["`require_auth`", "pg_hba.conf"],
        ),
        ("gssencmode=require", &["`gssencmode`", "Kerberos"]),
        ("krbsrvname=canary", &["`krbsrvname`", "Kerberos"]),
        ("replication=database", &["`replication`"]),
        (
            "authenticationPluginClassName=canary",
            &[
                "`authenticationPluginClassName`",
                "`PostgresStoreBuilder::password`",
            ],
        ),
        ("socketFactory=canary", &["`socketFactory`"]),
        (
            "oauth_client_id=canary",
            &["`oauth_issuer`", "`PostgresStoreBuilder::password`"],
        ),
        ("client_encoding=latin1", &["`client_encoding`", "UTF8"]),
        (
            "statement_timeout=5s",
            &["`statement_timeout`", "`PostgresStoreBuilder::timeout`"],
        ),
        ("connect_timeout=canary", &["`connect_timeout`", "value"]),
        ("channel_binding=canary", &["`channel_binding`", "value"]),
        (
            "load_balance_hosts=canary",
            &["`load_balance_hosts`", "value"],
        ),
    ] {
        names(parameters, about);
    }
}

/// Its name may be part of a password.
#[test]
fn an_unknown_parameter_is_named_by_its_position() {
    let why = refused("postgres://app@127.0.0.1/app?application_name=x&canary=1");
    assert!(why.contains("parameter 2 is not one"), "{why}");
    let why = refused("host=127.0.0.1 canary=1");
    assert!(why.contains("parameter 2 is not one"), "{why}");
}

#[test]
fn localhost_needs_tls_or_its_address() {
    let why = refused("postgres://app:canary@localhost/app?sslmode=disable");
    assert!(why.contains("write `127.0.0.1`"), "{why}");
}

#[test]
fn channel_binding_needs_tls() {
    let why = refused("postgres://app@127.0.0.1/app?channel_binding=require");
    assert!(why.contains("`channel_binding=require`"), "{why}");
    assert!(why.contains("`sslmode=require`"), "{why}");
}

#[test]
fn a_password_can_be_written_in_any_way() {
    for text in [
        "postgres://app:p%40s%23s%2F@127.0.0.1:PORT/app",
        "postgres://app:p#s/s?t@127.0.0.1:PORT/app",
        "postgres://app@127.0.0.1:PORT/app?application_name=a@b",
        "postgres://127.0.0.1:PORT/app?user=app&password=p%40ss",
        "host='127.0.0.1' port = PORT user=app password='it\\'s; a = b'",
        "host=127.0.0.1 port=PORT password=a\\ b\\\\ user=app",
    ] {
        taken(text);
    }
}

#[cfg(feature = "tls")]
#[test]
fn every_name_of_tls_means_tls() {
    for parameters in [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
        "sslmode=verify-full&sslrootcert=system",
        "ssl=true",
        "requiressl=1",
        "sslmode=require&channel_binding=require",
        "sslmode=require&sslaccept=strict",
    ] {
        let error = without_tls("127.0.0.1", &format!("?{parameters}"));
        let why = error.to_string();
        assert!(
            unavailable(&error) && why.contains("`ssl = on`"),
            "{parameters}: {why}"
        );
        assert!(!why.contains("localhost"), "{why}");
        assert!(why.contains("remove `sslmode`"), "{why}");
    }
}

#[cfg(feature = "tls")]
#[test]
fn a_missing_file_of_authorities_is_named() {
    let why =
        refused("postgres://app@127.0.0.1/app?sslmode=verify-ca&sslrootcert=/canary/root.crt");
    assert!(why.contains("`sslrootcert`"), "{why}");
    let folder = std::env::current_exe().unwrap();
    let text = format!(
        "host=127.0.0.1 sslmode=verify-full sslrootcert='{}'",
        folder.display()
    );
    let why = refused(&text);
    assert!(why.contains("no certificate in PEM"), "{why}");
}

#[cfg(feature = "tls")]
#[test]
fn localhost_leads_to_its_address() {
    for name in ["localhost", "LOCALHOST", "localhost."] {
        let error = without_tls(name, "");
        let why = error.to_string();
        assert!(why.contains("`127.0.0.1`, which needs no TLS"), "{why}");
    }
}

/// It may be another address than that of the server, which listens at one of two.
#[cfg(feature = "tls")]
#[test]
fn localhost_without_a_server_names_the_address() {
    let port = {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        taken.local_addr().unwrap().port()
    };
    let error = PostgresStore::connect(format!("postgres://app@localhost:{port}/app")).unwrap_err();
    assert!(unavailable(&error), "{error}");
    assert!(error.to_string().contains("`127.0.0.1`"), "{error}");
}

/// The error for a server that has no TLS.
#[cfg(feature = "tls")]
fn without_tls(host: &str, parameters: &str) -> Error {
    use std::io::{Read, Write};
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in server.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 1024]);
            // "No": its response to the request for TLS.
            let _ = stream.write_all(b"N");
        }
    });
    let text = format!("postgres://app:canary@{host}:{port}/app{parameters}");
    let error = PostgresStore::connect(text).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
    error
}

#[cfg(feature = "tls")]
fn unavailable(error: &Error) -> bool {
    matches!(
        error,
        Error::Store {
            failure: auth_core::error::StoreFailure::Unavailable,
            ..
        }
    )
}
