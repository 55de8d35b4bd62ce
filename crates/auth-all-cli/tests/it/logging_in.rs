//! `auth-all login`, `import` and `logout`.

use std::io::BufReader;
use std::process::Stdio;

use auth_all::agent::ureq;
use auth_sim::{Received, Simulator, aerion, ermeo, generic};

use crate::support::{Home, PROGRAM, Ran, Terminal, assets, orders, ran, until};

/// Runs the program on a terminal of its own, and types this text when it asks.
fn typed(home: &Home, words: &str, text: &str) -> Ran {
    let mut terminal = Terminal::start(home, &format!("exec {PROGRAM} {words}"));
    terminal.until(": ");
    terminal.until_hidden();
    terminal.type_in(text);
    terminal.end()
}

#[test]
fn a_typed_password_makes_a_login_that_is_refreshed() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let ran = typed(&home, "login assets", &format!("{}\n", ermeo::PASSWORD));
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(
        ran.out
            .contains(&format!("Password of {}: ", ermeo::USERNAME)),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("assets: logged in; the token is valid until "),
        "{}",
        ran.out
    );
    assert!(
        !ran.out.contains(ermeo::PASSWORD),
        "the terminal does not show it"
    );
    let first = home.run("token assets");
    assert_eq!(first.code, 0, "{}", first.err);
    let second = home.run("token assets --refresh");
    assert_ne!(second.out, first.out);
    let grants: Vec<_> = simulator
        .token_requests()
        .iter()
        .map(Received::grant_type)
        .collect();
    assert_eq!(grants, ["password", "refresh_token"]);
}

#[test]
fn a_wrong_password_leaves_the_login_alone() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    typed(&home, "login assets", &format!("{}\n", ermeo::PASSWORD));
    let held = home.run("token assets").out;
    let wrong = typed(&home, "login assets", "canary\n");
    assert_ne!(wrong.code, 0);
    assert!(!wrong.out.contains("canary"), "{}", wrong.out);
    assert_eq!(home.run("token assets").out, held);
}

/// As under cron: it must not wait for an answer that never comes.
#[test]
fn without_a_terminal_a_login_fails_at_once() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let mut command = home.command("setsid");
    let output = command
        .args(["--wait", PROGRAM, "login", "assets"])
        .output();
    let ran = ran(output);
    assert_eq!((ran.code, ran.out.as_str()), (77, ""));
    assert_eq!(
        ran.err,
        "auth-all: assets: a person must log in, and there is no terminal to ask at\n  \
         run in a terminal: auth-all login assets\n"
    );
}

#[test]
fn a_profile_with_all_secrets_logs_in_alone() {
    let simulator = Simulator::generic();
    let ran = orders(&simulator).run("login orders");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(
        ran.err
            .starts_with("orders: logged in; the token is valid until "),
        "{}",
        ran.err
    );
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn a_refresh_token_is_imported() {
    let simulator = Simulator::aerion();
    let home = Home::new(&format!(
        "[profile.sso]\nvendor = \"aerion\"\ncompany = \"{}\"\nusername = \"{}\"\nbase = \"{}\"\n",
        aerion::COMPANY,
        aerion::USERNAME,
        simulator.url()
    ));
    let token = simulator.issue_refresh_token();
    let ran = home.run_with_input("import sso", &format!("{token}\n"));
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("and renewed without you"), "{}", ran.err);
    let held = home.run("token sso");
    assert_eq!(held.code, 0, "{}", held.err);
    let wrong = home.run_with_input("import sso", "canary");
    assert_ne!(wrong.code, 0);
    assert!(!wrong.err.contains("canary"), "{}", wrong.err);
    assert_eq!(home.run("token sso"), held, "the login is still there");
    assert_ne!(home.run("token sso --refresh").out, held.out);
}

#[test]
fn a_grant_without_refresh_tokens_imports_nothing() {
    let simulator = Simulator::generic();
    let ran = orders(&simulator).run_with_input("import orders", "x");
    let refusal =
        "auth-all: orders: client_credentials has no refresh tokens, so none can be imported\n";
    assert_eq!((ran.code, ran.err.as_str()), (78, refusal));
    assert!(simulator.token_requests().is_empty());
}

#[test]
fn a_login_on_another_device() {
    let simulator = Simulator::generic();
    let home = Home::new(&format!(
        "[profile.screen]\ngrant = \"device\"\nclient_id = \"{}\"\nissuer = \"{}\"\n",
        generic::PUBLIC_CLIENT_ID,
        simulator.url()
    ));
    let mut command = home.command(PROGRAM);
    command.args(["login", "screen", "--device"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut screen = BufReader::new(child.stderr.take().unwrap());
    let shown = until(&mut screen, "\n");
    // On another device, open URL and enter CODE
    let code = shown.trim_end().rsplit(' ').next().unwrap();
    let url = format!("{}/device?user_code={code}", simulator.url());
    assert_eq!(ureq::get(url).call().unwrap().status(), 200);
    let rest = until(&mut screen, "\n");
    assert!(rest.starts_with("screen: logged in; "), "{rest}");
    assert!(child.wait().unwrap().success());
    assert_eq!(home.run("token screen").code, 0);
}

#[test]
fn after_a_logout_the_login_is_gone() {
    let simulator = Simulator::ermeo();
    let home = assets(&simulator);
    let imported = home.run_with_input("import assets", &simulator.issue_refresh_token());
    assert_eq!(imported.code, 0, "{}", imported.err);
    let ran = home.run("logout assets");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err, "assets: logged out\n");
    assert_eq!(home.run("token assets").code, 77);
}
