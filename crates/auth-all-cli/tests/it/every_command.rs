//! Every command that the help lists, with canaries for secrets: its output, its log file, and the programs it runs.
//!
//! The list is the program's own, so a new command is in it.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use auth_sim::{Simulator, ermeo, generic};

use crate::support::{Home, PROGRAM, Ran, fed};

/// A home with two logins, whose secrets a program prints; it notes its own arguments and environment.
struct Stage {
    home: Home,
    orders: Simulator,
    assets: Simulator,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            home: Home::new(""),
            orders: Simulator::generic(),
            assets: Simulator::ermeo(),
        };
        let Self {
            home,
            orders,
            assets,
        } = &stage;
        let folder = home.path().display();
        // `try` shows the usual ones, which are no secrets.
        orders.accept_client_secrets([SECRETS[1]]);
        assets.accept_client_secrets([SECRETS[2]]);
        fs::write(home.path().join("orders"), SECRETS[1]).unwrap();
        fs::write(home.path().join("assets"), SECRETS[2]).unwrap();
        stage.spy("spy", &format!("cat {folder}/$1"));
        stage.spy("xdg-open", "");
        home.write(&format!(
            "log_file = \"{folder}/log\"\n\
             [profile.orders]\ntoken_endpoint = \"{}\"\ngrant = \"client_credentials\"\nclient_id = \"{}\"\n\
             client_secret = {{ command = [\"{folder}/spy\", \"orders\"] }}\napi = [\"https://api.example\"]\n\
             [profile.assets]\nvendor = \"ermeo\"\nbase = \"{}\"\nclient_id = \"{}\"\nusername = \"{}\"\n\
             client_secret = {{ command = [\"{folder}/spy\", \"assets\"] }}\n",
            orders.token_url(),
            generic::CLIENT_ID,
            assets.url(),
            ermeo::CLIENT_ID,
            ermeo::USERNAME,
        ));
        assert_eq!(home.run("token orders").code, 0);
        let refresh_token = assets.issue_refresh_token();
        let imported = home.run_with_input("import assets", &refresh_token);
        assert_eq!(imported.code, 0, "{}", imported.err);
        stage
    }

    /// A program that notes what other users of the machine could see of it.
    fn spy(&self, name: &str, then: &str) {
        let path = self.home.path().join(name);
        let seen = self.home.path().join("seen").display().to_string();
        let script = format!(
            "#!/bin/sh\ntr '\\0' '\\n' < /proc/$$/cmdline >> {seen}\ntr '\\0' '\\n' < /proc/$$/environ >> {seen}\n{then}\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs the program for five seconds at most, with a secret on its standard input and every event in its log.
    fn run(&self, words: &[&str]) -> Ran {
        let mut command: Command = self.home.command("timeout");
        command.args(["--signal=KILL", "5", PROGRAM]).args(words);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.home.path().display()));
        command.env("AUTH_ALL_LOG", "debug");
        fed(&mut command, &format!("{}\n", SECRETS[0]))
    }

    fn access_token(&self, profile: &str) -> String {
        let ran = self.home.run(&format!("token {profile}"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().to_owned()
    }

    /// Secrets that are printed nowhere.
    fn secrets(&self) -> Vec<String> {
        let mut secrets: Vec<_> = self.assets.spends().into_keys().collect();
        assert!(!secrets.is_empty());
        secrets.extend(SECRETS.map(str::to_owned));
        secrets
    }
}

/// The names below this heading of a help text.
fn names(help: &str, heading: &str) -> Vec<String> {
    let (_, section) = help.split_once(heading).unwrap();
    let rows = section
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "));
    rows.filter_map(|row| row.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_command_of_the_help_shows_a_secret() {
    let commands = names(&Home::new("").run("--help").out, "Commands:");
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands.iter().map(String::as_str) {
        let stage = Stage::new();
        let tokens = ["orders", "assets"].map(|profile| stage.access_token(profile));
        let mut shown = String::new();
        for words in [
            vec![command],
            vec![command, "--help"],
            vec![command, "orders"],
            vec![command, "assets"],
            vec![command, "unknown"],
            vec![command, "--print-config"],
            vec![command, "--json"],
        ] {
            let ran = stage.run(&words);
            assert_ne!(ran.code, 70, "{words:?}: {}", ran.err);
            if command != "token" {
                shown.push_str(&ran.out);
            }
            shown.push_str(&ran.err);
        }
        let read = |file: &str| fs::read_to_string(stage.home.path().join(file));
        shown.push_str(&read("seen").unwrap());
        // `try` reads no configuration.
        shown.push_str(&read("log").unwrap_or_default());
        for secret in stage.secrets().iter().chain(&tokens) {
            assert!(
                !shown.contains(secret.as_str()),
                "{command}: {secret}: {shown}"
            );
        }
    }
}

/// A helper prints the token on standard output, which is its purpose, and nothing secret elsewhere.
#[test]
fn no_helper_shows_a_secret_elsewhere() {
    let help = Home::new("").run("helper --help").out;
    let (_, programs) = help.split_once("[possible values: ").unwrap();
    let (programs, _) = programs.split_once(']').unwrap();
    let stage = Stage::new();
    let tokens = ["orders", "assets"].map(|profile| stage.access_token(profile));
    for program in programs.split(", ") {
        for words in [
            vec!["helper", program, "orders"],
            vec!["helper", program, "assets", "get"],
            vec!["helper", program, "unknown", "get", "https://api.example/"],
            vec!["helper", program, "--print-config", "orders"],
        ] {
            let ran = stage.run(&words);
            for secret in stage.secrets() {
                assert!(!ran.out.contains(&secret), "{words:?}: {}", ran.out);
            }
            for secret in stage.secrets().iter().chain(&tokens) {
                assert!(!ran.err.contains(secret.as_str()), "{words:?}: {}", ran.err);
            }
        }
    }
    for file in ["log", "seen"] {
        let text = fs::read_to_string(stage.home.path().join(file)).unwrap();
        for secret in stage.secrets().iter().chain(&tokens) {
            assert!(!text.contains(secret.as_str()), "{file}: {text}");
        }
    }
}

/// The browser gets an address without a secret in it, as an argument.
#[test]
fn the_browser_is_given_no_secret() {
    let stage = Stage::new();
    let config = fs::read_to_string(stage.home.config()).unwrap();
    let url = stage.orders.url();
    let browser = config.replace(
        "grant = \"client_credentials\"",
        &format!("grant = \"browser\"\nauthorization_endpoint = \"{url}/authorize\""),
    );
    stage.home.write(&browser);
    let ran = stage.run(&["login", "orders", "--browser", "--timeout", "1s"]);
    assert_ne!(ran.code, 0);
    let seen = fs::read_to_string(stage.home.path().join("seen")).unwrap();
    let shown = format!("{}{}{seen}", ran.out, ran.err);
    for secret in stage.secrets() {
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(shown.contains("/authorize?"), "{shown}");
}

/// Those on standard input, of `orders` and of `assets`.
const SECRETS: [&str; 3] = ["canary-of-input", "canary-of-orders", "canary-of-assets"];
