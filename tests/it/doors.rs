//! Programs with one dependency, written, built and run as a newcomer does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use auth_sim::{Simulator, ermeo};

/// A package outside the workspace whose only dependency is this line.
fn package(name: &str, dependency: &str, main: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("src")).unwrap();
    let crates = workspace.join("crates").display().to_string();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{}\n\n[workspace]\n",
        dependency.replace("CRATES", &crates)
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), main).unwrap();
    // The versions of this workspace, so that cargo downloads nothing.
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doors");
    Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap()
}

/// Source of a program that prints the header for the simulator whose URL is its argument.
fn program(path: &str) -> String {
    format!(
        "use {path}::{{Ermeo, Secret, Session}};\n\n\
         fn main() {{\n\
         let ermeo = Ermeo::new({:?}, Secret::new({:?}))\n\
         .password({:?}, Secret::new({:?}))\n\
         .base(std::env::args().nth(1).unwrap());\n\
         let session = Session::new(ermeo);\n\
         println!(\"{{}}\", session.authorization().unwrap().to_str().unwrap());\n}}\n",
        ermeo::CLIENT_ID,
        ermeo::CLIENT_SECRET,
        ermeo::USERNAME,
        ermeo::PASSWORD,
    )
}

/// Source of a program that prints the errors of a session and its agent for an https URL.
const WITHOUT_TLS: &str = r#"use ermeo_auth::auth_core::{agent, grant::TokenResponse};
use ermeo_auth::{Ermeo, Secret, Session};

fn main() {
    let url = "https://127.0.0.1:1";
    let ermeo = || Ermeo::new("1_abc", Secret::new("s")).password("ada", Secret::new("p")).base(url);
    println!("{}", Session::new(ermeo()).token().unwrap_err());
    let tokens = TokenResponse::new(Secret::new("abc"));
    let session = Session::builder(ermeo()).tokens(tokens).build().unwrap();
    println!("{}", session.agent().get(url).call().map_err(agent::error).unwrap_err());
    let unsigned = session.agent().get(url).header("authorization", "Basic eA==").call();
    println!("{}", unsigned.map_err(agent::error).unwrap_err());
}
"#;

#[track_caller]
fn assert_gets_a_token(folder: &Path) {
    let sim = Simulator::ermeo();
    let output = cargo(folder, &["run", "--quiet", "--", sim.url()]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let header = String::from_utf8(output.stdout).unwrap();
    assert!(header.starts_with("Bearer "), "{header}");
    assert_eq!(sim.token_requests().len(), 1);
}

#[test]
fn a_program_with_one_vendor_gets_a_token() {
    let folder = package(
        "one-vendor",
        "ermeo-auth = { path = \"CRATES/ermeo-auth\", default-features = false }",
        &program("ermeo_auth"),
    );
    assert_gets_a_token(&folder);
}

/// The example of a vendor outside of the workspace, with its simulated server and the contract.
#[test]
fn a_vendor_of_your_own_keeps_the_contract() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = package("your-vendor", "", "");
    fs::remove_file(folder.join("src/main.rs")).unwrap();
    fs::create_dir_all(folder.join("tests")).unwrap();
    for file in ["Cargo.toml", "src/lib.rs", "tests/acme.rs"] {
        let text = fs::read_to_string(workspace.join("examples/your-vendor").join(file)).unwrap();
        let text = text.replace("../..", &workspace.display().to_string());
        fs::write(folder.join(file), text).unwrap();
    }
    let output = cargo(&folder, &["test", "--quiet"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    let passed = |line: &str| {
        line.strip_prefix("test result: ok. ")?
            .split(' ')
            .next()?
            .parse()
            .ok()
    };
    let most = stdout.lines().filter_map(passed).max();
    assert!(most > Some(100_u32), "{stdout}");
}

/// Without a TLS library, an https URL is an error that names the feature, not a panic.
#[test]
fn a_program_without_tls_learns_which_feature_it_needs() {
    let dependency = "ermeo-auth = { path = \"CRATES/ermeo-auth\", default-features = false }";
    let folder = package("without-tls", dependency, WITHOUT_TLS);
    let output = cargo(&folder, &["run", "--quiet"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout.lines().count(), 3, "{stdout}");
    let words = "https needs a TLS library: switch on the feature `rustls`";
    assert!(stdout.lines().all(|line| line.contains(words)), "{stdout}");
}

#[test]
fn a_program_with_the_facade_gets_a_token() {
    let folder = package(
        "facade",
        "auth-all = { path = \"CRATES/auth-all\", default-features = false, features = [\"ermeo\"] }",
        &program("auth_all::ermeo"),
    );
    assert_gets_a_token(&folder);
}

#[test]
fn the_facade_has_no_vendor_unless_it_is_asked_for() {
    let folder = package(
        "facade-empty",
        "auth-all = { path = \"CRATES/auth-all\", default-features = false }",
        &program("auth_all::ermeo"),
    );
    let output = cargo(&folder, &["check", "--quiet"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(stderr.contains("ermeo"), "{stderr}");
}
