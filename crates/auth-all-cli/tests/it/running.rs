//! `auth-all exec`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use auth_sim::{Simulator, Vendor};
use rustix::process::Signal;

use crate::support::{Home, PROGRAM, assets, orders, ran, signal};

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
    let config = fs::read_to_string(home.config()).unwrap();
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

fn run(home: &Home, script: &str) -> (i32, String, String) {
    let mut command = home.command("sh");
    command.env("TMPDIR", home.path()).args(["-c", script]);
    let ran = ran(command.output());
    (ran.code, ran.out, ran.err)
}

#[test]
fn a_descriptor_has_the_token() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let token = home.run("token orders").out;
    let exec = |fd: u32, script: &str| {
        run(
            &home,
            &format!("{PROGRAM} exec orders --fd {fd} -- sh -c '{script}'"),
        )
    };
    let (code, out, err) = exec(3, "cat <&3; env; cat /proc/$$/cmdline");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(token.trim()), "{out}");
    assert_eq!(out.matches(token.trim()).count(), 1);
    // The second end of the pipe has the fourth number at first.
    for fd in [4, 5, 9] {
        assert_eq!(
            exec(fd, &format!("cat <&{fd}; exit 7")),
            (7, token.trim().to_owned(), String::new())
        );
    }
    assert_eq!(exec(0, "cat").1, token.trim());
    // It has no other descriptor of this program.
    let descriptors =
        |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let mut expected = descriptors(&run(&home, "sh -c 'ls /proc/self/fd'").1);
    assert!(expected.insert("9".to_owned()));
    assert_eq!(descriptors(&exec(9, "ls /proc/self/fd").1), expected);
}

#[test]
fn a_descriptor_that_is_in_use_is_refused() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (code, out, err) = run(
        &home,
        &format!("{PROGRAM} exec orders --fd 7 -- cat 7</dev/null"),
    );
    assert_eq!((code, out.as_str()), (64, ""));
    assert_eq!(
        err,
        "auth-all: descriptor 7 is in use; `auth-all` has inherited it\n"
    );
    for words in [
        "--fd 1",
        "--fd 2",
        "--fd -1",
        "--fd x",
        "--fd 3 --file F",
        "--fd 3 --env E",
    ] {
        assert_eq!(
            home.run(&format!("exec orders {words} -- true")).code,
            64,
            "{words}"
        );
    }
    assert!(simulator.token_requests().is_empty());
}

#[test]
fn a_file_has_the_token_until_the_command_ends() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let token = home.run("token orders").out;
    let script = format!(
        "{PROGRAM} exec orders --file F -- sh -c 'stat -c %a $F; echo $F; cat $F; echo; env; exit 7'"
    );
    let (code, out, err) = run(&home, &script);
    assert_eq!((code, err.as_str()), (7, ""));
    let lines: Vec<_> = out.lines().collect();
    let path = Path::new(lines[1]);
    assert_eq!((lines[0], lines[2]), ("600", token.trim()));
    assert_eq!(path.parent(), Some(home.path()));
    assert!(!path.exists());
    assert_eq!(
        out.matches(token.trim()).count(),
        1,
        "not in its environment"
    );
    let (code, _, err) = run(
        &home,
        &format!("{PROGRAM} exec orders --file F -- /nowhere/command"),
    );
    assert_eq!(code, 127, "{err}");
    let left = fs::read_dir(home.path()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().starts_with("auth-all-exec-")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn the_file_has_another_token_before_the_first_expires() {
    let builder = Simulator::builder(Vendor::Generic).access_token_lifetime(Duration::from_secs(2));
    let simulator = builder.start().unwrap();
    let home = orders(&simulator);
    let script = "first=$(cat $F); until test \"$(cat $F)\" != \"$first\"; do :; done; cat $F";
    let script = format!("{PROGRAM} exec orders --file F -- sh -c '{script}'");
    let (code, out, err) = run(&home, &script);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(!out.is_empty());
    assert!(simulator.token_requests().len() > 1);
}

/// A command that waits for a signal, on either way.
#[test]
fn the_command_gets_each_signal() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    for way in ["--env T", "--fd 3", "--file T"] {
        for (name, number) in [
            ("TERM", Signal::TERM),
            ("INT", Signal::INT),
            ("HUP", Signal::HUP),
            ("USR1", Signal::USR1),
        ] {
            let mut command = home.command(PROGRAM);
            let script =
                format!("trap 'echo {name}; exit 9' {name}; echo ready; while :; do read x; done");
            command
                .args(["exec", "orders"])
                .args(way.split(' '))
                .args(["--", "sh", "-c", &script]);
            command.env("TMPDIR", home.path());
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let _open = child.stdin.take();
            let mut output = BufReader::new(child.stdout.take().unwrap());
            let mut text = String::new();
            output.read_line(&mut text).unwrap();
            signal(&child, number);
            output.read_to_string(&mut text).unwrap();
            assert_eq!(text, format!("ready\n{name}\n"), "{way}");
            assert_eq!(child.wait().unwrap().code(), Some(9), "{way}");
        }
    }
}

/// `128 + n`, as shells report it.
#[test]
fn a_command_that_a_signal_ends_has_its_number() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let script = format!("{PROGRAM} exec orders --file F -- sh -c 'kill -TERM $$'");
    assert_eq!(run(&home, &script).0, 143);
}

/// `nohup auth-all exec`.
#[test]
fn an_ignored_signal_stays_ignored() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let look = "grep SigIgn /proc/self/status";
    let script = |trap| format!("trap '' {trap}; {PROGRAM} exec orders --file F -- {look}");
    let mask = |trap| {
        let out = run(&home, &script(trap)).1;
        u64::from_str_radix(out.rsplit_once('\t').unwrap().1.trim(), 16).unwrap()
    };
    assert_eq!(mask("HUP") & 1, 1);
    assert_eq!(mask("TERM") & 1, 0);
}
