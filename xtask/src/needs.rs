//! What the machine must have, and how it gets it.
//!
//! On a Debian machine where we are root a missing package is installed, and said so; anywhere else
//! the error is the command that mends it. All of it is on standard error, out of the way of what a
//! task prints.

use std::env;
use std::fs;
use std::path::Path;

use crate::run::{Result, Run};

/// Set by every CI service: what is missing there is a failure, not a skip.
pub(crate) fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Formatter and linter, which a minimal Rust installation leaves out.
pub(crate) fn components() -> Result {
    for name in ["fmt", "clippy"] {
        let there = || Run::new("cargo").args(&[name, "--version"]).succeeds();
        if !there() {
            let component = if name == "fmt" { "rustfmt" } else { name };
            println!("    {component} is missing; adding it");
            Run::new("rustup component add").arg(component).run()?;
        }
    }
    Ok(())
}

/// `native-tls` is OpenSSL on Linux, and its headers are a package of their own.
pub(crate) fn native_tls() -> Result {
    if !cfg!(target_os = "linux") || Run::new("pkg-config --exists openssl").succeeds() {
        return Ok(());
    }
    install(
        &["pkg-config", "libssl-dev"],
        "the `native-tls` feature builds against OpenSSL",
    )
}

/// An authorization server that nobody here wrote, in a Python environment of its own.
pub(crate) fn django_oauth_toolkit() -> Result {
    python()?;
    Run::new("python3 tests/servers/install.py django_oauth_toolkit").aside()
}

/// Another one, which runs on Node.
pub(crate) fn oidc_provider() -> Result {
    python()?;
    if !shell_finds("command -v node && command -v npm") {
        install(&["nodejs", "npm"], "one of the servers runs on Node")?;
    }
    Run::new("python3 tests/servers/install.py oidc_provider").aside()
}

/// It installs the servers, and one of them runs on it.
fn python() -> Result {
    if Run::new("python3 -c")
        .arg("import ensurepip, venv")
        .succeeds()
    {
        return Ok(());
    }
    install(
        &["python3", "python3-venv"],
        "the servers are installed by it",
    )
}

/// The database that some tests start for themselves, and a proxy to put in front of it.
pub(crate) fn redis() -> Result {
    if !Run::new("redis-server --version").succeeds() {
        without_starting("redis-server", || {
            install(&["redis-server"], "some tests talk to a real Redis")
        })?;
    }
    if !shell_finds("ls /usr/sbin/nutcracker || command -v nutcracker") {
        without_starting("nutcracker", || {
            install(&["nutcracker"], "some tests have a proxy in between")
        })?;
    }
    Ok(())
}

/// The other database that some tests start for themselves, and a pooler to put in front of it.
pub(crate) fn postgres() -> Result {
    // Debian keeps the server's programs off the path, one folder per version.
    if !shell_finds("ls /usr/lib/postgresql/*/bin/initdb || command -v initdb") {
        // The package makes a database for the usual port. It stays where it is and does not run.
        without_starting("postgresql", || {
            install(&["postgresql"], "some tests talk to a real PostgreSQL")
        })?;
    }
    if !shell_finds("ls /usr/sbin/pgbouncer || command -v pgbouncer") {
        without_starting("pgbouncer", || {
            install(&["pgbouncer"], "some tests have a pooler in between")
        })?;
    }
    Ok(())
}

fn shell_finds(command: &str) -> bool {
    Run::new("sh -c").arg(command).succeeds()
}

/// The browser that tests and demonstration put a person in front of.
pub(crate) fn chromium() -> Result {
    if shell_finds("command -v chromium || command -v chromium-browser || command -v google-chrome")
    {
        return Ok(());
    }
    install(
        &["chromium", "fonts-dejavu-core"],
        "tests and demonstration log in with a real browser",
    )
}

/// The keyring that some tests start for themselves, and the bus that it is spoken to by.
pub(crate) fn keyring() -> Result {
    let all =
        "command -v gnome-keyring-daemon && command -v dbus-run-session && command -v dbus-send";
    if !cfg!(target_os = "linux") || shell_finds(all) {
        return Ok(());
    }
    install(
        &["dbus", "gnome-keyring"],
        "some tests talk to a real keyring",
    )
}

/// Installs a package without leaving its service running, now or after the next start.
///
/// A test starts a server of its own; another on the usual port would only surprise people.
fn without_starting(service: &str, install: impl FnOnce() -> Result) -> Result {
    let policy = Path::new("/usr/sbin/policy-rc.d");
    let ours = !policy.exists() && fs::write(policy, "#!/bin/sh\nexit 101\n").is_ok();
    if ours {
        Run::new("chmod 755 /usr/sbin/policy-rc.d").read()?;
    }
    let installed = install();
    if ours {
        fs::remove_file(policy)?;
    }
    installed?;
    if Path::new("/run/systemd/system").exists() {
        Run::new("systemctl disable --quiet --now")
            .arg(service)
            .run()?;
    }
    Ok(())
}

fn install(packages: &[&str], why: &str) -> Result {
    let names = packages.join(" ");
    let debian = Path::new("/usr/bin/apt-get").exists();
    if !debian {
        return Err(format!("{names} (as Debian calls them) are missing: {why}").into());
    }
    if !Run::new("id -u").read().is_ok_and(|id| id.trim() == "0") {
        let command = format!("sudo apt-get update && sudo apt-get install -y {names}");
        return Err(format!("{why}; this installs what is missing:\n    {command}").into());
    }
    eprintln!("    {names}: missing, installing ({why})");
    Run::new("apt-get update -qq").aside()?;
    // Somebody else may be installing something.
    Run::new("apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300")
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .aside()
}
