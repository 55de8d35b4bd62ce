//! Cost of a refusal: kind of grant × response × consequence.
//!
//! A program requests a token from its session every minute, and the session has its defaults. `table` holds the
//! responses, `follows` the figures; each test prints its part of the table with `--nocapture`.

mod asker; // a program that requests tokens, and its cost
mod follows; // consequences of a refusal, in figures
mod others; // sessions that a refusal holds back, and those that it does not
mod server; // a token endpoint that refuses
mod started_anew; // programs with their logins in files
mod table; // responses that users have met

use asker::{Who, variant};
use table::ROWS;

use crate::support::shown;

/// Kinds of grants for which a response has the same meaning.
#[derive(Clone, Copy, Debug)]
enum Column {
    Client,
    Password,
    Both,
    Keeper,
}

#[test]
fn no_refusal_of_a_client_is_permanent() {
    holds(Column::Client, &[Who::Client, Who::Assertion, Who::Aeris]);
}

#[test]
fn no_refusal_locks_the_account_of_a_person() {
    holds(Column::Password, &[Who::Password, Who::Aerion, Who::Ermeo]);
}

#[test]
fn a_refused_refresh_logs_in_or_keeps_its_token() {
    holds(Column::Both, &[Who::Both]);
}

#[test]
fn a_refused_refresh_without_a_password_needs_a_user() {
    holds(Column::Keeper, &[Who::Keeper]);
}

/// Asserts a column of the table, and prints it.
#[track_caller]
fn holds(column: Column, grants: &[Who]) {
    println!(
        "{:32} {:10} {:22} {:22} 1/2 h    h     d      w  fixed  a day  other forget",
        "answer", "grant", "first", "a day later"
    );
    let mut differs = Vec::new();
    for row in ROWS {
        let follows = row.follows[column as usize];
        for who in grants {
            // Grants of one column differ only in their requests.
            let days = match (*who == grants[0], follows.days()) {
                (true, days) => days,
                (false, 7) => 1,
                (false, _) => continue,
            };
            let cost = who.cost(row.answer, days);
            let line = format!(
                "{:32} {:10} {:22} {:22}{cost}",
                row.name,
                format!("{who:?}"),
                variant(cost.first.as_ref()),
                variant(cost.then.as_ref())
            );
            println!("{line}");
            let mut wrong = follows.differs(*who, row.said, &cost);
            if let Some(error) = &cost.first
                && !shown(error).contains(row.words)
            {
                wrong.push(format!("words: {error}"));
            }
            if !wrong.is_empty() {
                differs.push(format!("{line}\n    {follows:?}: {wrong:?}"));
            }
        }
    }
    assert!(differs.is_empty(), "\n{}", differs.join("\n"));
}
