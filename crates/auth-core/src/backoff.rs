//! When to renew, and how long to wait after a failure. All in one place, all jittered.

use std::time::Duration;

use crate::error::Error;

/// How many seconds of a life of `life` seconds pass before it is time to renew.
///
/// The last fifth is for renewing, at least one minute and at most fifteen, ±10 % so that a fleet
/// does not renew at once, and never more than half: a buffer longer than the life would mean a
/// request for every call.
pub(crate) fn fresh_for(life: u64) -> u64 {
    let window = (life / 5).clamp(60, 900).min(life / 2);
    let tenth = window / 10;
    life - (window - tenth + fastrand::u64(0..=2 * tenth))
}

/// How long to wait after the n-th failure in a row: exponential with full jitter (from the shortest
/// wait up), and never less than the server asks for.
pub(crate) fn wait(error: &Error, failures: u32) -> Duration {
    let (shortest, longest) = if error.is_transient() {
        TRANSIENT
    } else {
        LASTING
    };
    let ceiling = shortest.saturating_mul(1 << failures.min(16)).min(longest);
    let jittered = shortest + (ceiling - shortest).mul_f64(fastrand::f64());
    jittered.max(error.retry_after().unwrap_or_default())
}

/// How long to wait before the next look at what another process does, after having waited so long.
pub(crate) fn poll(waited: Duration) -> Duration {
    let longest = (SHORTEST_POLL + waited / 2).min(LONGEST_POLL);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

const SHORTEST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(1);
/// The shortest and the longest wait after what may pass by itself.
const TRANSIENT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The same after what a person probably has to mend: a refused client, a missing page.
const LASTING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3600));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_for_renewing_is_a_share_of_every_life_and_never_longer_than_half_of_it() {
        for life in [
            0, 1, 2, 10, 59, 60, 61, 120, 300, 3600, 7200, 86_400, 31_536_000,
        ] {
            for _ in 0..100 {
                let fresh = fresh_for(life);
                assert!(fresh <= life, "{life}: {fresh}");
                assert!(life - fresh <= 990, "{life}: {fresh}");
                assert!(10 * (life - fresh) <= 6 * life.max(1), "{life}: {fresh}");
            }
        }
        assert!((2808..=2952).contains(&fresh_for(3600)));
    }

    #[test]
    fn waits_grow_are_bounded_and_respect_retry_after() {
        let failed = Error::Status {
            status: 500,
            retry_after: None,
        };
        for failures in 0..40 {
            let wait = wait(&failed, failures);
            assert!((1..=60).contains(&wait.as_secs()), "{wait:?}");
        }
        let asked = Error::Status {
            status: 503,
            retry_after: Some(Duration::from_secs(600)),
        };
        assert_eq!(wait(&asked, 0), Duration::from_secs(600));
        let lasting = Error::Status {
            status: 403,
            retry_after: None,
        };
        assert!(wait(&lasting, 0) >= Duration::from_secs(30));
    }
}
