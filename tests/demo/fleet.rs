//! Thirty hours of processes that share a login, some of them killed; beside them, what most do.

mod board; // what is printed while the hours pass
mod contender; // one fleet and what has become of it
mod options;
mod place; // where the login is kept
mod verdict;

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use auth_all::Grant;
use auth_all::transport::HttpTransport;
use auth_sim::ermeo;
use auth_tests::fleet::{Place, Settings, Time, write_tokens};

use serde_json::json;

use board::Board;
use contender::{Contender, LIFE};
use options::Options;
use place::Kept;
use verdict::Verdict;

/// Plays it, and answers whether nothing was lost.
pub(crate) fn play(args: &[String]) -> ExitCode {
    let Some(options) = Options::read(args) else {
        eprintln!("{}", super::USAGE);
        return ExitCode::FAILURE;
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the fleet did not come to its end: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<bool> {
    let kept = Kept::open(options.store)?;
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let [file, other_file] = [&folders[0], &folders[1]].map(|it| it.path().join("tokens.json"));
    let board = Board::new(options);
    board.introduce();
    let mut contenders = [
        Contender::open(settings(kept.place(), true, options), options.processes)?,
        with_a_file(&file, false, options)?,
        with_a_file(&other_file, true, options)?,
    ];
    contenders[0].is_struck = true;
    contenders[0].log = options.log.as_ref().map(File::create).transpose()?;
    contenders[0].note(json!({"did": "begin", "token_life": LIFE.as_secs()}))?;
    for contender in &mut contenders {
        contender.set_out()?;
    }
    let mut hour = 0;
    while hour < options.hours {
        for contender in &mut contenders {
            contender.watch()?;
        }
        let now = contenders[0].hours();
        if now >= f64::from(hour + 1) {
            hour += 1;
            for contender in &mut contenders {
                contender.strike(options.hours.saturating_sub(hour), options.kills)?;
            }
            board.hour(hour, &contenders);
        } else {
            board.between(now, &contenders);
        }
    }
    let [store, file, password] = &mut contenders;
    let lost = [store.end()?, file.end()?, password.end()?];
    let most_sends = store.fleet.most_spends();
    store.note(json!({"did": "end", "lost": lost[0].len(), "most_sends": most_sends}))?;
    let verdict = Verdict::new(options, &contenders, lost);
    board.close(&verdict);
    Ok(verdict.is_kept())
}

/// A fleet whose login was made once, by a program that wrote the file.
fn with_a_file(path: &Path, has_password: bool, options: &Options) -> io::Result<Contender> {
    let place = Place::TokenFile(path.to_owned());
    let contender = Contender::open(settings(place, has_password, options), options.processes)?;
    let request = contender.grant().login_request();
    let answer = request.and_then(|request| request.send(&HttpTransport::new()));
    let answer = answer.map_err(io::Error::other)?;
    write_tokens(path, &answer, contender.fleet.clock.passed())?;
    Ok(contender)
}

fn settings(place: Place, has_password: bool, options: &Options) -> Settings {
    Settings {
        server: String::new(),
        place,
        client_secret: ermeo::CLIENT_SECRET.to_owned(),
        password: match has_password {
            true => ermeo::PASSWORD.to_owned(),
            false => String::new(),
        },
        seed: None,
        request: Duration::from_secs(1),
        store: Duration::from_millis(750),
        pace: options.pace,
        time: Time::running(options.pace),
    }
}
