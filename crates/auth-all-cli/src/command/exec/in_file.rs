//! `--file`: the token in a file that is renewed while the command runs, and removed at its end.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;

use crate::command::Context;
use crate::command::keep::Keeper;
use crate::failure::{Failure, Result};
use crate::file::Fresh;
use crate::profile::Profile;

/// Runs the command; the inner result is that of its start.
pub(super) fn run(
    mut command: Command,
    context: &Context,
    profile: &Profile,
    variable: &str,
) -> Result<io::Result<u8>> {
    let file = Fresh::for_a_command()?;
    command.env(variable, file.path());
    let mut keeper = Keeper::new(profile, context.config.store.open()?, file);
    let turn = keeper.turn();
    match turn.failure {
        Some(failure) if !turn.is_fresh => return Err(failure),
        Some(failure) => failure.print(),
        None => {}
    }
    let watch = forward::Watch::begin().map_err(|error| {
        Failure::configuration(format!("signals cannot be passed to the command: {error}"))
    })?;
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Err(error)),
    };
    Ok(thread::scope(|scope| {
        let (end, ended) = mpsc::channel();
        // A renewal that is under way at the end is finished.
        scope.spawn(move || keeper.work(&ended, || {}));
        let code = watch.wait(child);
        drop(end);
        code
    }))
}

#[cfg(unix)]
mod forward {
    use std::fs::{self, File};
    use std::os::unix::process::ExitStatusExt as _;

    use rustix::io::Errno;
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_process, waitid};
    use rustix::termios::tcgetpgrp;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    use signal_hook::iterator::Signals;

    use super::{Child, io, thread};

    /// Signals that are for the command.
    pub(super) struct Watch(Signals);

    impl Watch {
        /// Takes the signals from now on, except for those that this process was started to ignore, as by `nohup`.
        pub(super) fn begin() -> io::Result<Self> {
            let ignored = ignored();
            let taken = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
            let taken = taken.iter().filter(|it| ignored >> (**it - 1) & 1 == 0);
            Ok(Self(Signals::new(taken)?))
        }

        /// Passes signals to the command until it ends; returns its exit code, or 128 and its signal.
        pub(super) fn wait(self, mut child: Child) -> io::Result<u8> {
            let Self(mut signals) = self;
            let handle = signals.handle();
            let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
                return Err(io::Error::other("it has no process number"));
            };
            thread::scope(|scope| {
                scope.spawn(move || {
                    for number in signals.forever() {
                        let is_from_keyboard =
                            matches!(number, SIGINT | SIGQUIT) && is_foreground();
                        // The terminal sends these to the command, too.
                        if let Some(signal) = Signal::from_named_raw(number)
                            && !is_from_keyboard
                        {
                            let _ = kill_process(pid, signal);
                        }
                    }
                });
                // It keeps its number until no signal can be sent to that any more.
                let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while waitid(WaitId::Pid(pid), look).is_err_and(|error| error == Errno::INTR) {}
                handle.close();
            });
            let status = child.wait()?;
            let code = status.code().or(status.signal().map(|signal| 128 + signal));
            Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
        }
    }

    /// Returns `true` if the keys of the terminal signal this process and its command.
    fn is_foreground() -> bool {
        let terminal = File::open("/dev/tty");
        terminal.is_ok_and(|terminal| tcgetpgrp(&terminal) == Ok(getpgrp()))
    }

    /// The ignored signals, a bit for each; none where the system does not show them.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }
}

#[cfg(not(unix))]
mod forward {
    use super::{Child, io};

    /// Nothing to do: the keys of a console signal every program in it.
    pub(super) struct Watch;

    impl Watch {
        pub(super) fn begin() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn wait(self, mut child: Child) -> io::Result<u8> {
            let code = child.wait()?.code();
            Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
        }
    }
}
