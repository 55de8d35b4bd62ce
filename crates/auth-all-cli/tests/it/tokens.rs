//! `auth-all token`.

use std::fs::OpenOptions;
use std::process::Stdio;
use std::time::Duration;

use auth_sim::{Fault, Simulator, Vendor};
use serde_json::Value;

use crate::support::{PROGRAM, Ran, assets, orders, ran};

fn printed(ran: &Ran) -> String {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    ran.out.trim_end().to_owned()
}

#[test]
fn a_token_is_kept_for_the_next_call() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let first = printed(&home.run("token orders"));
    assert!(!first.is_empty() && !first.contains(char::is_whitespace));
    assert_eq!(printed(&home.run("token orders")), first);
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn each_format_has_the_token() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let token = printed(&home.run("token orders"));
    let format = |name: &str| printed(&home.run(&format!("token orders -f {name}")));
    assert_eq!(format("token"), token);
    let header = format!("Authorization: Bearer {token}");
    assert_eq!(format("header"), header);
    assert_eq!(format("curl"), format!("header = \"{header}\""));
    assert_eq!(format("env"), format!("export API_TOKEN='{token}'"));
    assert_eq!(format("dotenv --name T"), format!("T='{token}'"));
    let json: Value = serde_json::from_str(&format("json")).unwrap();
    assert_eq!(json["access_token"], token.as_str());
    assert_eq!(json["profile"], "orders");
    assert_eq!(json["token_type"], "Bearer");
    let keys: Vec<_> = json.as_object().unwrap().keys().collect();
    let known = [
        "access_token",
        "expires_at",
        "expires_at_epoch",
        "profile",
        "scope",
        "token_type",
    ];
    assert_eq!(keys, known);
}

#[test]
fn a_new_token_on_request() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let first = printed(&home.run("token orders --refresh"));
    assert_eq!(simulator.token_requests().len(), 1);
    let second = printed(&home.run("token orders --refresh"));
    assert_ne!(second, first);
    assert_eq!(printed(&home.run("token orders")), second);
    assert_eq!(simulator.token_requests().len(), 2);
}

#[test]
fn a_rejected_token_is_replaced_once() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let first = printed(&home.run("token orders"));
    let after = |input: &str| printed(&home.run_with_input("token orders --rejected", input));
    let second = after(&format!("Bearer {first}\n"));
    assert_ne!(second, first);
    // Another process reports the old token too late.
    assert_eq!(after(&first), second);
    assert_eq!(simulator.token_requests().len(), 2);
}

#[test]
fn a_rejected_token_must_be_on_standard_input() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let ran = home.run_with_input("token orders --rejected", "");
    assert_eq!((ran.code, ran.out.as_str()), (64, ""));
    assert_eq!(ran.err, "auth-all: standard input is empty\n");
}

#[test]
fn a_short_lived_token_is_replaced_for_min_life() {
    let builder =
        Simulator::builder(Vendor::Generic).access_token_lifetime(Duration::from_secs(600));
    let simulator = builder.start().unwrap();
    let home = orders(&simulator);
    let first = printed(&home.run("token orders --min-life 5m"));
    assert_eq!(printed(&home.run("token orders --min-life 590s")), first);
    assert_eq!(simulator.token_requests().len(), 1);
    let ran = home.run("token orders --min-life 1h");
    assert_eq!((ran.code, ran.out.as_str()), (75, ""));
    assert!(ran.err.contains("shorter than `--min-life`"), "{}", ran.err);
    assert_eq!(simulator.token_requests().len(), 2);
}

#[test]
fn without_a_login_a_person_must_log_in() {
    let simulator = Simulator::ermeo();
    let ran = assets(&simulator).run("token assets");
    assert_eq!((ran.code, ran.out.as_str()), (77, ""));
    assert!(
        ran.err.ends_with("\n  run: auth-all login assets\n"),
        "{}",
        ran.err
    );
    assert!(simulator.token_requests().is_empty());
}

#[test]
fn a_server_that_is_down_is_tried_later() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let down = || Fault::Response(auth_sim::Response::new(503).header("Retry-After", "120"));
    simulator.next(down());
    let ran = home.run("token orders");
    assert_eq!((ran.code, ran.out.as_str()), (75, ""));
    assert!(ran.err.contains("\n  try again in 1"), "{}", ran.err);
}

#[test]
fn the_profile_may_come_from_the_environment() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let mut command = home.command(PROGRAM);
    let output = command
        .arg("token")
        .env("AUTH_ALL_PROFILE", "orders")
        .output();
    assert_eq!(ran(output).code, 0);
}

/// The reader of `auth-all token orders | true`.
#[test]
fn a_closed_pipe_is_not_a_failure() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = home.command(PROGRAM);
    let output = command.args(["token", "orders"]).stdout(writer).output();
    let ran = ran(output);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_full_disk_is_reported() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let full: Stdio = OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into();
    let mut command = home.command(PROGRAM);
    let output = command.args(["token", "orders"]).stdout(full).output();
    let ran = ran(output);
    assert_eq!(ran.code, 74);
    assert!(
        ran.err
            .starts_with("auth-all: the result was not written: "),
        "{}",
        ran.err
    );
}
