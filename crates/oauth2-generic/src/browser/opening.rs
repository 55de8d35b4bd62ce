//! Opens the browser, without waiting for it.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::vec;

/// How the browser is opened.
pub(super) enum Opening {
    /// As the user chose in `BROWSER`, or else as the desktop does it.
    System,
    With(Open),
}

pub(super) type Open = Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// A browser that is being opened, by one program after the other until one does it.
///
/// Such a program may run as long as the browser does, and so may a function of the caller's, so they
/// are only looked at now and then. What still runs when the login is over is left alone.
pub(super) struct Launch {
    openers: vec::IntoIter<Command>,
    running: Option<Child>,
    /// A function of the caller's that has not returned yet.
    own: Option<JoinHandle<bool>>,
    opened: bool,
}

impl Opening {
    pub(super) fn new(open: Option<Open>) -> Self {
        open.map_or(Self::System, Self::With)
    }

    pub(super) fn launch(self, url: &str) -> Launch {
        let (openers, opened) = match self {
            Self::With(open) => return Launch::own(open, url),
            Self::System => {
                let browsers = env::var_os("BROWSER").filter(|_| cfg!(unix));
                let mut openers = chosen(&browsers.unwrap_or_default(), url);
                if has_display() {
                    openers.extend(open::commands(url));
                }
                (openers, false)
            }
        };
        Launch {
            openers: openers.into_iter(),
            running: None,
            own: None,
            opened,
        }
    }
}

impl Launch {
    /// Calls the function on a thread of its own: a text browser, for instance, returns when it is closed.
    fn own(open: Open, url: &str) -> Self {
        let (running, done) = mpsc::channel::<()>();
        let url = url.to_owned();
        let thread = thread::Builder::new().name("browser".into());
        let thread = thread.spawn(move || {
            let _until_it_returns = running;
            open(&url).is_ok()
        });
        let mut launch = Self {
            openers: Vec::new().into_iter(),
            running: None,
            own: thread.ok(),
            opened: false,
        };
        // Most return at once.
        if done.recv_timeout(A_MOMENT) != Err(RecvTimeoutError::Timeout) {
            launch.returned();
        }
        launch
    }

    /// Takes over what the function returned. One that panicked has opened nothing.
    fn returned(&mut self) {
        if let Some(own) = self.own.take() {
            self.opened = own.join().unwrap_or(false);
        }
    }

    /// Whether it is now known that there is no browser.
    pub(super) fn is_in_vain(&mut self) -> bool {
        match &self.own {
            Some(own) if !own.is_finished() => return false,
            _ => self.returned(),
        }
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

/// The programs of `BROWSER`, separated by colons. `%s` in an argument stands for the URL, which is else the last
/// argument. Remote editors and containers set it to what opens a browser on the machine of the user.
fn chosen(browsers: &OsStr, url: &str) -> Vec<Command> {
    let browsers = browsers.to_str().unwrap_or_default().split(':');
    browsers.filter_map(|text| command(text, url)).collect()
}

/// No shell takes it apart, so nothing in the URL can be a command.
fn command(text: &str, url: &str) -> Option<Command> {
    // A path may have spaces in it.
    if Path::new(text).is_file() {
        let mut command = Command::new(text);
        command.arg(url);
        return Some(command);
    }
    let mut words = text.split_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words.map(|word| word.replace("%s", url)));
    if !text.contains("%s") {
        command.arg(url);
    }
    Some(command)
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
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let without_x = cfg!(any(windows, target_vendor = "apple", target_os = "android"));
    without_x
        || ["WAYLAND_DISPLAY", "DISPLAY", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(is_set)
}

/// How long a function of the caller's is waited for.
const A_MOMENT: Duration = Duration::from_millis(500);

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn launch(programs: &[&str]) -> Launch {
        let openers: Vec<Command> = programs.iter().map(Command::new).collect();
        Launch {
            openers: openers.into_iter(),
            running: None,
            own: None,
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
    fn the_browsers_of_the_user_are_tried_in_order() {
        let here = env::current_exe().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let spaced = folder.path().join("my browser");
        std::fs::copy(here, &spaced).unwrap();
        let spaced = spaced.to_str().unwrap();
        let text = format!("firefox: w3m -T x:open --to=%s -n:{spaced}::");
        let words = |command: &Command| {
            let words = [command.get_program()]
                .into_iter()
                .chain(command.get_args());
            words
                .map(|word| word.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let commands = chosen(OsStr::new(&text), "https://a.example/?b=%s c");
        let commands: Vec<_> = commands.iter().map(words).collect();
        let url = "https://a.example/?b=%s c";
        assert_eq!(
            commands,
            [
                vec!["firefox", url],
                vec!["w3m", "-T", "x", url],
                vec!["open", &format!("--to={url}"), "-n"],
                vec![spaced, url],
            ]
        );
        assert!(chosen(OsStr::new(""), url).is_empty());
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
        let opening = |failure: Option<io::ErrorKind>| {
            Opening::With(Arc::new(move |_: &str| {
                failure.map_or(Ok(()), |it| Err(it.into()))
            }))
        };
        assert!(!opening(None).launch("u").is_in_vain());
        let failing = opening(Some(io::ErrorKind::NotFound));
        assert!(failing.launch("u").is_in_vain());
    }
}
