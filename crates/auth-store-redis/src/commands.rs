//! Commands for the server.

use std::sync::LazyLock;

use auth_core::store::{Record, SwapOutcome};
use redis::{Cmd, ErrorKind, RedisResult, Script, ServerErrorKind, cmd, pipe};

use crate::server::Talk;

/// Reads a record.
///
/// `PERSIST` changes nothing, because no key of the store has an expiry. But it counts as a write, so a server that has
/// become a replica refuses it; its `GET` alone could return an old record.
pub(crate) fn load(talk: &mut Talk<'_>, key: &str) -> RedisResult<Option<Record>> {
    let mut commands = pipe();
    commands.cmd("PERSIST").arg(key).ignore();
    commands.cmd("GET").arg(key);
    let (bytes,): (Option<Vec<u8>>,) = talk.pipeline(&commands)?;
    Ok(bytes.map(Record::from_bytes))
}

/// Replaces a record. It can be repeated.
pub(crate) fn swap(
    talk: &mut Talk<'_>,
    key: &str,
    expected: Option<&Record>,
    record: &Record,
) -> RedisResult<SwapOutcome> {
    let expected = expected.map(Record::expose);
    match run(talk, key, record.expose(), expected)? {
        true => Ok(SwapOutcome::Stored),
        false => Ok(SwapOutcome::Conflict),
    }
}

/// Runs a swap that cannot succeed, because no record has the bare prefix as its key.
///
/// It shows that this user has the right to run the script on these keys.
pub(crate) fn rehearse(talk: &mut Talk<'_>, prefix: &str) -> RedisResult<()> {
    run(talk, prefix, b"a rehearsal", Some(b"nothing")).map(|_| ())
}

fn run(
    talk: &mut Talk<'_>,
    key: &str,
    record: &[u8],
    expected: Option<&[u8]>,
) -> RedisResult<bool> {
    let call = |name: &str, script: &str| -> Cmd {
        let mut call = cmd(name);
        call.arg(script).arg(1).arg(key).arg(record).arg(expected);
        call
    };
    match talk.ask(&call("EVALSHA", SWAP.get_hash())) {
        // The server was restarted, or its cache of scripts was emptied.
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            talk.ask(&call("EVAL", SWAP_SOURCE))
        }
        response => response,
    }
}

static SWAP: LazyLock<Script> = LazyLock::new(|| Script::new(SWAP_SOURCE));

/// A missing key reads as `false`, a missing argument as `nil`.
///
/// `PUBLISH` announces that the record changed, without its content, and is `pcall`ed, because a user without the right
/// to publish can still swap. `PERSIST` has the same reason as in `load`.
const SWAP_SOURCE: &str = "\
local current = redis.call('GET', KEYS[1])
if current == (ARGV[2] or false) then
    redis.call('SET', KEYS[1], ARGV[1])
    redis.pcall('PUBLISH', KEYS[1], '')
    return 1
end
redis.call('PERSIST', KEYS[1])
return current == ARGV[1] and 1 or 0
";
