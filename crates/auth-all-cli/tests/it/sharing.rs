//! Many processes over one store.

use std::process::Stdio;

use auth_sim::Simulator;

use crate::support::{PROGRAM, assets, orders};

/// A cron minute on a cold machine.
#[test]
fn twenty_cold_starts_make_one_request() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let starts = (0..20).map(|_| {
        let mut command = home.command(PROGRAM);
        command.args(["token", "orders"]);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    let started: Vec<_> = starts.collect();
    let outputs = started.into_iter().map(|it| it.wait_with_output().unwrap());
    let mut tokens: Vec<_> = outputs
        .map(|output| {
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(simulator.token_requests().len(), 1);
}

/// Each refresh token of Ermeo works once.
#[test]
fn processes_at_once_spend_a_refresh_token_once() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let imported = home.run_with_input("import assets", &simulator.issue_refresh_token());
    assert_eq!(imported.code, 0, "{}", imported.err);
    let held = home.run("token assets").out;
    let starts = (0..8).map(|_| {
        let mut command = home.command("sh");
        let script = format!("echo {} | {PROGRAM} token assets --rejected", held.trim());
        command.args(["-c", &script]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    });
    let started: Vec<_> = starts.collect();
    for child in started {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_ne!(String::from_utf8(output.stdout).unwrap(), held);
    }
    assert!(simulator.spends().values().all(|times| *times <= 1));
    assert_eq!(simulator.token_requests().len(), 2);
}
