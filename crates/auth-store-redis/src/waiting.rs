//! Being told that a record has changed.

use std::time::{Duration, Instant};

use auth_core::store::Record;
use redis::{Value, cmd};

use crate::commands;
use crate::failure::Failure;
use crate::server::{Server, Talk, from_now, now};

/// Waits until the record is no longer `seen`, or this long.
///
/// First it listens, then it looks: what changes in between is heard.
pub(crate) fn wait(
    server: &Server,
    key: &str,
    seen: Option<&Record>,
    at_most: Duration,
) -> Result<(), Failure> {
    let until = from_now(at_most);
    match listen(server, key, seen, until) {
        // The time is up, whatever was going on.
        Err(_) if now() >= until => Ok(()),
        outcome => outcome,
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
    // What this answers is whether one may listen.
    Talk::new(&mut connection, soon).ask::<Value>(cmd("SUBSCRIBE").arg(key))?;
    let current = server.ask(|talk| commands::load(talk, key))?;
    if current.as_ref() != seen {
        return Ok(());
    }
    Ok(Talk::new(&mut connection, until).listen()?)
}
