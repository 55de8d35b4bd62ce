//! Waiting until a record changes.

use std::time::{Duration, Instant};

use auth_core::store::{Record, WaitOutcome};
use redis::{Value, cmd};

use crate::commands;
use crate::failure::Failure;
use crate::server::{Server, Talk, from_now, now};

/// Waits until the record differs from `seen`, or the time is over.
///
/// First it listens, then it looks: a change in between is heard.
pub(crate) fn wait(
    server: &Server,
    key: &str,
    seen: Option<&Record>,
    at_most: Duration,
) -> Result<WaitOutcome, Failure> {
    let until = from_now(at_most);
    match listen(server, key, seen, until) {
        Ok(()) => Ok(WaitOutcome::Changed),
        // The time is over, whatever failed.
        Err(_) if now() >= until => Ok(WaitOutcome::TimedOut),
        Err(failure) => Err(failure),
    }
}

fn listen(
    server: &Server,
    key: &str,
    seen: Option<&Record>,
    until: Instant,
) -> Result<(), Failure> {
    let soon = until.min(from_now(server.timeout() / 2));
    let mut connection = server.open(soon)?;
    // The response shows whether this user may listen.
    Talk::new(&mut connection, soon).ask::<Value>(cmd("SUBSCRIBE").arg(key))?;
    let current = server.ask(|talk| commands::load(talk, key))?;
    if current.as_ref() != seen {
        return Ok(());
    }
    Ok(Talk::new(&mut connection, until).listen()?)
}
