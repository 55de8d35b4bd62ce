//! Commands that are killed at each moment of a renewal, by the signal that no program can take.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use auth_all::clock::{Clock as _, SystemClock};
use auth_sim::{Simulator, Vendor, ermeo};

use crate::support::{Home, PROGRAM, assets};

#[test]
fn a_killed_token_costs_no_login() {
    kill_at_each_moment("token assets");
}

#[test]
fn a_killed_exec_costs_no_login() {
    kill_at_each_moment("exec assets -- true");
}

#[test]
fn a_killed_exec_leaves_its_file_to_the_next() {
    kill_at_each_moment("exec assets --file F -- true");
}

#[test]
fn a_killed_keep_leaves_a_whole_file() {
    kill_at_each_moment("keep assets --once --file HOME/token");
}

/// Runs the command in so many homes, in which the token has expired; kills it later in each, the last ones not at all.
fn kill_at_each_moment(words: &str) {
    // Each refresh token of Ermeo works once.
    let builder = Simulator::builder(Vendor::Ermeo).access_token_lifetime(Duration::from_secs(1));
    let simulator = builder.start().unwrap();
    let homes: Vec<_> = (0..MOMENTS).map(|_| home(&simulator)).collect();
    let clock = SystemClock::new();
    let begun = clock.now();
    assert!(run(&homes[0], words, "9").success());
    let whole = clock.now().since(begun).as_secs_f64();
    let mut killed = 0;
    for (moment, home) in homes.iter().enumerate().skip(1) {
        let after = 1.3 * whole * moment as f64 / MOMENTS as f64;
        let status = run(home, words, &format!("{after:.4}"));
        let is_killed = status.signal() == Some(9) || status.code() == Some(137);
        assert!(status.success() || is_killed, "{status}");
        killed += usize::from(is_killed);
        let file = fs::read_to_string(home.path().join("token")).unwrap();
        assert_eq!(file.len(), LENGTH, "half a file after {after} s");
        // The next process continues, and removes what is left.
        let next = home.run("token assets");
        assert_eq!(next.code, 0, "after {after} s: {}", next.err);
        assert!(run(home, words, "9").success());
        let files = fs::read_dir(home.path()).unwrap();
        let names = files.map(|it| it.unwrap().file_name().into_string().unwrap());
        let left: Vec<_> = names
            .filter(|name| name.contains(".new-") || name.contains("-exec-"))
            .collect();
        assert!(left.is_empty(), "after {after} s: {left:?}");
    }
    assert!(killed > 3, "only {killed} were killed");
    let twice = simulator.spends().into_values().filter(|times| *times > 1);
    assert_eq!(twice.count(), 0, "a refresh token was sent again");
}

/// Runs the command, and kills it after so many seconds.
fn run(home: &Home, words: &str, seconds: &str) -> ExitStatus {
    let words = words.replace("HOME", &home.path().to_string_lossy());
    let mut command = home.command("timeout");
    command.env("TMPDIR", home.path());
    command.args(["--signal=KILL", seconds, PROGRAM]);
    command.args(words.split(' ')).output().unwrap().status
}

/// A home with a login, and a file with its token.
fn home(simulator: &Simulator) -> Home {
    let home = assets(simulator);
    // A refresh token whose response a killed process has lost is replaced by a login.
    let secret = home.path().join("password");
    fs::write(&secret, ermeo::PASSWORD).unwrap();
    let config = fs::read_to_string(home.config()).unwrap();
    let secret = secret.display();
    home.write(&format!("{config}password = {{ file = \"{secret}\" }}\n"));
    let first = run(&home, "keep assets --once --file HOME/token", "9");
    assert!(first.success());
    home
}

const MOMENTS: usize = 32;
/// Of a token of the simulator.
const LENGTH: usize = 86;
