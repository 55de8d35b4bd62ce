//! This test binary, started once more as another process that plays a role.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use auth_core::store::{FileStore, Store, SwapOutcome};

use super::{ann, attempt, record};

/// A process that plays its role; killed when dropped.
pub(super) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A process with this role and this directory for its store.
pub(super) fn with_role(role: &str, directory: &OsStr) -> Command {
    let mut words = this_program();
    let mut command = Command::new(words.remove(0));
    command.args(words);
    told(command, role, directory)
}

/// A process with a role, started by another command, which gets it as its last arguments.
pub(super) fn under(wrapper: &[&str], role: &str, directory: &OsStr) -> Command {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).args(this_program());
    told(command, role, directory)
}

/// The words that start this program, after an emulator's if it needs one (`cargo xtask targets`).
fn this_program() -> Vec<OsString> {
    let program = env::current_exe().unwrap().into_os_string();
    env::var_os(EMULATOR).into_iter().chain([program]).collect()
}

fn told(mut command: Command, role: &str, directory: &OsStr) -> Command {
    command
        .args(["--exact", THIS, "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(DIRECTORY, directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

impl Running {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that it prints.
    pub(super) fn says(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix(MARK).map(str::to_owned))
    }

    pub(super) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, which must be a success.
    pub(super) fn ends_well(self) {
        assert!(self.says_all().1);
    }

    /// All lines that it prints until its end, and `true` if that was a success.
    pub(super) fn says_all(mut self) -> (Vec<String>, bool) {
        let said = std::iter::from_fn(|| self.says()).collect();
        (said, self.child.wait().unwrap().success())
    }

    /// Ends it by SIGKILL.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_child_process_plays_its_role() {
    let Some(directory) = env::var_os(DIRECTORY) else {
        let mut child = Running::start(with_role("greet", OsStr::new("nowhere")));
        assert_eq!(child.says().as_deref(), Some("hello from nowhere"));
        child.ends_well();
        return;
    };
    let role = env::var(ROLE).unwrap();
    let (role, argument) = role.split_once(' ').unwrap_or((&role, ""));
    match role {
        "greet" => say(&format!("hello from {}", directory.display())),
        "count" => count(OsStr::new(&directory), argument.parse().unwrap()),
        "homeless" => say(&FileStore::for_program(argument).unwrap_err().to_string()),
        "lock" => hold_lock(OsStr::new(&directory)),
        "make" => make(OsStr::new(&directory), argument.parse().unwrap()),
        "move" => move_away(OsStr::new(&directory), OsStr::new(argument)),
        "program" => super::put(
            &FileStore::for_program(argument).unwrap(),
            &["of a program"],
        ),
        "renew" => renew(
            &FileStore::open(directory).unwrap(),
            argument.parse().unwrap(),
        ),
        "swap" => swap(OsStr::new(&directory), argument),
        "write" => write(&FileStore::open(directory).unwrap()),
        other => panic!("unknown role {other}"),
    }
}

fn say(what: &str) {
    println!("\n{MARK}{what}");
}

/// Adds one to a number, so many times, on a disk that may be slow.
fn count(directory: &OsStr, times: u32) {
    let store = FileStore::open(directory).unwrap();
    let store = store.with_timeout(Duration::from_secs(60));
    for _ in 0..times {
        super::sharing::add_one(&store);
    }
}

/// Locks a file until it is killed.
fn hold_lock(path: &OsStr) {
    let file = std::fs::File::open(path).unwrap();
    file.lock().unwrap();
    say("locked");
    wait_forever();
}

/// Makes stores with a record each, several directories deep.
fn make(directory: &OsStr, stores: u32) {
    for number in 0..stores {
        let path = std::path::Path::new(directory).join(format!("{number}/logins"));
        let store = FileStore::open(path).unwrap();
        for next in ["one", "two"] {
            let current = store.load(&ann()).unwrap();
            let swap = store.swap(&ann(), current.as_ref(), &record(next)).unwrap();
            assert_eq!(swap, SwapOutcome::Stored);
        }
        drop(store.announce(&ann(), attempt(7)).unwrap());
    }
}

/// Opens a store by a path relative to a folder, and uses it from another one.
fn move_away(directory: &OsStr, folder: &OsStr) {
    env::set_current_dir(folder).unwrap();
    let store = FileStore::open(directory).unwrap();
    env::set_current_dir("/").unwrap();
    super::put(&store, &["from afar"]);
}

/// Announces an attempt until it is killed.
fn renew(store: &FileStore, number: u8) {
    let guard = store.announce(&ann(), attempt(number));
    assert!(guard.is_some());
    say("renewing");
    wait_forever();
}

/// Replaces the record once, and prints the result.
fn swap(directory: &OsStr, next: &str) {
    let swapped = FileStore::open(directory).and_then(|store| {
        let current = store.load(&ann())?;
        store.swap(&ann(), current.as_ref(), &record(next.repeat(1000)))
    });
    match swapped {
        Ok(swap) => say(&format!("{swap:?}")),
        Err(error) => say(&error.to_string()),
    }
}

/// Replaces a long record by another until it is killed.
fn write(store: &FileStore) {
    let mut current = store.load(&ann()).unwrap();
    for letter in (b'a'..=b'z').cycle() {
        let next = record(vec![letter; LONG]);
        let swap = store.swap(&ann(), current.as_ref(), &next).unwrap();
        assert_eq!(swap, SwapOutcome::Stored);
        current = Some(next);
    }
}

fn wait_forever() {
    let end = std::io::stdin().lines().next();
    assert!(end.is_none(), "no test writes to a child");
}

/// Long enough that the process is nearly always writing it.
pub(super) const LONG: usize = 1_000_000;

const THIS: &str = "file_store::child::a_child_process_plays_its_role";
const ROLE: &str = "FILE_STORE_TEST_ROLE";
const DIRECTORY: &str = "FILE_STORE_TEST_DIRECTORY";
/// A program that the kernel does not start by itself.
const EMULATOR: &str = "AUTH_TEST_EMULATOR";
/// Begins each line of a child, to tell it from the lines of the test harness.
const MARK: &str = "child: ";
