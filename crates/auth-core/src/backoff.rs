//! When to renew, and how long to wait after a failure. All in one place, all jittered.

use std::time::Duration;

/// How many seconds of a life of `life` seconds pass before it is time to renew.
///
/// The last fifth is for renewing, at least one minute and at most fifteen, or as much as the session
/// was told (`ahead`, 0 for not at all); ±10 % so that a fleet does not renew at once, and never more
/// than half: a buffer longer than the life would mean a request for every call.
pub(crate) fn fresh_for(life: u64, ahead: u32) -> u64 {
    let window = match ahead {
        0 => (life / 5).clamp(60, 900),
        told => told.into(),
    };
    let window = window.min(life / 2);
    let tenth = window / 10;
    life - (window - tenth + fastrand::u64(0..=2 * tenth))
}

/// A wait that doubles with each failure in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growing {
    shortest: Duration,
    longest: Duration,
    /// The share of a wait that is left to chance, so that a fleet does not come back at once.
    jitter: f64,
}

impl Growing {
    /// How long to wait after that many failures in a row.
    pub(crate) fn wait(self, times: u32) -> Duration {
        let doublings = times.saturating_sub(1).min(16);
        let ceiling = self
            .shortest
            .saturating_mul(1 << doublings)
            .min(self.longest);
        let left_to_chance = ceiling.mul_f64(self.jitter * fastrand::f64());
        (ceiling - left_to_chance).max(self.shortest)
    }
}

/// How long to wait after that many failures in a row, by a list whose last wait repeats; up to a tenth
/// or ten minutes longer, so that a fleet does not come back at once.
pub(crate) fn at(waits: &[Duration], times: u32) -> Duration {
    let last = waits.len().saturating_sub(1);
    let wait = waits.get(last.min(times.saturating_sub(1) as usize));
    wait.map_or(Duration::ZERO, |wait| {
        let most = (*wait / 10).min(MOST_JITTER);
        *wait + most.mul_f64(fastrand::f64())
    })
}

/// How long to wait before the next look at what another process does, after having waited so long.
pub(crate) fn poll(waited: Duration) -> Duration {
    let longest = (SHORTEST_POLL + waited / 2).min(LONGEST_POLL);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

const SHORTEST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(1);
const MOST_JITTER: Duration = Duration::from_secs(10 * 60);
/// After what may pass by itself: a network or a server that failed.
pub(crate) const LATER: Growing = Growing {
    shortest: Duration::from_secs(1),
    longest: Duration::from_secs(60),
    jitter: 1.0,
};
/// After a throttle, unless it names a longer time. At most 60 times a day.
pub(crate) const THROTTLED: Growing = Growing {
    shortest: Duration::from_secs(1),
    longest: Duration::from_secs(35 * 60),
    jitter: 0.15,
};
/// After what a person probably has to mend: a refused client, a missing page. Some forty times a day.
pub(crate) const LASTING: Growing = Growing {
    shortest: Duration::from_secs(30),
    longest: Duration::from_secs(3600),
    jitter: 0.2,
};
/// After a refresh that was refused in unclear words: some 26 times a day.
pub(crate) const UNCLEAR: &[Duration] = &[
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(3600),
];
/// After a login with a person's password that was refused: 3 tries in any 30 minutes, and 10 a day.
/// Servers commonly lock an account after 5 to 10.
pub(crate) const PASSWORD: &[Duration] = &[
    Duration::from_secs(30),
    Duration::from_secs(90),
    Duration::from_secs(33 * 60),
    Duration::from_secs(90 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(4 * 3600),
];
/// So many tries of a password may follow each other as soon as the server asks for it.
pub(crate) const TRIES_AT_ONCE: u32 = 3;
/// After a password of which the server says that it is wrong: accounts get unlocked.
pub(crate) const WRONG_PASSWORD: &[Duration] = &[Duration::from_secs(24 * 3600 + 60)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_for_renewing_is_a_share_of_every_life_and_never_longer_than_half_of_it() {
        for life in [
            0, 1, 2, 10, 59, 60, 61, 120, 300, 3600, 7200, 86_400, 31_536_000,
        ] {
            for _ in 0..100 {
                let fresh = fresh_for(life, 0);
                assert!(fresh <= life, "{life}: {fresh}");
                assert!(life - fresh <= 990, "{life}: {fresh}");
                assert!(10 * (life - fresh) <= 6 * life.max(1), "{life}: {fresh}");
            }
        }
        assert!((2808..=2952).contains(&fresh_for(3600, 0)));
    }

    #[test]
    fn a_session_may_renew_further_ahead_but_never_in_the_first_half() {
        let year = 365 * 24 * 3600;
        let ahead = year - fresh_for(year, 24 * 3600);
        assert!((77_760..=95_040).contains(&ahead), "{ahead}");
        assert!(fresh_for(3600, 24 * 3600) >= 1620);
        assert!(fresh_for(3600, 10) >= 3589);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        for (growing, shortest, longest) in
            [(LATER, 1, 60), (THROTTLED, 1, 2100), (LASTING, 30, 3600)]
        {
            for times in 1..40 {
                let wait = growing.wait(times).as_secs();
                assert!((shortest..=longest).contains(&wait), "{times}: {wait} s");
            }
        }
        assert!(THROTTLED.wait(20) >= Duration::from_secs(1785));
    }

    /// The tries of one day, refused each time, and the most of them within half an hour.
    fn tries(wait: impl Fn(u32) -> Duration) -> (usize, usize) {
        let mut tries = vec![Duration::ZERO];
        for times in 1.. {
            let next = tries[tries.len() - 1] + wait(times);
            if next >= Duration::from_secs(24 * 3600) {
                break;
            }
            tries.push(next);
        }
        let half_an_hour = Duration::from_secs(30 * 60);
        let within = |begin: &Duration| {
            let window = *begin..*begin + half_an_hour;
            tries.iter().filter(|at| window.contains(*at)).count()
        };
        (
            tries.len(),
            tries.iter().map(within).max().unwrap_or_default(),
        )
    }

    #[test]
    fn tries_a_day_stay_within_their_limits() {
        for _ in 0..100 {
            assert!(tries(|times| LASTING.wait(times)).0 <= 60);
            assert!(tries(|times| THROTTLED.wait(times)).0 <= 60);
            assert!(tries(|times| at(UNCLEAR, times)).0 <= 30);
            let (a_day, in_half_an_hour) = tries(|times| at(PASSWORD, times));
            assert!(a_day <= 10, "{a_day}");
            assert_eq!(in_half_an_hour, 3);
            assert_eq!(tries(|times| at(WRONG_PASSWORD, times)).0, 1);
        }
    }
}
