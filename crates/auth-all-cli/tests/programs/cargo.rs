//! cargo with a registry of its own, and the git that is inside cargo.

use std::env;
use std::process::Command;

use crate::installed::program;
use crate::stage::Stage;

/// A package that depends on this.
fn depends(stage: &Stage, dependency: &str) {
    let manifest = format!(
        "[package]\nname = \"here\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n{dependency}\n"
    );
    stage.write("here/Cargo.toml", &manifest);
    stage.write("here/src/lib.rs", "");
}

/// The cargo that runs these tests, with a home of its own.
fn cargo(stage: &Stage, words: &str) -> Command {
    let mut command = stage.command(env::var("CARGO").unwrap());
    let toolchains = env::var("RUSTUP_HOME").or_else(|_| Ok(env::var("HOME")? + "/.rustup"));
    let toolchains: Result<String, env::VarError> = toolchains;
    command
        .args(words.split(' '))
        .env("CARGO_HOME", stage.path().join("cargo"))
        .env("RUSTUP_HOME", toolchains.unwrap())
        .current_dir(stage.path().join("here"));
    if let Ok(toolchain) = env::var("RUSTUP_TOOLCHAIN") {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    command
}

/// A package that needs one of the registry, and the lines of `--print-config`.
fn configured(stage: &Stage, profile: &str) {
    let lines = stage.lines("cargo", profile).replace("NAME", "mine");
    stage.write("cargo/config.toml", &lines);
    depends(stage, "dep = { version = \"0.1\", registry = \"mine\" }");
}

#[test]
fn cargo_fetches_from_a_private_registry() {
    let stage = Stage::new();
    configured(&stage, "orders");
    stage.succeeds(&mut cargo(&stage, "fetch"));
    let token = stage.token();
    stage.assert_authorized(&format!("bearer {token}"));
    stage.succeeds(&mut cargo(&stage, "owner --list dep --registry mine"));
    stage.succeeds(&mut cargo(&stage, "yank dep@0.1.0 --registry mine"));
    stage.assert_authorized(&format!("bearer {token}"));
    assert_eq!(stage.simulator.token_requests().len(), 1);
}

#[test]
fn cargo_sends_a_bare_token_where_that_is_set() {
    let stage = Stage::with("helper = { cargo = \"bare\" }\n");
    configured(&stage, "orders");
    stage.succeeds(&mut cargo(&stage, "fetch"));
    stage.assert_authorized(&format!("bare {}", stage.token()));
}

#[test]
fn cargo_shows_the_command_to_log_in() {
    let stage = Stage::logged_out();
    configured(&stage, "assets");
    for words in ["fetch", "login --registry mine"] {
        let shown = stage.fails(&mut cargo(&stage, words));
        assert!(shown.contains("run: auth-all login assets"), "{shown}");
    }
    stage.write(
        ".config/auth-all/config.toml",
        "[profile.assets]\nvendor = \"other\"\n",
    );
    let shown = stage.fails(&mut cargo(&stage, "fetch"));
    assert!(shown.contains("config.toml:2: `vendor`"), "{shown}");
}

#[test]
fn cargo_ends_the_login() {
    let stage = Stage::new();
    configured(&stage, "orders");
    stage.succeeds(&mut cargo(&stage, "fetch"));
    let first = stage.token();
    stage.succeeds(&mut cargo(&stage, "logout --registry mine"));
    assert_ne!(stage.token(), first);
}

#[test]
fn cargo_gets_nothing_for_another_registry() {
    let stage = Stage::new();
    configured(&stage, "orders");
    let lines = stage.lines("cargo", "orders").replace("NAME", "mine");
    // The same server by a name that is not in `api`.
    stage.write(
        "cargo/config.toml",
        &lines.replace("127.0.0.1", "localhost"),
    );
    let shown = stage.fails(&mut cargo(&stage, "fetch"));
    assert!(
        shown.contains("no credential providers could handle the request"),
        "{shown}"
    );
    assert_eq!(stage.authorized(), [""; 0]);
    assert!(stage.simulator.token_requests().is_empty());
}

/// libgit2 names no host if that is an address; which token it means is not guessed.
#[test]
fn the_git_inside_cargo_gets_nothing_for_an_address() {
    let stage = Stage::new();
    let helper = format!(
        "[credential]\n\thelper = !{} helper git orders\n",
        crate::support::PROGRAM
    );
    stage.write(
        ".gitconfig",
        &format!("[user]\n\tname = Ann\n\temail = ann@example.com\n{helper}"),
    );
    let manifest = "[package]\nname = \"r\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    stage.write("r/Cargo.toml", manifest);
    stage.write("r/src/lib.rs", "");
    let git = |words: &str| {
        let mut command = stage.command(program("git"));
        stage.succeeds(command.args(words.split(' ')));
    };
    git("init --quiet r");
    git("-C r add .");
    git("-C r commit --quiet --message first");
    git("clone --quiet --bare r repositories/r");
    depends(
        &stage,
        &format!("r = {{ git = \"http://{}/git/both/r\" }}", stage.host()),
    );
    let shown = stage.fails(&mut cargo(&stage, "fetch"));
    assert!(shown.contains("failed to authenticate"), "{shown}");
    assert_eq!(stage.authorized(), [""; 0]);
    // The git of the machine names it.
    stage.write("cargo/config.toml", "[net]\ngit-fetch-with-cli = true\n");
    stage.succeeds(&mut cargo(&stage, "fetch"));
    assert!(
        stage
            .authorized()
            .iter()
            .all(|line| line.ends_with(&stage.token()))
    );
}
