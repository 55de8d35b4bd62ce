//! A session bus and a keyring for one test.
//!
//! The environment of a process names its bus, so a test runs once more in another process whose environment names this
//! one. Bus and keyring end with it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use services::{Error, Result, started};

/// Programs of the session beside the bus.
#[derive(Clone, Copy)]
pub(crate) enum Desktop {
    /// A keyring that is unlocked, whose password is not kept.
    Unlocked,
    /// None.
    Headless,
}

/// Runs the body in a session of its own. Code after the call does not run inside, nor the body outside.
#[track_caller]
pub(crate) fn inside(desktop: Desktop, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        body();
        println!("{DONE}");
        return;
    }
    started(programs());
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let bus = home.join("bus.conf");
    fs::write(&bus, BUS.replace("HOME", home.to_str().unwrap())).unwrap();
    fs::create_dir_all(home.join("data/keyrings")).unwrap();
    let script = match desktop {
        Desktop::Unlocked => UNLOCKED,
        Desktop::Headless => HEADLESS,
    };
    // A session that hangs, or outlives the test, ends by itself.
    let output = Command::new("timeout")
        .args(["300", "dbus-run-session", "--config-file"])
        .arg(&bus)
        .args(["--", "sh", "-c", script])
        .arg(env::current_exe().unwrap())
        .arg(thread::current().name().unwrap())
        .env_clear()
        .envs(environment(home))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains(DONE),
        "inside: {}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Starts the calling test once more, in another process and the same session.
pub(crate) fn again(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", thread::current().name().unwrap()])
        .env(ROLE, role)
        .stdout(Stdio::null());
    command
}

/// The role of this process, if [`again`] started it.
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let below = |name: &str| home.join(name).display().to_string();
    let mut environment = vec![
        ("HOME", home.display().to_string()),
        ("XDG_RUNTIME_DIR", home.display().to_string()),
        ("XDG_DATA_HOME", below("data")),
        ("XDG_CONFIG_HOME", below("config")),
        ("XDG_CACHE_HOME", below("cache")),
        (INSIDE, "1".to_owned()),
    ];
    environment.extend(env::var("PATH").map(|path| ("PATH", path)));
    environment
}

fn programs() -> Result<()> {
    for program in [
        "timeout",
        "dbus-run-session",
        "dbus-send",
        "gnome-keyring-daemon",
    ] {
        let there = Command::new("sh")
            .args(["-c", "command -v \"$0\"", program])
            .stdout(Stdio::null())
            .status()?;
        if !there.success() {
            return Err(Error::Missing(program.to_owned()));
        }
    }
    Ok(())
}

const INSIDE: &str = "AUTH_STORE_KEYRING_TEST_SESSION";
const ROLE: &str = "AUTH_STORE_KEYRING_TEST_ROLE";
const DONE: &str = "the body was done";

/// A bus that starts no program by itself: neither a second keyring nor a prompt for a password.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=HOME</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

const HEADLESS: &str = r#"exec "$0" --exact "$1" --nocapture"#;

/// Waits until the keyring has its name on the bus, and ends it with the test.
const UNLOCKED: &str = r#"
printf throw-away | gnome-keyring-daemon --foreground --components=secrets --unlock \
    --control-directory="$HOME/control" >/dev/null 2>&1 &
keyring=$!
tries=0
until dbus-send --session --print-reply --reply-timeout=5000 --dest=org.freedesktop.DBus /org/freedesktop/DBus \
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q 'boolean true'
do
    tries=$((tries + 1))
    if [ $tries -gt 1000 ]; then
        echo "gnome-keyring-daemon does not start" >&2
        exit 1
    fi
done
"$0" --exact "$1" --nocapture
result=$?
kill $keyring
wait $keyring
exit $result
"#;
