//! `auth-all keep`: files that always have a valid token.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use auth_all::store::Store;
use auth_all::{Error, Secret, Session, Token};

use crate::args::{self, One};
use crate::failure::{Failure, Result};
use crate::file::Fresh;
use crate::format::{Format, Names, rfc3339};
use crate::profile::Profile;
use crate::signal::Stop;
use crate::{notify, output};

use super::Context;

pub(super) fn run(context: &Context, options: &args::Keep) -> Result<()> {
    let store = context.config.store.open()?;
    let mut keepers = Vec::new();
    for profile in profiles(context, options)? {
        let path = named(&options.file, &profile.name);
        let file = Fresh::at(&path, options.mode)?;
        keepers.push(Keeper {
            format: options.format,
            variable: &options.name,
            is_service: true,
            ..Keeper::new(profile, Arc::clone(&store), file)
        });
    }
    match options.once {
        true => once(keepers),
        false => forever(keepers),
    }
}

/// Writes each file once; the first failure is the result, after all of them.
fn once(keepers: Vec<Keeper<'_>>) -> Result<()> {
    let mut result = Ok(());
    for mut keeper in keepers {
        let turn = keeper.turn();
        match turn.failure {
            Some(failure) if !turn.is_fresh && result.is_ok() => result = Err(failure),
            Some(failure) => failure.print(),
            None => {}
        }
    }
    result
}

/// Keeps each file on a thread of its own, until a signal; a renewal that is under way ends first.
fn forever(keepers: Vec<Keeper<'_>>) -> Result<()> {
    let stop = Stop::listen()?;
    let missing = AtomicUsize::new(keepers.len());
    let first_written = || {
        if missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            notify::ready("every file has a valid token");
        }
    };
    thread::scope(|scope| {
        let mut ends = Vec::new();
        for mut keeper in keepers {
            let (end, ended) = mpsc::channel();
            ends.push(end);
            scope.spawn(move || keeper.work(&ended, first_written));
        }
        stop.wait(None);
        notify::stopping();
        drop(ends);
    });
    Ok(())
}

/// A file, and the login whose token it has.
pub(super) struct Keeper<'k> {
    profile: &'k Profile,
    store: Arc<dyn Store>,
    /// `None` until the server was found.
    session: Option<Session>,
    file: Fresh,
    format: Format,
    variable: &'k str,
    /// The text of the file.
    written: Option<Secret>,
    /// Prints each new token's expiry, and notes it for systemd.
    is_service: bool,
    /// The failure that was printed last, if no success followed it.
    complaint: Option<String>,
}

/// A look at the token.
pub(super) struct Turn {
    /// The file has a valid token.
    pub(super) is_fresh: bool,
    pub(super) failure: Option<Failure>,
    /// The failure is a wait after another one.
    is_wait: bool,
    /// The wait until the next look.
    wait: Duration,
}

impl<'k> Keeper<'k> {
    pub(super) fn new(profile: &'k Profile, store: Arc<dyn Store>, file: Fresh) -> Self {
        Self {
            profile,
            store,
            session: None,
            file,
            format: Format::Token,
            variable: "",
            written: None,
            is_service: false,
            complaint: None,
        }
    }

    /// Looks again and again, until the other end is dropped.
    pub(super) fn work(&mut self, ended: &Receiver<()>, first_written: impl FnOnce()) {
        let mut first_written = Some(first_written);
        loop {
            // A fault in one login must not leave the files of the others without a renewal.
            let turn = catch_unwind(AssertUnwindSafe(|| self.turn()));
            let wait = turn.map_or(AGAIN, |turn| {
                self.report(&turn);
                if turn.is_fresh
                    && let Some(first_written) = first_written.take()
                {
                    first_written();
                }
                turn.wait
            });
            if ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Renews the token if it is due, and writes it if the file has another one.
    pub(super) fn turn(&mut self) -> Turn {
        let mut turn = Turn {
            is_fresh: false,
            failure: None,
            is_wait: false,
            wait: AGAIN,
        };
        let session = match self.session.take() {
            Some(session) => Ok(session),
            None => self.profile.session(Arc::clone(&self.store)),
        };
        let check = match session {
            Ok(session) => self.session.insert(session).renew_if_due(),
            Err(failure) => {
                turn.failure = Some(failure);
                return turn;
            }
        };
        turn.is_wait = matches!(check.error, Some(Error::BackOff { .. }));
        turn.failure = check.error.map(|error| self.profile.failed(&error));
        turn.wait = check.wait;
        if let Some(token) = &check.token {
            match self.write(token) {
                Ok(()) => turn.is_fresh = true,
                Err(failure) => {
                    turn.is_wait = false;
                    turn.failure = Some(failure);
                    turn.wait = turn.wait.min(AGAIN);
                }
            }
        }
        turn
    }

    fn write(&mut self, token: &Token) -> Result<()> {
        let names = Names {
            profile: &self.profile.name,
            header: self.profile.header(),
            variable: self.variable,
        };
        let text = self.format.of(token, names);
        if self.written.as_ref() == Some(&text) && self.file.exists() {
            return Ok(());
        }
        // Many programs take the whole file as the token, also a line break at its end.
        let bytes = match self.format {
            Format::Token => text.expose().trim_end(),
            _ => text.expose(),
        };
        self.file.replace(bytes.as_bytes())?;
        self.written = Some(text);
        if !self.is_service {
            return Ok(());
        }
        let (name, path) = (&self.profile.name, self.file.path().display());
        let until = token.expires_at().map(rfc3339);
        let until = until.map_or_else(String::new, |at| format!(", valid until {at}"));
        let words = format!("{name}: {path} has a new token{until}");
        output::say(&words);
        notify::status(&words);
        Ok(())
    }

    /// Prints a failure that is news.
    fn report(&mut self, turn: &Turn) {
        let Some(failure) = &turn.failure else {
            self.complaint = None;
            return;
        };
        let text = failure.text();
        let is_news = match &self.complaint {
            Some(last) => !turn.is_wait && *last != text,
            None => true,
        };
        if is_news {
            failure.print();
            if self.is_service {
                notify::status(failure.words());
            }
            self.complaint = Some(text);
        }
    }
}

/// The profiles of the command line, each once, or the one of the environment.
fn profiles<'c>(context: &'c Context, options: &args::Keep) -> Result<Vec<&'c Profile>> {
    let names: BTreeSet<_> = options.profiles.iter().collect();
    if names.is_empty() {
        return Ok(vec![context.profile(&One { profile: None })?]);
    }
    if names.len() > 1 && !options.file.to_string_lossy().contains(PLACE) {
        return Err(Failure::usage(format!(
            "`--file` needs `{PLACE}` in its path: each profile has a file of its own"
        )));
    }
    let profiles = names.into_iter();
    profiles
        .map(|name| context.config.profile(Some(name)))
        .collect()
}

/// The path with the name of a profile in its place.
fn named(path: &Path, name: &str) -> PathBuf {
    match path.to_str() {
        Some(text) => PathBuf::from(text.replace(PLACE, name)),
        None => path.to_owned(),
    }
}

/// Place of a profile's name in a path.
const PLACE: &str = "{profile}";
/// The wait before a file is written again, or a server is looked for again.
const AGAIN: Duration = Duration::from_secs(10);
