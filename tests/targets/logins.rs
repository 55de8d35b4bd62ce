//! Sessions in several processes over one `FileStore`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::store::FileStore;
use auth_core::{Secret, Session};
use auth_sim::{Simulator, Vendor, ermeo};
use ermeo_auth::Ermeo;

use crate::process::Caller;
use crate::{Outcome, must};

pub(crate) fn session(server: &str, store: FileStore) -> auth_core::Result<Session> {
    Session::builder(grant(server)).store(store).build()
}

fn grant(server: &str) -> Ermeo {
    Ermeo::new(ermeo::CLIENT_ID, Secret::new(ermeo::CLIENT_SECRET))
        .password(ermeo::USERNAME, Secret::new(ermeo::PASSWORD))
        .base(server)
}

pub(crate) fn api(server: &str) -> String {
    format!("{server}/api/v1/assets?limit=10&page=1")
}

fn once(server: &Simulator, directory: &Path) -> Outcome {
    Caller::start(server.url(), directory, Duration::ZERO)?.calls()
}

/// A second process uses the login of the first.
pub(crate) fn one_login(directory: &Path) -> Outcome {
    let server = Simulator::ermeo();
    let session = session(server.url(), FileStore::open(directory)?)?;
    session.token()?;
    session.agent().get(api(server.url())).call()?;
    once(&server, directory)?;
    requests(&server, 1)
}

/// Eight processes that start together log in once.
pub(crate) fn cold_fleet(directory: &Path) -> Outcome {
    let server = Simulator::ermeo();
    let start = || Caller::start(server.url(), directory, Duration::ZERO);
    let fleet: Vec<_> = (0..8).map(|_| start()).collect::<Result<_, _>>()?;
    for process in fleet {
        process.calls()?;
    }
    requests(&server, 1)
}

/// Four processes refresh a token of two seconds, and send no refresh token twice.
pub(crate) fn rotation(directory: &Path) -> Outcome {
    let server = Simulator::builder(Vendor::Ermeo).access_token_lifetime(Duration::from_secs(2));
    let server = server.start()?;
    let start = || Caller::start(server.url(), directory, Duration::from_secs(8));
    let fleet: Vec<_> = (0..4).map(|_| start()).collect::<Result<_, _>>()?;
    let calls: Vec<_> = fleet
        .into_iter()
        .map(Caller::calls)
        .collect::<Result<_, _>>()?;
    let refreshes = sent_once(&server)?;
    must(refreshes >= 2, format!("{refreshes} refreshes in 8 s"))?;
    Ok(format!(
        "{refreshes} refreshes, calls of each: {}",
        calls.join(", ")
    ))
}

/// Another program has the record open for a moment while a process refreshes.
pub(crate) fn occupied(directory: &Path) -> Outcome {
    let server = Simulator::ermeo();
    once(&server, directory)?;
    server.revoke_access_tokens();
    let mut options = File::options();
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, READ_AND_WRITE);
    let file = options.read(true).open(record(directory)?)?;
    let process = Caller::start(server.url(), directory, Duration::ZERO)?;
    // Longer than the process needs to meet it, which stores its intent before it sends anything, and shorter than it
    // waits.
    thread::scope(|scope| {
        scope.spawn(|| {
            SystemClock::new().sleep(Duration::from_millis(600));
            drop(file);
        });
        process.calls()
    })?;
    once(&server, directory)?;
    sent_once(&server)?;
    requests(&server, 2)
}

/// A process is killed in the middle of its refresh; the next does not wait for a time-out.
pub(crate) fn killed(directory: &Path) -> Outcome {
    let server = Simulator::ermeo();
    once(&server, directory)?;
    server.revoke_access_tokens();
    let gate = server.hold();
    let process = Caller::start(server.url(), directory, Duration::ZERO)?;
    gate.wait_until_reached();
    process.kill()?;
    gate.release();
    let begun = SystemClock::new().now();
    once(&server, directory)?;
    let took = SystemClock::new().now().since(begun);
    must(
        took < Duration::from_secs(10),
        format!("the next took {took:?}"),
    )?;
    sent_once(&server)?;
    Ok(format!("the next took {} ms", took.as_millis()))
}

fn requests(server: &Simulator, expected: usize) -> Outcome {
    let requests = server.token_requests().len();
    must(
        requests == expected,
        format!("{requests} token requests instead of {expected}"),
    )?;
    Ok(format!("{requests} token requests"))
}

/// Checks that no refresh token was sent twice; returns how many were sent.
fn sent_once(server: &Simulator) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let sent = server.spends();
    let most = sent.values().copied().max().unwrap_or_default();
    must(most <= 1, format!("a refresh token was sent {most} times"))?;
    Ok(sent.len())
}

fn record(directory: &Path) -> Result<PathBuf, Box<dyn std::error::Error + Send + Sync>> {
    let mut paths = fs::read_dir(directory)?.flatten().map(|entry| entry.path());
    let is_record = |path: &PathBuf| path.extension().is_some_and(|it| it == "record");
    paths.find(is_record).ok_or_else(|| "no record".into())
}

/// Others may read and write the file, and not replace it.
#[cfg(windows)]
const READ_AND_WRITE: u32 = 3;
