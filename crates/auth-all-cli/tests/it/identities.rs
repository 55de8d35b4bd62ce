//! Clients without a secret: keys, key files, and tokens that another system rotates.

use std::fs;

use auth_sim::Simulator;

use crate::discovering::api;
use crate::support::{Home, PROGRAM, ran};

const KEY: &str = include_str!("keys/rs256.pem");

/// A profile with these lines; what they name is in the folder that replaces `FOLDER`.
fn home(simulator: &Simulator, lines: &str) -> Home {
    let home = Home::new("");
    let folder = home.path().display().to_string();
    let lines = lines.replace("FOLDER", &folder);
    home.write(&format!(
        "[profile.job]\ntoken_endpoint = \"{}\"\n{lines}",
        simulator.token_url()
    ));
    home
}

fn put(home: &Home, name: &str, text: &str) {
    fs::write(home.path().join(name), text).unwrap();
}

/// The bodies of the token requests.
fn bodies(simulator: &Simulator) -> Vec<String> {
    let requests = simulator.token_requests().into_iter();
    requests
        .map(|request| String::from_utf8(request.body).unwrap())
        .collect()
}

#[test]
fn a_service_account_is_one_file() {
    let simulator = Simulator::generic();
    let home = home(
        &simulator,
        "vendor = \"google-service-account\"\nscope = \"drive\"\nservice_account = { file = \"FOLDER/key.json\" }\n",
    );
    let file = serde_json::json!({
        "type": "service_account", "private_key_id": "9fbd", "private_key": KEY,
        "client_email": "batch@acme.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
    });
    put(&home, "key.json", &file.to_string());
    assert_ne!(
        home.run("token job").code,
        0,
        "the simulator has no such grant"
    );
    let bodies = bodies(&simulator);
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey";
    assert!(bodies[0].starts_with(grant), "{}", bodies[0]);
    assert!(!bodies[0].contains("scope="), "{}", bodies[0]);
    let jwk = home.run("jwk job");
    assert!(
        jwk.out.contains("\"kid\":\"9fbd\"") && jwk.code == 0,
        "{}",
        jwk.out
    );
    put(&home, "key.json", "{\"type\": \"authorized_user\"}");
    let ran = home.run("token job");
    assert_eq!(ran.code, 78);
    assert!(
        ran.err.contains("is not the key of a service account"),
        "{}",
        ran.err
    );
}

#[test]
fn a_key_may_be_a_jwk_and_may_have_a_certificate() {
    let simulator = Simulator::generic();
    let lines = "grant = \"client_credentials\"\nclient_id = \"batch\"\nprivate_key = { file = \"FOLDER/key\" }\n";
    let plain = home(&simulator, lines);
    put(&plain, "key", include_str!("keys/rs256.jwk"));
    let jwk = plain.run("jwk job");
    assert!(
        jwk.out.contains("\"kid\":\"2026-01\"") && jwk.out.contains("PS256"),
        "{}",
        jwk.out
    );
    plain.run("token job");
    assert!(bodies(&simulator)[0].contains("client_assertion=ey"));

    let home = home(
        &simulator,
        &format!("{lines}certificate = \"FOLDER/crt\"\n"),
    );
    put(&home, "key", KEY);
    let missing = home.run("token job");
    assert!(
        missing.err.contains("crt: No such file") && missing.code == 78,
        "{}",
        missing.err
    );
    put(&home, "crt", include_str!("keys/rs256.crt"));
    home.run("token job");
    assert_eq!(bodies(&simulator).len(), 2);
}

#[test]
fn a_projected_token_is_read_when_it_is_sent() {
    let simulator = Simulator::generic();
    let home = home(
        &simulator,
        "grant = \"client_credentials\"\nclient_id = \"pod\"\nclient_assertion = { file = \"FOLDER/token\" }\n",
    );
    put(&home, "token", "first\n");
    assert_ne!(home.run("token job").code, 0);
    // The same token would be refused again.
    assert_ne!(home.run("token job").code, 0);
    put(&home, "token", "second\n");
    home.run("token job");
    let sent: Vec<_> = bodies(&simulator)
        .iter()
        .map(|body| body.rsplit_once("client_assertion=").unwrap().1.to_owned())
        .collect();
    assert_eq!(sent, ["first", "second"]);
}

#[test]
fn a_job_of_github_actions_shows_who_it_is() {
    let simulator = Simulator::generic();
    let home = home(
        &simulator,
        "grant = \"token_exchange\"\nclient_id = \"ci\"\nsubject_token = { github_actions = \"sts\" }\n\
         subject_token_type = \"urn:ietf:params:oauth:token-type:jwt\"\nactor_token = { file = \"FOLDER/actor\" }\n",
    );
    put(&home, "actor", "a1");
    let elsewhere = home.run("token job");
    assert_eq!(elsewhere.code, 78);
    assert!(
        elsewhere
            .err
            .contains("this is not a job of GitHub Actions"),
        "{}",
        elsewhere.err
    );
    let platform = api(1, "/oidc?audience=sts", |_| {
        "{\"value\": \"eyJ0\"}".to_owned()
    });
    let mut command = home.command(PROGRAM);
    command
        .args(["token", "job"])
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{platform}/oidc"))
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
    ran(command.output());
    let body = bodies(&simulator).remove(0);
    assert!(body.contains("subject_token=eyJ0&"), "{body}");
    assert!(
        body.contains("subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"),
        "{body}"
    );
    assert!(body.contains("actor_token=a1&"), "{body}");
}

#[test]
fn a_client_has_one_way_to_show_who_it_is() {
    let simulator = Simulator::generic();
    let refused = |lines: &str| {
        let ran = home(&simulator, &format!("client_id = \"c\"\n{lines}")).run("list");
        assert_eq!(ran.code, 78, "{}", ran.err);
        ran.err
    };
    let two = refused(
        "grant = \"client_credentials\"\nclient_secret = { env = \"A\" }\nclient_assertion = { env = \"B\" }\n",
    );
    assert!(two.contains("is one of four"), "{two}");
    let other = refused("grant = \"client_credentials\"\nservice_account = { env = \"A\" }\n");
    assert!(other.contains("is for `grant = \"jwt_bearer\"`"), "{other}");
    let none = refused("grant = \"jwt_bearer\"\n");
    assert!(
        none.contains("needs the `private_key` that signs, or a `service_account`"),
        "{none}"
    );
}
