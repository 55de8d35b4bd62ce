//! What is asked of the server.

use std::sync::LazyLock;

use auth_core::store::{Record, SwapOutcome};
use redis::{Cmd, ErrorKind, RedisResult, Script, ServerErrorKind, cmd, pipe};

use crate::server::Talk;

/// Reads a record.
///
/// `PERSIST` changes nothing, for no key of ours has an expiry. But it counts as a write, so a server
/// that has become a replica refuses it; its `GET` would tell what may be old.
pub(crate) fn load(talk: &mut Talk<'_>, key: &str) -> RedisResult<Option<Record>> {
    let mut question = pipe();
    question.cmd("PERSIST").arg(key).ignore();
    question.cmd("GET").arg(key);
    let (bytes,): (Option<Vec<u8>>,) = talk.pipeline(&question)?;
    Ok(bytes.map(Record::from_bytes))
}

/// Replaces a record. May be repeated.
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

/// A swap that cannot succeed: nothing is kept under the bare prefix, so nothing is what is there.
///
/// It shows that this user may run the script on these keys.
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
        // The server has been restarted, or somebody emptied its cache of scripts.
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            talk.ask(&call("EVAL", SWAP_SOURCE))
        }
        answer => answer,
    }
}

static SWAP: LazyLock<Script> = LazyLock::new(|| Script::new(SWAP_SOURCE));

/// A missing key reads as `false`, a missing argument as `nil`.
///
/// `PUBLISH` says that something changed and not what, and is `pcall`ed, because a user who may not
/// publish may swap all the same. `PERSIST` is there for the reason it has in `load`.
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
