//! Hours of processes that share a login, some of them killed, compared with what most programs do.

mod contender; // one fleet and its counts

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use auth_all::Grant as _;
use auth_all::transport::HttpTransport;
use auth_sim::ermeo;
use auth_tests::fleet::{Place, Settings, Time, write_tokens};
use serde_json::json;

use contender::{Contender, LIFE};

/// Options of the command line.
#[derive(Debug)]
pub(crate) struct Options {
    hours: u32,
    processes: usize,
    /// Maximum number of processes to kill.
    kills: usize,
    /// Speed of time: simulated seconds per real one.
    pace: u32,
    /// The log of the fleet with a store, one event per line.
    log: Option<PathBuf>,
}

impl Options {
    /// Returns `None` for an unknown option or value.
    pub(crate) fn read(args: &[&str]) -> Option<Self> {
        let mut options = Self {
            hours: 30,
            processes: 16,
            kills: usize::MAX,
            pace: 1800,
            log: None,
        };
        for pair in args.chunks(2) {
            let [name, value] = *pair else { return None };
            match name {
                "--hours" => options.hours = value.parse().ok()?,
                "--processes" => options.processes = value.parse().ok().filter(|it| *it > 1)?,
                "--kills" => options.kills = value.parse().ok()?,
                "--pace" => options.pace = value.parse().ok().filter(|it| *it > 0)?,
                "--log" => options.log = Some(value.into()),
                _ => return None,
            }
        }
        Some(options)
    }
}

/// Runs both fleets; fails if the fleet with a store lost its login.
pub(crate) fn play(options: &Options) -> Result<(), String> {
    run(options).map_err(|error| format!("verdict: {error}"))
}

fn run(options: &Options) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let place = Place::Directory(folder.path().join("logins"));
    let mut store = Contender::open(settings(place, ermeo::PASSWORD, options))?;
    store.log = options.log.as_ref().map(File::create).transpose()?;
    store.note(json!({"did": "begin", "token_life": LIFE.as_secs()}))?;
    let mut file = with_a_file(&folder.path().join("tokens.json"), options)?;
    let (processes, hours, seconds) = (options.processes, options.hours, 3600 / options.pace);
    println!("\
{processes} processes share a login at Ermeo, whose refresh tokens work once, for {hours} hours. Twice:

with a store   Each process has a session with `.store(FileStore::open(path)?)` and the password.
               Every hour a process is killed, and now and then one in the middle of a renewal,
               where it is unknown whether the refresh token is spent. That costs a login.
with a file    A JSON file instead, which each call reads, and writes after a refresh; if the server
               refuses the refresh token, the user has to log in. No process is killed.

The server is a strict simulator, an hour takes {seconds} seconds, and the processes are real. `sends`: of
the refresh token that was sent most often. `without`: processes that have no token.

       with a store                                    with a file
 hour  refreshes  logins  kills  sends  without       refreshes  logins  kills  sends  without");
    for _ in 0..options.processes {
        store.join()?;
        file.join()?;
    }
    for hour in 1..=options.hours {
        while store.hours() < f64::from(hour) {
            store.watch()?;
            file.watch()?;
        }
        store.strike(options.hours - hour, options.kills)?;
        println!("{hour:>5}  {store}       {file}");
    }
    let (lost, lost_by_file) = (store.end()?, file.end()?);
    let most_sends = store.fleet.most_spends();
    store.note(json!({"did": "end", "lost": lost.len(), "most_sends": most_sends}))?;
    println!(
        "\nwith a store   {} killed, {} of them in the middle of a renewal; lost: {}",
        store.counts.kills,
        store.counts.kills_in_flight,
        lost.len()
    );
    println!(
        "with a file    a refresh token was refused {} times; lost: {} of {}",
        file.counts.refused,
        lost_by_file.len(),
        options.processes
    );
    // Each login must have a reason: it is the first, or follows a kill or a renewal that others gave up.
    let had_reasons = store.counts.logins <= 1 + store.counts.kills + store.counts.late;
    if !lost.is_empty() || most_sends > 1 || !had_reasons {
        return Err(io::Error::other(format!("LOST {lost:?}")));
    }
    println!("\nverdict: kept");
    Ok(())
}

/// Starts a fleet without a store, after a program has logged in and written the file.
fn with_a_file(path: &Path, options: &Options) -> io::Result<Contender> {
    let place = Place::TokenFile(path.to_owned());
    let file = Contender::open(settings(place, "", options))?;
    let mut first = file.fleet.settings.clone();
    ermeo::PASSWORD.clone_into(&mut first.password);
    let request = first.grant().login_request();
    let response = request.and_then(|request| request.send(&HttpTransport::new()));
    let response = response.map_err(io::Error::other)?;
    write_tokens(path, &response, file.fleet.clock.passed())?;
    Ok(file)
}

fn settings(place: Place, password: &str, options: &Options) -> Settings {
    Settings {
        server: String::new(),
        place,
        client_secret: ermeo::CLIENT_SECRET.to_owned(),
        password: password.to_owned(),
        seed: None,
        request: Duration::from_secs(1),
        store: Duration::from_millis(750),
        pace: options.pace,
        time: Time::running(options.pace),
    }
}
