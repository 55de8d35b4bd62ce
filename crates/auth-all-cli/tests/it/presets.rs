//! Profiles of servers that are known by name.

use auth_sim::{Simulator, generic};
use serde_json::Value;

use crate::support::Home;

/// A profile at a known server, which a simulator stands for.
fn kore(simulator: &Simulator, more: &str) -> Home {
    let home = Home::new("");
    std::fs::write(home.path().join("secret"), generic::CLIENT_SECRET).unwrap();
    home.write(&format!(
        "[profile.sims]\nvendor = \"kore\"\ntoken_endpoint = \"{}\"\nclient_id = \"{}\"\n\
         client_secret = {{ file = \"{}\" }}\n{more}",
        simulator.token_url(),
        generic::CLIENT_ID,
        home.path().join("secret").display(),
    ));
    home
}

/// The bodies of the token requests.
fn bodies(simulator: &Simulator) -> Vec<String> {
    let requests = simulator.token_requests().into_iter();
    requests
        .map(|request| String::from_utf8(request.body).unwrap())
        .collect()
}

/// Runs `check` with this profile, which is refused.
fn refused(profile: &str) -> String {
    let home = Home::new(&format!("[profile.sims]\n{profile}"));
    let ran = home.run("check sims");
    assert_eq!((ran.code, ran.out.as_str()), (78, ""), "{}", ran.err);
    ran.err
        .replace(&format!("{}:", home.config().display()), "line ")
}

#[test]
fn a_known_server_needs_no_endpoint_and_no_grant() {
    let simulator = Simulator::generic();
    let home = kore(&simulator, "");
    let ran = home.run("token sims");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let bodies = bodies(&simulator);
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].contains("grant_type=client_credentials"));
    assert!(bodies[0].contains("client_secret="));
    let real = Home::new("[profile.sims]\nvendor = \"kore\"\nclient_id = \"c\"\n").run("list");
    let row = "sims  client_credentials  https://api.korewireless.com/api-services/v1/auth/token\n";
    assert_eq!(real.out, row);
}

#[test]
fn each_setting_of_a_known_server_can_be_replaced() {
    let simulator = Simulator::generic();
    let more = "client_auth = \"basic\"\nscope = \"read\"\nparams = { tenant = \"acme\" }\n";
    let home = kore(&simulator, more);
    home.run("token sims");
    let body = &bodies(&simulator)[0];
    assert!(!body.contains("client_secret"), "{body}");
    assert!(
        body.contains("scope=read") && body.contains("tenant=acme"),
        "{body}"
    );
}

#[test]
fn a_typing_error_in_a_name_is_seen() {
    let error = refused("vendor = \"githb\"\nclient_id = \"c\"\n");
    let wanted = "line 2: `vendor` is not a known server; did you mean \"github\"?";
    assert!(error.contains(wanted), "{error}");
    let error = refused("vendor = \"unheard-of\"\n");
    assert!(
        error.contains("known are aerion, aeris, ermeo, 1nce, "),
        "{error}"
    );
}

#[test]
fn a_value_of_the_customer_is_required() {
    let error = refused("vendor = \"entra\"\nclient_id = \"c\"\n");
    assert!(
        error.contains("line 1: [profile.sims] has no `tenant`\n  the server \"entra\" has one"),
        "{error}"
    );
    let error = refused("vendor = \"entra\"\ntennant = \"t\"\nclient_id = \"c\"\n");
    assert!(error.contains("did you mean `tenant`?"), "{error}");
    let error = refused("vendor = \"entra\"\ntenant = \"a@b\"\nclient_id = \"c\"\n");
    assert!(error.contains("is a part of a URL"), "{error}");
    let error = refused("vendor = \"github\"\ntenant = \"t\"\nclient_id = \"c\"\n");
    assert!(error.contains("unknown key `tenant`"), "{error}");
}

#[test]
fn the_status_tells_the_preset_from_the_profile() {
    let simulator = Simulator::generic();
    let home = kore(&simulator, "");
    let shown = home.run("status sims").out;
    let has = |key: &str, value: &str, place: &str| {
        let mut lines = shown.lines().map(str::trim);
        lines.any(|line| line.starts_with(key) && line.contains(value) && line.ends_with(place))
    };
    assert!(has("grant", "client_credentials", "preset kore"), "{shown}");
    assert!(has("client_auth", "post", "preset kore"), "{shown}");
    assert!(
        has("token_endpoint", simulator.url(), "config.toml:3"),
        "{shown}"
    );
    assert_eq!(shown.matches("\n  token_endpoint ").count(), 1, "{shown}");
    let json: Value = serde_json::from_str(&home.run("status sims --json").out).unwrap();
    let settings = json["settings"].as_array().unwrap();
    assert!(
        settings
            .iter()
            .any(|it| it["place"] == "preset kore" && it["key"] == "api")
    );
}

#[test]
fn a_helper_answers_for_the_hosts_of_a_known_server() {
    let home = Home::new(
        "[profile.code]\nvendor = \"github\"\nclient_id = \"c\"\n\
         [profile.cloud]\nvendor = \"google\"\nclient_id = \"c\"\n",
    );
    let ask = |host: &str| {
        let input = format!("protocol=https\nhost={host}\n\n");
        home.run_with_input("helper git code get", &input)
    };
    let ran = ask("github.com");
    assert_eq!(ran.code, 77, "{}", ran.err);
    assert!(ran.err.contains("auth-all login code"), "{}", ran.err);
    assert_ne!(ask("evil.example").code, 77);
}

/// The grant type is the server's own.
#[test]
fn zoom_gets_its_own_grant() {
    let simulator = Simulator::generic();
    let home = Home::new("");
    std::fs::write(home.path().join("secret"), "s").unwrap();
    home.write(&format!(
        "[profile.calls]\nvendor = \"zoom\"\naccount_id = \"gYz8\"\ntoken_endpoint = \"{}\"\nclient_id = \"c\"\n\
         client_secret = {{ file = \"{}\" }}\n",
        simulator.token_url(),
        home.path().join("secret").display(),
    ));
    let ran = home.run("token calls");
    assert_ne!(ran.code, 0);
    assert_eq!(
        bodies(&simulator)[0],
        "grant_type=account_credentials&account_id=gYz8"
    );
}
