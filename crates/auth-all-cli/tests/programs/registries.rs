//! Registries of images, with skopeo and with the client of docker.

use std::process::Command;

use crate::installed::{program, program_if_any};
use crate::stage::Stage;

/// The link, and the lines of `--print-config`.
fn configured(stage: &Stage, profile: &str, host: &str) {
    stage.link("docker-credential-auth-all");
    let lines = stage.lines("docker", profile);
    let (_, json) = lines.split_once("config.json\n").unwrap();
    stage.write(".docker/config.json", &json.replace(stage.host(), host));
}

fn skopeo(stage: &Stage, host: &str) -> Command {
    let mut command = stage.command(program("skopeo"));
    command.args(["inspect", "--raw", "--tls-verify=false"]);
    command.arg(format!("docker://{host}/image:1"));
    command
}

#[test]
fn skopeo_sends_the_token_as_a_password() {
    let stage = Stage::with("helper = { user = \"ann\" }\n");
    configured(&stage, "orders", stage.host());
    let ran = stage.succeeds(&mut skopeo(&stage, stage.host()));
    assert!(ran.out.contains("schemaVersion"), "{}", ran.out);
    stage.assert_authorized(&format!("basic ann {}", stage.token()));
}

#[test]
fn skopeo_trades_the_token_at_the_realm() {
    let stage = Stage::new();
    configured(&stage, "orders", stage.secure_host());
    stage.succeeds(&mut skopeo(&stage, stage.secure_host()));
    let (lines, token) = (stage.authorized(), stage.token());
    assert_eq!(lines[0], format!("GET /v2-realm basic oauth2 {token}"));
    assert!(lines[1].ends_with(&format!("bearer {token}")), "{lines:?}");
}

/// The words by which docker and skopeo recognize that there is no password, and try without.
#[test]
fn skopeo_continues_without_a_profile_for_the_host() {
    let stage = Stage::new();
    configured(&stage, "orders", stage.host());
    stage.write(".config/auth-all/config.toml", "");
    let shown = stage.fails(&mut skopeo(&stage, stage.host()));
    assert!(shown.contains("authentication required"), "{shown}");
    assert_eq!(stage.authorized(), [""; 0]);
}

#[test]
fn skopeo_shows_the_command_to_log_in() {
    let stage = Stage::logged_out();
    configured(&stage, "assets", stage.host());
    let shown = stage.fails(&mut skopeo(&stage, stage.host()));
    assert!(shown.contains("run: auth-all login assets"), "{shown}");
}

/// skopeo hands over the password that it was given, which the helper drops without a word.
#[test]
fn skopeo_logs_in_and_out() {
    let stage = Stage::new();
    configured(&stage, "orders", stage.host());
    let run = |words: &str| {
        let mut command = stage.command(program("skopeo"));
        command.args(words.split(' ')).arg(stage.host());
        let file = stage.path().join(".docker/config.json");
        stage.succeeds(command.env("REGISTRY_AUTH_FILE", file))
    };
    let token = stage.token();
    run(&format!(
        "login --tls-verify=false --username ann --password {token}"
    ));
    run("logout");
    assert_eq!(stage.token(), token);
    let config = std::fs::read_to_string(stage.path().join(".docker/config.json")).unwrap();
    assert!(config.contains("\"auths\": {}"), "{config}");
}

#[test]
fn docker_reads_a_manifest_and_logs_out() {
    let Some(docker) = program_if_any("docker", "docker manifest and docker logout") else {
        return;
    };
    let stage = Stage::new();
    configured(&stage, "orders", stage.secure_host());
    let host = stage.secure_host();
    let run = |words: &str| {
        let mut command = stage.command(&docker);
        stage.succeeds(command.args(words.split(' ')))
    };
    let ran = run(&format!("manifest inspect --insecure {host}/image:1"));
    assert!(ran.out.contains("schemaVersion"), "{}", ran.out);
    let realm = format!("GET /v2-realm basic oauth2 {}", stage.token());
    assert!(stage.authorized().contains(&realm));
    run(&format!("logout {host}"));
    assert_eq!(stage.home.run("check orders").code, 0);
    assert_eq!(stage.simulator.token_requests().len(), 1);
}
