//! A folder for servers that refuse to run as root, and how to run them there.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::Process;
use crate::{Error, Result};

/// A temporary folder owned by the user that runs servers which refuse to run as root.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
    user: Option<&'static str>,
}

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        let folder = Self {
            folder: tempfile::tempdir()?,
            user: unprivileged()?,
        };
        folder.give_away(folder.path())?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that only its user can read.
    pub(crate) fn write(&self, path: &Path, text: &str) -> Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())?;
        self.give_away(path)
    }

    /// Starts a program that runs until it is sent `signal`, and waits until it has printed `ready`.
    pub(crate) fn start(
        &self,
        program: &str,
        args: &[String],
        signal: &str,
        ready: &str,
    ) -> Result<Process> {
        let mut words = self.as_user();
        words.push(program.to_owned());
        words.extend_from_slice(args);
        Process::start(&words[0], &words[1..], signal, ready)
    }

    /// Returns a command for a program that ends by itself.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut words = self.as_user();
        words.push(program.to_owned());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.path());
        command
    }

    fn as_user(&self) -> Vec<String> {
        let words = |user| {
            [
                "setpriv".to_owned(),
                format!("--reuid={user}"),
                format!("--regid={}", group(user)),
                "--clear-groups".to_owned(),
            ]
        };
        self.user.map(words).into_iter().flatten().collect()
    }

    fn give_away(&self, path: &Path) -> Result<()> {
        if let Some(user) = self.user {
            chown(path, Some(id("-u", user)?), Some(id("-g", user)?))?;
        }
        Ok(())
    }
}

/// Returns the user to switch to; `None` if this process is not root.
fn unprivileged() -> Result<Option<&'static str>> {
    if id("-u", "")? != 0 {
        return Ok(None);
    }
    let exists = |user: &&str| id("-u", user).is_ok();
    match UNPRIVILEGED.into_iter().find(exists) {
        Some(user) => Ok(Some(user)),
        None => Err(Error::Missing("postgres".to_owned())),
    }
}

fn id(which: &str, user: &str) -> Result<u32> {
    let mut command = Command::new("id");
    command.arg(which);
    if !user.is_empty() {
        command.arg(user);
    }
    let output = command.output()?;
    let number = String::from_utf8_lossy(&output.stdout).trim().parse();
    number.map_err(|_| Error::Failed(format!("there is no user `{user}`")))
}

fn group(user: &str) -> String {
    id("-g", user).map_or_else(|_| user.to_owned(), |group| group.to_string())
}

/// Users without privileges; Debian has both once PostgreSQL is installed.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];
