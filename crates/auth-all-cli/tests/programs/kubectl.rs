//! kubectl with a cluster that takes Bearer.

use std::process::Command;

use crate::installed::program;
use crate::stage::Stage;

fn kubectl(stage: &Stage, profile: &str) -> Command {
    let (server, certificate) = (stage.secure_host(), stage.certificate());
    let lines = stage.lines("kubectl", profile);
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\nclusters:\n- name: here\n  cluster:\n    \
         server: https://{server}\n    certificate-authority: {}\ncontexts:\n- name: here\n  \
         context: {{ cluster: here, user: {profile} }}\n{lines}",
        certificate.display()
    );
    stage.write(".kube/config", &config);
    let mut command = stage.command(program("python_programs/bin/kubectl"));
    command.args(["get", "--raw", "/api/v1/thing"]);
    command
}

#[test]
fn kubectl_sends_the_token() {
    let stage = Stage::new();
    let mut kubectl = kubectl(&stage, "orders");
    let ran = stage.succeeds(&mut kubectl);
    assert!(ran.out.contains("Thing"), "{}", ran.out);
    stage.succeeds(&mut kubectl);
    stage.assert_authorized(&format!("bearer {}", stage.token()));
    assert_eq!(stage.simulator.token_requests().len(), 1);
}

/// After a 401 kubectl runs the helper once more, and gives up; the next kubectl has the new token.
#[cfg(target_os = "linux")]
#[test]
fn kubectl_replaces_a_token_that_was_revoked() {
    let stage = Stage::new();
    let mut kubectl = kubectl(&stage, "orders");
    stage.succeeds(&mut kubectl);
    stage.simulator.revoke_access_tokens();
    stage.fails(&mut kubectl);
    stage.succeeds(&mut kubectl);
    assert_eq!(stage.simulator.token_requests().len(), 2);
}

#[test]
fn kubectl_shows_the_command_to_log_in() {
    let stage = Stage::logged_out();
    let shown = stage.fails(&mut kubectl(&stage, "assets"));
    assert!(shown.contains("run: auth-all login assets"), "{shown}");
    assert!(shown.contains("exit code 77"), "{shown}");
}
