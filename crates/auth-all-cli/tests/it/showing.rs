//! `auth-all status`, `list`, `check` and `try`.

use auth_sim::{Simulator, ermeo, generic};
use serde_json::Value;

use crate::support::{Home, assets, orders};

#[test]
fn each_login_has_a_line() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let before = home.run("status");
    assert_eq!((before.code, before.err.as_str()), (0, ""));
    assert_eq!(
        before.out,
        "orders  client_credentials  no token; the next call gets one\n"
    );
    home.run("token orders");
    let after = home.run("status").out;
    assert!(
        after.starts_with("orders  client_credentials  valid for "),
        "{after}"
    );
    assert!(after.contains("next renewal in "), "{after}");
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn each_setting_has_its_place() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let ran = home.run("status orders");
    let config = home.config();
    let secret = home.path().join("secret");
    let line = format!("client_secret   file {}", secret.display());
    assert!(ran.out.contains(&line), "{}", ran.out);
    assert!(
        ran.out.contains(&format!("{}:5\n", config.display())),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("kept in: file\n"), "{}", ran.out);
    assert!(!ran.out.contains(generic::CLIENT_SECRET));
}

#[test]
fn programs_read_the_status_as_json() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    home.run("token orders");
    let one: Value = serde_json::from_str(&home.run("status orders --json").out).unwrap();
    assert_eq!(one["profile"], "orders");
    assert!(one["expires_at"].as_str().unwrap().ends_with('Z'));
    assert!(one["renewal_due_at"].as_str().unwrap() < one["expires_at"].as_str().unwrap());
    assert_eq!(one["last_error"], Value::Null);
    let all: Value = serde_json::from_str(&home.run("status --json").out).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 1);
}

/// A profile that cannot be used is shown like the others.
#[test]
fn a_missing_secret_is_part_of_the_status() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    std::fs::remove_file(home.path().join("secret")).unwrap();
    let ran = home.run("status");
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("secret: No such file"), "{}", ran.out);
    let json: Value = serde_json::from_str(&home.run("status orders --json").out).unwrap();
    assert_eq!(json["exit_code"], 78);
}

#[test]
fn a_check_has_an_exit_code_and_no_output() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let ran = home.run("check orders");
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let ran = assets(&Simulator::ermeo()).run("check assets");
    assert_eq!((ran.code, ran.out.as_str()), (77, ""));
}

#[test]
fn without_a_configuration_its_places_are_named() {
    let home = Home::new("");
    std::fs::remove_file(home.config()).unwrap();
    let ran = home.run("list");
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    let place = home.config().display().to_string();
    assert!(ran.err.contains(&place), "{}", ran.err);
}

#[test]
fn each_server_can_be_tried() {
    let home = Home::new("not toml");
    let ran = home.run("try");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for part in [
        "vendor = \"aerion\"",
        "vendor = \"aeris\"",
        "vendor = \"ermeo\"",
        "token_endpoint = ",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert_eq!(ran.out.matches("\n  200 {").count(), 4, "{}", ran.out);
    assert_eq!(ran.out.matches("\n  exit code 7").count(), 4, "{}", ran.out);
    for refused in [401, 403] {
        let line = format!("\n  the API responds {refused}, then 200: ");
        assert!(ran.out.contains(&line), "{refused}: {}", ran.out);
    }
    let gets = ran.out.matches("\n  the caller gets 200\n").count();
    assert_eq!(gets, 4, "{}", ran.out);
    let one = home.run("try ermeo");
    assert!(
        one.out.contains(ermeo::USERNAME) && !one.out.contains("aeris"),
        "{}",
        one.out
    );
}
