//! go with a proxy of modules that takes Bearer.

use std::fs;
use std::process::Command;

use crate::installed::program;
use crate::stage::Stage;

fn download(stage: &Stage, profile: &str) -> Command {
    let lines = stage.lines("go", profile);
    let setting = lines.trim().strip_prefix("export GOAUTH='").unwrap();
    stage.write("here/go.mod", "module example.test/here\n");
    let mut command = stage.command(program("python_programs/bin/go"));
    command
        .args(["mod", "download", "-x", "example.test/depg@v1.0.0"])
        .env("GOAUTH", setting.strip_suffix('\'').unwrap())
        .env("GOPROXY", format!("https://{}/go", stage.secure_host()))
        .env("GOSUMDB", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-modcacherw")
        .env("SSL_CERT_FILE", stage.certificate())
        .current_dir(stage.path().join("here"));
    command
}

#[test]
fn go_downloads_a_module() {
    let stage = Stage::new();
    stage.succeeds(&mut download(&stage, "orders"));
    stage.assert_authorized(&format!("bearer {}", stage.token()));
    assert_eq!(stage.simulator.token_requests().len(), 1);
}

/// The second call has the refused response on its standard input, so the same go succeeds.
#[test]
fn go_replaces_a_token_that_was_revoked() {
    let stage = Stage::new();
    let first = stage.token();
    stage.simulator.revoke_access_tokens();
    stage.succeeds(&mut download(&stage, "orders"));
    assert_ne!(stage.token(), first);
    assert_eq!(stage.simulator.token_requests().len(), 2);
}

/// go hides what the helper prints, unless it is told to show its work; the log file has it.
#[test]
fn go_leaves_the_reason_to_the_log_file() {
    let stage = Stage::logged_out();
    let log = stage.path().join("log");
    stage.fails(download(&stage, "assets").env("AUTH_ALL_LOG_FILE", &log));
    let text = fs::read_to_string(log).unwrap();
    assert!(text.contains("helper go: assets: "), "{text}");
    assert!(text.contains("run: auth-all login assets"), "{text}");
}
