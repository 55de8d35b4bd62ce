//! Help, and arguments that are wrong.

use auth_sim::Simulator;

use crate::support::{Home, orders};

#[test]
fn help_is_a_result() {
    let home = Home::new("");
    let ran = home.run("--help");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for command in [
        "token", "exec", "keep", "login", "import", "helper", "status", "check", "logout", "list",
        "try",
    ] {
        assert!(
            ran.out.contains(&format!("\n  {command} ")),
            "{command}: {}",
            ran.out
        );
        let ran = home.run(&format!("{command} --help"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("Usage: auth-all "), "{}", ran.out);
    }
    assert_eq!(
        home.run("--version").out,
        concat!("auth-all ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_arguments_are_usage() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    for (words, complaint) in [
        ("tokn orders", "unrecognized subcommand 'tokn'"),
        ("token orders --min-life soon", "a time is a number"),
        ("token orders -f yaml", "invalid value 'yaml'"),
        ("token orders --refresh --rejected", "cannot be used with"),
        ("exec orders", "required arguments"),
        ("exec orders --env A=B -- true", "a variable has letters"),
        ("token", "which profile?"),
        ("login orders --device", "this is client_credentials"),
    ] {
        let ran = home.run(words);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (64, ""),
            "{words}: {}",
            ran.err
        );
        assert!(ran.err.starts_with("auth-all: "), "{}", ran.err);
        assert!(ran.err.contains(complaint), "{words}: {}", ran.err);
    }
}

/// A secret on the command line would be in the list of processes.
#[test]
fn no_option_takes_a_secret() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    for word in [
        "--password",
        "--client-secret",
        "--refresh-token",
        "--token",
    ] {
        let ran = home.run(&format!("login orders {word}=x"));
        assert_eq!(ran.code, 64, "{word}");
    }
}
