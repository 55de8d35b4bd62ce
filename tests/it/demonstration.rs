//! The demonstration that `cargo xtask demo` runs, as a newcomer or a machine sees it.
//!
//! Here it finds no program beside itself, so neither Node nor Chromium; `real_browser` has them.

use std::process::{Command, Output};

use auth_sim::{aerion, aeris, ermeo, generic};
use serde_json::Value;

#[test]
fn it_ends_in_success_and_counts_its_steps() {
    let output = demo(&[]);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    let last = text.lines().next_back().unwrap();
    let steps = text.lines().filter(|line| line.starts_with("ok  ")).count();
    assert_eq!(last, format!("{steps} steps, {steps} ok, 0 failed"));
}

#[test]
fn it_shows_every_vendor_and_every_grant_in_a_hundred_columns() {
    let text = text(&demo(&[]));
    for heading in [
        "Aerion",
        "Aeris",
        "Ermeo",
        "OAuth 2.0, authorization_code",
        "OAuth 2.0, implicit",
        "OAuth 2.0, password",
        "OAuth 2.0, client_credentials",
        "OAuth 2.0, refresh_token",
        "OAuth 2.0, in a browser",
        "OAuth 2.0, device_code",
    ] {
        assert!(text.contains(&format!("\n{heading}: ")), "{heading}");
    }
    for step in [
        "obtain",
        "use",
        "expire",
        "refresh",
        "reuse",
        "wrong secret",
        "401 retry",
        "discover",
        "open",
        "renew",
        "log out",
        "too late",
        "enter it",
    ] {
        assert!(text.contains(&format!("\nok    {step:14}")), "{step}");
    }
    let widest = text
        .lines()
        .max_by_key(|line| line.chars().count())
        .unwrap();
    assert!(widest.chars().count() <= 100, "{widest}");
    assert!(!text.contains('\x1b'), "colour is for terminals");
}

#[test]
fn what_is_missing_is_said_and_something_else_is_played() {
    let said = [
        "So the login is at the simulator",
        "installs a real server",
        "So a plain HTTP client opens the pages",
        "elsewhere install Chromium",
    ];
    let told = text(&demo(&[]));
    assert!(said.iter().all(|said| told.contains(said)), "{told}");
    assert!(told.contains("title=You are logged in"), "{told}");
    // To machines it is said where it does not disturb.
    let told = String::from_utf8(demo(&["--json"]).stderr).unwrap();
    assert!(said.iter().all(|said| told.contains(said)), "{told}");
}

#[test]
fn it_shows_no_password_and_no_client_secret() {
    let secrets = [
        aerion::PASSWORD,
        aeris::CLIENT_SECRET,
        aeris::ACCOUNT_SECRET,
        ermeo::CLIENT_SECRET,
        ermeo::PASSWORD,
        generic::CLIENT_SECRET,
        generic::PASSWORD,
    ];
    for text in [text(&demo(&[])), text(&demo(&["--json"]))] {
        assert!(secrets.iter().all(|secret| !text.contains(secret)));
    }
}

#[test]
fn with_json_every_line_is_an_object_and_the_last_one_counts() {
    let output = demo(&["--json"]);
    let text = text(&output);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, steps) = lines.split_last().unwrap();
    assert_eq!(last["steps"], steps.len());
    assert_eq!(last["failed"], 0);
    assert!(
        steps
            .iter()
            .all(|step| step["ok"] == true && step["vendor"].is_string())
    );
    let refresh = steps.iter().find(|step| step["step"] == "refresh").unwrap();
    assert_eq!(
        refresh["exchanges"][0]["sent"]["grant_type"],
        "refresh_token"
    );
    assert_eq!(refresh["exchanges"][0]["status"], 200);
}

#[test]
fn an_argument_it_does_not_know_is_refused() {
    let output = demo(&["--jsno"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage: cargo xtask demo [--json]"));
}

#[test]
fn a_fleet_with_a_store_loses_nothing_and_the_verdict_says_so() {
    let output = demo(&["--fleet", "--hours", "4", "--processes", "4"]);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.ends_with("verdict: kept\n"), "{text}");
    for hour in ["  1.0  ", "  2.0  ", "  3.0  ", "  4.0  "] {
        let row = text.lines().find(|line| line.starts_with(hour));
        assert!(row.is_some(), "{hour}: {text}");
    }
    for said in [
        "each refresh token sent at most once",
        "logins; lost: 0\n",
        "\nwith a file     ",
        "lost: 0 of 4\n\nverdict",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
    assert!(!text.contains(['\x1b', '\r']), "{text}");
}

#[test]
fn a_fleet_with_json_is_an_object_for_each_hour_and_one_for_the_verdict() {
    let output = demo(&["--fleet", "--json", "--hours", "3", "--processes", "4"]);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (verdict, hours) = lines.split_last().unwrap();
    let hours: Vec<_> = hours.iter().map(|hour| &hour["hour"]).collect();
    assert_eq!(hours, [1, 2, 3]);
    assert_eq!(verdict["kept"], true);
    assert_eq!(verdict["store"]["lost"], 0);
    assert_eq!(verdict["store"]["most_sends"], 1);
    assert!(verdict["store"]["kills"].as_u64() > Some(0), "{verdict}");
    assert!(verdict["file"]["lost"].is_u64() && verdict["file_and_password"]["logins"].is_u64());
}

#[test]
fn a_fleet_over_an_unknown_store_is_refused() {
    let output = demo(&["--fleet", "--store", "memory"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--store file|redis|postgres"));
}

fn demo(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_demo"))
        .args(args)
        .env("PATH", "/nonexistent")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
