//! pip, in two versions that ask a keyring in two ways, and uv in a third.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::installed::program;
use crate::stage::Stage;

/// pip with a folder to install into, and with the link `keyring` first on its path.
fn pip(stage: &Stage, version: &str, index: &str) -> Command {
    let mut command = stage.command(program(&format!("{version}/bin/pip")));
    command.args([
        "install",
        "--keyring-provider",
        "subprocess",
        "--index-url",
        index,
        "depx",
    ]);
    command.env("PIP_TARGET", stage.path().join("packages"));
    command
        .env("PIP_NO_INPUT", "1")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    command
}

/// A package installed from the index, by requests that all had the token.
#[track_caller]
fn is_installed(stage: &Stage) {
    stage.assert_authorized(&format!("basic oauth2 {}", stage.token()));
}

#[test]
fn pip_asks_for_a_user_and_a_password_in_json() {
    let stage = Stage::new();
    stage.link("keyring");
    let index = format!("http://{}/simple/", stage.host());
    stage.succeeds(&mut pip(&stage, "python_programs", &index));
    is_installed(&stage);
    assert!(stage.path().join("packages/depx.py").exists());
}

#[test]
fn an_older_pip_asks_for_the_password_of_a_user() {
    let stage = Stage::new();
    stage.link("keyring");
    let index = format!("http://oauth2@{}/simple/", stage.host());
    stage.succeeds(&mut pip(&stage, "old_pip", &index));
    is_installed(&stage);
}

/// pip hides what the helper prints; the log file has it.
#[test]
fn pip_leaves_the_reason_to_the_log_file() {
    let stage = Stage::logged_out();
    stage.link("keyring");
    let log = stage.path().join("log");
    let index = format!("http://{}/simple/", stage.host());
    let mut pip = pip(&stage, "python_programs", &index);
    stage.fails(pip.env("AUTH_ALL_LOG_FILE", &log));
    let text = fs::read_to_string(log).unwrap();
    assert!(text.contains("helper keyring: assets: "), "{text}");
    assert!(text.contains("run: auth-all login assets"), "{text}");
}

fn uv(stage: &Stage, index: &str) -> Command {
    let mut command = stage.command(program("python_programs/bin/uv"));
    command.args(["pip", "install", "--keyring-provider", "subprocess"]);
    command.args([
        "--no-cache",
        "--target",
        "packages",
        "--index",
        index,
        "depx",
    ]);
    command.env("UV_PYTHON", program("python_programs/bin/python"));
    command.env("UV_PYTHON_DOWNLOADS", "never");
    command
}

#[test]
fn uv_asks_for_the_password_of_a_user() {
    let stage = Stage::new();
    stage.link("keyring");
    stage.succeeds(&mut uv(
        &stage,
        &format!("http://oauth2@{}/simple/", stage.host()),
    ));
    is_installed(&stage);
    assert!(stage.path().join("packages/depx.py").exists());
}

#[test]
fn uv_asks_for_a_user_where_an_index_always_needs_one() {
    let stage = Stage::new();
    stage.link("keyring");
    let project = format!(
        "[[tool.uv.index]]\nname = \"mine\"\nurl = \"http://{}/simple/\"\nauthenticate = \"always\"\ndefault = true\n\
         [project]\nname = \"here\"\nversion = \"0.1.0\"\nrequires-python = \">=3.8\"\ndependencies = [\"depx\"]\n",
        stage.host()
    );
    stage.write("pyproject.toml", &project);
    let mut uv = stage.command(program("python_programs/bin/uv"));
    uv.args(["lock", "--no-cache", "--keyring-provider", "subprocess"]);
    uv.env("UV_PYTHON", program("python_programs/bin/python"));
    stage.succeeds(uv.env("UV_PYTHON_DOWNLOADS", "never"));
    is_installed(&stage);
}

/// The lines to paste are commands; a shell runs them.
#[test]
fn the_printed_commands_install_a_package() {
    let stage = Stage::new();
    stage.link("keyring");
    for name in ["pip", "uv"] {
        let program = program(&format!("python_programs/bin/{name}"));
        std::os::unix::fs::symlink(program, stage.path().join("bin").join(name)).unwrap();
    }
    let lines = stage.lines("keyring", "orders").replace("NAME", "depx");
    let lines = lines.replace(
        "~/auth-all-bin",
        &stage.path().join("bin").display().to_string(),
    );
    let environment = stage.path().join("environment");
    let mut python = Command::new(program("python_programs/bin/python"));
    stage.succeeds(
        python
            .args(["-m", "venv", "--without-pip"])
            .arg(&environment),
    );
    let mut shell = stage.command(Path::new("/bin/sh"));
    shell
        .args(["-e", "-c", &lines])
        .env("VIRTUAL_ENV", &environment);
    shell
        .env("PIP_TARGET", stage.path().join("packages"))
        .env("PIP_NO_INPUT", "1");
    shell
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .env("UV_NO_CACHE", "1");
    stage.succeeds(&mut shell);
    is_installed(&stage);
}
