//! Programs that the tasks need on the machine, and the one task that installs them.
//!
//! `cargo xtask setup` lists what is missing and the commands that install it, asks, and runs them.
//! Every other task only checks, except in CI, where it installs what it lacks.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::run::{Result, Run, in_ci, target};

/// A program or library that a task needs.
#[derive(Debug)]
pub(crate) struct Need {
    name: &'static str,
    used_by: &'static str,
    /// A shell command that succeeds if it is installed.
    check: &'static str,
    from: From,
}

/// The source of a program or library.
#[derive(Debug)]
enum From {
    /// Packages of Debian.
    Apt(&'static [&'static str]),
    /// Commands that write only below `target` or into the Rust toolchain.
    Commands(&'static [&'static str]),
}

/// `cargo xtask setup [--yes]`.
pub(crate) fn run(args: &[String]) -> Result {
    let asks = match args {
        [] => true,
        [flag] if flag == "--yes" => false,
        _ => return Err("usage: cargo xtask setup [--yes]".into()),
    };
    let missing = missing(ALL);
    if missing.is_empty() {
        println!("Everything that the tasks need is installed.");
        return Ok(());
    }
    println!("Missing on this machine:\n");
    for need in &missing {
        println!("    {:24}{}", need.name, need.used_by);
    }
    println!("\nSetup runs:\n");
    for command in plan(&missing) {
        println!("    {command}");
    }
    println!("\nDebian starts no server of these packages; tests start their own.");
    if asks && !confirmed()? {
        return Err("nothing was installed; to install it, `cargo xtask setup --yes`".into());
    }
    install(&missing)
}

/// Checks that a task has what it needs; in CI, installs what is missing.
pub(crate) fn require(needs: &[&'static Need]) -> Result {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    if in_ci() {
        return install(&missing);
    }
    let lines = missing
        .iter()
        .map(|need| format!("\n    {:24}{}", need.name, need.used_by));
    let lines: String = lines.collect();
    Err(format!("not on this machine:\n{lines}\n\n`cargo xtask setup` installs it").into())
}

/// In CI, installs what is missing; elsewhere the task is left out, and says so.
pub(crate) fn require_in_ci(need: &'static Need) -> Result {
    match in_ci() {
        true => require(&[need]),
        false => Ok(()),
    }
}

/// Returns the command for cargo-deny: the one on the path, or the one that setup installs.
pub(crate) fn deny() -> String {
    let ours = target().join("tools/bin/cargo-deny");
    match ours.exists() {
        true => ours.display().to_string(),
        false => "cargo deny".to_owned(),
    }
}

fn missing(needs: &[&'static Need]) -> Vec<&'static Need> {
    let is_missing = |need: &&&Need| !Run::new("sh -c").arg(need.check).succeeds();
    needs.iter().filter(is_missing).copied().collect()
}

/// Returns the commands that install these: one for all packages of Debian, then the others.
fn plan(missing: &[&Need]) -> Vec<String> {
    let (mut packages, mut commands) = (Vec::new(), Vec::new());
    for need in missing {
        match need.from {
            From::Apt(names) => packages.extend_from_slice(names),
            From::Commands(lines) => commands.extend(lines.iter().map(|line| (*line).to_owned())),
        }
    }
    if !packages.is_empty() {
        let install = format!("{APT_INSTALL} {}", packages.join(" "));
        commands.splice(0..0, ["apt-get update -qq".to_owned(), install]);
    }
    commands
}

fn install(missing: &[&'static Need]) -> Result {
    let plan = plan(missing);
    let is_root = || Run::new("id -u").read().is_ok_and(|id| id.trim() == "0");
    let apt: Vec<_> = plan
        .iter()
        .filter(|line| line.starts_with("apt-get"))
        .collect();
    if !apt.is_empty() && !Path::new("/usr/bin/apt-get").exists() {
        let last = apt[apt.len() - 1].trim_start_matches(APT_INSTALL);
        return Err(format!("install these yourself (the names are Debian's):{last}").into());
    }
    if !apt.is_empty() && !is_root() {
        let lines: String = apt
            .iter()
            .map(|line| format!("\n    sudo {line}"))
            .collect();
        return Err(format!(
            "only root may install packages; run this, then setup again:\n{lines}"
        )
        .into());
    }
    without_starting(&apt)?;
    for line in plan.iter().filter(|line| !line.starts_with("apt-get")) {
        Run::new(line).run()?;
    }
    match self::missing(missing).as_slice() {
        [] => Ok(()),
        [need, ..] => Err(format!("{} is still missing: `{}` fails", need.name, need.check).into()),
    }
}

/// Installs packages without starting their services, now or after the next boot.
///
/// Each test starts a server of its own; another one on the usual port would surprise users.
fn without_starting(commands: &[&String]) -> Result {
    let policy = Path::new("/usr/sbin/policy-rc.d");
    let ours = !commands.is_empty() && !policy.exists();
    if ours {
        std::fs::write(policy, "#!/bin/sh\nexit 101\n")?;
        Run::new("chmod 755 /usr/sbin/policy-rc.d").read()?;
    }
    let mut installed = Ok(());
    for line in commands {
        installed = installed.and_then(|()| {
            Run::new(line)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .run()
        });
    }
    if ours {
        std::fs::remove_file(policy)?;
    }
    if Path::new("/run/systemd/system").exists() {
        for service in SERVICES
            .iter()
            .filter(|name| commands.iter().any(|line| line.contains(*name)))
        {
            Run::new("systemctl disable --quiet --now")
                .arg(service)
                .run()?;
        }
    }
    installed
}

fn confirmed() -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("\nRun these? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

const APT_INSTALL: &str =
    "apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300";

const SERVICES: [&str; 4] = ["redis-server", "nutcracker", "postgresql", "pgbouncer"];

pub(crate) const RUSTFMT: Need = Need {
    name: "rustfmt",
    used_by: "ci",
    check: "cargo fmt --version",
    from: From::Commands(&["rustup component add rustfmt"]),
};

pub(crate) const CLIPPY: Need = Need {
    name: "clippy",
    used_by: "ci, features",
    check: "cargo clippy --version",
    from: From::Commands(&["rustup component add clippy"]),
};

pub(crate) const DENY: Need = Need {
    name: "cargo-deny",
    used_by: "ci, tidy",
    check: "target/tools/bin/cargo-deny --version || cargo deny --version",
    from: From::Commands(&[
        "python3 -m venv target/tools",
        "target/tools/bin/pip install -q --only-binary :all: --require-hashes -r xtask/requirements.txt",
    ]),
};

pub(crate) const OPENSSL: Need = Need {
    name: "OpenSSL's headers",
    used_by: "ci, features, tls: the feature `native-tls`",
    check: "test \"$(uname)\" != Linux || pkg-config --exists openssl",
    from: From::Apt(&["pkg-config", "libssl-dev"]),
};

const PYTHON: Need = Need {
    name: "Python with venv",
    used_by: "ci, and the servers below",
    check: "python3 -c 'import ensurepip, venv'",
    from: From::Apt(&["python3", "python3-venv"]),
};

const NODE: Need = Need {
    name: "Node with npm",
    used_by: "tests, demo: oidc-provider runs on it",
    check: "command -v node && command -v npm",
    from: From::Apt(&["nodejs", "npm"]),
};

const DJANGO: Need = Need {
    name: "django-oauth-toolkit",
    used_by: "tests/it/real_server, tests/it/real_browser",
    check: "python3 tests/servers/install.py --check django_oauth_toolkit",
    from: From::Commands(&["python3 tests/servers/install.py django_oauth_toolkit"]),
};

const OIDC: Need = Need {
    name: "oidc-provider",
    used_by: "tests/it/real_server, tests/it/real_browser, demo",
    check: "python3 tests/servers/install.py --check oidc_provider",
    from: From::Commands(&["python3 tests/servers/install.py oidc_provider"]),
};

const PYTHON_PROGRAMS: Need = Need {
    name: "pip, uv, kubectl, go",
    used_by: "tests/programs of auth-all-cli; 110 MB, unpacked 370 MB",
    check: "python3 tests/servers/install.py --check python_programs",
    from: From::Commands(&["python3 tests/servers/install.py python_programs"]),
};

const OLD_PIP: Need = Need {
    name: "pip 23",
    used_by: "tests/programs of auth-all-cli",
    check: "python3 tests/servers/install.py --check old_pip",
    from: From::Commands(&["python3 tests/servers/install.py old_pip"]),
};

const NODE_PROGRAMS: Need = Need {
    name: "pnpm 10 and 12",
    used_by: "tests/programs of auth-all-cli; unpacked 85 MB",
    check: "python3 tests/servers/install.py --check node_programs",
    from: From::Commands(&["python3 tests/servers/install.py node_programs"]),
};

const GIT_CURL_WGET: Need = Need {
    name: "git, curl, wget",
    used_by: "tests/programs of auth-all-cli",
    check: "command -v git && command -v curl && command -v wget",
    from: From::Apt(&["git", "curl", "wget"]),
};

const SKOPEO: Need = Need {
    name: "skopeo",
    used_by: "tests/programs of auth-all-cli",
    check: "command -v skopeo",
    from: From::Apt(&["skopeo"]),
};

pub(crate) const CHROMIUM: Need = Need {
    name: "Chromium",
    used_by: "tests/it/real_browser, tests of auth-all-cli, demo",
    check: "command -v chromium || command -v chromium-browser || command -v google-chrome",
    from: From::Apt(&["chromium", "fonts-dejavu-core"]),
};

pub(crate) const REDIS: Need = Need {
    name: "Redis",
    used_by: "tests of auth-store-redis, tests/it/fleet, bench stores",
    check: "command -v redis-server",
    from: From::Apt(&["redis-server"]),
};

const TWEMPROXY: Need = Need {
    name: "twemproxy",
    used_by: "tests of auth-store-redis",
    check: "ls /usr/sbin/nutcracker || command -v nutcracker",
    from: From::Apt(&["nutcracker"]),
};

/// Debian does not put the server's programs on the path; it has a folder for each version.
pub(crate) const POSTGRES: Need = Need {
    name: "PostgreSQL",
    used_by: "tests of auth-store-postgres, tests/it/fleet, bench stores",
    check: "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb",
    from: From::Apt(&["postgresql"]),
};

const PGBOUNCER: Need = Need {
    name: "PgBouncer",
    used_by: "tests of auth-store-postgres",
    check: "ls /usr/sbin/pgbouncer || command -v pgbouncer",
    from: From::Apt(&["pgbouncer"]),
};

const KEYRING: Need = Need {
    name: "GNOME Keyring and D-Bus",
    used_by: "tests of auth-store-keyring",
    check: "test \"$(uname)\" != Linux || \
        { command -v gnome-keyring-daemon && command -v dbus-run-session && command -v dbus-send; }",
    from: From::Apt(&["dbus", "gnome-keyring"]),
};

pub(crate) const VALGRIND: Need = Need {
    name: "Valgrind",
    used_by: "tests of auth-costs, gate",
    check: "test \"$(uname)\" != Linux || command -v valgrind",
    from: From::Apt(&["valgrind"]),
};

/// In the order of installation: Python precedes the packages that it installs.
const ALL: &[&Need] = &[
    &PYTHON,
    &NODE,
    &OPENSSL,
    &CHROMIUM,
    &REDIS,
    &TWEMPROXY,
    &POSTGRES,
    &PGBOUNCER,
    &KEYRING,
    &VALGRIND,
    &GIT_CURL_WGET,
    &SKOPEO,
    &RUSTFMT,
    &CLIPPY,
    &DENY,
    &DJANGO,
    &OIDC,
    &PYTHON_PROGRAMS,
    &OLD_PIP,
    &NODE_PROGRAMS,
];

/// Requirements of `cargo xtask test`.
pub(crate) const FOR_TESTS: &[&Need] = &[
    &PYTHON,
    &NODE,
    &CHROMIUM,
    &REDIS,
    &TWEMPROXY,
    &POSTGRES,
    &PGBOUNCER,
    &KEYRING,
    &VALGRIND,
    &GIT_CURL_WGET,
    &SKOPEO,
    &DJANGO,
    &OIDC,
    &PYTHON_PROGRAMS,
    &OLD_PIP,
    &NODE_PROGRAMS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_in_one_command_before_the_rest() {
        let plan = plan(&[&DENY, &REDIS, &NODE]);
        assert_eq!(plan[0], "apt-get update -qq");
        assert!(plan[1].ends_with(" redis-server nodejs npm"), "{}", plan[1]);
        assert_eq!(plan[2], "python3 -m venv target/tools");
        assert_eq!(plan.len(), 4);
    }

    #[test]
    fn a_missing_program_is_named_with_its_use() {
        const GONE: Need = Need {
            name: "Unheard-of",
            used_by: "a test",
            check: "command -v no-such-program-anywhere",
            from: From::Apt(&["unheard-of"]),
        };
        assert!(require(&[]).is_ok());
        if !in_ci() {
            let error = require(&[&GONE]).unwrap_err().to_string();
            assert!(error.contains("Unheard-of              a test"), "{error}");
            assert!(error.contains("cargo xtask setup"), "{error}");
        }
    }
}
