//! `[store]` with a Redis and a PostgreSQL server.

use std::fs;

use auth_sim::Simulator;
use services::{Postgres, Redis, started};

use crate::support::{Home, orders};

/// A home whose logins are in this store; the URL is in a file.
fn home(simulator: &Simulator, kind: &str, url: &str, more: &str) -> Home {
    let home = orders(simulator);
    let place = home.path().join("url");
    fs::write(&place, url).unwrap();
    let config = fs::read_to_string(home.config()).unwrap();
    let place = place.display();
    home.write(&format!(
        "[store]\nkind = \"{kind}\"\nurl = {{ file = \"{place}\" }}\n{more}{config}"
    ));
    home
}

fn token(home: &Home) -> String {
    let ran = home.run("token orders");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran.out
}

/// Two machines, which share nothing but the server, have one login.
fn shares_a_login(kind: &str, url: &str, more: &str) {
    let simulator = Simulator::generic();
    let one = home(&simulator, kind, url, more);
    let other = home(&simulator, kind, url, more);
    let first = token(&one);
    assert_eq!(token(&other), first);
    let renewed = other.run("token orders --refresh");
    assert_eq!(renewed.code, 0, "{}", renewed.err);
    assert_eq!(token(&one), renewed.out);
    assert_eq!(simulator.token_requests().len(), 2);
    assert!(!one.path().join(".local/state/auth-all/logins").exists());
}

/// Encrypts the records.
const SEALED: &str = "seal = { danger_plain = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\" }\n";

#[test]
fn machines_share_a_login_in_redis() {
    let redis = started(Redis::options().password("canary").start());
    shares_a_login("redis", &redis.url(), "");
    shares_a_login("redis", &format!("{}/1", redis.url()), SEALED);
}

#[test]
fn machines_share_a_login_in_postgres() {
    let postgres = started(Postgres::start());
    shares_a_login("postgres", &postgres.url(), SEALED);
    let tables = postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(tables, "1");
}

#[test]
fn a_store_that_is_down_is_an_exit_code_without_its_password() {
    let simulator = Simulator::generic();
    let mut redis = started(Redis::options().password("canary").start());
    let url = redis.url();
    redis.kill();
    let postgres = format!("postgres://ann:canary@127.0.0.1:{}/logins", redis.port());
    for (kind, url) in [("redis", url.as_str()), ("postgres", postgres.as_str())] {
        let home = home(&simulator, kind, url, "");
        let ran = home.run("--log debug token orders");
        assert_eq!(ran.out, "", "{}", ran.err);
        assert!([74, 75].contains(&ran.code), "{}: {}", ran.code, ran.err);
        assert!(!ran.err.contains("canary"), "{}", ran.err);
    }
}
