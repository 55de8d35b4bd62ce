//! No secret is in an argument list, an environment, a message, a log line or a help text.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use auth_sim::{Fault, Response, Simulator, ermeo, generic};

use crate::support::{Home, PROGRAM, assets, orders, ran};

/// Every command, with all that it logs.
const COMMANDS: [&str; 13] = [
    "status",
    "status orders",
    "status orders --json",
    "list",
    "check orders",
    "login orders",
    "exec orders -- true",
    "exec orders --fd 3 -- true",
    "exec orders --file F -- true",
    "keep orders --once --file HOME/token",
    "helper pnpm orders --print-config",
    "logout orders",
    "--help",
];

#[test]
fn no_command_but_token_shows_a_secret() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let token = home.run("token orders").out;
    for words in COMMANDS {
        let words = words.replace("HOME", &home.path().to_string_lossy());
        let ran = home.run(&format!("--log debug {words}"));
        for secret in [generic::CLIENT_SECRET, token.trim()] {
            assert!(!ran.out.contains(secret), "{words}: {}", ran.out);
            assert!(!ran.err.contains(secret), "{words}: {}", ran.err);
        }
    }
}

/// A helper prints the token, which is its purpose.
#[test]
fn a_helper_shows_the_token_on_standard_output_alone() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let token = home.run("token orders").out;
    for words in ["helper pnpm orders", "token orders -f json"] {
        let ran = home.run(&format!("--log debug {words}"));
        assert!(ran.out.contains(token.trim()), "{words}: {}", ran.err);
        assert!(!ran.err.contains(token.trim()), "{words}: {}", ran.err);
        let shown = format!("{}{}", ran.out, ran.err);
        assert!(!shown.contains(generic::CLIENT_SECRET), "{words}: {shown}");
    }
}

#[test]
fn no_failure_shows_a_secret() {
    let simulator = Simulator::generic();
    let echo = format!(
        "{{\"error\":\"invalid_client\",\"error_description\":\"{}\"}}",
        generic::CLIENT_SECRET
    );
    let failures = [
        Fault::Status(500),
        Fault::Response(Response::new(401).body("application/json", echo.clone())),
        Fault::Response(Response::new(200).body("text/html", echo)),
        Fault::Drop,
    ];
    for fault in failures {
        let home = orders(&simulator);
        simulator.next(fault);
        for words in ["token orders --log debug", "check orders", "status orders"] {
            let ran = home.run(words);
            let shown = format!("{}{}", ran.out, ran.err);
            assert!(!shown.contains(generic::CLIENT_SECRET), "{words}: {shown}");
        }
    }
}

#[test]
fn a_refresh_token_is_never_shown() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let refresh_token = simulator.issue_refresh_token();
    let imported = home.run_with_input("import assets --log debug", &refresh_token);
    assert_eq!(imported.code, 0, "{}", imported.err);
    assert_eq!(simulator.spends().get(&refresh_token), Some(&1));
    let mut shown = imported.out + &imported.err;
    for words in [
        "token assets -f json --log debug",
        "status assets",
        "token assets --refresh --log debug",
    ] {
        let ran = home.run(words);
        shown.push_str(&(ran.out + &ran.err));
    }
    for token in simulator.spends().into_keys() {
        assert!(!shown.contains(&token), "{shown}");
    }
    assert!(simulator.spends().len() > 1);
    assert!(!shown.contains(ermeo::CLIENT_SECRET));
}

/// The child's arguments and environment, as other processes of this user can read them.
#[test]
fn the_command_of_exec_gets_nothing_but_the_token() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let script = home.path().join("look");
    fs::write(
        &script,
        "cat /proc/$$/cmdline /proc/$$/environ | tr '\\0' '\\n'",
    )
    .unwrap();
    let mut command = home.command(PROGRAM);
    let output = command
        .args(["exec", "orders", "--", "sh"])
        .arg(&script)
        .output();
    let ran = ran(output);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let token = home.run("token orders").out;
    assert_eq!(ran.out.matches(token.trim()).count(), 1);
    assert!(!ran.out.contains(generic::CLIENT_SECRET));
    let (arguments, _) = ran.out.split_once("API_TOKEN=").unwrap();
    assert!(!arguments.contains(token.trim()));
}

#[test]
fn a_faulty_configuration_shows_no_secret() {
    for broken in [
        "[profile.orders]\nclient_secret = canary\n",
        "[profile.orders]\nclient_secret = \"canary\n",
        "[profile.orders]\ngrant = { danger_plain = \"canary\" }\nissuer = 1\n",
        "client_secret = \"canary\"\n",
        "[store]\nkind = \"redis\"\nurl = \"redis://:canary@host\"\n",
    ] {
        let ran = Home::new(broken).run("status");
        assert_eq!(ran.code, 78, "{broken}");
        assert!(!ran.err.contains("canary"), "{}", ran.err);
    }
}

/// pip, go, terraform and pnpm show nothing that a helper prints on standard error.
#[test]
fn a_log_file_has_failures_and_events_without_secrets() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let token = home.run("token orders").out;
    let path = home.path().join("log");
    let config = fs::read_to_string(home.config()).unwrap();
    home.write(&format!("log_file = \"{}\"\n{config}", path.display()));
    let fails = |words: &str| assert_ne!(home.run(words).code, 0, "{words}");
    fails("helper pnpm ordrs");
    fails("helper kubectl orders");
    let echo = format!(
        "{{\"error\":\"invalid_client\",\"error_description\":\"{}\"}}",
        generic::CLIENT_SECRET
    );
    simulator.next(Fault::Response(
        Response::new(401).body("application/json", echo),
    ));
    fails("--log debug token orders --refresh");
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.contains(" helper pnpm: no profile is named `ordrs`"),
        "{text}"
    );
    assert!(
        text.contains(" helper kubectl: kubectl runs this"),
        "{text}"
    );
    assert!(text.contains(" auth-all: debug: "), "{text}");
    for secret in [generic::CLIENT_SECRET, token.trim()] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

/// The variable is heard before a configuration that cannot be read; what is no file is refused, and ends nothing.
#[test]
fn the_variable_names_the_log_file_first() {
    let home = Home::new("log_file = \"log\"\n");
    assert_eq!(home.run("list").code, 78);
    let path = home.path().join("log");
    let mut command = home.command(PROGRAM);
    command
        .args(["helper", "go"])
        .env("AUTH_ALL_LOG_FILE", &path);
    let failed = ran(command.output());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("`log_file` is an absolute path"), "{text}");
    assert!(
        failed.err.contains("`log_file` is an absolute path"),
        "{}",
        failed.err
    );
    command.env("AUTH_ALL_LOG_FILE", home.path());
    let failed = ran(command.output());
    assert!(failed.err.contains("it is not a file"), "{}", failed.err);
    assert_eq!(failed.code, 78);
}
