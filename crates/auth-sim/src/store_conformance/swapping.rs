//! Load and swap, one after the other.

use auth_core::store::SwapOutcome::{Conflict, Stored};

use super::{Open, Outcome, found, identity, record, swap};

pub(super) fn nothing_at_first(open: Open<'_>) -> Outcome {
    let who = identity("new");
    found(&open(), &who, None)?;
    found(&open(), &who, None)
}

pub(super) fn first(open: Open<'_>) -> Outcome {
    let (here, before) = (open(), open());
    let (who, first) = (identity("first"), record("first"));
    swap(&here, &who, None, &first, Stored)?;
    found(&here, &who, Some(&first))?;
    found(&before, &who, Some(&first))?;
    found(&open(), &who, Some(&first))
}

pub(super) fn occupied(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let (who, first) = (identity("occupied"), record("first"));
    swap(&here, &who, None, &first, Stored)?;
    swap(&here, &who, None, &record("second"), Conflict)?;
    swap(&there, &who, None, &record("third"), Conflict)?;
    found(&here, &who, Some(&first))?;
    found(&there, &who, Some(&first))
}

pub(super) fn absent(open: Open<'_>) -> Outcome {
    let (here, who) = (open(), identity("absent"));
    swap(&here, &who, Some(&record("old")), &record("new"), Conflict)?;
    found(&here, &who, None)?;
    found(&open(), &who, None)
}

pub(super) fn wrong(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let (who, first) = (identity("wrong"), record("record"));
    swap(&here, &who, None, &first, Stored)?;
    for expected in ["records", "recor", "recorf", "Record", "r", "another"] {
        let expected = record(expected);
        swap(&here, &who, Some(&expected), &record("new"), Conflict)?;
        found(&here, &who, Some(&first))?;
        swap(&there, &who, Some(&expected), &record("new"), Conflict)?;
        found(&there, &who, Some(&first))?;
    }
    // The old expectation is wrong now.
    let second = record("second");
    swap(&here, &who, Some(&first), &second, Stored)?;
    swap(&there, &who, Some(&first), &record("third"), Conflict)?;
    found(&here, &who, Some(&second))
}

pub(super) fn right(open: Open<'_>) -> Outcome {
    let stores = [open(), open(), open()];
    let who = identity("right");
    // The same bytes return now and then: a swap may succeed only while they are current.
    let mut last = None;
    for (at, text) in ["a", "b", "a", "bb", "a", "b"].iter().enumerate() {
        let next = record(text);
        swap(&stores[at % 3], &who, last.as_ref(), &next, Stored)?;
        for store in &stores {
            found(store, &who, Some(&next))?;
        }
        last = Some(next);
    }
    found(&open(), &who, last.as_ref())
}

pub(super) fn repeated(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let who = identity("repeated");
    let [first, second] = ["first", "second"].map(record);
    swap(&here, &who, None, &first, Stored)?;
    swap(&here, &who, None, &first, Stored)?;
    swap(&there, &who, None, &first, Stored)?;
    swap(&here, &who, Some(&first), &second, Stored)?;
    swap(&here, &who, Some(&first), &second, Stored)?;
    swap(&there, &who, Some(&first), &second, Stored)?;
    found(&there, &who, Some(&second))?;
    // Its record is no longer current.
    swap(&here, &who, None, &first, Conflict)?;
    found(&here, &who, Some(&second))
}

pub(super) fn seen_at_once(open: Open<'_>) -> Outcome {
    let (here, there) = (open(), open());
    let who = identity("at once");
    let mut last = None;
    for at in 0..50 {
        let (writer, reader) = if at % 2 == 0 {
            (&here, &there)
        } else {
            (&there, &here)
        };
        let next = record(format!("record {at}"));
        swap(writer, &who, last.as_ref(), &next, Stored)?;
        found(reader, &who, Some(&next))?;
        found(writer, &who, Some(&next))?;
        last = Some(next);
    }
    Ok(())
}
