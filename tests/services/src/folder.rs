//! A folder for a server that refuses to run as root, and running it there.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::Process;
use crate::{Error, Result};

/// A temporary folder of the user under whom the servers run that refuse to run as root.
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

    /// Writes a file that its user alone may read.
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

    /// Starts a program that runs until it is sent `signal`, once it has printed `ready`.
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

    /// A program that does its work and ends.
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

/// Root has to become somebody else; everybody else may stay.
fn unprivileged() -> Result<Option<&'static str>> {
    if id("-u", "")? != 0 {
        return Ok(None);
    }
    let exists = |user: &&str| id("-u", user).is_ok();
    match ["postgres", "nobody"].into_iter().find(exists) {
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
