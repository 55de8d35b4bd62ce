//! The demonstration that `cargo xtask demo` runs, on a machine without Node and Chromium.

use std::fs;
use std::process::{Command, Output};

use auth_sim::{aerion, aeris, ermeo, generic};
use serde_json::Value;

fn demo(args: &[&str]) -> Output {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"));
    demo.args(args)
        .env("PATH", "/nonexistent")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn each_vendor_takes_the_same_steps_in_a_hundred_columns() {
    let output = demo(&[]);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    let steps: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("ok  "))
        .collect();
    let count = steps.len();
    assert!(
        text.ends_with(&format!("\n{count} steps, {count} ok, 0 failed\n")),
        "{text}"
    );
    let story = [
        "log in",
        "use",
        "expire",
        "refresh",
        "401 retry",
        "wrong secret",
        "once more",
    ];
    for heading in ["Aerion", "Aeris", "Ermeo", "OAuth 2.0, client_credentials"] {
        let (_, rest) = text.split_once(&format!("\n{heading}: ")).expect(heading);
        let steps = rest
            .lines()
            .skip(1)
            .take_while(|line| !line.contains(": ") || line.starts_with([' ', 'o']));
        let names: Vec<_> = steps
            .filter(|line| line.starts_with("ok"))
            .map(|line| line[6..20].trim())
            .collect();
        let names: Vec<_> = names.iter().filter(|name| **name != "reuse").collect();
        assert!(
            names.iter().map(|name| **name).eq(story),
            "{heading}: {names:?}"
        );
    }
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
}

#[test]
fn a_missing_browser_is_named_with_the_command() {
    let output = demo(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("is missing; `cargo xtask setup` installs it"),
        "{said}"
    );
    let output = demo(&["--browser"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cargo xtask setup"), "{said}");
}

#[test]
fn it_shows_no_password_and_no_client_secret() {
    let shown = text(&demo(&[]));
    for secret in [
        aerion::PASSWORD,
        aeris::CLIENT_SECRET,
        aeris::ACCOUNT_SECRET,
        ermeo::CLIENT_SECRET,
        ermeo::PASSWORD,
        generic::CLIENT_SECRET,
        generic::PASSWORD,
    ] {
        assert!(!shown.contains(secret), "{secret}");
    }
    for whole in [
        "Bearer …",
        "access_token=…",
        "refresh_token=…",
        "password=***",
    ] {
        assert!(shown.contains(whole), "{whole}");
    }
}

#[test]
fn an_unknown_argument_is_refused() {
    for args in [
        &["--jsno"][..],
        &["--fleet", "--hours"],
        &["--fleet", "--store", "memory"],
        &["--fleet", "--processes", "1"],
    ] {
        let output = demo(args);
        assert!(!output.status.success(), "{args:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("usage: cargo xtask demo"), "{said}");
    }
}

#[test]
fn a_fleet_loses_nothing_and_logs_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("fleet.jsonl");
    let log = log.to_str().unwrap();
    let output = demo(&["--fleet", "--hours", "4", "--processes", "4", "--log", log]);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.ends_with("\nverdict: kept\n"), "{text}");
    for hour in ["    1  ", "    2  ", "    3  ", "    4  "] {
        assert!(
            text.lines().any(|line| line.starts_with(hour)),
            "{hour}: {text}"
        );
    }
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");

    let log = fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let count = |name: &str, value: &str| lines.iter().filter(|line| line[name] == value).count();
    assert_eq!(
        (&lines[0]["did"], &lines[0]["token_life"]),
        (&"begin".into(), &7200.into())
    );
    let (kills, starts) = (count("did", "die"), count("did", "start"));
    assert!(kills > 0 && starts == 4 + kills, "{log}");
    assert!(
        count("server", "login") > 0 && count("server", "refresh") > 0,
        "{log}"
    );
    let end = lines.last().unwrap();
    assert_eq!((&end["lost"], &end["most_sends"]), (&0.into(), &1.into()));
}
