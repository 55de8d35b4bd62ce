//! This test binary, started once more as another process, with something to do.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use auth_core::store::{FileStore, Store, SwapOutcome};

use super::{ann, record};

/// A process that is doing what its role says; killed when dropped.
pub(super) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A process with this role and this directory for its store.
pub(super) fn with_role(role: &str, directory: &OsStr) -> Command {
    told(Command::new(env::current_exe().unwrap()), role, directory)
}

/// The same, started by another command, which gets it as its last arguments.
pub(super) fn under(wrapper: &[&str], role: &str, directory: &OsStr) -> Command {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(env::current_exe().unwrap());
    told(command, role, directory)
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

    /// The next thing it says.
    pub(super) fn says(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix(MARK).map(str::to_owned))
    }

    pub(super) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end, which must be a good one.
    pub(super) fn ends_well(self) {
        assert!(self.says_all().1);
    }

    /// All that it says until its end, and whether that was a good one.
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
fn a_child_process_does_what_its_role_says() {
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
        "count" => count(
            &FileStore::open(directory).unwrap(),
            argument.parse().unwrap(),
        ),
        "lock" => hold_lock(OsStr::new(&directory)),
        "make" => make(OsStr::new(&directory), argument.parse().unwrap()),
        "move" => move_away(OsStr::new(&directory), OsStr::new(argument)),
        "renew" => renew(
            &FileStore::open(directory).unwrap(),
            argument.parse().unwrap(),
        ),
        "swap" => swap(OsStr::new(&directory), argument),
        "write" => write(&FileStore::open(directory).unwrap()),
        other => panic!("there is no role {other}"),
    }
}

fn say(what: &str) {
    println!("\n{MARK}{what}");
}

/// Adds one to a number, so many times.
fn count(store: &FileStore, times: u32) {
    for _ in 0..times {
        super::sharing::add_one(store);
    }
}

/// Locks a file until it is killed.
fn hold_lock(path: &OsStr) {
    let file = std::fs::File::open(path).unwrap();
    file.lock().unwrap();
    say("locked");
    wait_for_ever();
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
        drop(store.sign_of_life(&ann(), 7).unwrap());
    }
}

/// Opens a store by a path relative to a folder, and uses it from another one.
fn move_away(directory: &OsStr, folder: &OsStr) {
    env::set_current_dir(folder).unwrap();
    let store = FileStore::open(directory).unwrap();
    env::set_current_dir("/").unwrap();
    super::put(&store, &["from afar"]);
}

/// Gives a sign of life until it is killed.
fn renew(store: &FileStore, attempt: u128) {
    let sign = store.sign_of_life(&ann(), attempt);
    assert!(sign.is_some());
    say("renewing");
    wait_for_ever();
}

/// Replaces what is there, once, and says what came of it.
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

fn wait_for_ever() {
    let end = std::io::stdin().lines().next();
    assert!(end.is_none(), "nobody says anything to a child");
}

/// Long enough to be in the middle of writing it nearly always.
pub(super) const LONG: usize = 1_000_000;

const THIS: &str = "file_store::child::a_child_process_does_what_its_role_says";
const ROLE: &str = "FILE_STORE_TEST_ROLE";
const DIRECTORY: &str = "FILE_STORE_TEST_DIRECTORY";
/// Before what a child says, to tell it from what the test harness says.
const MARK: &str = "child: ";
