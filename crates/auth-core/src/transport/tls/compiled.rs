//! Detection of the TLS libraries in `ureq`, which another crate of the program may switch on.
//!
//! No crate can see the features of another, but it can see names: a variant of `ureq`'s error, which a feature adds,
//! hides the function of that name here.
#![expect(non_snake_case, reason = "the names of variants")]
#![allow(
    clippy::enum_glob_use,
    dead_code,
    unused_imports,
    reason = "either the variant is used or the function"
)]

use ureq::tls::TlsProvider;

/// Returns `true` if `ureq` is built with this library; without it, https panics.
pub(super) fn is_compiled_in(library: TlsProvider) -> bool {
    use ureq::Error::*;

    match library {
        TlsProvider::Rustls => makes_an_error(Rustls),
        TlsProvider::NativeTls => makes_an_error(NativeTls),
        _ => true,
    }
}

/// Substitute for an error that `ureq` does not have.
struct Absent;

fn Rustls(_: Absent) -> Absent {
    Absent
}

fn NativeTls(_: Absent) -> Absent {
    Absent
}

/// Distinguishes variants from their substitutes.
trait Makes {
    const AN_ERROR: bool;
}

impl Makes for ureq::Error {
    const AN_ERROR: bool = true;
}

impl Makes for Absent {
    const AN_ERROR: bool = false;
}

fn makes_an_error<T, E: Makes>(_: fn(T) -> E) -> bool {
    E::AN_ERROR
}
