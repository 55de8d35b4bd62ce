//! Settings that could lose a login.

use auth_store_redis::RedisStore;
use services::{Redis, RedisOptions, journal, started};

use super::{CANARY, raw, run, store};

/// The log of connecting to such a server, which works anyway.
fn logged(options: RedisOptions) -> Vec<String> {
    let redis = started(options.start());
    let (store, logged) = journal::of(|| store(&redis));
    drop(store);
    logged
}

#[track_caller]
fn one_warning(logged: &[String]) -> &str {
    let [line] = logged else { panic!("{logged:?}") };
    let start = "WARN auth_store_redis::builder: Redis may lose logins that it has acknowledged: ";
    assert!(!line.contains('\n'), "{line}");
    line.strip_prefix(start).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn a_safe_server_gets_no_warning() {
    for policy in ["noeviction", "volatile-lru"] {
        let options = Redis::options()
            .set("maxmemory", "64mb")
            .set("maxmemory-policy", policy);
        let logged = logged(options);
        assert_eq!(logged, [""; 0]);
    }
    let options = Redis::options().set("maxmemory-policy", "allkeys-lru");
    assert_eq!(logged(options), [""; 0], "maxmemory is not set");
}

#[test]
fn each_unsafe_setting_is_named_with_its_fix() {
    let safe = Redis::options;
    for (options, repair) in [
        (safe().set("appendonly", "no"), "CONFIG SET appendonly yes"),
        (
            safe().set("appendfsync", "everysec"),
            "CONFIG SET appendfsync always",
        ),
        (
            safe().set("appendfsync", "no"),
            "CONFIG SET appendfsync always",
        ),
        (
            safe().set("no-appendfsync-on-rewrite", "yes"),
            "CONFIG SET no-appendfsync-on-rewrite no",
        ),
        (
            safe()
                .set("maxmemory", "64mb")
                .set("maxmemory-policy", "allkeys-lru"),
            "CONFIG SET maxmemory-policy noeviction",
        ),
    ] {
        let logged = logged(options);
        let warning = one_warning(&logged);
        assert!(warning.contains(repair), "{warning}");
        assert_eq!(warning.matches("CONFIG SET").count(), 1, "{warning}");
    }
}

#[test]
fn the_warning_fixes_a_server_with_defaults() {
    let delivered = Redis::options()
        .set("appendonly", "no")
        .set("appendfsync", "everysec");
    let redis = started(delivered.start());
    let (_, logged) = journal::of(|| store(&redis));
    let warning = one_warning(&logged);
    let mut repairs = 0;
    for part in warning.split('(').skip(1) {
        let command = part.split(')').next().unwrap();
        let () = run(&mut raw(&redis), command);
        repairs += 1;
    }
    assert_eq!(repairs, 2, "{warning}");
    assert_eq!(journal::of(|| store(&redis)).1, [""; 0]);
}

#[test]
fn a_cluster_gets_a_warning() {
    let redis = started(Redis::options().set("cluster-enabled", "yes").start());
    // It serves no slot yet; that is another matter.
    let (outcome, logged) = journal::of(|| RedisStore::connect(redis.url()));
    assert!(outcome.unwrap_err().to_string().contains("CLUSTERDOWN"));
    assert!(one_warning(&logged).contains("in cluster mode"));
}

#[test]
fn hidden_settings_get_a_warning() {
    let redis = started(Redis::options().set("appendonly", "no").start());
    for (at, forbidden) in ["-config", "-info", "-config -info"]
        .into_iter()
        .enumerate()
    {
        let rule = format!("ACL SETUSER user{at} on >{CANARY} ~* &* +@all {forbidden}");
        let () = run(&mut raw(&redis), &rule);
        let url = format!("redis://user{at}:{CANARY}@127.0.0.1:{}", redis.port());
        let (store, logged) = journal::of(|| RedisStore::connect(&url));
        store.unwrap();
        let warning = one_warning(&logged);
        assert!(
            warning.contains("cannot read all of its settings"),
            "{warning}"
        );
        assert_eq!(warning.contains("SET appendonly"), at == 0, "{warning}");
        assert!(!warning.contains(CANARY));
    }
}
