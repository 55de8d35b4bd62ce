//! A person at a terminal, and what stands in its place: no terminal, a closed pipe, a full disk.

use std::fs::OpenOptions;

use auth_all::agent::ureq;
use auth_sim::{Received, Simulator, generic};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Home, PROGRAM, Terminal, assets, orders, ran};

/// A profile `code` whose user logs in with this grant.
fn code(simulator: &Simulator, grant: &str) -> Home {
    Home::new(&format!(
        "[profile.code]\ngrant = \"{grant}\"\nclient_id = \"{}\"\nissuer = \"{}\"\n",
        generic::PUBLIC_CLIENT_ID,
        simulator.url()
    ))
}

fn grants(simulator: &Simulator) -> Vec<String> {
    let requests = simulator.token_requests();
    requests.iter().map(Received::grant_type).collect()
}

/// The shell that started it finds its terminal as it was.
#[test]
fn ctrl_c_at_a_question_ends_the_login() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let script = format!("trap : INT; {PROGRAM} login assets; echo code $?; stty -a");
    let mut terminal = Terminal::start(&home, &script);
    terminal.until(": ");
    terminal.until_hidden();
    terminal.type_in("half a password\u{3}");
    let ran = terminal.end();
    assert!(ran.out.contains("code 130"), "{}", ran.out);
    for mode in [" echo ", "isig icanon "] {
        assert!(ran.out.contains(mode), "{mode}: {}", ran.out);
    }
    assert!(!ran.out.contains("half"), "{}", ran.out);
    assert!(simulator.token_requests().is_empty());
}

#[test]
fn ctrl_c_reaches_a_command() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    for way in ["--env T", "--file T"] {
        let command = "trap \"echo interrupted; exit 5\" INT; echo ready; read x";
        let script =
            format!("trap : INT; {PROGRAM} exec orders {way} -- sh -c '{command}'; exit $?");
        let mut terminal = Terminal::start(&home, &script);
        terminal.until("ready");
        terminal.type_in("\u{3}");
        let ran = terminal.end();
        assert_eq!(ran.code, 5, "{way}: {}", ran.out);
        assert!(ran.out.contains("interrupted"), "{way}: {}", ran.out);
    }
}

/// The terminal does that, for every command that it is the terminal of. A second signal is force to some.
#[test]
fn exec_does_not_repeat_a_key_of_the_terminal() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let command = "trap \"echo interrupted\" INT; trap \"echo ended; exit 5\" TERM; echo ready $PPID.; \
                   while :; do read x; done";
    // The terminal does not signal a command of another session.
    let script = format!("{PROGRAM} exec orders --file T -- setsid sh -c '{command}'; exit $?");
    let mut terminal = Terminal::start(&home, &format!("trap : INT; {script}"));
    terminal.until("ready ");
    let exec: i32 = terminal.until(".").trim_end_matches('.').parse().unwrap();
    terminal.type_in("\u{3}");
    terminal.until("^C");
    kill_process(Pid::from_raw(exec).unwrap(), Signal::TERM).unwrap();
    let ran = terminal.end();
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(!ran.out.contains("interrupted"), "{}", ran.out);
}

#[test]
fn a_code_is_drawn_on_a_terminal_alone() {
    let simulator = Simulator::generic();
    let home = code(&simulator, "device");
    for (words, is_coloured) in [("login code", true), ("login code --no-color", false)] {
        let script = format!("exec {PROGRAM} {words}");
        let mut terminal = Terminal::start(&home, &script);
        let drawn = terminal.until("enter ");
        assert!(drawn.contains('▀') || drawn.contains('▄'), "{drawn}");
        assert_eq!(drawn.contains('\u{1b}'), is_coloured, "{drawn}");
        terminal.type_in("\u{3}");
        assert_eq!(terminal.end().code, 130);
    }
}

/// `curl` is the browser: it follows the server's redirect to this program.
#[test]
fn a_login_in_the_browser() {
    let simulator = Simulator::generic();
    let home = code(&simulator, "browser");
    let mut command = home.command(PROGRAM);
    command.env("BROWSER", "curl --silent --location %s");
    let ran = ran(command.args(["login", "code", "--browser"]).output());
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    let begun = "Waiting for your browser; Ctrl-C ends it\ncode: logged in; ";
    assert!(ran.err.starts_with(begun), "{}", ran.err);
    assert_eq!(grants(&simulator), ["authorization_code"]);
    assert_eq!(home.run("token code").code, 0);
}

#[test]
fn a_browser_that_does_not_return_is_waited_for_so_long() {
    let simulator = Simulator::generic();
    let home = code(&simulator, "browser");
    let ran = home.run("login code --browser --timeout 1s");
    assert_eq!((ran.code, ran.out.as_str()), (77, ""), "{}", ran.err);
    assert!(
        ran.err
            .contains("\nOpen this address in a browser:\n  http"),
        "{}",
        ran.err
    );
    assert!(simulator.token_requests().is_empty());
}

#[test]
fn an_address_is_pasted() {
    let simulator = Simulator::generic();
    let home = code(&simulator, "browser");
    let mut terminal = Terminal::start(&home, &format!("exec {PROGRAM} login code --paste"));
    terminal.until("  http");
    let url = format!("http{}", terminal.until("\n"));
    terminal.until("That address: ");
    terminal.until_hidden();
    let agent = ureq::Agent::config_builder().max_redirects(0).build();
    let answer = agent.new_agent().get(url.trim()).call().unwrap();
    let address = answer.headers()["location"].to_str().unwrap();
    terminal.type_in(&format!("{address}\n"));
    let ran = terminal.end();
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("code: logged in; "), "{}", ran.out);
    let secret = address.split_once("code=").unwrap().1;
    assert!(!ran.out.contains(secret), "{}", ran.out);
    assert_eq!(grants(&simulator), ["authorization_code"]);
}

/// As under cron.
#[test]
fn without_a_terminal_nothing_is_asked() {
    let simulator = Simulator::generic();
    let home = code(&simulator, "browser");
    for words in [
        "login code",
        "login code --paste",
        "token code",
        "keep code --once --file x",
    ] {
        let mut command = home.command("setsid");
        let ran = ran(command
            .args(["--wait", PROGRAM])
            .args(words.split(' '))
            .output());
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (77, ""),
            "{words}: {}",
            ran.err
        );
        assert!(
            ran.err.ends_with("auth-all login code\n"),
            "{words}: {}",
            ran.err
        );
    }
    assert!(simulator.token_requests().is_empty());
}

const PRINTING: [&str; 13] = [
    "--help",
    "--version",
    "keep --help",
    "token orders",
    "token orders -f json",
    "list",
    "status",
    "status orders --json",
    "helper pnpm orders",
    "helper pnpm orders --print-config",
    "completions bash",
    "man",
    "try generic",
];

/// `auth-all list | head -0`.
#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    for words in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.command(PROGRAM);
        let ran = ran(command.args(words.split(' ')).stdout(writer).output());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words}");
    }
}

#[test]
fn a_result_that_is_lost_is_a_failure() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    for words in PRINTING {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = home.command(PROGRAM);
        let ran = ran(command.args(words.split(' ')).stdout(full).output());
        assert_eq!(ran.code, 74, "{words}: {}", ran.err);
        let shown = "auth-all: the result was not written: ";
        assert!(ran.err.starts_with(shown), "{words}: {}", ran.err);
    }
}
