//! Signs of life, as far as they can be told from within one process.
//!
//! A store may have none. If it has, it must never say of a living attempt that it has ended: its
//! refresh token would be taken for lost while it is being spent.

use super::{Open, Outcome, identity, must};

pub(super) fn unknown(open: Open<'_>) -> Outcome {
    let store = open();
    must(
        !store.has_ended(&identity("unknown"), fastrand::u128(..)),
        "an attempt that nobody gave a sign for is said to have ended",
    )
}

pub(super) fn held(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let (who, other) = (identity("living"), identity("other"));
    let [attempt, next] = [fastrand::u128(..), fastrand::u128(..)];
    let living = || !there.has_ended(&who, attempt) && !here.has_ended(&who, attempt);

    let sign = here.sign_of_life(&who, attempt);
    must(living(), "it is said to have ended")?;
    drop(there.sign_of_life(&who, next));
    must(living(), "it is said to have ended with another attempt")?;
    drop(there.sign_of_life(&other, attempt));
    must(living(), "it is said to have ended with another identity's")?;
    must(
        !open().has_ended(&who, attempt),
        "it is said to have ended when the store is opened anew",
    )?;
    drop(sign);
    Ok(())
}

pub(super) fn dropped(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let who = identity("dropped");
    let attempt = fastrand::u128(..);
    let gives = here.sign_of_life(&who, attempt).is_some();
    // Whether this one has ended is for the store to say: its process has not, its attempt has.
    let _either = there.has_ended(&who, attempt);
    for store in [&here, &there] {
        let next = fastrand::u128(..);
        let sign = store.sign_of_life(&who, next);
        must(sign.is_some() == gives, "the next attempt gets no sign")?;
        must(
            !here.has_ended(&who, next) && !there.has_ended(&who, next),
            "the next attempt is said to have ended",
        )?;
    }
    Ok(())
}
