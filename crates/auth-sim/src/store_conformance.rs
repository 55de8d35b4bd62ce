//! Tests of the promises that every store must keep.
//!
//! A store that breaks one of them loses logins, and so rarely that ordinary tests pass. Test yours with all of them:
//!
//! ```
//! use auth_core::store::MemoryStore;
//! use auth_sim::store_conformance;
//!
//! let store = MemoryStore::new();
//! // Opens the same store again, as another process would: connects, or opens the file.
//! store_conformance::check(|| store.clone());
//! ```
//!
//! Every property uses random identities of its own, so the store may be a server with other records in it. The
//! records stay there: a store has no way to delete.
//!
//! These promises cannot be tested from outside: an acknowledged swap survives a power cut or a failover, a killed
//! process loses its guard, a hung server runs into a time-out, a restored record is not taken for the same bytes from
//! before.

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
/// If a property does not hold, with the sentence of each that does not, and what happened instead.
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

/// A promise that every store must keep.
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
///
/// ```
/// use auth_core::Result;
/// use auth_core::grant::Identity;
/// use auth_core::store::{Record, Store, SwapOutcome};
/// use auth_sim::store_conformance::{PROPERTIES, Violation};
///
/// /// A cache that has evicted everything.
/// #[derive(Debug)]
/// struct Empty;
///
/// impl Store for Empty {
///     fn load(&self, _: &Identity) -> Result<Option<Record>> {
///         Ok(None)
///     }
///
///     fn swap(&self, _: &Identity, _: Option<&Record>, _: &Record) -> Result<SwapOutcome> {
///         Ok(SwapOutcome::Stored)
///     }
/// }
///
/// let broken: Vec<Violation> = PROPERTIES.iter().filter_map(|property| property.check(|| Empty).err()).collect();
/// for violation in &broken {
///     println!("{violation}"); // the promise, and what happened instead
/// }
/// assert!(broken.iter().any(|violation| violation.sentence() == "no update is lost"));
/// ```
#[derive(Debug)]
pub struct Violation {
    sentence: &'static str,
    seen: Seen,
}

impl Property {
    const fn new(sentence: &'static str, holds: fn(Open<'_>) -> Outcome) -> Self {
        Self { sentence, holds }
    }

    /// Returns the promise as a sentence.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// Checks that it holds; `open` opens the same store each time.
    ///
    /// # Errors
    /// The promise with what happened instead.
    pub fn check<S: Store + 'static>(&self, open: impl Fn() -> S) -> Result<(), Violation> {
        (self.holds)(&|| Box::new(open())).map_err(|seen| Violation {
            sentence: self.sentence,
            seen,
        })
    }
}

impl Violation {
    /// Returns the promise that was broken, as a sentence.
    #[must_use]
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

/// Opens the store again, as another process would.
type Open<'a> = &'a dyn Fn() -> Box<dyn Store>;

type Outcome = Result<(), Seen>;

/// Description of what happened instead.
type Seen = Box<dyn Error + Send + Sync>;

/// An identity that no other run and no other property uses.
fn identity(username: &str) -> Identity {
    let run = format!("{:032x}", fastrand::u128(..));
    Identity::new("store-conformance")
        .with("run", &run)
        .with("username", username)
}

fn record(bytes: impl AsRef<[u8]>) -> Record {
    Record::from_bytes(bytes.as_ref().to_vec())
}

fn must(fine: bool, otherwise: impl Into<String>) -> Outcome {
    match fine {
        true => Ok(()),
        false => Err(otherwise.into().into()),
    }
}

/// Swaps, and requires this result.
fn swap(
    store: &dyn Store,
    identity: &Identity,
    expected: Option<&Record>,
    record: &Record,
    result: SwapOutcome,
) -> Outcome {
    let outcome = store.swap(identity, expected, record)?;
    must(
        outcome == result,
        format!("a swap returned {outcome:?} instead of {result:?}"),
    )
}

/// Loads, and requires this record.
fn found(store: &dyn Store, identity: &Identity, record: Option<&Record>) -> Outcome {
    let seen = store.load(identity)?;
    let which = match (&seen, record) {
        (Some(seen), Some(record)) if seen.expose().len() == record.expose().len() => "other bytes",
        _ => "another record",
    };
    must(
        seen.as_ref() == record,
        format!("load returned {which}: {seen:?} instead of {record:?}"),
    )
}

/// Every promise that can be tested from outside.
pub const PROPERTIES: &[Property] = &[
    Property::new("no record exists at first", swapping::nothing_at_first),
    Property::new(
        "a first swap is stored, and every process loads it",
        swapping::first,
    ),
    Property::new(
        "a swap that expects no record leaves a record alone",
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
        "a swap with the right expectation is stored, and every process loads it",
        swapping::right,
    ),
    Property::new(
        "a swap can be repeated while its record is current, and only then",
        swapping::repeated,
    ),
    Property::new(
        "load returns another process's swap at once",
        swapping::seen_at_once,
    ),
    Property::new("identities are kept apart", content::identities),
    Property::new("long identities are kept apart", content::long_identities),
    Property::new("records keep every byte", content::records),
    Property::new(
        "records are compared by their bytes, not as text or numbers",
        content::compared_by_bytes,
    ),
    Property::new(
        "a stored record is not marked as restored",
        content::not_restored,
    ),
    Property::new("Debug shows no byte of a record", content::quiet),
    Property::new(
        "of many swaps with the same expectation, one succeeds",
        racing::one_succeeds,
    ),
    Property::new("no update is lost", racing::no_update_is_lost),
    Property::new(
        "wait returns soon after a swap, or is unsupported",
        waiting::until_a_swap,
    ),
    Property::new(
        "wait returns at once if another record is current already",
        waiting::not_at_all,
    ),
    Property::new("wait returns when its time is over", waiting::at_most),
    Property::new(
        "wait does not return at once, again and again, while nothing changes",
        waiting::no_spinning,
    ),
    Property::new(
        "an attempt that was never announced has not exited",
        life::unknown,
    ),
    Property::new(
        "an attempt has not exited while its guard is held",
        life::held,
    ),
    Property::new(
        "a dropped guard does not hinder the next attempt",
        life::dropped,
    ),
];
