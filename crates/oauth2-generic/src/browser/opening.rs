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

/// A function of the caller that opens a URL.
pub(super) type Open = Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// A browser that is being opened: by a function of the caller, or by one program after the other until one succeeds.
///
/// Both may run as long as the browser does, so they are only polled. What still runs when the login is over is left
/// alone.
pub(super) struct Launch {
    programs: vec::IntoIter<Command>,
    running: Option<Child>,
    own: Option<JoinHandle<bool>>,
    opened: bool,
}

impl Launch {
    /// Opens a URL as the user chose in `BROWSER`, or else as the desktop does it.
    pub(super) fn by_system(url: &str) -> Self {
        let browsers = env::var_os("BROWSER").filter(|_| cfg!(unix));
        let mut programs = chosen(&browsers.unwrap_or_default(), url);
        if has_display() {
            programs.extend(open::commands(url));
        }
        Self::by_programs(programs)
    }

    fn by_programs(programs: Vec<Command>) -> Self {
        Self {
            programs: programs.into_iter(),
            running: None,
            own: None,
            opened: false,
        }
    }

    /// Calls a function on a thread of its own: a text browser, for instance, returns when it is closed.
    pub(super) fn by_caller(open: &Open, url: &str) -> Self {
        let (running, returned) = mpsc::channel::<()>();
        let (open, url) = (Arc::clone(open), url.to_owned());
        let thread = thread::Builder::new().name("open-browser".into());
        let thread = thread.spawn(move || {
            let _until_it_returns = running;
            open(&url).is_ok()
        });
        let mut launch = Self::by_programs(Vec::new());
        launch.own = thread.ok();
        // Most return at once.
        if returned.recv_timeout(A_MOMENT) != Err(RecvTimeoutError::Timeout) {
            launch.join();
        }
        launch
    }

    /// Takes over the result of the function. One that panicked has opened nothing.
    fn join(&mut self) {
        if let Some(own) = self.own.take() {
            self.opened = own.join().unwrap_or(false);
        }
    }

    /// Returns `true` once all have failed. Starts the next program if one has failed.
    pub(super) fn has_failed(&mut self) -> bool {
        if self.own.as_ref().is_some_and(|own| !own.is_finished()) {
            return false;
        }
        self.join();
        while !self.opened {
            match self.running.as_mut().map(Child::try_wait) {
                Some(Ok(None)) => return false,
                Some(Ok(Some(status))) if status.success() => self.opened = true,
                _ => match self.programs.next() {
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

/// Splits without a shell, so nothing in the URL can be a command.
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

/// Starts a program without our terminal.
fn start(mut command: Command) -> io::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    {
        // Ctrl-C ends this program, and not the browser.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command.spawn()
}

/// Returns `true` if the desktop's programs may be called: without a display they would start a browser for terminals
/// in ours.
fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let without_x = cfg!(any(windows, target_vendor = "apple", target_os = "android"));
    without_x
        || ["WAYLAND_DISPLAY", "DISPLAY", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(is_set)
}

/// How long the login waits for a function of the caller.
const A_MOMENT: Duration = Duration::from_millis(500);

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn launch(programs: &[&str]) -> Launch {
        Launch::by_programs(programs.iter().map(Command::new).collect())
    }

    /// Polls until no program runs any more.
    fn has_failed(launch: &mut Launch) -> bool {
        while !launch.has_failed() {
            match &mut launch.running {
                Some(child) if !launch.opened => drop(child.wait()),
                _ => return false,
            }
        }
        true
    }

    #[test]
    fn programs_are_tried_in_turn() {
        let mut working = launch(&["/nonexistent", "false", "true", "/nonexistent"]);
        assert!(!has_failed(&mut working));
        assert_eq!(working.programs.len(), 1);
    }

    #[test]
    fn the_programs_of_browser_are_tried_in_order() {
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
    fn all_programs_have_failed() {
        assert!(has_failed(&mut launch(&["/nonexistent", "false"])));
        assert!(has_failed(&mut launch(&[])));
    }

    #[test]
    fn a_running_program_is_not_waited_for() {
        let mut sleeping = Command::new("sleep");
        sleeping.arg("60");
        let mut launch = launch(&[]);
        launch.programs = vec![sleeping].into_iter();
        assert!(!launch.has_failed());
        assert!(!launch.has_failed());
        let mut child = launch.running.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_function_opens_unless_it_fails() {
        let has_failed = |open: Open| {
            let mut launch = Launch::by_caller(&open, "u");
            while launch.own.as_ref().is_some_and(|own| !own.is_finished()) {
                thread::yield_now();
            }
            launch.has_failed()
        };
        assert!(!has_failed(Arc::new(|_| Ok(()))));
        assert!(has_failed(Arc::new(
            |_| Err(io::ErrorKind::NotFound.into())
        )));
        assert!(has_failed(Arc::new(|_| panic!("this one opens nothing"))));
    }
}
