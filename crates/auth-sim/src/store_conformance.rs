//! What a store must promise, as tests for anybody's store.
//!
//! A store that breaks one of these sentences loses logins, and does so rarely enough to pass
//! whatever one thinks of. So test yours with all of them:
//!
//! ```
//! use auth_core::store::MemoryStore;
//! use auth_sim::store_conformance;
//!
//! let store = MemoryStore::new();
//! // Opens the same store again and again, as other processes would: connect, or open the file.
//! store_conformance::check(|| store.clone());
//! ```
//!
//! Every property takes identities of its own, random ones, so the store may be a server with other
//! records in it. What was stored stays there: a store has no way to delete.
//!
//! What cannot be told from outside is not here: that an acknowledged swap survives a power cut or a
//! failover, that a killed process loses its sign of life, that a hung server runs into a time-out,
//! that a record which was brought back is not taken for the same bytes from before.

mod content;
mod life;
mod racing;
mod swapping;
mod waiting;

use std::error::Error;
use std::fmt;

use auth_core::grant::Identity;
use auth_core::store::{Record, Store, SwapOutcome};

/// Checks every property in [`PROPERTIES`]; `open` opens the same store each time.
///
/// # Panics
/// If one does not hold, with the sentence of each that does not, and what was seen instead.
pub fn check<S: Store + 'static>(open: impl Fn() -> S) {
    let results = PROPERTIES.iter().map(|property| property.check(&open));
    let broken: Vec<_> = results
        .filter_map(Result::err)
        .map(|violation| format!("\n  {violation}"))
        .collect();
    assert!(
        broken.is_empty(),
        "the store breaks {} of {} promises:{}",
        broken.len(),
        PROPERTIES.len(),
        broken.concat()
    );
}

/// One thing that a store must promise.
///
/// ```
/// use auth_core::store::MemoryStore;
/// use auth_sim::store_conformance::PROPERTIES;
///
/// let store = MemoryStore::new();
/// for property in PROPERTIES {
///     println!("{}", property.sentence());
///     property.check(|| store.clone())?;
/// }
/// # Ok::<(), auth_sim::store_conformance::Violation>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Property {
    sentence: &'static str,
    holds: fn(Open<'_>) -> Outcome,
}

/// A promise that a store broke.
#[derive(Debug)]
pub struct Violation {
    sentence: &'static str,
    seen: Seen,
}

impl Property {
    const fn new(sentence: &'static str, holds: fn(Open<'_>) -> Outcome) -> Self {
        Self { sentence, holds }
    }

    /// The promise, as a sentence.
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// Whether it holds; `open` opens the same store each time.
    ///
    /// # Errors
    /// What was seen instead.
    pub fn check<S: Store + 'static>(&self, open: impl Fn() -> S) -> Result<(), Violation> {
        (self.holds)(&|| Box::new(open())).map_err(|seen| Violation {
            sentence: self.sentence,
            seen,
        })
    }
}

impl Violation {
    /// The promise that was broken.
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\": {}", self.sentence, self.seen)
    }
}

impl Error for Violation {}

/// Opens the store once more, as another process would.
type Open<'a> = &'a dyn Fn() -> Box<dyn Store>;

type Outcome = Result<(), Seen>;

/// What was seen instead of what must be.
type Seen = Box<dyn Error + Send + Sync>;

/// An identity that no other run and no other property has.
fn identity(username: &str) -> Identity {
    let run = format!("{:032x}", fastrand::u128(..));
    Identity::new("store-conformance")
        .with("run", &run)
        .with("username", username)
}

fn record(bytes: impl AsRef<[u8]>) -> Record {
    Record::from(bytes.as_ref().to_vec())
}

fn must(fine: bool, otherwise: impl Into<String>) -> Outcome {
    match fine {
        true => Ok(()),
        false => Err(otherwise.into().into()),
    }
}

/// A swap that must have this result.
fn swap(
    store: &dyn Store,
    identity: &Identity,
    expected: Option<&Record>,
    record: &Record,
    result: SwapOutcome,
) -> Outcome {
    let answer = store.swap(identity, expected, record)?;
    must(
        answer == result,
        format!("a swap answered {answer:?} instead of {result:?}"),
    )
}

/// A load that must find this.
fn found(store: &dyn Store, identity: &Identity, record: Option<&Record>) -> Outcome {
    let seen = store.load(identity)?;
    let which = match (&seen, record) {
        (Some(seen), Some(record)) if seen.expose().len() == record.expose().len() => "other bytes",
        _ => "something else",
    };
    must(
        seen.as_ref() == record,
        format!("load found {which}: {seen:?} instead of {record:?}"),
    )
}

/// Every promise that can be tested from outside.
pub const PROPERTIES: &[Property] = &[
    Property::new("nothing is there at first", swapping::nothing_at_first),
    Property::new(
        "a first swap is stored, and everybody loads it",
        swapping::first,
    ),
    Property::new(
        "a swap that expects nothing leaves a record alone",
        swapping::occupied,
    ),
    Property::new(
        "a swap that expects a record does not create one",
        swapping::absent,
    ),
    Property::new(
        "a swap with a wrong expectation leaves the record alone",
        swapping::wrong,
    ),
    Property::new(
        "a swap with the right expectation is stored, and everybody loads it",
        swapping::right,
    ),
    Property::new(
        "a swap may be repeated while its record is there, and only then",
        swapping::repeated,
    ),
    Property::new(
        "load sees what others swapped, at once",
        swapping::seen_at_once,
    ),
    Property::new("identities are apart", content::identities),
    Property::new("long identities are apart", content::long_identities),
    Property::new("records keep every byte", content::records),
    Property::new(
        "records are compared by their bytes, not as text or numbers",
        content::compared_by_bytes,
    ),
    Property::new(
        "a record as it was stored is not called restored",
        content::not_restored,
    ),
    Property::new("Debug shows no byte of a record", content::quiet),
    Property::new(
        "of many who swap the same expectation, one succeeds",
        racing::one_succeeds,
    ),
    Property::new("no update is lost", racing::no_update_is_lost),
    Property::new(
        "wait returns soon after a swap, or answers false",
        waiting::until_a_swap,
    ),
    Property::new(
        "wait returns at once if the record is another already",
        waiting::not_at_all,
    ),
    Property::new(
        "wait returns by itself when its time is over",
        waiting::at_most,
    ),
    Property::new(
        "wait does not return at once, again and again, if nothing changes",
        waiting::no_spinning,
    ),
    Property::new(
        "an attempt that gave no sign of life has not ended",
        life::unknown,
    ),
    Property::new(
        "an attempt has not ended while its sign of life is held",
        life::held,
    ),
    Property::new(
        "a sign of life that was dropped is in nobody's way",
        life::dropped,
    ),
];
