//! Log lines of our crates, at every level, for each thread.

use services::journal;

/// Returns the lines that this thread logged while `during` ran, without those of the HTTP client.
pub(crate) fn of<R>(during: impl FnOnce() -> R) -> (R, String) {
    let (result, lines) = journal::of(during);
    let ours = lines.into_iter().filter(|line| is_ours(line));
    (result, ours.map(|line| line + "\n").collect())
}

fn is_ours(line: &str) -> bool {
    let target = line.split(' ').nth(1).unwrap_or_default();
    OURS.iter().any(|name| target.starts_with(name))
}

const OURS: [&str; 6] = [
    "auth_core",
    "aerion_auth",
    "aeris_auth",
    "ermeo_auth",
    "oauth2_generic",
    "auth_all",
];
