//! Liveness of attempts, as far as one process can test it.
//!
//! A store need not support it. If it does, it must never report a living attempt as exited: other processes would
//! then treat its refresh token as lost while it is being sent.

use auth_core::store::AttemptId;

use super::{Open, Outcome, identity, must};

pub(super) fn unknown(open: Open<'_>) -> Outcome {
    let store = open();
    must(
        !store.has_exited(&identity("unknown"), attempt()),
        "an attempt that was never announced is reported as exited",
    )
}

pub(super) fn held(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let (who, other) = (identity("living"), identity("other"));
    let [first, next] = [attempt(), attempt()];
    let living = || !there.has_exited(&who, first) && !here.has_exited(&who, first);

    let guard = here.announce(&who, first);
    must(living(), "it is reported as exited")?;
    drop(there.announce(&who, next));
    must(living(), "it is reported as exited after another attempt")?;
    drop(there.announce(&other, first));
    must(
        living(),
        "it is reported as exited after one of another identity",
    )?;
    must(
        !open().has_exited(&who, first),
        "it is reported as exited when the store is opened again",
    )?;
    drop(guard);
    Ok(())
}

pub(super) fn dropped(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let who = identity("dropped");
    let first = attempt();
    let supports = here.announce(&who, first).is_some();
    // Both results are right here: the process lives, and its attempt is over.
    let _either = there.has_exited(&who, first);
    for store in [&here, &there] {
        let next = attempt();
        let guard = store.announce(&who, next);
        must(
            guard.is_some() == supports,
            "the next attempt gets no guard",
        )?;
        must(
            !here.has_exited(&who, next) && !there.has_exited(&who, next),
            "the next attempt is reported as exited",
        )?;
    }
    Ok(())
}

fn attempt() -> AttemptId {
    AttemptId::from_bytes(fastrand::u128(..).to_be_bytes())
}
