//! What is printed while the hours pass: a row each, and between them how things stand.

use std::io::{self, IsTerminal, Write as _};

use serde_json::json;

use crate::report::{print, wants_colour};
use crate::table::{BOLD, DIM, GREEN, RED, paint};

use super::contender::Contender;
use super::options::Options;
use super::verdict::Verdict;

/// Prints rows, for people or for machines.
pub(super) struct Board {
    options: Options,
    colour: bool,
    /// Whether what stands between two hours is shown, and overwritten.
    is_live: bool,
}

impl Board {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            options: options.clone(),
            colour: wants_colour(),
            is_live: io::stdout().is_terminal() && !options.json,
        }
    }

    /// What is played, and by which rules.
    pub(super) fn introduce(&self) {
        if self.options.json {
            return;
        }
        let Options {
            processes,
            hours,
            store,
            ..
        } = &self.options;
        print(&format!(
            "\
{processes} processes share a login at Ermeo, whose refresh tokens work once, for {hours} hours. Three times:

with a store   Each process has a session with `{}`
               and the password. Every hour one of them is killed and another one started; every
               second renewal is killed in the middle, where nobody can know any more whether the
               refresh token is spent. That costs a login with the password.
with a file    The same requests, with a JSON file instead: each call reads it; if the token has
               expired, the refresh token is sent and the answer written to the file; if the server
               says that the refresh token is invalid, the file is deleted and a person has to log
               in. Nobody is killed.
and a password The same, and where a person would have to log in the program does.

The server is a strict simulator in this process, an hour takes {seconds} seconds, and the processes are
real. `sends`: how often the refresh token was sent that was sent most often. `without`: how many
processes have no token.

{}
{}
",
            store.line(),
            paint(
                "       with a store                                               with a file     and a password",
                BOLD,
                self.colour
            ),
            paint(
                " hour  processes  refreshes  token  kills  logins  sends without   sends without    sends  logins",
                DIM,
                self.colour
            ),
            seconds = 3600 / self.options.pace,
        ));
    }

    /// An hour has passed.
    pub(super) fn hour(&self, hour: u32, contenders: &[Contender; 3]) {
        if self.options.json {
            let [store, file, password] = contenders.each_ref().map(Contender::to_json);
            let line =
                json!({"hour": hour, "store": store, "file": file, "file_and_password": password});
            print(&format!("{line}\n"));
        } else {
            let back = if self.is_live { "\r" } else { "" };
            print(&format!("{back}{}\n", row(f64::from(hour), contenders)));
        }
    }

    /// How things stand, to be overwritten.
    pub(super) fn between(&self, hours: f64, contenders: &[Contender; 3]) {
        if self.is_live {
            print(&format!("\r{}", row(hours, contenders)));
            // Shown late at worst.
            let _ = io::stdout().flush();
        }
    }

    pub(super) fn close(&self, verdict: &Verdict) {
        if self.options.json {
            return print(&format!("{}\n", verdict.to_json()));
        }
        let (word, shade) = match verdict.is_kept() {
            true => ("kept", GREEN),
            false => ("LOST", RED),
        };
        let word = paint(word, shade, self.colour);
        print(&format!("\n{verdict}\n\nverdict: {word}\n"));
    }
}

fn row(hours: f64, [store, file, password]: &[Contender; 3]) -> String {
    let tally = &store.tally;
    format!(
        "{hours:>5.1}  {:>9}  {:>9}  {:>5}  {:>5}  {:>6}  {:>5} {:>7}   {:>5} {:>7}    {:>5}  {:>6}",
        store.alive(),
        tally.refreshes,
        tally.refreshes + tally.logins,
        tally.kills,
        tally.logins,
        store.fleet.most_spends(),
        store.without_token(),
        file.fleet.most_spends(),
        file.without_token(),
        password.fleet.most_spends(),
        password.tally.logins,
    )
}
