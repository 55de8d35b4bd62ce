//! Waiting for another process's swap.
//!
//! Each wait runs on a thread of its own, so that one that never ends is reported.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use auth_core::Result;
use auth_core::grant::Identity;
use auth_core::store::SwapOutcome::Stored;
use auth_core::store::{Record, Store, WaitOutcome};

use super::{Open, Outcome, Seen, found, identity, must, record, swap};

pub(super) fn until_a_swap(open: Open<'_>) -> Outcome {
    let here = open();
    let who = identity("waited for");
    let mut seen = None;
    // Sometimes the swap comes first, sometimes the wait.
    for round in 0..8 {
        let next = record(format!("record {round}"));
        let waiting = wait_for_change(open(), &who, seen.as_ref());
        let head_start = [Duration::ZERO, SHORT][round % 2];
        if let Ok(early) = waiting.recv_timeout(head_start) {
            return must(!early?, "it loaded another record before one was stored");
        }
        swap(&here, &who, seen.as_ref(), &next, Stored)?;
        if !soon(&here, &waiting)? {
            return Ok(());
        }
        found(&here, &who, Some(&next))?;
        seen = Some(next);
    }
    Ok(())
}

/// Waits until another record is current. A wait may return early without a change, so it is repeated.
fn wait_for_change(
    store: Box<dyn Store>,
    who: &Identity,
    seen: Option<&Record>,
) -> Receiver<Result<bool>> {
    let (who, seen) = (who.clone(), seen.cloned());
    spawn(move || {
        while store.load(&who)? == seen {
            if !waits(store.wait(&who, seen.as_ref(), LONG)?) {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

pub(super) fn not_at_all(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let who = identity("moved on");
    let [first, second] = ["first", "second"].map(record);
    swap(&here, &who, None, &first, Stored)?;
    swap(&here, &who, Some(&first), &second, Stored)?;
    let waiting = spawn(move || {
        Ok(waits(there.wait(&who, None, LONG)?)
            && waits(there.wait(&who, Some(&first), LONG)?)
            && waits(there.wait(&who, Some(&record("never stored")), LONG)?))
    });
    soon(&here, &waiting).map(|_| ())
}

pub(super) fn at_most(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let (absent, present) = (identity("absent"), identity("present"));
    let first = record("first");
    swap(&here, &present, None, &first, Stored)?;
    let waiting = spawn(move || {
        let _at_once = there.wait(&absent, None, Duration::ZERO)?;
        let _soon = there.wait(&absent, None, SHORT)?;
        Ok(waits(there.wait(&present, Some(&first), SHORT)?))
    });
    soon(&here, &waiting).map(|_| ())
}

pub(super) fn no_spinning(open: Open<'_>) -> Outcome {
    let there = open();
    let who = identity("unchanged");
    let waiting = spawn(move || {
        for _ in 0..20 {
            if !waits(there.wait(&who, None, SHORT)?) {
                return Ok(false);
            }
        }
        Ok(true)
    });
    match waiting.recv_timeout(SHORT * 10) {
        Ok(Ok(true)) => Err("twenty waits together took less than ten should".into()),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(false)) | Err(_) => Ok(()),
    }
}

/// Returns `true` if the store waited.
fn waits(outcome: WaitOutcome) -> bool {
    outcome != WaitOutcome::Unsupported
}

/// Runs `work`, which returns `true` if the store can wait.
fn spawn(work: impl FnOnce() -> Result<bool> + Send + 'static) -> Receiver<Result<bool>> {
    let (done, waiting) = channel();
    thread::spawn(move || done.send(work()));
    waiting
}

/// Returns the result if it arrives within `SOON`.
fn soon(store: &dyn Store, waiting: &Receiver<Result<bool>>) -> std::result::Result<bool, Seen> {
    match waiting.recv_timeout(SOON + store.timeout()) {
        Ok(result) => Ok(result?),
        Err(RecvTimeoutError::Timeout) => Err(format!("wait did not return in {SOON:?}").into()),
        Err(RecvTimeoutError::Disconnected) => Err("wait panicked".into()),
    }
}

/// Much longer than `SOON`.
const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(50);
