//! A graceful stop: SIGTERM and SIGINT end the waiting of a command; a second one ends the process at once.

use std::time::Duration;

use crate::failure::{Failure, Result};

/// Waits for a signal to stop.
#[derive(Debug)]
pub(crate) struct Stop {
    /// A signal writes a byte to the other end.
    #[cfg(unix)]
    signals: std::os::unix::net::UnixStream,
}

impl Stop {
    /// Takes the signals from now on.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self> {
        Self::on(&[signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])
    }

    #[cfg(unix)]
    fn on(numbers: &[i32]) -> Result<Self> {
        use std::os::unix::net::UnixStream;
        use std::sync::Arc;
        use std::sync::atomic::AtomicBool;

        let failed = |error| Failure::configuration(format!("signals cannot be taken: {error}"));
        let (signals, writer) = UnixStream::pair().map_err(failed)?;
        let is_second = Arc::new(AtomicBool::new(false));
        for number in numbers {
            let writer = writer.try_clone().map_err(failed)?;
            let (before, after) = (Arc::clone(&is_second), Arc::clone(&is_second));
            // In this order, the first signal sets the flag that the second one finds.
            signal_hook::flag::register_conditional_default(*number, before)
                .and_then(|_| signal_hook::flag::register(*number, after))
                .and_then(|_| signal_hook::low_level::pipe::register(*number, writer))
                .map_err(failed)?;
        }
        Ok(Self { signals })
    }

    /// Waits for a signal, at most this long; returns `true` if one has come.
    #[cfg(unix)]
    pub(crate) fn wait(&self, longest: Option<Duration>) -> bool {
        use std::io::{ErrorKind, Read as _};

        use auth_all::clock::{Clock as _, SystemClock};

        let clock = SystemClock::new();
        let begun = clock.now();
        loop {
            let waited = clock.now().since(begun);
            // A time-out of zero would be none.
            let least = Duration::from_millis(1);
            let left = longest.map(|longest| longest.saturating_sub(waited).max(least));
            if self.signals.set_read_timeout(left).is_err() {
                return true;
            }
            match (&self.signals).read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return false;
                }
                // The other end cannot be closed while the signals are registered.
                _ => return true,
            }
        }
    }

    /// Leaves the signals alone: they end the process.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self {})
    }

    /// Waits this long, or forever; a signal ends the process.
    #[cfg(not(unix))]
    pub(crate) fn wait(&self, longest: Option<Duration>) -> bool {
        match longest {
            Some(longest) => std::thread::sleep(longest),
            None => loop {
                std::thread::park();
            },
        }
        false
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use signal_hook::consts::SIGUSR2;

    #[test]
    fn a_signal_ends_the_waiting() {
        let stop = Stop::on(&[SIGUSR2]).unwrap();
        assert!(!stop.wait(Some(Duration::ZERO)));
        signal_hook::low_level::raise(SIGUSR2).unwrap();
        assert!(stop.wait(None));
        assert!(!stop.wait(Some(Duration::from_millis(1))));
    }
}
