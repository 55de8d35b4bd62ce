//! The ways in: a program with one dependency is written, built and run as a newcomer would.

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
    // The versions that are there already, so that nothing is fetched.
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

/// Prints the header that it got from the simulator whose URL is its argument.
fn program(path: &str) -> String {
    format!(
        "use {path}::{{Ermeo, Session}};\n\n\
         fn main() {{\n\
         let session = Session::new(Ermeo {{\n\
         client_id: {:?}.into(), client_secret: {:?}.into(),\n\
         username: {:?}.into(), password: {:?}.into(),\n\
         base: std::env::args().nth(1).unwrap(),\n\
         }});\n\
         println!(\"{{}}\", session.authorization().unwrap().to_str().unwrap());\n}}\n",
        ermeo::CLIENT_ID,
        ermeo::CLIENT_SECRET,
        ermeo::USERNAME,
        ermeo::PASSWORD,
    )
}

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
fn a_program_with_one_vendor_as_its_only_dependency_gets_a_token() {
    let folder = package(
        "one-vendor",
        "ermeo-auth = { path = \"CRATES/ermeo-auth\", default-features = false }",
        &program("ermeo_auth"),
    );
    assert_gets_a_token(&folder);
}

#[test]
fn a_program_with_the_facade_and_one_feature_gets_a_token() {
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
