//! The process that runs a helper: which token it has been given.
//!
//! kubectl and go run a helper again when a server has refused the token, and do not say which one it was. A file beside the
//! logins keeps a mark of what each of the last callers got. It is a hint: without it a helper still answers.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher as _};
use std::path::{Path, PathBuf};

use auth_all::Token;

use crate::failure::{Failure, Result};
use crate::file::Fresh;

/// A running process that has asked for a token of a profile, perhaps before.
pub(super) struct Caller {
    file: PathBuf,
    /// The process, and what it asks for.
    mark: String,
}

impl Caller {
    /// The process that runs this one, and asks for this.
    pub(super) fn this(what: &str) -> Option<Self> {
        let process = parent()?;
        let folder = folder()?;
        Some(Self {
            file: folder.join("callers"),
            mark: format!("{process} {:04x}", short(what)),
        })
    }

    /// Returns the mark of the token that this process was given last.
    fn given(&self) -> Option<String> {
        let text = fs::read_to_string(&self.file).ok()?;
        let line = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(&self.mark));
        line.map(|token| token.trim().to_owned())
    }

    /// Returns `true` if this process was given this token.
    pub(super) fn has(&self, token: &Token) -> bool {
        self.given() == Some(mark(token))
    }

    /// Returns `true` if this process was given a token, and not this one.
    pub(super) fn has_another_than(&self, token: &Token) -> bool {
        self.given().is_some_and(|given| given != mark(token))
    }

    /// Keeps that this process gets this token.
    pub(super) fn gets(&self, token: &Token) {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let others = text.lines().filter(|line| !line.starts_with(&self.mark));
        let mut lines: Vec<_> = others.map(str::to_owned).collect();
        lines.push(format!("{} {}", self.mark, mark(token)));
        let youngest = &lines[lines.len().saturating_sub(CALLERS)..];
        // A process that writes at the same time loses its hint, and nothing else.
        let _ = replace(&self.file, &(youngest.join("\n") + "\n"));
    }
}

/// Sixteen bits of a hash, from which no secret can be guessed.
fn mark(token: &Token) -> String {
    format!("{:04x}", short(token.expose()))
}

fn short(text: &str) -> u16 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    (hasher.finish() & 0xffff) as u16
}

/// The number and the start of the process that runs this one: numbers are used again.
#[cfg(target_os = "linux")]
fn parent() -> Option<String> {
    let number = std::os::unix::process::parent_id();
    let status = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name in parentheses may have spaces.
    let (_, rest) = status.rsplit_once(") ")?;
    let start = rest.split(' ').nth(19)?;
    Some(format!("{number} {start}"))
}

#[cfg(not(target_os = "linux"))]
fn parent() -> Option<String> {
    None
}

/// The folder of this program's state, beside the default place of the logins.
fn folder() -> Option<PathBuf> {
    let absolute = |name| {
        let path = env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Some(state?.join("auth-all"))
}

/// Replaces the file, in a folder that only this user can read.
fn replace(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made = builder.recursive(true).create(folder);
        made.map_err(|error| Failure::file(folder, &error))?;
    }
    Fresh::at(file, 0o600)?.replace(text.as_bytes())
}

/// The callers that are kept.
const CALLERS: usize = 64;
