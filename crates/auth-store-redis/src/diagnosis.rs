//! Diagnosis of servers that are not an ordinary Redis.

use redis::{Cmd, Value, cmd};

use crate::failure::Failure;
use crate::safety;
use crate::server::Server;

/// Returns the cause of a failure while connecting, as far as it can be found.
pub(crate) fn of(failure: Failure, server: &Server, prefix: &str) -> Failure {
    match failure {
        Failure::Setting(_) if is_sentinel(server) => Failure::sentinel(),
        Failure::Ended => hung_up_on(server, prefix).map_or(failure, Failure::proxy),
        other => other,
    }
}

/// A Sentinel supports few commands, and often no password, so it may have refused before `INFO` was sent.
fn is_sentinel(server: &Server) -> bool {
    let response = server.ask_bare(|talk| talk.ask::<String>(&cmd("INFO")));
    response.is_ok_and(|info| safety::is_sentinel(&info))
}

/// Returns a command on which the server hangs up, although it responds to others.
fn hung_up_on(server: &Server, prefix: &str) -> Option<&'static str> {
    let mut select = cmd("SELECT");
    select.arg(server.database());
    let mut script = cmd("EVALSHA");
    script.arg("of no script").arg(1).arg(prefix);
    let commands = [
        ("INFO", cmd("INFO")),
        ("CONFIG", safety::syncing()),
        ("SELECT", select),
        ("EVALSHA", script),
    ];
    let ends = |command: &Cmd| {
        let outcome = server.ask_bare(|talk| {
            // A server that responds to this is up and speaks the protocol.
            crate::commands::load(talk, prefix)?;
            let response = talk.ask::<Value>(command);
            Ok(response.is_err_and(|error| error.is_connection_dropped()))
        });
        outcome.unwrap_or(false)
    };
    let mut all = commands.into_iter();
    all.find_map(|(name, command)| ends(&command).then_some(name))
}
