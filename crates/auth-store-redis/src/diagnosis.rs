//! What a server is that does not do what every Redis does.

use redis::{Cmd, Value, cmd};

use crate::commands;
use crate::failure::Failure;
use crate::safety;
use crate::server::Server;

/// The failure of a first look, or what is behind it.
pub(crate) fn of(failure: Failure, server: &Server, prefix: &str) -> Failure {
    match failure {
        Failure::Setting(_) if is_sentinel(server) => Failure::sentinel(),
        Failure::Ended => hung_up_on(server, prefix).map_or(failure, Failure::proxy),
        other => other,
    }
}

/// A Sentinel knows few commands, and often no password; so it may have refused before it was asked.
fn is_sentinel(server: &Server) -> bool {
    let answer = server.ask_bare(|talk| talk.ask::<String>(&cmd("INFO")));
    answer.is_ok_and(|info| safety::is_sentinel(&info))
}

/// A command that ends the connection, on a server that answers others.
fn hung_up_on(server: &Server, prefix: &str) -> Option<&'static str> {
    let mut select = cmd("SELECT");
    select.arg(server.database());
    let mut script = cmd("EVALSHA");
    script.arg("of no script").arg(1).arg(prefix);
    let questions = [
        ("INFO", cmd("INFO")),
        ("CONFIG", safety::syncing()),
        ("SELECT", select),
        ("EVALSHA", script),
    ];
    let ends = |question: &Cmd| {
        let outcome = server.ask_bare(|talk| {
            // What answers this is neither down nor something else than Redis.
            commands::load(talk, prefix)?;
            let answer = talk.ask::<Value>(question);
            Ok(answer.is_err_and(|error| error.is_connection_dropped()))
        });
        outcome.unwrap_or(false)
    };
    let mut all = questions.into_iter();
    all.find_map(|(name, question)| ends(&question).then_some(name))
}
