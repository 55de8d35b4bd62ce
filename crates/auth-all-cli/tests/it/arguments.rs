//! Help, and arguments that are wrong.

use auth_sim::Simulator;

use crate::support::{Home, PROGRAM, orders, ran};

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

/// They are made before there is a configuration, or with one that is broken.
#[test]
fn completions_complete_a_command() {
    let home = Home::new("broken");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = home.run(&format!("completions {shell}"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{shell}");
        assert!(ran.out.contains("min-life"), "{shell}");
    }
    let script = format!(
        "source <({PROGRAM} completions bash); COMP_CWORD=$1; shift; COMP_WORDS=(\"$@\"); \
         _auth__all auth-all \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo ${{COMPREPLY[*]}}"
    );
    let complete = |words: &[&str]| {
        let mut command = home.command("bash");
        let last = (words.len() - 1).to_string();
        command.args(["-c", &script, "bash", &last]).args(words);
        ran(command.output()).out
    };
    assert_eq!(complete(&["auth-all", "ke"]), "keep\n");
    assert_eq!(complete(&["auth-all", "token", "--min"]), "--min-life\n");
    assert_eq!(complete(&["auth-all", "keep", "-f", "h"]), "header\n");
}

#[test]
fn each_command_has_a_man_page() {
    let home = Home::new("broken");
    let page = home.run("man").out;
    let commands = page
        .lines()
        .filter_map(|line| line.strip_prefix("auth\\-all\\-"));
    let commands: Vec<_> = commands
        .filter_map(|line| line.strip_suffix("(1)"))
        .collect();
    assert!(commands.contains(&"keep"), "{page}");
    assert!(page.contains("77 a person must log in"), "{page}");
    for command in commands {
        let ran = home.run(&format!("man {command}"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let synopsis = format!(".SH SYNOPSIS\n\\fBauth\\-all {command}");
        assert!(ran.out.contains(&synopsis), "{}", ran.out);
    }
    assert_eq!(home.run("man nonsense").code, 64);
}
