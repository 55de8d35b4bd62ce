//! Opens the browser, without waiting for it.

use std::io;
use std::process::{Child, Command, Stdio};
use std::vec;

/// How the browser is opened.
pub(super) enum Opening {
    /// As the desktop does it.
    System,
    With(Open),
}

type Open = Box<dyn FnOnce(&str) -> io::Result<()> + Send>;

/// A browser that is being opened, by one program after the other until one does it.
///
/// Such a program may run as long as the browser does, so it is only looked at now and then. One that
/// still runs when the login is over is left alone.
pub(super) struct Launch {
    openers: vec::IntoIter<Command>,
    running: Option<Child>,
    opened: bool,
}

impl Opening {
    pub(super) fn launch(&mut self, url: &str) -> Launch {
        let (openers, opened) = match std::mem::replace(self, Self::System) {
            Self::With(open) => (Vec::new(), open(url).is_ok()),
            Self::System if has_display() => (open::commands(url), false),
            Self::System => (Vec::new(), false),
        };
        Launch {
            openers: openers.into_iter(),
            running: None,
            opened,
        }
    }
}

impl Launch {
    /// Whether it is now known that there is no browser.
    pub(super) fn is_in_vain(&mut self) -> bool {
        while !self.opened {
            match self.running.as_mut().map(Child::try_wait) {
                Some(Ok(None)) => return false,
                Some(Ok(Some(status))) if status.success() => self.opened = true,
                // A failure of one is a task for the next.
                _ => match self.openers.next() {
                    Some(command) => self.running = start(command).ok(),
                    None => break,
                },
            }
        }
        !self.opened
    }
}

/// Starts a program that shares neither our terminal nor our fate.
fn start(mut command: Command) -> io::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    {
        // An interrupt from the keyboard is for us, and not for the browser.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command.spawn()
}

/// Without a display the desktop's programs would start a browser for terminals, whose terminal
/// would be ours.
fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let without_x = cfg!(any(windows, target_vendor = "apple", target_os = "android"));
    without_x
        || ["WAYLAND_DISPLAY", "DISPLAY", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(is_set)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn launch(programs: &[&str]) -> Launch {
        let openers: Vec<Command> = programs.iter().map(Command::new).collect();
        Launch {
            openers: openers.into_iter(),
            running: None,
            opened: false,
        }
    }

    /// Looks until nothing runs any more.
    fn is_in_vain(launch: &mut Launch) -> bool {
        while !launch.is_in_vain() {
            match &mut launch.running {
                Some(child) if !launch.opened => drop(child.wait()),
                _ => return false,
            }
        }
        true
    }

    #[test]
    fn one_program_after_the_other_is_tried() {
        let mut working = launch(&["/nonexistent", "false", "true", "/nonexistent"]);
        assert!(!is_in_vain(&mut working));
        assert_eq!(working.openers.len(), 1);
    }

    #[test]
    fn it_is_in_vain_when_all_have_failed() {
        assert!(is_in_vain(&mut launch(&["/nonexistent", "false"])));
        assert!(is_in_vain(&mut launch(&[])));
    }

    #[test]
    fn a_program_that_runs_on_is_not_waited_for() {
        let mut sleeping = Command::new("sleep");
        sleeping.arg("60");
        let mut launch = launch(&[]);
        launch.openers = vec![sleeping].into_iter();
        assert!(!launch.is_in_vain());
        assert!(!launch.is_in_vain());
        let mut child = launch.running.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_way_of_ones_own_counts_as_opened_unless_it_fails() {
        let opening = |result: io::Result<()>| Opening::With(Box::new(move |_| result));
        assert!(!opening(Ok(())).launch("u").is_in_vain());
        assert!(
            opening(Err(io::ErrorKind::NotFound.into()))
                .launch("u")
                .is_in_vain()
        );
    }
}
