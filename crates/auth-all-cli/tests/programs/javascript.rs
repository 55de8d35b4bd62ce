//! pnpm, in two versions, and npm.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::installed::program;
use crate::stage::Stage;
use crate::support::PROGRAM;

/// pnpm 10 is a script for Node.
fn older() -> PathBuf {
    program("node_programs/node_modules/pnpm/bin/pnpm.cjs")
}

/// pnpm 12 is a program for each system.
fn newer() -> PathBuf {
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    program(&format!(
        "node_programs/node_modules/@pnpm/exe.linux-{machine}/pnpm"
    ))
}

/// A package with one dependency, the script and the line of `--print-config`.
fn configured(stage: &Stage, profile: &str) {
    let lines = stage.lines("pnpm", profile);
    let (script, line) = lines.split_once("# ~/.npmrc\n").unwrap();
    let (_, script) = script.split_once('\n').unwrap();
    let path = stage.write(&format!("bin/auth-all-{profile}"), script);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let home = stage.path().display().to_string();
    let registry = format!("registry=http://{}/npm/\n", stage.host());
    stage.write(".npmrc", &(registry + &line.replace("/home/USER", &home)));
    stage.write(
        "here/package.json",
        "{\"dependencies\":{\"depn\":\"1.0.0\"}}",
    );
}

fn install(stage: &Stage, pnpm: PathBuf) -> Command {
    let is_script = pnpm.extension().is_some();
    let mut command = match is_script {
        true => stage.command(program("node")),
        false => stage.command(&pnpm),
    };
    if is_script {
        command.arg(pnpm);
    }
    command.args(["install", "--no-frozen-lockfile"]);
    command.current_dir(stage.path().join("here"));
    command
}

fn installs_a_package(pnpm: PathBuf) {
    let stage = Stage::new();
    configured(&stage, "orders");
    stage.succeeds(&mut install(&stage, pnpm));
    stage.assert_authorized(&format!("bearer {}", stage.token()));
    let package = stage.path().join("here/node_modules/depn/package.json");
    assert!(package.exists());
}

#[test]
fn pnpm_10_sends_the_token() {
    installs_a_package(older());
}

#[cfg(target_os = "linux")]
#[test]
fn pnpm_12_sends_the_token() {
    installs_a_package(newer());
}

/// npm has no helper; a variable in its configuration has the token for one command.
#[test]
fn npm_gets_the_token_from_exec() {
    let stage = Stage::new();
    let host = stage.host();
    let lines = format!("registry=http://{host}/npm/\n//{host}/npm/:_authToken=${{NPM_TOKEN}}\n");
    stage.write(".npmrc", &lines);
    stage.write(
        "here/package.json",
        "{\"dependencies\":{\"depn\":\"1.0.0\"}}",
    );
    let mut npm = stage.command(PROGRAM);
    npm.args(["exec", "orders", "--env", "NPM_TOKEN", "--"])
        .arg(program("npm"))
        .args(["install", "--no-audit", "--no-fund", "--no-update-notifier"])
        .current_dir(stage.path().join("here"));
    stage.succeeds(&mut npm);
    stage.assert_authorized(&format!("bearer {}", stage.token()));
}

/// pnpm hides what the helper prints; the log file has it.
#[test]
fn pnpm_leaves_the_reason_to_the_log_file() {
    let stage = Stage::logged_out();
    configured(&stage, "assets");
    let log = stage.path().join("log");
    let shown = stage.fails(install(&stage, older()).env("AUTH_ALL_LOG_FILE", &log));
    assert!(shown.contains("77"), "{shown}");
    let text = fs::read_to_string(log).unwrap();
    assert!(text.contains("helper pnpm: assets: "), "{text}");
}
