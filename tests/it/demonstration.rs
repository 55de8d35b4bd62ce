//! The demonstration that `cargo xtask demo` runs.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs it as on a machine without Node and Chromium.
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
fn a_login_in_chromium_is_shown_in_a_hundred_columns() {
    let demo = Command::new(env!("CARGO_BIN_EXE_demo")).output().unwrap();
    let shown = text(&demo);
    assert!(demo.status.success(), "{shown}");
    let steps = shown.lines().filter(|line| line.starts_with("ok  "));
    let names: Vec<_> = steps.map(|line| line[6..20].trim()).collect();
    let story = [
        "discover", "log in", "use", "renew", "log out", "too late", "log in", "use",
    ];
    assert_eq!(names, story, "{shown}");
    assert!(shown.ends_with("\n8 steps, 8 ok, 0 failed\n"), "{shown}");
    let widest = shown.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{shown}");
    for whole in ["Bearer …", "access_token=…", "refresh_token=…"] {
        assert!(shown.contains(whole), "{whole}: {shown}");
    }
    assert!(!shown.contains("alice's password"), "{shown}");
}

#[test]
fn a_missing_browser_is_named_with_the_command() {
    for args in [&[][..], &["--browser"]] {
        let output = demo(args);
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        let advice = "is missing; `cargo xtask setup` installs it";
        assert!(said.contains(advice), "{args:?}: {said}");
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
