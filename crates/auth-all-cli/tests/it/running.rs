//! `auth-all exec`.

use auth_sim::Simulator;

use crate::support::{PROGRAM, assets, orders, ran};

#[test]
fn the_command_has_the_token_in_its_environment() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let token = home.run("token orders").out;
    assert_eq!(home.run("exec orders -- printenv API_TOKEN").out, token);
    assert_eq!(home.run("exec orders --env T -- printenv T").out, token);
    assert_eq!(
        home.run("exec orders --env T -- printenv API_TOKEN").code,
        1
    );
}

#[test]
fn its_exit_code_is_that_of_the_command() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let run = |script: &str| {
        let mut command = home.command("sh");
        command.args(["-c", &format!("{PROGRAM} exec orders -- {script}; echo $?")]);
        let ran = ran(command.output());
        (ran.out, ran.err)
    };
    assert_eq!(run("sh -c 'exit 7'").0, "7\n");
    assert_eq!(run("sh -c 'kill -TERM $$'").0, "143\n");
    let (out, err) = run("/nowhere/command");
    assert_eq!(out, "127\n");
    assert!(err.starts_with("auth-all: /nowhere/command: "), "{err}");
    assert_eq!(run("/etc/passwd").0, "126\n");
}

#[test]
fn without_a_login_nothing_is_run() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let mark = home.path().join("ran");
    let ran = home.run(&format!("exec assets -- touch {}", mark.display()));
    assert_eq!(ran.code, 77);
    assert!(!mark.exists());
}

/// The secret of `{ env = … }` is for this program.
#[test]
fn the_command_does_not_inherit_the_secret() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let config = std::fs::read_to_string(home.config()).unwrap();
    let (before, after) = config.split_once("client_secret").unwrap();
    assert_eq!(after.lines().count(), 1);
    home.write(&format!("{before}client_secret = {{ env = \"ORDERS\" }}\n"));
    let mut command = home.command(PROGRAM);
    command.args(["exec", "orders", "--", "env"]);
    command
        .env("ORDERS", auth_sim::generic::CLIENT_SECRET)
        .env("OTHER", "kept");
    let ran = ran(command.output());
    assert!(
        ran.out.contains("API_TOKEN=") && ran.out.contains("OTHER=kept"),
        "{}",
        ran.err
    );
    assert!(!ran.out.contains("ORDERS="));
}
